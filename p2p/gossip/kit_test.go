package gossip

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p"
)

// world makes blocks and transactions by name. They hold together by their
// hashes; what they spend and whether they break a rule is what the test says.
type world struct {
	params  *chain.Params
	start   time.Time
	nodes   map[string]*chain.HeaderNode
	blocks  map[chain.Hash]*chain.Block
	names   map[chain.Hash]string
	txs     map[string]*chain.Tx
	parents map[chain.Hash][]chain.Hash // txids a transaction spends
	invalid map[chain.Hash]bool         // blocks that break a rule when connected
	holds   map[chain.Hash][]*chain.Tx  // transactions of a block
}

func newWorld() *world {
	p := chain.RegTest()
	g := p.Genesis()
	w := &world{
		params: p, start: g.Header.Timestamp.Add(time.Hour * 24 * 365),
		nodes:  map[string]*chain.HeaderNode{"g": g},
		blocks: map[chain.Hash]*chain.Block{}, names: map[chain.Hash]string{g.Hash: "g"},
		txs: map[string]*chain.Tx{}, parents: map[chain.Hash][]chain.Hash{},
		invalid: map[chain.Hash]bool{}, holds: map[chain.Hash][]*chain.Tx{},
	}
	return w
}

// block makes a block of about so many bytes on a parent, with transactions.
func (w *world) block(name, parent string, size int, txs ...*chain.Tx) *chain.HeaderNode {
	if n := w.nodes[name]; n != nil {
		return n
	}
	p := w.nodes[parent]
	m := &wire.MsgBlock{Header: wire.BlockHeader{
		Version: 4, PrevBlock: p.Hash, Timestamp: p.Header.Timestamp.Add(time.Minute), Bits: w.params.PowLimitBits,
	}}
	coinbase := wire.NewMsgTx(1)
	coinbase.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: 0xffffffff}, append(chain.HeightScript(p.Height+1), name...), nil))
	coinbase.AddTxOut(wire.NewTxOut(0, make([]byte, max(size-150, 1))))
	m.Transactions = append(m.Transactions, coinbase)
	for _, tx := range txs {
		m.Transactions = append(m.Transactions, tx.MsgTx)
	}
	chaintest.Seal(m)
	for chain.CheckWork(w.params, &m.Header) != nil {
		m.Header.Nonce++
	}
	n := chain.NewHeaderNode(p, m.Header)
	w.nodes[name] = n
	w.names[n.Hash] = name
	w.blocks[n.Hash] = chain.NewBlock(m)
	w.holds[n.Hash] = txs
	return n
}

// grow makes the blocks prefix1 … prefixN on a parent.
func (w *world) grow(prefix, parent string, n, size int) {
	for i := 1; i <= n; i++ {
		name := fmt.Sprint(prefix, i)
		w.block(name, parent, size)
		parent = name
	}
}

func (w *world) blockNamed(name string) *chain.Block { return w.blocks[w.nodes[name].Hash] }

// tx makes a transaction that spends others.
func (w *world) tx(name string, parents ...string) *chain.Tx {
	if tx := w.txs[name]; tx != nil {
		return tx
	}
	m := wire.NewMsgTx(2)
	m.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: sha256.Sum256([]byte(name))}, nil, [][]byte{[]byte(name)}))
	m.AddTxOut(wire.NewTxOut(1, nil))
	tx := chain.NewTx(m)
	for _, p := range parents {
		w.parents[tx.ID] = append(w.parents[tx.ID], w.tx(p).ID)
	}
	w.txs[name] = tx
	w.names[tx.WID] = "tx:" + name
	w.names[tx.ID] = "txid:" + name
	return tx
}

// backend is ledger and pool behind one State, with the simplest rules that are
// right.
type backend struct {
	w         *world
	body      map[chain.Hash]*chain.Block
	nodes     []*chain.HeaderNode // with bodies and more work than the tip, in order of arrival
	bad       map[chain.Hash]bool
	tip       *chain.HeaderNode
	pool      map[chain.Hash]*chain.Tx // by txid
	mined     map[chain.Hash]bool      // txids in the active chain
	validated map[chain.Hash]int       // ValidateBlock actions seen, by block
}

func newBackend(w *world) *backend {
	return &backend{
		w: w, body: map[chain.Hash]*chain.Block{}, bad: map[chain.Hash]bool{}, tip: w.nodes["g"],
		pool: map[chain.Hash]*chain.Tx{}, mined: map[chain.Hash]bool{}, validated: map[chain.Hash]int{},
	}
}

// mutated marks a copy of a block that does not match its header, for the ledger.
const mutated = -1

// spoiled is such a copy: another witness of the coinbase.
func spoiled(b *chain.Block) *chain.Block {
	m := b.MsgBlock().Copy()
	m.Transactions[0].TxIn[0].Witness = wire.TxWitness{make([]byte, 245)}
	c := *chain.NewBlock(m)
	c.Weight = mutated
	return &c
}

// validateBlock is the ledger: the events that a body causes, verdict last.
func (r *backend) validateBlock(j p2p.ValidateBlock) (evs []Event) {
	r.validated[j.Node.Hash]++
	j.Node = r.w.nodes[r.w.names[j.Node.Hash]] // each State has nodes of its own
	if j.Block.Weight == mutated {
		return []Event{BlockVerdict{j.Node, &chain.RuleError{Rule: chain.ErrBadMerkleRoot, Mutated: true}}}
	}
	if r.body[j.Node.Hash] != nil {
		return []Event{BlockVerdict{j.Node, chain.ErrDuplicate}}
	}
	r.body[j.Node.Hash] = j.Block
	r.nodes = append(r.nodes, j.Node)
	evs = append(evs, BodyStored{j.Node})
	if r.whole(j.Node) {
		evs = append(evs, r.activate()...)
	}
	var err error
	switch {
	case r.isBad(j.Node):
		err = chain.Broken(chain.ErrCoinbaseAmount, "")
	case r.tip.Ancestor(j.Node.Height) != j.Node:
		err = chain.ErrInconclusive
	}
	return append(evs, BlockVerdict{j.Node, err})
}

func (r *backend) isBad(n *chain.HeaderNode) bool {
	for ; len(r.bad) > 0 && n != nil && n.Height > 0; n = n.Parent {
		if r.bad[n.Hash] {
			return true
		}
	}
	return false
}

// activate moves to the best chain whose bodies are all there.
func (r *backend) activate() (evs []Event) {
	for {
		best := r.tip
		r.nodes = slices.DeleteFunc(r.nodes, func(n *chain.HeaderNode) bool { return n.Work.Cmp(r.tip.Work) <= 0 })
		for _, n := range r.nodes {
			if n.Work.Cmp(best.Work) > 0 && !r.isBad(n) && r.whole(n) {
				best = n
			}
		}
		if best == r.tip {
			return evs
		}
		evs = append(evs, r.move(best)...)
	}
}

func (r *backend) whole(n *chain.HeaderNode) bool {
	for fork := chain.Fork(n, r.tip); n != fork; n = n.Parent {
		if r.body[n.Hash] == nil {
			return false
		}
	}
	return true
}

func (r *backend) move(to *chain.HeaderNode) (evs []Event) {
	fork := chain.Fork(r.tip, to)
	var up []*chain.HeaderNode
	for n := to; n != fork; n = n.Parent {
		up = append(up, n)
	}
	slices.Reverse(up)
	for _, n := range up {
		if r.w.invalid[n.Hash] {
			r.bad[n.Hash] = true
			return append(evs, HeaderInvalid{n, chain.Broken(chain.ErrCoinbaseAmount, "")})
		}
	}
	for n := r.tip; n != fork; n = n.Parent {
		for _, tx := range r.w.holds[n.Hash] {
			delete(r.mined, tx.ID)
			if r.pool[tx.ID] == nil {
				r.pool[tx.ID] = tx
				evs = append(evs, TxIn{chain.PoolTx{Tx: tx, Fee: 1000}})
			}
		}
	}
	for _, n := range up {
		for _, tx := range r.w.holds[n.Hash] {
			r.mined[tx.ID] = true
			if r.pool[tx.ID] != nil {
				delete(r.pool, tx.ID)
				evs = append(evs, TxOut{chain.PoolGone{Tx: tx, Why: chain.GoneConfirmed}})
			}
		}
	}
	r.tip = to
	return append(evs, TipChanged{to})
}

// validateTx is the pool.
func (r *backend) validateTx(j p2p.ValidateTx) []Event {
	var missing []chain.Hash
	for _, p := range r.w.parents[j.Tx.ID] {
		if r.pool[p] == nil && !r.mined[p] {
			missing = append(missing, p)
		}
	}
	switch {
	case len(missing) > 0:
		return []Event{TxVerdict{Tx: j.Tx, Err: &chain.MissingError{Parents: missing}}}
	case r.pool[j.Tx.ID] != nil || r.mined[j.Tx.ID]:
		return []Event{TxVerdict{Tx: j.Tx, Err: chain.Refused("txn-already-known", "")}}
	case len(r.w.names[j.Tx.WID]) > 6 && r.w.names[j.Tx.WID][:6] == "tx:bad":
		return []Event{TxVerdict{Tx: j.Tx, Err: chain.Refused("min relay fee not met", "")}}
	}
	r.pool[j.Tx.ID] = j.Tx
	return []Event{TxIn{chain.PoolTx{Tx: j.Tx, Fee: 1000}}, TxVerdict{Tx: j.Tx}}
}

func newTestState(w *world, seed uint64) *State {
	return New(Config{Params: w.params, Headers: []*chain.HeaderNode{w.nodes["g"]}, MinFee: 1000, Rand: rand.New(rand.NewPCG(seed, 0))})
}

// checkInvariants proves what must hold after every step.
func checkInvariants(t testing.TB, s *State) {
	t.Helper()
	for _, check := range []func() error{
		s.tree.Check, s.fetch.Check, s.queue.Check, s.tx.queue.Check, s.tx.requests.Check, s.tx.orphans.Check,
	} {
		if err := check(); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range s.tx.orphans.All() {
		if s.tx.queue.find(x.Tx.WID) != nil {
			t.Fatal("an orphan is validated")
		}
	}
	for _, p := range s.peers {
		if p.gone || s.byID[p.ID] != p {
			t.Fatalf("peer %d is not here", p.ID)
		}
	}
}
