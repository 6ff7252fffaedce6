package script

import (
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

func unsigned() *wire.MsgTx {
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: chain.Hash{1}, Index: 3}, Sequence: 0xfffffffd})
	tx.AddTxOut(wire.NewTxOut(9e7, chaintest.OpTrue()))
	return tx
}

func script(t testing.TB, items ...any) []byte {
	t.Helper()
	b := txscript.NewScriptBuilder()
	for _, item := range items {
		switch v := item.(type) {
		case int:
			b.AddOp(byte(v))
		case []byte:
			b.AddData(v)
		}
	}
	s, err := b.Script()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheFastRoadKnowsEveryForm(t *testing.T) {
	c := New(Config{})
	for _, tr := range trials(t) {
		for _, flags := range []txscript.ScriptFlags{chain.ConsensusFlags, chain.StandardFlags} {
			if err := tr.engine(flags); err != nil {
				t.Fatalf("%s: the engine refuses it: %v", tr.form, err)
			}
			if !c.fast(tr.prepared(), tr.at, flags, nil) {
				t.Errorf("%s is not taken under %x", tr.form, flags)
			}
		}
	}
}

// someFlags are today's in three cases of five, or the pool's, or those of some
// time in the chain's life, or any.
func someFlags(c *chunk) txscript.ScriptFlags {
	const (
		bip66 = txscript.ScriptVerifyDERSignatures
		cltv  = txscript.ScriptVerifyCheckLockTimeVerify
		csv   = txscript.ScriptVerifyCheckSequenceVerify
	)
	eras := []txscript.ScriptFlags{
		0, txscript.ScriptBip16, txscript.ScriptBip16 | bip66, txscript.ScriptBip16 | bip66 | cltv | csv,
		chain.ConsensusFlags &^ txscript.ScriptVerifyTaproot,
		txscript.ScriptBip16 | txscript.ScriptVerifyWitness | txscript.ScriptVerifyTaproot,
	}
	switch i := c.IntN(20); {
	case i < 8:
		return chain.ConsensusFlags
	case i < 12:
		return chain.StandardFlags
	case i < 12+len(eras):
		return eras[i-12]
	}
	return trim(allFlags() & txscript.ScriptFlags(c.Uint32()))
}

// Columns of the table.
const (
	byBoth = iota
	byEngineAlone
	byNeither
)

// The fast road's verdict on spends of every form, alone and in a batch, mutated in every way, under
// all kinds of flags, and the engine's: what the former accepts the latter has
// to. One in four is mutated twice, one in three is odd to begin with.
func TestT33_TheFastRoadAcceptsNothingTheEngineRefuses(t *testing.T) {
	c, list := New(Config{}), mutations()
	n := questions(t, 20_000)
	sum := inChunks(t, n, func(ch *chunk) error {
		var bases []*trial
		for i := range ch.size {
			if i%100 == 0 {
				bases = bases[:0]
				for k, form := range forms() {
					bases = append(bases, newTrial(ch, form, (i/100+k)%3 == 0))
				}
			}
			turn := ch.number*chunkSize + i
			m, tr := list[turn%len(list)], bases[ch.IntN(len(bases))].copy()
			m.do(ch, tr, turn)
			if ch.IntN(4) == 0 {
				list[ch.IntN(len(list))].do(ch, tr, turn)
			}
			column, err := compare(c, tr, someFlags(ch))
			if err != nil {
				return fmt.Errorf("question %d, %s: %w", i, m.name, err)
			}
			ch.count.note(tr.form, column)
			ch.count.note(m.name, column)
		}
		return nil
	})
	names := forms()
	for _, m := range list {
		names = append(names, m.name)
	}
	t.Logf("%d spends, by the engine and by the fast road with %s%s", n, c.curve.name(), sum.table("both engine neither", names))
	for _, name := range names {
		if counts := sum[name]; counts[byNeither] == 0 || counts[byBoth]+counts[byEngineAlone] == 0 {
			t.Errorf("%s: %v: one-sided", name, counts)
		}
	}
	for _, name := range append(forms(), mutateNothing, mutateOthers) {
		if counts := sum[name]; counts[byBoth] < (counts[byBoth]+counts[byEngineAlone]+counts[byNeither])/50 {
			t.Errorf("%s: the fast road took only %d", name, counts[byBoth])
		}
	}
}

// compare asks the fast road, once more with a batch, and the engine.
func compare(c *Checker, tr *trial, flags txscript.ScriptFlags) (column int, err error) {
	fast, refused := c.fast(tr.prepared(), tr.at, flags, nil), tr.engine(flags)
	b := c.Batch(flags)
	switch batched := c.fast(tr.prepared(), tr.at, flags, b) && b.good(); {
	case batched != fast:
		return 0, fmt.Errorf("under %x with a batch %v, without %v: %v", flags, batched, fast, tr)
	case fast && refused != nil:
		return 0, fmt.Errorf("under %x the fast road accepts what the engine refuses (%w): %v", flags, refused, tr)
	case fast:
		return byBoth, nil
	case refused == nil:
		return byEngineAlone, nil
	}
	return byNeither, nil
}
