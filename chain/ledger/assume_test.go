package ledger

import (
	"errors"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/db"
)

// assumption is one setting in which a block with a forged signature comes:
//
//	genesis - 1 - … - 101 - forged - … tail …
//	                    \
//	                     other - … rival …
type assumption struct {
	name    string
	tail    int // headers known on top of the forged block
	rival   int // headers known on the other branch
	assumed string
	work    func(best chain.Work) chain.Work // the least; nil: none
	skipped bool
}

func assumptions() []assumption {
	one := chain.WorkOf(0x207fffff)
	return []assumption{
		{name: "two weeks of work on it", tail: 2016, assumed: "forged"},
		{name: "a block more than two weeks", tail: 2017, assumed: "forged", skipped: true},
		{name: "assumed is the tail's end", tail: 2017, assumed: "tail", skipped: true},
		{name: "nothing assumed", tail: 2017},
		{name: "assumed is not known", tail: 2017, assumed: "nowhere"},
		{name: "assumed is the block before", tail: 2017, assumed: "parent"},
		{name: "assumed is on another branch", tail: 2017, rival: 10, assumed: "rival"},
		{name: "another branch has more work", tail: 2017, rival: 2020, assumed: "forged"},
		{name: "exactly the least work", tail: 2017, assumed: "forged", skipped: true,
			work: func(best chain.Work) chain.Work { return best }},
		{name: "less than the least work", tail: 2017, assumed: "forged",
			work: func(best chain.Work) chain.Work { return best.Add(one) }},
	}
}

// bench is the blocks that the settings share.
type bench struct {
	p           *chain.Params
	blocks      []chaintest.Mined
	forged      chaintest.Mined
	tail, rival []chaintest.Mined
}

func newBench(t *testing.T) *bench {
	p := chain.RegTest()
	b := &bench{p: p}
	b.blocks = chaintest.Grow(t, p, p.Genesis(), chaintest.Times(101), chaintest.PayTo(chaintest.NewKey(1).P2WPKH()))
	tip := b.blocks[100].Node
	b.forged = chaintest.Mine(t, p, tip, chaintest.With(b.unsigned(0)))
	b.tail = chaintest.Grow(t, p, b.forged.Node, chaintest.Times(2017))
	b.rival = chaintest.Grow(t, p, tip, chaintest.Times(2020))
	return b
}

// unsigned takes the first coin without any signature, and more than it has.
func (b *bench) unsigned(more int64) *chain.Tx {
	tx := wire.NewMsgTx(2)
	c := b.blocks[0].Coinbase(nil)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: c.Op})
	tx.AddTxOut(wire.NewTxOut(int64(c.Value)+more, chaintest.OpTrue()))
	return chain.NewTx(tx)
}

func (b *bench) rig(t *testing.T, a assumption) *rig {
	hash := map[string]*chain.Hash{
		"forged":  &b.forged.Node.Hash,
		"tail":    &b.tail[2016].Node.Hash,
		"parent":  &b.blocks[100].Node.Hash,
		"rival":   &b.rival[9].Node.Hash,
		"nowhere": {1},
	}[a.assumed]
	p := *b.p
	if a.work != nil {
		p.MinimumChainWork = a.work(b.tail[a.tail-1].Node.Work)
	}
	r := newRig(t, func(c *Config, _ *db.Options) { c.AssumeValid, c.Params = hash, &p })
	if a.tail > 0 {
		r.AddHeaders([]*chain.HeaderNode{b.tail[a.tail-1].Node})
	}
	if a.rival > 0 {
		r.AddHeaders([]*chain.HeaderNode{b.rival[a.rival-1].Node})
	}
	for _, m := range b.blocks {
		if err := r.Submit(m); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestScriptsAreTakenAsGoodUnderCoresConditionsOnly(t *testing.T) {
	b := newBench(t)
	for _, a := range assumptions() {
		r := b.rig(t, a)
		err := r.Submit(b.forged)
		if a.skipped && err != nil || !a.skipped && !errors.Is(err, chain.ErrBlockScript) {
			t.Errorf("%s: %v", a.name, err)
		}
		r.stop()
	}
}

// Where scripts are taken as good, everything else is checked all the same.
func TestAssumedBlocksAreCheckedByEveryOtherRule(t *testing.T) {
	b := newBench(t)
	tip := b.blocks[100].Node
	absent := wire.NewMsgTx(2)
	absent.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: chain.Hash{1}}})
	absent.AddTxOut(wire.NewTxOut(0, chaintest.OpTrue()))
	young := wire.NewMsgTx(2)
	young.AddTxIn(&wire.TxIn{PreviousOutPoint: b.blocks[50].Coinbase(nil).Op})
	young.AddTxOut(wire.NewTxOut(0, chaintest.OpTrue()))
	waits := b.unsigned(0).MsgTx.Copy()
	waits.TxIn[0].Sequence = 102 // its coin will be 101 deep
	for _, c := range []struct {
		rule chain.Rule
		opts []chaintest.Option
	}{
		{chain.ErrInBelowOut, []chaintest.Option{chaintest.With(b.unsigned(1))}},
		{chain.ErrInputsMissing, []chaintest.Option{chaintest.With(chain.NewTx(absent))}},
		{chain.ErrImmatureCoinbase, []chaintest.Option{chaintest.With(chain.NewTx(young))}},
		{chain.ErrNonFinal, []chaintest.Option{chaintest.With(chain.NewTx(waits))}},
		{chain.ErrCoinbaseAmount, []chaintest.Option{chaintest.Fees(1)}},
	} {
		bad := chaintest.Mine(t, b.p, tip, c.opts...)
		tail := chaintest.Grow(t, b.p, bad.Node, chaintest.Times(2017))
		r := newRig(t, func(c *Config, _ *db.Options) { c.AssumeValid = &bad.Node.Hash })
		r.AddHeaders([]*chain.HeaderNode{tail[2016].Node})
		for _, m := range b.blocks {
			if err := r.Submit(m); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Submit(bad); !errors.Is(err, c.rule) {
			t.Errorf("%s: %v", c.rule, err)
		}
		r.stop()
	}
}
