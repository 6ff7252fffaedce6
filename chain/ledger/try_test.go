package ledger

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/connect"
)

// A block that is proposed and a template of it are refused by the same rules, before and after their transactions are
// remembered, but that a template's header names no merkle root.
func TestTrialsValidateAndChangeNothing(t *testing.T) {
	tr, r := plant(t)
	key := chaintest.NewKey(1)
	tr.Grow(chaintest.Genesis, "a", 103, chaintest.PayTo(key.P2TR()))
	tr.AcceptRow("a", 103)
	coin := func(name string) []chaintest.Coin { return []chaintest.Coin{tr.Named(name).Coinbase(key)} }
	tx := chaintest.SpendOne(t, coin("a1")[0], key.P2WPKH(), 1000)
	early := chaintest.SpendOne(t, coin("a9")[0], key.P2WPKH(), 1000)
	late := chaintest.SpendWith(t, coin("a2"), func(m *wire.MsgTx) {
		m.AddTxOut(chaintest.Pay(btcutil.SatoshiPerBitcoin, key.P2WPKH()))
		m.LockTime, m.TxIn[0].Sequence = 104, 0
	})
	half := func(name string) *chain.Tx {
		return chaintest.SpendWith(t, coin(name), func(m *wire.MsgTx) {
			m.AddTxOut(chaintest.Pay(0, append([]byte{txscript.OP_RETURN}, make([]byte, 500_000)...)))
		})
	}
	forged := tx.Copy()
	forged.TxIn[0].Witness[0][5] ^= 1
	tamper := func(f func(*wire.MsgBlock)) chaintest.Option { return chaintest.Tamper(f) }
	for _, c := range []struct {
		name            string
		m               chaintest.Mined
		block, template error
	}{
		{"good", tr.Block("a103", "good", chaintest.With(tx), chaintest.Fees(1000)), nil, nil},
		{"without work", tr.Block("a103", "unsolved", chaintest.With(tx), chaintest.Unsolved()), nil, nil},
		{"too much", tr.Block("a103", "greedy", chaintest.With(tx), chaintest.Fees(1001)), chain.ErrCoinbaseAmount, chain.ErrCoinbaseAmount},
		{"immature", tr.Block("a103", "early", chaintest.With(early)), chain.ErrImmatureCoinbase, chain.ErrImmatureCoinbase},
		{"twice", tr.Block("a103", "twice", chaintest.With(tx, again(tx))), chain.ErrInputsMissing, chain.ErrInputsMissing},
		{"elsewhere", tr.Block("a102", "elsewhere"), chain.ErrInconclusive, chain.ErrInconclusive},
		{"forged", tr.Block("a103", "forged", chaintest.With(chain.NewTx(forged))), chain.ErrBlockScript, chain.ErrBlockScript},
		{"not final", tr.Block("a103", "late", chaintest.With(late)), chain.ErrNonFinal, chain.ErrNonFinal},
		{"another height", tr.Block("a103", "height", tamper(func(m *wire.MsgBlock) { m.Transactions[0].TxIn[0].SignatureScript[1]++ })), chain.ErrCoinbaseHeight, chain.ErrCoinbaseHeight},
		{"no coinbase", tr.Block("a103", "headless", tamper(func(m *wire.MsgBlock) { m.Transactions[0] = tx.MsgTx })), chain.ErrCoinbaseMissing, chain.ErrCoinbaseMissing},
		{"empty", tr.Block("a103", "empty", chaintest.Damage(func(m *wire.MsgBlock) { m.Transactions = nil; m.Header.MerkleRoot = chain.Hash{} })), chain.ErrBadBlockLength, chain.ErrBadBlockLength},
		{"a second coinbase", tr.Block("a103", "two", tamper(func(m *wire.MsgBlock) { m.Transactions = append(m.Transactions, m.Transactions[0]) })), chain.ErrDuplicateTx, chain.ErrCoinbaseMultiple},
		{"too large", tr.Block("a103", "large", chaintest.With(half("a1"), half("a2"))), chain.ErrBadBlockLength, chain.ErrBadBlockLength},
		{"the commitment", tr.Block("a103", "commitment", chaintest.With(tx), chaintest.Damage(func(m *wire.MsgBlock) {
			outs := m.Transactions[0].TxOut
			outs[len(outs)-1].PkScript[20] ^= 1
			m.Header.MerkleRoot, _ = chain.TxRoot(chain.NewBlock(m).Txs)
		})), chain.ErrBadWitnessCommitment, chain.ErrBadWitnessCommitment},
		{"the root", tr.Block("a103", "root", chaintest.Damage(func(m *wire.MsgBlock) { m.Header.MerkleRoot[3] ^= 1 })), chain.ErrBadMerkleRoot, nil},
		{"the time", tr.Block("a103", "old", chaintest.At(tr.Named("a90").Node.Header.Timestamp)), chain.ErrTimeTooOld, chain.ErrTimeTooOld},
	} {
		for range 2 {
			refused(t, c.name, r.TryBlock(c.m.Block), c.block)
			refused(t, c.name+", a template", r.TryTemplate(c.m.Block.Header, c.m.Block.Txs), c.template)
		}
	}
	tr.ExpectTip("a103")
	r.check()
	tr.Accept("good")
	r.check()
}

func refused(t *testing.T, name string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) || want == nil && got != nil {
		t.Errorf("%s: got %v, want %v", name, got, want)
	}
}

// What is remembered of a transaction ends with the coins that it was found on: a coin that a block has spent is
// missed, and is there again when the block has gone.
func TestATemplateIsNotRememberedBeyondTheTip(t *testing.T) {
	tr, r := plant(t)
	key := chaintest.NewKey(1)
	tr.Grow(chaintest.Genesis, "a", 102, chaintest.PayTo(key.P2TR()))
	tr.AcceptRow("a", 102)
	one := chaintest.SpendOne(t, tr.Named("a1").Coinbase(key), key.P2WPKH(), 1000)
	other := chaintest.SpendOne(t, tr.Named("a1").Coinbase(key), key.P2TR(), 2000)
	try := func(on, name string, want error, txs ...*chain.Tx) {
		t.Helper()
		b := tr.Block(on, name, chaintest.With(txs...), chaintest.Extra(7)).Block
		for range 2 {
			refused(t, name, r.TryTemplate(b.Header, b.Txs), want)
		}
	}
	try("a102", "t1", nil, one)
	try("a102", "t2", nil, other)
	try("a102", "t3", chain.ErrInputsMissing, one, other)
	tr.Block("a102", "b103", chaintest.With(other))
	tr.Accept("b103")
	try("b103", "t4", chain.ErrInputsMissing, one)
	try("b103", "t5", chain.ErrInputsMissing, other)
	child := chaintest.SpendOne(t, chaintest.OutputOf(other, 0, key), key.P2WPKH(), 500)
	try("b103", "t6", nil, child)
	r.invalidate(tr.Named("b103"))
	try("a102", "t7", nil, one)
	try("a102", "t8", nil, other, child)
	try("a102", "t9", chain.ErrInputsMissing, child)
}

// A verdict on coins that moved while it was made is none. Three times a trial begins anew; then it has failed.
// Nothing else runs, for the ledger's own goroutines ask for the time too.
func TestAVerdictOnCoinsThatMovedIsNone(t *testing.T) {
	r := newByHand(t)
	moves := 0
	r.cfg.Now = func() time.Time {
		if moves > 0 {
			moves--
			r.set.Apply(r.Tip()) // away and back
		}
		return time.Now()
	}
	p := chain.RegTest()
	good, greedy := chaintest.Mine(t, p, p.Genesis()).Block, chaintest.Mine(t, p, p.Genesis(), chaintest.Fees(1)).Block
	for n := range tryLimit + 1 {
		for b, want := range map[*chain.Block]error{good: nil, greedy: chain.ErrCoinbaseAmount} {
			if n == tryLimit {
				want = chain.ErrInconclusive
			}
			moves = n
			refused(t, fmt.Sprintf("%d moves", n), r.TryBlock(b), want)
			moves = n
			refused(t, fmt.Sprintf("%d moves, a template", n), r.TryTemplate(b.Header, b.Txs), want)
		}
	}
}

// Of what several trials at once have learned, the most is kept.
func TestTheFullerMemoIsKept(t *testing.T) {
	tr, r := plant(t)
	key := chaintest.NewKey(1)
	tr.Grow(chaintest.Genesis, "a", 102, chaintest.PayTo(key.P2TR()))
	tr.AcceptRow("a", 102)
	try := func(on, name string, txs ...*chain.Tx) *connect.Memo {
		t.Helper()
		b := tr.Block(on, name, chaintest.With(txs...)).Block
		refused(t, name, r.TryTemplate(b.Header, b.Txs), nil)
		return r.tried.take()
	}
	full := try("a102", "full", chaintest.SpendOne(t, tr.Named("a1").Coinbase(key), key.P2WPKH(), 1000))
	empty := try("a102", "empty")
	for _, row := range [][]*connect.Memo{{full, empty}, {empty, full}} {
		r.tried.put(row[0])
		r.tried.put(row[1])
		if r.tried.take() != full {
			t.Error("what holds less was kept")
		}
	}
	tr.Block("a102", "a103")
	tr.Accept("a103")
	later := try("a103", "later")
	r.tried.put(full)
	r.tried.put(later)
	if r.tried.take() != later {
		t.Error("what is of coins that are gone was kept")
	}
}
