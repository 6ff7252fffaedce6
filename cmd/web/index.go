package web

import (
	"context"
	"net/http"
	"time"

	"grapevine/cmd/web/layout"
)

// nodeState is what the first page says of the node.
type nodeState struct {
	Chain     string  `json:"chain"`
	Height    int64   `json:"blocks"`
	Headers   int64   `json:"headers"`
	Best      string  `json:"bestblockhash"`
	Time      int64   `json:"time"`
	Progress  float64 `json:"verificationprogress"`
	Syncing   bool    `json:"initialblockdownload"`
	Size      int64   `json:"size_on_disk"`
	Pruned    bool    `json:"pruned"`
	Pool      poolState
	Net       netState
	Up        time.Duration
	BlockTime time.Time
}

type poolState struct {
	Size  int64 `json:"size"`
	Bytes int64 `json:"bytes"`
}

type netState struct {
	Agent string `json:"subversion"`
	In    int    `json:"connections_in"`
	Out   int    `json:"connections_out"`
}

// Percent of the chain that is verified.
func (s nodeState) Percent() float64 { return 100 * min(s.Progress, 1) }

func (p *Page) state(ctx context.Context) (s nodeState, err error) {
	var up int64
	if err := askAll(ctx, caller(p.cfg.Call), question{"getblockchaininfo", &s}, question{"getmempoolinfo", &s.Pool}, question{"getnetworkinfo", &s.Net}, question{"uptime", &up}); err != nil {
		return s, err
	}
	s.Up, s.BlockTime = time.Duration(up)*time.Second, time.Unix(s.Time, 0)
	return s, nil
}

func (p *Page) index(w http.ResponseWriter, r *http.Request) {
	s, err := p.state(r.Context())
	if err != nil {
		p.unable(w, r, err)
		return
	}
	p.show(w, r, layout.Page{Title: "Node", Name: "index.html", Data: s})
}
