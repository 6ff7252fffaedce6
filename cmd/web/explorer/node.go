package explorer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"grapevine/cmd/web/layout"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
)

const (
	maxPeers    = 200 // rows of the table of peers
	maxBans     = 50
	maxFiles    = 40
	maxLogBytes = 16 << 10
	maxLogLines = 80
)

// fileRow is a file of the data directory.
type fileRow struct {
	Name string
	Size int64
}

// filesIn are the files of a directory, their sizes with them.
func filesIn(dir string) (list []fileRow, sum int64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, 0
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if sum += info.Size(); len(list) < maxFiles {
			list = append(list, fileRow{e.Name(), info.Size()})
		}
	}
	return list, sum
}

// logTail are the last lines of a log.
func logTail(path string) (lines []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, min(end, maxLogBytes))
	if _, err = f.ReadAt(raw, end-int64(len(raw))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	text := strings.TrimRight(string(raw), "\n")
	if end > maxLogBytes { // the first line is cut
		_, text, _ = strings.Cut(text, "\n")
	}
	lines = strings.Split(text, "\n")
	lines = lines[max(0, len(lines)-maxLogLines):]
	for i, line := range lines {
		lines[i] = printable([]byte(line))
	}
	return lines, nil
}

// nodeView is what the Node page shows.
type nodeView struct {
	Version, Network string
	Uptime           time.Duration
	Height, Headers  int32
	TipTime          time.Time
	Indexed          int32
	AllIndexed       bool
	Indexes          []string
	Pruned           int32 // height of the highest pruned block; -1: none
	In, Out          int
	Active           bool
	Sent, Recv       uint64
	Heap, System     uint64
	Goroutines       int
	Cores            int
	Cache            int64
	PoolMemory       int64
	PoolMost         int64
	Plots            []plot
	Peers            []p2p.PeerInfo
	MorePeers        int
	Bans             []addrbook.Ban
	MoreBans         int
	Files            []fileRow
	Disk             int64
	Log              []string
	NoLog            string
}

// AgentOf is what a peer says it is, fit to be shown.
func (nodeView) AgentOf(p p2p.PeerInfo) string {
	return clip(printable([]byte(p.UserAgent)), maxQuoted)
}

// LinkOf is how a peer is connected.
func (nodeView) LinkOf(p p2p.PeerInfo) string {
	transport := "handshake"
	if p.Transport > 0 {
		transport = "v" + string('0'+rune(p.Transport))
	}
	return strings.Join(append([]string{string(p.Kind), p.Network, transport}, p.Permissions.Names()...), ", ")
}

// PingOf is a round trip; "" when none was measured.
func (nodeView) PingOf(p p2p.PeerInfo) string {
	if p.Ping <= 0 {
		return ""
	}
	return layout.Brief(p.Ping)
}

func (h *Handler) nodePage(context.Context, question) (view, error) {
	now := time.Now()
	s, tip, pool := h.sample(now), h.Chain.Ledger.Tip(), h.Pool.Pool.Stats()
	v := nodeView{Version: h.cfg.Version, Network: h.Chain.Params.Name, Uptime: now.Sub(h.started).Round(time.Second), Height: s.height, Headers: s.headers,
		TipTime: tip.Header.Timestamp, Pruned: -1, In: s.in, Out: s.out, Active: h.cfg.Swarm.Active(), Sent: s.totals.BytesSent, Recv: s.totals.BytesRecv,
		Heap: s.heap, System: s.system, Goroutines: s.goroutines, Cores: runtime.GOMAXPROCS(0), Cache: h.Chain.Ledger.CacheBytes(), PoolMemory: pool.Usage, PoolMost: pool.MaxUsage,
		Plots: plotsOf(append(h.samples.list(), s))}
	if height, ok := h.Chain.Ledger.PruneHeight(); ok {
		v.Pruned = height
	}
	v.Indexed, v.AllIndexed = h.Chain.Ledger.Indexed()
	for _, x := range []struct {
		on   bool
		name string
	}{{h.Chain.TxIndex, "transactions"}, {h.Chain.AddressIndex, "scripts"}, {h.Chain.FilterIndex, "filters (BIP158)"}, {h.Chain.CoinStatsIndex, "coin statistics"}} {
		if x.on {
			v.Indexes = append(v.Indexes, x.name)
		}
	}
	peers := h.cfg.Swarm.Connections()
	v.Peers = peers[:min(len(peers), maxPeers)]
	v.MorePeers = len(peers) - len(v.Peers)
	bans := h.cfg.Swarm.Book().Bans()
	v.Bans, v.MoreBans = bans[:min(len(bans), maxBans)], max(0, len(bans)-maxBans)
	v.Files, v.Disk = filesIn(h.Chain.Dir)
	h.fillLog(&v)
	return view{name: "node", title: "Node", nav: "node", data: v}, nil
}

func (h *Handler) fillLog(v *nodeView) {
	if h.cfg.LogPath == "" {
		v.NoLog = "The node writes its log to standard error and keeps none itself."
		return
	}
	lines, err := logTail(h.cfg.LogPath)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		v.NoLog = "The log is not there: " + filepath.Base(h.cfg.LogPath) + "."
	case err != nil:
		v.NoLog = "The log cannot be read."
	default:
		v.Log = lines
	}
}
