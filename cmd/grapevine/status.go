package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/p2p"
	"grapevine/testnet"
)

func (p *program) statusCommand() *urfave.Command {
	return &urfave.Command{
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
	Time    int64           `json:"time"`                        // of the best block, Unix seconds
	Syncing bool            `json:"syncing"`                     // initial block download
	Synced  float64         `json:"progress"`                    // 0 to 1
	Rate    float64         `json:"blocks_per_second,omitempty"` // while blocks are fetched: of the last second
	Left    int64           `json:"seconds_left,omitempty"`      // at that rate
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

func (p *program) status(c *urfave.Context) error {
	a, err := p.Asker(c)
	if err != nil {
		return cli.Fail("status", err)
	}
	defer a.Client.Close()
	s, err := askStatus(a)
	if err != nil {
		return cli.Fail("status", err)
	}
	if s.Headers > s.Height {
		s.measure(a)
	}
	return p.Show(c, s, func(o *cli.Out) { showStatus(o, s, time.Now()) })
}

func askStatus(a *cli.Asker) (s status, err error) {
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
	b, err := askBalances(a)
	if err != nil { // a node without a wallet is a good node
		s.Warning = err.Error()
		return s, nil
	}
	s.Balance, s.Pending, s.Young = &b.Trusted, &b.Pending, &b.Immature
	return s, nil
}

// measure takes a second to see how fast blocks come.
func (s *status) measure(a *cli.Asker) {
	begin, height := time.Now(), s.Height
	select {
	case <-a.Context.Done():
		return
	case <-time.After(time.Second):
	}
	if a.Ask("getblockcount", &height); a.Err != nil || height <= s.Height {
		return
	}
	s.Rate = float64(height-s.Height) / time.Since(begin).Seconds()
	s.Height, s.Left = height, int64(float64(max(0, s.Headers-height))/s.Rate)
}

func showStatus(o *cli.Out, s status, now time.Time) {
	height := cli.Count(int64(s.Height))
	if s.Headers > s.Height {
		height += fmt.Sprintf(" of %s (%.1f %%)", cli.Count(int64(s.Headers)), 100*float64(s.Height)/float64(s.Headers))
	}
	best := cli.Printable(s.Best)
	if s.Time > 0 {
		best += o.Paint(cli.Dim, " "+cli.Ago(now, time.Unix(s.Time, 0)))
	}
	sync := o.Paint(cli.Green, "in step with its peers")
	switch {
	case s.Headers > s.Height:
		sync = o.Paint(cli.Yellow, "fetching blocks")
		if s.Rate > 0 {
			sync += fmt.Sprintf(", %s a second, %s left", cli.Count(int64(s.Rate)), cli.Short(time.Duration(s.Left)*time.Second))
		}
	case s.In+s.Out == 0:
		sync = "no peers to compare with"
	}
	cli.Pairs(o, "", [][2]string{
		{"network", cli.Printable(s.Network)},
		{"height", height},
		{"best block", best},
		{"sync", sync},
		{"peers", fmt.Sprintf("%d (%d in, %d out)", s.In+s.Out, s.In, s.Out)},
		{"pool", fmt.Sprintf("%s, %s", cli.Plural(s.PoolTxs, "transaction"), cli.Bytes(s.PoolB))},
		{"wallet", walletLine(s)},
		{"on disk", cli.Bytes(s.Disk)},
		{"up since", cli.Ago(now, now.Add(-time.Duration(s.Uptime)*time.Second))},
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

func (p *program) peersCommand() *urfave.Command {
	return &urfave.Command{
		Name:        "peers",
		Usage:       "a line for each peer: who, how fast, what was given and taken",
		Description: "  $ grapevine peers --node 0",
		Action:      p.peers,
	}
}

func (p *program) peers(c *urfave.Context) error {
	peers := []p2p.PeerInfo{}
	if err := p.Call(c, "getpeerinfo", &peers); err != nil {
		return cli.Fail("peers", err)
	}
	p.nameNodes(c, peers)
	slices.SortFunc(peers, func(a, b p2p.PeerInfo) int { return cmp.Compare(a.Number, b.Number) })
	return p.Show(c, rowsOf(peers), func(o *cli.Out) {
		if len(peers) == 0 {
			o.Printf("no peers\n")
			return
		}
		showPeers(o, peers)
	})
}

// rowsOf are the peers as getpeerinfo has them, with their numbers in the local network, and a
// pingtime of 0 where none was measured, which getpeerinfo leaves out.
func rowsOf(peers []p2p.PeerInfo) []json.RawMessage {
	rows := make([]json.RawMessage, len(peers))
	for i, q := range peers {
		rows[i], _ = json.Marshal(q) // nothing of it can fail
		if q.Ping == 0 {
			rows[i] = append(rows[i][:len(rows[i])-1], `,"pingtime":0}`...)
		}
	}
	return rows
}

// nameNodes says which peers of a node of the local network are nodes of it.
func (p *program) nameNodes(c *urfave.Context, peers []p2p.PeerInfo) {
	if c.String("node") == "" {
		return
	}
	f, err := p.Net(c)
	if err != nil {
		return
	}
	testnet.NameNodes(peers, f.Nodes)
}

func showPeers(o *cli.Out, peers []p2p.PeerInfo) {
	t := cli.NewTable("peer", "direction", "agent", ">height", ">ping", ">in", ">out", ">blocks taken", ">given", ">txs taken", ">given")
	for _, q := range peers {
		direction := "out"
		if q.Inbound() {
			direction = "in"
		}
		t.Row(cli.Printable(testnet.NameOf(q)), direction, cli.Printable(strings.Trim(q.UserAgent, "/")), height(q.Headers), ping(q.Ping.Seconds()),
			cli.Bytes(int64(q.BytesRecv)), cli.Bytes(int64(q.BytesSent)),
			cli.Count(q.BlocksFrom), cli.Count(q.BlocksTo), cli.Count(q.TxsFrom), cli.Count(q.TxsTo))
	}
	t.Write(o, "")
}

func height(h int32) string {
	if h < 0 {
		return "?"
	}
	return cli.Count(int64(h))
}

func ping(seconds float64) string {
	if seconds <= 0 {
		return "?"
	}
	return fmt.Sprintf("%.1f ms", seconds*1000)
}
