package look

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/shell"
	"grapevine/cmd/grapevine/term"
	"grapevine/cmd/rpc/jsonrpc"
)

// views are the commands.
type views struct{ *shell.Program }

// Commands are status, peers, tx and block.
func Commands(sh *shell.Program) []*cli.Command {
	p := &views{sh}
	return []*cli.Command{p.statusCommand(), p.peersCommand(), p.txCommand(), p.blockCommand()}
}

func (p *views) statusCommand() *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "how a node is: height, sync, peers, pool, balance",
		Description: `  $ grapevine status                   the node on the default data directory
  $ grapevine status --node 2          node 2 of the local network
  $ grapevine status --json | jq .height`,
		Action: p.status,
	}
}

// status is what `status --json` prints.
type status struct {
	Network string          `json:"network"`
	Height  int32           `json:"height"`
	Headers int32           `json:"headers"`
	Best    string          `json:"best"`
	Time    int64           `json:"time"`     // of the best block, Unix seconds
	Syncing bool            `json:"syncing"`  // initial block download
	Synced  float64         `json:"progress"` // 0 to 1
	In      int             `json:"peers_in"`
	Out     int             `json:"peers_out"`
	PoolTxs int             `json:"pool_txs"`
	PoolB   int64           `json:"pool_bytes"`
	Balance *jsonrpc.Amount `json:"balance,omitempty"`    // spendable; absent without a wallet
	Pending *jsonrpc.Amount `json:"pending,omitempty"`    // not yet in a block
	Young   *jsonrpc.Amount `json:"immature,omitempty"`   // mined, not yet to be spent
	Uptime  int64           `json:"uptime_seconds"`       // of the node
	Disk    int64           `json:"size_on_disk"`         // bytes
	Agent   string          `json:"agent"`                // what the node calls itself
	Warning string          `json:"wallet_why,omitempty"` // why there is no balance
}

func (p *views) status(c *cli.Context) error {
	a, err := p.Asker(c)
	if err != nil {
		return shell.Fail("status", err)
	}
	defer a.Client.Close()
	s, err := askStatus(a)
	if err != nil {
		return shell.Fail("status", err)
	}
	return p.Show(c, s, func(o *term.Out) { showStatus(o, s, time.Now()) })
}

func askStatus(a *shell.Asker) (s status, err error) {
	var chain struct {
		Chain    string  `json:"chain"`
		Blocks   int32   `json:"blocks"`
		Headers  int32   `json:"headers"`
		Best     string  `json:"bestblockhash"`
		Time     int64   `json:"time"`
		Progress float64 `json:"verificationprogress"`
		IBD      bool    `json:"initialblockdownload"`
		Disk     int64   `json:"size_on_disk"`
	}
	var net struct {
		In    int    `json:"connections_in"`
		Out   int    `json:"connections_out"`
		Agent string `json:"subversion"`
	}
	var pool struct {
		Size  int   `json:"size"`
		Bytes int64 `json:"bytes"`
	}
	a.Ask("getblockchaininfo", &chain)
	a.Ask("getnetworkinfo", &net)
	a.Ask("getmempoolinfo", &pool)
	a.Ask("uptime", &s.Uptime)
	if a.Err != nil {
		return s, a.Err
	}
	s.Network, s.Height, s.Headers, s.Best, s.Time = chain.Chain, chain.Blocks, chain.Headers, chain.Best, chain.Time
	s.Syncing, s.Synced, s.Disk = chain.IBD, chain.Progress, chain.Disk
	s.In, s.Out, s.Agent = net.In, net.Out, net.Agent
	s.PoolTxs, s.PoolB = pool.Size, pool.Bytes
	b, err := AskBalances(a)
	if err != nil { // a node without a wallet is a good node
		s.Warning = err.Error()
		return s, nil
	}
	s.Balance, s.Pending, s.Young = &b.Trusted, &b.Pending, &b.Immature
	return s, nil
}

func showStatus(o *term.Out, s status, now time.Time) {
	height := term.Count(int64(s.Height))
	if s.Headers > s.Height {
		height += fmt.Sprintf(" of %s (%.1f %%)", term.Count(int64(s.Headers)), 100*float64(s.Height)/float64(s.Headers))
	}
	best := s.Best
	if s.Time > 0 {
		best += o.Paint(term.Dim, " "+term.Ago(now, time.Unix(s.Time, 0)))
	}
	sync := o.Paint(term.Green, "in step with its peers")
	switch {
	case s.Headers > s.Height:
		sync = o.Paint(term.Yellow, "fetching blocks")
	case s.In+s.Out == 0:
		sync = "no peers to compare with"
	}
	term.Pairs(o, "", [][2]string{
		{"network", s.Network},
		{"height", height},
		{"best block", best},
		{"sync", sync},
		{"peers", fmt.Sprintf("%d (%d in, %d out)", s.In+s.Out, s.In, s.Out)},
		{"pool", fmt.Sprintf("%s, %s", term.Plural(s.PoolTxs, "transaction"), term.Bytes(s.PoolB))},
		{"wallet", walletLine(s)},
		{"on disk", term.Bytes(s.Disk)},
		{"up since", term.Ago(now, now.Add(-time.Duration(s.Uptime)*time.Second))},
	}...)
}

func walletLine(s status) string {
	if s.Balance == nil {
		return "none"
	}
	line := s.Balance.String() + " BTC"
	if *s.Pending != 0 {
		line += ", " + s.Pending.String() + " on their way"
	}
	if *s.Young != 0 {
		line += ", " + s.Young.String() + " too young to spend"
	}
	return line
}

func (p *views) peersCommand() *cli.Command {
	return &cli.Command{
		Name:        "peers",
		Usage:       "a line for each peer: who, how fast, what was given and taken",
		Description: "  $ grapevine peers --node 0",
		Action:      p.peers,
	}
}

// peer is a line of getpeerinfo.
type peer struct {
	ID         int     `json:"id"`
	Addr       string  `json:"addr"`
	Inbound    bool    `json:"inbound"`
	Agent      string  `json:"subver"`
	Height     int32   `json:"synced_headers"`
	Ping       float64 `json:"pingtime"` // seconds
	Sent       int64   `json:"bytessent"`
	Received   int64   `json:"bytesrecv"`
	BlocksFrom int     `json:"blocks_from"`
	TxsFrom    int     `json:"txs_from"`
	BlocksTo   int     `json:"blocks_to"`
	TxsTo      int     `json:"txs_to"`
}

func (p *views) peers(c *cli.Context) error {
	peers := []peer{}
	if err := p.Call(c, "getpeerinfo", &peers); err != nil {
		return shell.Fail("peers", err)
	}
	slices.SortFunc(peers, func(a, b peer) int { return cmp.Compare(a.ID, b.ID) })
	return p.Show(c, peers, func(o *term.Out) {
		if len(peers) == 0 {
			o.Printf("no peers\n")
			return
		}
		showPeers(o, peers)
	})
}

func showPeers(o *term.Out, peers []peer) {
	t := term.NewTable("peer", "direction", "agent", ">height", ">ping", ">in", ">out", ">blocks taken", ">given", ">txs taken", ">given")
	for _, q := range peers {
		direction := "out"
		if q.Inbound {
			direction = "in"
		}
		t.Row(q.Addr, direction, term.Printable(strings.Trim(q.Agent, "/")), height(q.Height), ping(q.Ping),
			term.Bytes(q.Received), term.Bytes(q.Sent),
			term.Count(int64(q.BlocksFrom)), term.Count(int64(q.BlocksTo)), term.Count(int64(q.TxsFrom)), term.Count(int64(q.TxsTo)))
	}
	t.Write(o, "")
}

func height(h int32) string {
	if h < 0 {
		return "?"
	}
	return term.Count(int64(h))
}

func ping(seconds float64) string {
	if seconds <= 0 {
		return "?"
	}
	return fmt.Sprintf("%.1f ms", seconds*1000)
}
