package service

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/wallet"
)

// recount is the wallet's slow twin: it reads the whole chain and pool anew
// and asks only which scripts are the user's. Transactions that are in neither
// and that no block contradicts still claim their coins, as in Core.
func (w *world) recount(u *user) wallet.Balance {
	w.t.Helper()
	mine := func(script []byte) bool {
		if u.mine[string(script)] {
			return true
		}
		u.Service.mu.Lock()
		defer u.Service.mu.Unlock()
		_, ours, err := u.state.Whose(script)
		if err != nil {
			w.t.Fatal(err)
		}
		u.mine[string(script)] = ours
		return ours
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	outs := map[wire.OutPoint]bool{} // every output of the user's that ever was
	inBlock := map[chain.Hash]bool{}
	note := func(tx *chain.Tx) {
		for i, o := range tx.TxOut {
			outs[wire.OutPoint{Hash: tx.ID, Index: uint32(i)}] = mine(o.PkScript)
		}
	}
	blockSpends := map[wire.OutPoint]chain.Hash{}
	for _, m := range w.active {
		for i, tx := range m.Block.Txs {
			inBlock[tx.ID] = true
			note(tx)
			for _, in := range tx.TxIn {
				if i > 0 {
					blockSpends[in.PreviousOutPoint] = tx.ID
				}
			}
		}
	}
	for _, tx := range w.known {
		note(tx)
	}
	refuted := w.refuted(blockSpends)
	spent := map[wire.OutPoint]bool{}
	for _, tx := range w.known {
		if inBlock[tx.ID] || refuted[tx.ID] {
			continue
		}
		for _, in := range tx.TxIn {
			spent[in.PreviousOutPoint] = true
		}
	}
	return w.sum(w.coins(), outs, spent)
}

// refuted are the transactions that the chain contradicts, and their descendants.
func (w *world) refuted(blockSpends map[wire.OutPoint]chain.Hash) map[chain.Hash]bool {
	set := map[chain.Hash]bool{}
	for changed := true; changed; {
		changed = false
		for _, tx := range w.known {
			for _, in := range tx.TxIn {
				by, taken := blockSpends[in.PreviousOutPoint]
				if (taken && by != tx.ID || set[in.PreviousOutPoint.Hash]) && !set[tx.ID] {
					set[tx.ID], changed = true, true
				}
			}
		}
	}
	return set
}

func (w *world) sum(set map[wire.OutPoint]coin, outs, spent map[wire.OutPoint]bool) (b wallet.Balance) {
	for op, c := range set {
		switch {
		case !outs[op] || spent[op]:
		case c.coinbase && w.tip().Height-c.height < chain.CoinbaseMaturity:
			b.Immature += c.value
		default:
			b.Confirmed += c.value
		}
	}
	trusted := map[chain.Hash]bool{}
	for _, tx := range w.pool { // parents come first
		ok := true
		for _, in := range tx.TxIn {
			op := in.PreviousOutPoint
			_, confirmed := set[op]
			ok = ok && outs[op] && (confirmed || trusted[op.Hash])
		}
		trusted[tx.ID] = ok
		for i, o := range tx.TxOut {
			op := wire.OutPoint{Hash: tx.ID, Index: uint32(i)}
			switch {
			case !outs[op] || spent[op]:
			case ok:
				b.Change += btcutil.Amount(o.Value)
			default:
				b.Unconfirmed += btcutil.Amount(o.Value)
			}
		}
	}
	return b
}

// payer is somebody with coins who pays users, and sometimes takes it back.
type payer struct {
	w    *world
	key  *chaintest.Key
	paid []*chain.Tx // payments to users, with the coin they spend
	from []chaintest.Coin
}

// coin is one of the payer's that chain and pool let it spend.
func (s *payer) coin() (chaintest.Coin, bool) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	set := s.w.coins()
	for _, tx := range s.w.pool {
		apply(set, tx, 0, false)
	}
	for _, m := range s.w.active {
		for _, tx := range m.Block.Txs {
			for i, o := range tx.TxOut {
				op := wire.OutPoint{Hash: tx.ID, Index: uint32(i)}
				c, ok := set[op]
				young := c.coinbase && s.w.tip().Height+1-c.height < chain.CoinbaseMaturity
				if ok && !young && string(o.PkScript) == string(s.key.P2WPKH()) {
					return chaintest.OutputOf(tx, i, s.key), true
				}
			}
		}
	}
	return chaintest.Coin{}, false
}

func (s *payer) pay(t *testing.T, script []byte, amount btcutil.Amount) {
	c, ok := s.coin()
	if !ok || c.Value < amount+10_000 {
		return
	}
	tx := chaintest.Spend(t, []chaintest.Coin{c}, chaintest.Pay(amount, script), chaintest.Pay(c.Value-amount-1000, s.key.P2WPKH()))
	if err := s.w.Submit(context.Background(), tx); err != nil {
		t.Fatal(err)
	}
	s.paid, s.from = append(s.paid, tx), append(s.from, c)
}

// takeBack mines, after dropping some blocks, a transaction that spends the
// coin of an old payment elsewhere.
func (s *payer) takeBack(t *testing.T, r *rand.Rand, back int) {
	if len(s.paid) == 0 {
		return
	}
	c := s.from[r.IntN(len(s.from))]
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	kept := s.w.active
	s.w.active = kept[:len(kept)-back]
	free, there := s.w.coins()[c.Op]
	young := there && free.coinbase && s.w.tip().Height+1-free.height < chain.CoinbaseMaturity
	s.w.active = kept
	if !there || young {
		return
	}
	lists := make([][]*chain.Tx, back+1)
	lists[0] = []*chain.Tx{chaintest.SpendOne(t, c, s.key.P2WPKH(), 5000)}
	s.w.reorganise(back, lists, s.key.P2WPKH())
}

// TestTheStateAgreesWithANaiveRecount plays a random network: blocks, payments,
// double spends, reorganisations, crashes; after each step every wallet must
// say what a count of the whole chain says.
// GRAPEVINE_SEEDS says how many games are played.
func TestTheStateAgreesWithANaiveRecount(t *testing.T) {
	seeds := uint64(2)
	if n, err := strconv.ParseUint(os.Getenv("GRAPEVINE_SEEDS"), 10, 32); err == nil {
		seeds = max(seeds, n)
	}
	for seed := range seeds {
		play(t, seed, 120)
	}
}

func play(t *testing.T, seed uint64, steps int) {
	w := newWorld(t)
	r := rand.New(rand.NewPCG(seed, 9))
	s := &payer{w: w, key: chaintest.NewKey(99)}
	users := []*user{w.user(seed*100 + 1), w.user(seed*100 + 2)}
	for range 5 {
		w.mine(s.key.P2WPKH())
		w.mine(users[0].script(wallet.SegWit))
		w.mine(users[1].script(wallet.Taproot))
	}
	w.mineN(chain.CoinbaseMaturity-5, chaintest.OpTrue())
	for step := range steps {
		u, other := users[r.IntN(2)], users[r.IntN(2)]
		what := act(t, w, r, s, u, other, seed*1000+uint64(step))
		for i, u := range users {
			if got, want := u.balance(), w.recount(u); got != want {
				t.Fatalf("seed %d, step %d (%s): user %d says %+v, the chain says %+v", seed, step, what, i, got, want)
			}
			u.checkCoins()
		}
	}
}

func act(t *testing.T, w *world, r *rand.Rand, s *payer, u, other *user, seed uint64) string {
	kind := wallet.Kinds()[r.IntN(4)]
	switch n := r.IntN(20); {
	case n < 5:
		w.mine(u.script(kind))
		return "block to user"
	case n < 7:
		w.mine(s.key.P2WPKH())
		return "block to the payer"
	case n < 13:
		amount := btcutil.Amount(1000 + r.Int64N(3e9))
		_, err := u.Send(context.Background(), []wallet.Payment{{Script: other.script(kind), Amount: amount}},
			wallet.Options{FeeRate: rate(1000 + r.IntN(20_000))})
		var funds *wallet.FundsError
		if err != nil && !errors.As(err, &funds) {
			t.Fatal(err)
		}
		return "send"
	case n < 15:
		s.pay(t, u.script(kind), btcutil.Amount(1000+r.Int64N(1e9)))
		return "the payer pays"
	case n < 17:
		w.fork(r.IntN(6), u.script(kind))
		return "reorganisation"
	case n < 18:
		s.takeBack(t, r, 1+r.IntN(6))
		return "double spend"
	}
	if r.IntN(3) == 0 {
		if err := u.flush(); err != nil {
			t.Fatal(err)
		}
	}
	u.kill()
	if r.IntN(2) == 0 { // the chain goes on without it
		w.fork(r.IntN(4), chaintest.OpTrue())
	}
	u.open(seed)
	if err := u.catchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.tellAgain(u)
	return "crash"
}

// A full block that does not concern us, as during initial sync.
func BenchmarkApplyForeignBlock(b *testing.B) {
	w := newWorld(b)
	u := w.user(1)
	u.script(wallet.SegWit)
	tx := wire.NewMsgTx(2)
	for i := range 4 {
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: chain.Hash{byte(i), 1}}})
		tx.AddTxOut(wire.NewTxOut(1, chaintest.NewKey(uint32(i)).P2WPKH()))
	}
	txs := make([]*chain.Tx, 2000)
	for i := range txs {
		txs[i] = chain.NewTx(tx)
	}
	block := &chain.Block{Txs: txs}
	node := w.tip()
	for b.Loop() {
		node = chain.NewHeaderNode(node, wire.BlockHeader{PrevBlock: node.Hash})
		d := chain.Delta{Connected: []chain.Linked{{Node: node, Block: block}}, Tip: node}
		if err := u.Apply(context.Background(), d, chain.PoolDelta{}); err != nil {
			b.Fatal(err)
		}
	}
}
