package testnetcmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/client"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// reorgCommands let chains give way.
func (p *program) reorgCommands() []*urfave.Command {
	return []*urfave.Command{
		{Name: "reorg", Usage: "undo the last DEPTH blocks: a longer chain takes their place", ArgsUsage: "DEPTH", Action: p.netReorg,
			Flags: []urfave.Flag{cli.StringFlag("double-spend", "`TXID` of a payment in these blocks or waiting, whose coins the new chain spends otherwise")},
			Description: `One node (--node, else the first that runs) leaves the network, makes DEPTH + 1 blocks in place of the
last DEPTH, and comes back: all others take its longer chain. The new blocks are empty, so that payments
of the old ones wait again.

  $ grapevine testnet reorg 2
  $ grapevine testnet reorg 1 --node 2
  $ grapevine testnet reorg 1 --double-spend TXID     the receiver's confirmed payment is gone`},
		{Name: "double-spend", Usage: "pay one coin to two, and see who wins", Action: p.netDoubleSpend,
			Flags: []urfave.Flag{
				cli.StringFlag("miner", "`NODE` that makes the next block, which decides (default: the second receiver)"),
				cli.StringFlag("amount", "`BTC` that the receiver is promised (default 1)"),
			},
			Description: `A node with money (--node, else the first that runs) signs two payments of the same coin: one to another
node, one back to itself. Each is given to another node at the same moment; every node keeps the one that it
hears first, and the next block decides.

  $ grapevine testnet double-spend
  $ grapevine testnet double-spend --node 0 --miner 1`},
	}
}

// reorgView is what a reorganisation did.
type reorgView struct {
	Miner  int         `json:"miner"`
	Fork   int64       `json:"fork_height"`
	Old    string      `json:"old_tip"`
	New    string      `json:"new_tip"`
	Height int64       `json:"height"`
	Nodes  []nodeReorg `json:"nodes"`
	Txs    []txFate    `json:"txs"`
	Spent  *spentTwice `json:"double_spend,omitempty"`
}

// nodeReorg is what it did to one node.
type nodeReorg struct {
	Node   int    `json:"node"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
	Undone int64  `json:"undone"`
	Made   int64  `json:"made"`
	Note   string `json:"note,omitempty"`
	tip    string
}

// txFate is what became of a payment of the blocks that were undone.
type txFate struct {
	TxID string `json:"txid"`
	Fate string `json:"fate"` // waits, mined or gone
}

// spentTwice is a payment and what was spent in its place.
type spentTwice struct {
	Loser  string `json:"loser"`
	Winner string `json:"winner"`
}

// deepest reorganisation: what a watcher follows, and nobody waits long for.
const deepest = 1000

// reorganiser does one.
type reorganiser struct {
	p        *program
	local    *process.Net
	f        testnet.File
	miner    testnet.Member
	a        *cli.Asker // the miner
	view     reorgView
	forkHash string // of the block before the first that is undone
	raw      string // of the transaction that spends again; "": none
}

func (p *program) netReorg(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	depth, err := strconv.ParseInt(args[0], 10, 32)
	if err != nil || depth < 1 || depth > deepest {
		return cli.Usagef("testnet reorg %q: want a depth of 1 to %d blocks", cli.Printable(args[0]), deepest)
	}
	if id := c.String("double-spend"); id != "" {
		if _, err := cli.ParseHash(id); err != nil {
			return cli.Usagef("--double-spend %q is not a txid: %v", cli.Printable(id), err)
		}
	}
	local, err := p.openNet(c)
	if err != nil {
		return cli.Fail("testnet reorg", err)
	}
	release, err := local.Reserve() // nobody brings the node back meanwhile, or takes a snapshot
	if err != nil {
		return cli.Fail("testnet reorg", err)
	}
	defer release()
	r := &reorganiser{p: p, local: local, f: local.File()}
	if r.miner, err = p.theNode(c, r.f); err == nil {
		err = withWallet(r.miner)
	}
	if err != nil {
		return cli.Fail("testnet reorg", err)
	}
	cl, err := cli.DialMember(r.miner)
	if err != nil {
		return cli.Fail("testnet reorg", err)
	}
	defer cl.Close()
	r.a = &cli.Asker{Context: c.Context, Client: cl}
	if err := r.run(c.Context, depth, c.String("double-spend")); err != nil {
		return cli.Fail("testnet reorg", err)
	}
	return p.Show(c, r.view, func(o *cli.Out) { showReorg(o, r.view) })
}

// run reorganises. What it leaves when it is killed, the next reorg or heal mends: the
// network's file names the node and the block that it has marked.
func (r *reorganiser) run(ctx context.Context, depth int64, victim string) error {
	if err := mendOwn(ctx, r.local); err != nil {
		return err
	}
	var tip block
	var first string
	r.a.Ask("getblockcount", &tip.height)
	r.a.Ask("getbestblockhash", &tip.hash)
	if r.a.Err == nil && depth > tip.height {
		return fmt.Errorf("the chain has %s, so that %d cannot be undone", cli.Plural(int(tip.height), "block"), depth)
	}
	r.a.Ask("getblockhash", &r.forkHash, tip.height-depth)
	r.a.Ask("getblockhash", &first, tip.height-depth+1)
	if r.a.Err != nil {
		return r.a.Err
	}
	r.view = reorgView{Miner: r.miner.Node, Fork: tip.height - depth, Old: tip.hash, Nodes: []nodeReorg{}, Txs: []txFate{}}
	if err := r.look(ctx, tip, depth); err != nil {
		return err
	}
	if victim != "" {
		if err := r.spendAgain(ctx, victim); err != nil {
			return err
		}
	}
	err := r.local.Change(func(f *testnet.File) error {
		f.Apart = &testnet.Apart{Node: r.miner.Node, Block: first}
		return nil
	})
	if err == nil {
		err = r.fork(first, tip.height)
	}
	if !cli.Hangs(err) { // it would not answer this either
		err = errors.Join(err, mendOwn(context.WithoutCancel(ctx), r.local))
	}
	if err != nil && r.local.File().Apart != nil {
		return fmt.Errorf("%w; it is apart from the network until `%s` brings it back", err, r.p.Advice("grapevine testnet heal"))
	}
	if err != nil {
		return err
	}
	r.settle(ctx)
	return r.tell(victim)
}

// look notes where each node stands, and the payments of the blocks that will be undone.
func (r *reorganiser) look(ctx context.Context, tip block, depth int64) error {
	for _, v := range r.nodes(ctx) {
		v.Before = v.After
		r.view.Nodes = append(r.view.Nodes, v)
	}
	for _, m := range running(r.local.Members()) {
		if !slices.ContainsFunc(r.view.Nodes, func(v nodeReorg) bool { return v.Node == m.Node }) {
			r.view.Nodes = append(r.view.Nodes, nodeReorg{Node: m.Node}) // it does not answer, which is told at the end
		}
	}
	slices.SortFunc(r.view.Nodes, func(a, b nodeReorg) int { return a.Node - b.Node })
	hash := tip.hash
	for range depth {
		var b struct {
			Tx   []string `json:"tx"`
			Prev string   `json:"previousblockhash"`
		}
		if r.a.Ask("getblock", &b, hash, 1); r.a.Err != nil {
			return r.a.Err
		}
		for _, id := range b.Tx[1:] {
			r.view.Txs = append(r.view.Txs, txFate{TxID: id})
		}
		hash = b.Prev
	}
	return nil
}

// nodes are all that run and answer, with their tips.
func (r *reorganiser) nodes(ctx context.Context) (all []nodeReorg) {
	for _, s := range inspectAll(ctx, r.local.Members()) {
		if s.PID != 0 && s.Err == "" {
			all = append(all, nodeReorg{Node: s.Node, After: int64(s.Height), tip: s.Best})
		}
	}
	return all
}

// fork makes a longer chain than anybody has, where nobody hears of it.
func (r *reorganiser) fork(first string, height int64) error {
	var to string
	r.a.Ask("setnetworkactive", nil, false)
	r.a.Ask("getnewaddress", &to)
	r.a.Ask("invalidateblock", nil, first)
	if err := r.keepDown(); err != nil {
		return err
	}
	txs := []string{}
	if r.raw != "" {
		txs = append(txs, r.raw)
	}
	best := height
	for at := r.view.Fork; at <= best && r.a.Err == nil; at++ {
		r.a.Ask("generateblock", nil, to, txs)
		txs = []string{}
		if at < best {
			continue // it is not longer yet
		}
		for _, v := range r.nodes(r.a.Context) { // somebody may mine meanwhile
			if v.Node != r.miner.Node {
				best = max(best, v.After)
			}
		}
		if best > height+deepest && r.a.Err == nil {
			return fmt.Errorf("the others make blocks faster than node %d: `grapevine testnet mine off` stops them", r.miner.Node)
		}
	}
	return r.a.Err
}

// keepDown lets the miner stand at the fork: chains that were undone before may have more work
// than what is left of this one, and it takes them up. Their first blocks are marked too.
func (r *reorganiser) keepDown() error {
	for range deepest {
		older := r.older()
		if older == "" || r.a.Err != nil {
			return r.a.Err
		}
		err := r.local.Change(func(f *testnet.File) error {
			apart := *f.Apart
			apart.Older = append(slices.Clone(apart.Older), older)
			f.Apart = &apart
			return nil
		})
		if err != nil {
			return err
		}
		r.a.Ask("invalidateblock", nil, older)
	}
	return fmt.Errorf("more than %d chains were undone before", deepest)
}

// older is the first block of the chain that the miner has taken up which the fork's block does
// not have; "": it stands at the fork.
func (r *reorganiser) older() (first string) {
	var height int64
	if r.a.Ask("getblockcount", &height); r.a.Err != nil {
		return ""
	}
	shared, err := forkOf(r.a.Context, r.a.Client, block{r.forkHash, r.view.Fork})
	if r.a.Err = err; err == nil && shared < height {
		r.a.Ask("getblockhash", &first, shared+1)
	}
	return first
}

// mendWithin is how long other commands wait for what they mend in passing, and others for the
// network meanwhile: a node that lives answers in milliseconds, and one that hangs never does.
const mendWithin = 5 * time.Second

// bringBack mends what a snapshot or a reorg has left that was ended, and says so. What cannot be
// mended now is in the way of few commands: `status` tells of it.
func (p *program) bringBack(ctx context.Context, local *process.Net) {
	ctx, cancel := context.WithTimeout(ctx, mendWithin)
	defer cancel()
	_ = local.EndSnapshot(ctx) // the next snapshot does it too
	apart := local.File().Apart
	if apart == nil {
		return
	}
	if err := p.mend(ctx, local); err == nil {
		p.Err.Printf("node %d was apart, since a reorg that was ended: it is back\n", apart.Node)
	}
}

// mend brings a node back that a reorg has set apart, unless the reorg still goes on, which
// is testnet.ErrBusy.
func (p *program) mend(ctx context.Context, local *process.Net) error {
	if local.File().Apart == nil {
		return nil
	}
	release, err := local.Reserve()
	if err != nil {
		return err
	}
	defer release()
	return mendOwn(ctx, local)
}

// mendOwn is mend for who has reserved the network. It takes the mark from the block.
func mendOwn(ctx context.Context, local *process.Net) error {
	f := local.File()
	if f.Apart == nil {
		return nil
	}
	if m, err := f.Member(f.Apart.Node); err == nil { // else it is gone
		if err := takeBack(ctx, m, *f.Apart); err != nil {
			return err
		}
	}
	return local.Change(func(f *testnet.File) error { f.Apart = nil; return nil })
}

// takeBack brings the node back itself.
func takeBack(ctx context.Context, m testnet.Member, apart testnet.Apart) error {
	if m.PID == 0 {
		return fmt.Errorf("%s was set apart by a reorg that was ended; start it, and try again", m.Title())
	}
	cl, err := cli.DialMember(m)
	if err != nil {
		return err
	}
	defer cl.Close()
	for _, marked := range append([]string{apart.Block}, apart.Older...) {
		// The block may be one that a restored network does not know any more.
		err := cl.Call(ctx, "reconsiderblock", nil, marked)
		if _, refused := errors.AsType[*client.Error](err); err != nil && !refused {
			return err // each block more would wait for a node that hangs
		}
	}
	return cl.Call(ctx, "setnetworkactive", nil, true)
}

// settleWithin is how long nodes have to take the new chain; who is cut off does not.
const settleWithin = 20 * time.Second

// settle waits until all that can have the miner's chain.
func (r *reorganiser) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	reach := reachable(r.local.File(), r.miner.Node)
	for ctx.Err() == nil {
		now, tip := r.nodes(ctx), ""
		for _, v := range now {
			if v.Node == r.miner.Node {
				tip = v.tip
			}
		}
		if !slices.ContainsFunc(now, func(v nodeReorg) bool { return reach[v.Node] && v.tip != tip }) {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// reachable are the nodes that a chain of links leads to which are not cut.
func reachable(f testnet.File, from int) map[int]bool {
	seen, ways := map[int]bool{from: true}, f.Ways()
	for queue := []int{from}; len(queue) > 0; queue = queue[1:] {
		for _, m := range f.Nodes {
			if w := (pair{queue[0], m.Node}); !seen[w.to] && m.PID != 0 && !ways[w.ends()].Cut && !ways[w.back().ends()].Cut {
				seen[w.to] = true
				queue = append(queue, w.to)
			}
		}
	}
	return seen
}

// tell fills in what has happened.
func (r *reorganiser) tell(victim string) error {
	now := map[int]nodeReorg{}
	for _, v := range r.nodes(r.a.Context) {
		now[v.Node] = v
	}
	r.a.Ask("getbestblockhash", &r.view.New)
	r.a.Ask("getblockcount", &r.view.Height)
	if r.a.Err != nil {
		return r.a.Err
	}
	for i := range r.view.Nodes {
		v := &r.view.Nodes[i]
		after, up := now[v.Node]
		switch v.After = after.After; {
		case !up:
			v.Note = "does not answer"
		case after.tip != r.view.New:
			v.Note = "did not hear of it"
		default:
			v.Made = v.After - r.view.Fork
			v.Undone = max(0, v.Before-r.view.Fork)
		}
	}
	for i := range r.view.Txs {
		r.view.Txs[i].Fate = r.fate(r.view.Txs[i].TxID)
	}
	if r.view.Spent != nil && r.fate(victim) != "gone" {
		return fmt.Errorf("%s was to be spent otherwise, and %s is in the chain", victim, r.fate(victim))
	}
	return nil
}

// fate is where a payment is now, as the miner sees it.
func (r *reorganiser) fate(txid string) string {
	var tx struct {
		Confirmations int `json:"confirmations"`
	}
	switch {
	case r.a.Client.Call(r.a.Context, "getmempoolentry", nil, txid) == nil:
		return "waits"
	case r.a.Client.Call(r.a.Context, "getrawtransaction", &tx, txid, 1) == nil && tx.Confirmations > 0:
		return "mined"
	}
	return "gone"
}

func showReorg(o *cli.Out, v reorgView) {
	o.Printf("node %d made a longer chain from block %s on: %s gave way to %s\n\n", v.Miner, cli.Count(v.Fork),
		block{hash: v.Old}.short(), block{hash: v.New}.short())
	t := cli.NewTable(">node", ">before", ">now", ">undone", ">new", "")
	for _, n := range v.Nodes {
		t.Row(fmt.Sprint(n.Node), cli.Count(n.Before), cli.Count(n.After), cli.Count(n.Undone), cli.Count(n.Made), n.Note)
	}
	t.Write(o, "")
	if v.Spent != nil {
		o.Printf("\n%s is gone: its coins were spent by %s\n", v.Spent.Loser, v.Spent.Winner)
	}
	if len(v.Txs) == 0 {
		o.Printf("\nno payment was in the blocks that were undone\n")
		return
	}
	said := map[string]string{"waits": "came back, and waits for a block", "mined": "is in the new chain", "gone": "is gone: the new chain spends its coins otherwise"}
	txs := cli.NewTable("payment", "now")
	for _, x := range v.Txs {
		txs.Row(x.TxID, said[x.Fate])
	}
	o.Printf("\n")
	txs.Write(o, "")
}
