package connect

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/coins"
	"grapevine/chain/script"
)

// trialWorld is a coin set, and transactions that blocks are made of: most are good, all kinds of bad ones among them.
type trialWorld struct {
	*mapConnector
	t        *testing.T
	r        *rand.Rand
	parent   *chain.HeaderNode
	key      *chaintest.Key
	coins    []chaintest.Coin
	txs      []*chain.Tx
	children []*chain.Tx // that were in blocks
	fees     map[chain.Hash]btcutil.Amount
	checker  *script.Checker
	state    uint64
	memo     Memo
}

const trialHeight = 120

func newTrialWorld(t *testing.T, seed uint64) *trialWorld {
	p := chain.RegTest()
	w := &trialWorld{mapConnector: newMapConnector(p), t: t, r: rand.New(rand.NewPCG(seed, 8)), key: chaintest.NewKey(3),
		fees: map[chain.Hash]btcutil.Amount{}, checker: script.New(script.Config{})}
	row := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(trialHeight), chaintest.Unsolved())
	w.parent = row[len(row)-1].Node
	for i := range byte(80) {
		op := wire.OutPoint{Hash: chain.Hash{0xcc, i}, Index: uint32(i % 3)}
		c := chaintest.Coin{Op: op, Value: btcutil.SatoshiPerBitcoin, Script: chaintest.OpTrue()}
		if i%3 == 0 {
			c.Script, c.Key = w.key.P2WPKH(), w.key
		}
		w.coins = append(w.coins, c)
		w.put(c, 1+w.r.Int32N(trialHeight/3), i%10 == 1)
	}
	for range 40 {
		w.txs = append(w.txs, w.tx(w.coins[w.r.IntN(len(w.coins))], w.coins[w.r.IntN(len(w.coins))]))
	}
	return w
}

func (w *trialWorld) put(c chaintest.Coin, height int32, coinbase bool) {
	w.set[c.Op] = chain.Coin{Value: c.Value, PkScript: c.Script, Height: height, Coinbase: coinbase}
}

// tx spends coins, often the second too; one in three does something that may break a rule.
func (w *trialWorld) tx(first, second chaintest.Coin) *chain.Tx {
	in := []chaintest.Coin{first}
	if second.Op != first.Op && w.r.IntN(2) == 0 {
		in = append(in, second)
	}
	out := btcutil.Amount(0)
	for _, c := range in {
		out += c.Value
	}
	fee := btcutil.Amount(w.r.IntN(1000))
	sequence, bad := uint32(wire.MaxTxInSequenceNum), w.r.IntN(18)
	var more []*wire.TxOut
	switch bad {
	case 0:
		fee = -1
	case 1:
		sequence = w.r.Uint32N(100) // blocks
	case 2:
		sequence = w.r.Uint32N(100) | wire.SequenceLockTimeIsSeconds
	case 3, 6:
		more = append(more, chaintest.Pay(0, bytes.Repeat([]byte{txscript.OP_CHECKSIG}, 15_000)))
	case 4:
		more = append(more, chaintest.Pay(0, []byte{txscript.OP_RETURN}))
	}
	tx := chaintest.SpendWith(w.t, in, func(tx *wire.MsgTx) {
		for i := range tx.TxIn {
			tx.TxIn[i].Sequence = sequence
		}
		tx.TxOut = append([]*wire.TxOut{chaintest.Pay(out-fee, first.Script)}, more...)
	})
	if bad == 5 && tx.HasWitness() {
		forged := tx.Copy()
		for _, in := range forged.TxIn {
			if len(in.Witness) > 0 {
				in.Witness[0][20] ^= 1
			}
		}
		tx = chain.NewTx(forged)
	}
	w.fees[tx.ID] = fee
	return tx
}

// block is one of some of the transactions and of others that spend what those make, in any order.
func (w *trialWorld) block() chaintest.Mined {
	var txs []*chain.Tx
	fees := btcutil.Amount(0)
	for range w.r.IntN(7) {
		txs = append(txs, w.txs[w.r.IntN(len(w.txs))])
	}
	for range w.r.IntN(3) {
		if len(txs) == 0 {
			break
		}
		parent := txs[w.r.IntN(len(txs))]
		c := chaintest.OutputOf(parent, 0, w.key)
		switch w.r.IntN(8) {
		case 0:
			c.Op.Index, c.Script, c.Key = 7, chaintest.OpTrue(), nil // which is not there
		case 1:
			c.Op.Index, c.Value, c.Script, c.Key = 1, 0, chaintest.OpTrue(), nil // may not be spendable
		}
		child := w.tx(c, w.coins[w.r.IntN(len(w.coins))])
		txs = append(txs, child)
		w.children = append(w.children, child)
	}
	if n := len(w.children); n > 0 && w.r.IntN(8) == 0 {
		txs = append(txs, w.children[max(0, n-1-w.r.IntN(5))]) // again, without its parent most of the time
	}
	if w.r.IntN(6) == 0 {
		w.r.Shuffle(len(txs), func(i, j int) { txs[i], txs[j] = txs[j], txs[i] })
	}
	for _, tx := range txs {
		fees += w.fees[tx.ID]
	}
	if w.r.IntN(6) == 0 {
		fees++
	}
	return chaintest.Mine(w.t, w.Params, w.parent, chaintest.With(txs...), chaintest.Fees(fees), chaintest.Unsolved())
}

// connected is what Connect and the scripts say.
func (w *trialWorld) connected(m chaintest.Mined) error {
	c := Connector{Params: w.Params, Overlay: coins.NewOverlay(), Fetch: w.fetch}
	effect, err := c.Connect(m.Node, m.Block, 1)
	if err != nil {
		return err
	}
	for i, tx := range m.Block.Txs[1:] {
		if err := w.checker.CheckTx(tx, effect.Spent[i+1], effect.Flags); err != nil {
			return err
		}
	}
	return nil
}

func (w *trialWorld) tried(m chaintest.Mined) error {
	g := Ground{Rules: Connector{Params: w.Params, Overlay: coins.NewOverlay(), Fetch: w.fetch}, Scripts: w.checker, State: w.state, Memo: &w.memo}
	return g.Trial(m.Node, m.Block).Run()
}

// A trial, with whatever it remembers, says what connecting the block would: the same rule, for the same transaction.
func TestATrialSaysWhatConnectingSays(t *testing.T) {
	said, known := map[string]int{}, 0
	for seed := range uint64(15) {
		w := newTrialWorld(t, seed)
		for range 150 {
			if w.r.IntN(10) == 0 { // the coin set changes
				w.state++
				c := w.coins[w.r.IntN(len(w.coins))]
				if _, there := w.set[c.Op]; there {
					delete(w.set, c.Op)
				} else {
					w.put(c, 1+w.r.Int32N(trialHeight), false)
				}
			}
			m := w.block()
			if w.memo.state == w.state {
				for _, tx := range m.Block.Txs {
					if w.memo.passed[tx.WID].ok {
						known++
					}
				}
			}
			want, got := w.connected(m), w.tried(m)
			word := "good"
			if rule := new(chain.RuleError); errors.As(want, &rule) {
				word = string(rule.Rule)
			}
			if said[word]++; (want == nil) != (got == nil) || want != nil && want.Error() != got.Error() {
				t.Fatalf("seed %d: trial says %v, connecting %v", seed, got, want)
			}
		}
	}
	t.Logf("%d transactions were known; %v", known, said)
	for _, rule := range []chain.Rule{"good", chain.ErrInputsMissing, chain.ErrImmatureCoinbase, chain.ErrInBelowOut, chain.ErrNonFinal, chain.ErrBadSigOps, chain.ErrCoinbaseAmount} {
		if said[string(rule)] < 10 {
			t.Errorf("%s was said %d times", rule, said[string(rule)])
		}
	}
	if known < 250 {
		t.Errorf("%d transactions were known", known)
	}
}

// However many transactions trials see, a memo holds no more than its bound.
func TestAMemoIsBounded(t *testing.T) {
	w := newTrialWorld(t, 1)
	c := w.coins[1]
	tx := chaintest.SpendOne(t, chaintest.Coin{Op: c.Op, Value: c.Value, Script: c.Script}, chaintest.OpTrue(), 0)
	w.put(c, 1, false)
	m := chaintest.Mine(t, w.Params, w.parent, chaintest.With(tx), chaintest.Unsolved())
	for room, want := range map[int]int{2: memoTxs - 1, 1: 1} { // a coinbase counts, and is not remembered
		w.memo = Memo{}
		if err := w.tried(m); err != nil || len(w.memo.passed) != 1 {
			t.Fatal(err, len(w.memo.passed))
		}
		delete(w.memo.passed, tx.WID)
		for i := range memoTxs - room {
			w.memo.passed[chain.Hash{1: byte(i), 2: byte(i >> 8), 3: byte(i >> 16), 4: 1}] = passed{ok: true}
		}
		if err := w.tried(m); err != nil || len(w.memo.passed) != want || !w.memo.passed[tx.WID].ok {
			t.Errorf("room for %d: %v, %d are remembered, want %d", room, err, len(w.memo.passed), want)
		}
	}
}
