package mempool

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// grow makes n entries, each with up to fan parents among the last reach ones.
func grow(r *rand.Rand, g *graph, n, fan, reach int) []*entry {
	var all []*entry
	for i := range n {
		msg := wire.NewMsgTx(2)
		msg.LockTime = uint32(i)
		var parents []*entry
		for range r.IntN(fan + 1) {
			if len(all) == 0 {
				break
			}
			p := all[max(0, len(all)-1-r.IntN(reach))]
			msg.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: p.Tx.ID, Index: uint32(i)}, nil, nil))
			if !slices.Contains(parents, p) {
				parents = append(parents, p)
			} else {
				msg.TxIn = msg.TxIn[:len(msg.TxIn)-1]
			}
		}
		for range n {
			msg.AddTxOut(wire.NewTxOut(1, nil))
		}
		tx := &chain.Tx{MsgTx: msg, Weight: 400 + r.IntN(4000), Size: 100}
		binary.LittleEndian.PutUint32(tx.ID[:], uint32(i)+1)
		binary.LittleEndian.PutUint32(tx.WID[:], uint32(i)+1)
		e := newEntry(priced(tx, btcutil.Amount(r.IntN(10_000)), parents))
		e.Seq = int64(i)
		g.insert(e)
		all = append(all, e)
	}
	return all
}

func priced(tx *chain.Tx, fee btcutil.Amount, parents []*entry) *draft {
	return &draft{tx: tx, fee: fee, modified: fee, vsize: (tx.Weight + 3) / 4, parents: parents}
}

func TestGraphStaysWholeWhileItGrowsAndShrinks(t *testing.T) {
	for seed := range uint64(20) {
		r, g := rand.New(rand.NewPCG(seed, 5)), newGraph()
		all := grow(r, g, 150, 3, 1+r.IntN(40)) // far beyond small
		if err := g.Check(); err != nil {
			t.Fatal(err)
		}
		for len(all) > 0 {
			e := all[len(all)-1] // nothing builds on the last
			if r.IntN(2) == 0 {
				e = all[0] // which builds on nothing
			}
			g.Remove(e)
			all = slices.DeleteFunc(all, func(x *entry) bool { return x == e })
			if err := g.Check(); err != nil {
				t.Fatalf("seed %d, %d left: %v", seed, len(all), err)
			}
		}
		if g.Sum() != (totals{}) || g.Usage() != 0 || g.Len() != 0 {
			t.Fatal("something is left")
		}
	}
}

func TestRelinkAndRecountMakeTheSameGraph(t *testing.T) {
	r, g := rand.New(rand.NewPCG(1, 5)), newGraph()
	all := grow(r, g, 60, 3, 20)
	// Take the oldest out, as blocks do, and put them back under the others.
	for _, e := range all[:20] {
		g.Remove(e)
	}
	for _, e := range all[:20] {
		e.Parents = nil
		for _, in := range e.Tx.TxIn {
			e.Parents = append(e.Parents, g.byTxID(in.PreviousOutPoint.Hash))
		}
		e.Children = nil
		g.insert(e)
		g.relink(e)
	}
	g.recount()
	if err := g.Check(); err != nil {
		t.Fatal(err)
	}
	if got := g.ordered(); !slices.Equal(got, all) {
		t.Fatal("not in order")
	}
}

func TestCheckSeesWhatIsBroken(t *testing.T) {
	for name, harm := range map[string]func(*graph, *entry){
		"totals":         func(_ *graph, e *entry) { e.Anc.Size++ },
		"sums":           func(g *graph, _ *entry) { g.sum.Fees++ },
		"usage":          func(g *graph, _ *entry) { g.usage-- },
		"index by txid":  func(g *graph, e *entry) { delete(g.byID, e.Tx.ID) },
		"index by wtxid": func(g *graph, e *entry) { g.byWID[e.Tx.WID] = newEntry(priced(e.Tx, 0, nil)) },
		"outpoints":      func(g *graph, e *entry) { delete(g.spent, e.Tx.TxIn[0].PreviousOutPoint) },
		"links":          func(_ *graph, e *entry) { e.Parents[0].Children = nil },
		"parents":        func(_ *graph, e *entry) { e.Parents = nil },
		"order":          func(_ *graph, e *entry) { e.Seq = -1 },
		"eviction order": func(g *graph, _ *entry) { g.heap.Swap(0, g.Len()-1) },
	} {
		g := newGraph()
		all := grow(rand.New(rand.NewPCG(9, 5)), g, 30, 3, 5)
		i := slices.IndexFunc(all, func(e *entry) bool { return len(e.Parents) > 0 })
		harm(g, all[i])
		if g.Check() == nil {
			t.Errorf("%s: not seen", name)
		}
	}
}
