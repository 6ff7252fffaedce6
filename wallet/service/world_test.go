package service

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/policy"
	"grapevine/db"
	"grapevine/wallet"
)

// ahead is the lookahead of wallets in tests that are about something else: a
// thousand scripts of each row take seconds under the race detector.
const ahead = 60

// world is a chain and a pool that keep no more rules than a wallet can
// notice, and tell wallets of every change as a node's follower does.
type world struct {
	t      testing.TB
	params *chain.Params
	now    time.Time

	mu      sync.Mutex
	active  []chaintest.Mined // by height
	bodies  map[chain.Hash]*chain.Block
	pool    []*chain.Tx
	shown   atomic.Pointer[[]*chain.Tx] // pool, for who must not wait
	known   []*chain.Tx                 // all that were ever in the pool, once each
	wallets []*Service
	extra   uint64
	ahead   uint32 // the wallets' lookahead
	fail    error  // what Submit says instead of looking
}

func newWorld(t testing.TB) *world {
	p := chain.RegTest()
	genesis := chaintest.Mined{Node: p.Genesis(), Block: chain.NewBlock(p.GenesisBlock)}
	return &world{
		t: t, params: p, ahead: ahead, now: genesis.Node.Header.Timestamp.Add(24 * time.Hour),
		active: []chaintest.Mined{genesis},
		bodies: map[chain.Hash]*chain.Block{genesis.Node.Hash: genesis.Block},
	}
}

func (w *world) Tip() *chain.HeaderNode {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tip()
}

func (w *world) tip() *chain.HeaderNode { return w.active[len(w.active)-1].Node }

func (w *world) AtHeight(h int32) *chain.HeaderNode {
	w.mu.Lock()
	defer w.mu.Unlock()
	if h < 0 || int(h) >= len(w.active) {
		return nil
	}
	return w.active[h].Node
}

func (w *world) Block(hash chain.Hash) (*chain.Block, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if b := w.bodies[hash]; b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("no block %s", hash)
}

type coin struct {
	value    btcutil.Amount
	script   []byte
	height   int32
	coinbase bool
}

// coins are the unspent outputs of the active chain, counted from genesis.
func (w *world) coins() map[wire.OutPoint]coin {
	set := map[wire.OutPoint]coin{}
	for h, m := range w.active {
		for i, tx := range m.Block.Txs {
			apply(set, tx, int32(h), i == 0)
		}
	}
	return set
}

func apply(set map[wire.OutPoint]coin, tx *chain.Tx, height int32, coinbase bool) {
	if !coinbase {
		for _, in := range tx.TxIn {
			delete(set, in.PreviousOutPoint)
		}
	}
	for i, o := range tx.TxOut {
		set[wire.OutPoint{Hash: tx.ID, Index: uint32(i)}] = coin{btcutil.Amount(o.Value), o.PkScript, height, coinbase}
	}
}

// admit says whether tx may be in the next block or the pool, given the coins.
func (w *world) admit(set map[wire.OutPoint]coin, tx *chain.Tx) error {
	in := btcutil.Amount(0)
	for _, i := range tx.TxIn {
		c, ok := set[i.PreviousOutPoint]
		if !ok {
			return chain.ErrMissingCoin
		}
		if c.coinbase && w.tip().Height+1-c.height < chain.CoinbaseMaturity {
			return chain.Broken("bad-txns-premature-spend-of-coinbase", "")
		}
		in += c.value
	}
	for _, o := range tx.TxOut {
		in -= btcutil.Amount(o.Value)
	}
	if in < btcutil.Amount(tx.VSize()) {
		return chain.Refused("min relay fee not met", "%d < %d", in, tx.VSize())
	}
	if !chain.IsFinal(tx, w.tip().Height+1, w.tip().MedianTimePast()) {
		return chain.Refused("non-final", "")
	}
	return w.runScripts(set, tx)
}

func (w *world) runScripts(set map[wire.OutPoint]coin, tx *chain.Tx) error {
	prevs := txscript.NewMultiPrevOutFetcher(nil)
	for _, i := range tx.TxIn {
		c := set[i.PreviousOutPoint]
		prevs.AddPrevOut(i.PreviousOutPoint, wire.NewTxOut(int64(c.value), c.script))
	}
	hashes := txscript.NewTxSigHashes(tx.MsgTx, prevs)
	for n, i := range tx.TxIn {
		c := set[i.PreviousOutPoint]
		vm, err := txscript.NewEngine(c.script, tx.MsgTx, n, txscript.StandardVerifyFlags, nil, hashes, int64(c.value), prevs)
		if err == nil {
			err = vm.Execute()
		}
		if err != nil {
			return chain.Broken("mandatory-script-verify-flag-failed", "%v", err)
		}
	}
	return nil
}

// waiting is the whole pool. A wallet asks for it while it is locked, which the
// real pool allows, so it must not wait for mu.
func (w *world) waiting() []*chain.Tx {
	if p := w.shown.Load(); p != nil {
		return *p
	}
	return nil
}

func (w *world) show() {
	p := slices.Clone(w.pool)
	w.shown.Store(&p)
}

// Submit is the one door.
func (w *world) Submit(_ context.Context, tx *chain.Tx) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return w.fail
	}
	return w.accept(tx)
}

func (w *world) accept(tx *chain.Tx) error {
	for _, p := range w.pool {
		if p.ID == tx.ID {
			return nil
		}
	}
	set := w.coins()
	for _, p := range w.pool {
		apply(set, p, 0, false)
	}
	if err := w.admit(set, tx); err != nil {
		return err
	}
	w.pool = append(w.pool, tx)
	if !slices.ContainsFunc(w.known, func(k *chain.Tx) bool { return k.ID == tx.ID }) {
		w.known = append(w.known, tx)
	}
	w.tell(chain.Delta{}, chain.PoolDelta{In: []chain.PoolTx{{Tx: tx}}})
	return nil
}

func (w *world) tell(d chain.Delta, p chain.PoolDelta) {
	w.show()
	for _, v := range w.wallets {
		if err := v.Apply(context.Background(), d, p); err != nil {
			w.t.Fatal(err)
		}
	}
}

// mine makes a block of the pool, and of more, that pays to script.
func (w *world) mine(script []byte, more ...*chain.Tx) chaintest.Mined {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reorganise(0, [][]*chain.Tx{append(slices.Clone(w.pool), more...)}, script)
}

func (w *world) mineN(n int, script []byte) {
	for range n {
		w.mine(script)
	}
}

// fork drops the last blocks and connects one block for each list of
// transactions, and one empty one.
func (w *world) fork(back int, script []byte, txs ...*chain.Tx) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lists := make([][]*chain.Tx, back+1)
	lists[0] = txs
	w.reorganise(back, lists, script)
}

// reorganise is called with mu held.
func (w *world) reorganise(back int, lists [][]*chain.Tx, script []byte) (last chaintest.Mined) {
	var d chain.Delta
	var again []*chain.Tx
	for range back {
		m := w.active[len(w.active)-1]
		w.active = w.active[:len(w.active)-1]
		d.Disconnected = append(d.Disconnected, chain.Linked{Node: m.Node, Block: m.Block})
		again = append(slices.Clone(m.Block.Txs[1:]), again...)
	}
	for _, txs := range lists {
		w.extra++
		last = chaintest.Mine(w.t, w.params, w.tip(), chaintest.PayTo(script), chaintest.Extra(w.extra), chaintest.With(txs...))
		w.active = append(w.active, last)
		w.bodies[last.Node.Hash] = last.Block
		d.Connected = append(d.Connected, chain.Linked{Node: last.Node, Block: last.Block})
	}
	d.Tip = w.tip()
	w.tell(d, w.refill(again))
	return last
}

// refill gives disconnected transactions back to the pool and takes out what
// no longer fits.
func (w *world) refill(again []*chain.Tx) (d chain.PoolDelta) {
	old := w.pool
	set, inChain := w.coins(), map[chain.Hash]bool{}
	for _, m := range w.active {
		for _, tx := range m.Block.Txs {
			inChain[tx.ID] = true
		}
	}
	w.pool = nil
	for _, tx := range append(again, old...) {
		if inChain[tx.ID] || w.admit(set, tx) != nil {
			continue
		}
		apply(set, tx, 0, false)
		w.pool = append(w.pool, tx)
		if !slices.Contains(old, tx) {
			d.In = append(d.In, chain.PoolTx{Tx: tx})
		}
	}
	for _, tx := range old {
		if !slices.Contains(w.pool, tx) {
			why := chain.GoneInvalid
			switch {
			case inChain[tx.ID]:
				why = chain.GoneConfirmed
			case w.contradicted(tx):
				why = chain.GoneConflict
			}
			d.Out = append(d.Out, chain.PoolGone{Tx: tx, Why: why})
		}
	}
	return d
}

// contradicted says whether the chain spends a coin of tx, or of what it hangs on.
func (w *world) contradicted(tx *chain.Tx) bool {
	spent := map[wire.OutPoint]chain.Hash{}
	for _, m := range w.active {
		for _, t := range m.Block.Txs[1:] {
			for _, in := range t.TxIn {
				spent[in.PreviousOutPoint] = t.ID
			}
		}
	}
	return w.refuted(spent)[tx.ID]
}

// user is a wallet on a file that follows the world.
type user struct {
	*Service
	w    *world
	path string
	file *db.DB
	mine map[string]bool // scripts known to be the user's
}

var _ Chain = (*world)(nil)

func (w *world) user(seed uint64) *user {
	u := &user{w: w, path: filepath.Join(w.t.TempDir(), "wallet.db"), mine: map[string]bool{}}
	u.open(seed)
	w.t.Cleanup(func() { u.file.Close() })
	return u
}

// open opens the file, as after a start of the node.
func (u *user) open(seed uint64) {
	t := u.w.t
	t.Helper()
	file, err := openAs(u.path, db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	v, err := Open(Config{
		DB: file, Params: u.w.params, Chain: u.w, Submit: u.w.Submit, Pool: u.w.waiting,
		Rand: seededReader(seed), Now: func() time.Time { return u.w.now }, Lookahead: u.w.ahead,
	})
	if err != nil {
		t.Fatal(err)
	}
	u.file, u.Service = file, v
	u.w.mu.Lock()
	u.w.wallets = append(u.w.wallets, v)
	u.w.mu.Unlock()
}

// kill ends the process: what was not written is lost.
func (u *user) kill() {
	u.w.mu.Lock()
	u.w.wallets = slices.DeleteFunc(u.w.wallets, func(s *Service) bool { return s == u.Service })
	u.w.mu.Unlock()
	if err := u.file.Close(); err != nil {
		u.w.t.Fatal(err)
	}
}

// restart kills and opens again, and lets the reader catch up.
func (u *user) restart(seed uint64) {
	u.w.t.Helper()
	u.kill()
	u.open(seed)
	if err := u.catchUp(context.Background()); err != nil {
		u.w.t.Fatal(err)
	}
}

// reopen is restart where the wallet's file may be another than it was opened with; it
// ends well.
func (u *user) reopen() {
	u.w.t.Helper()
	u.Service.Close()
	u.open(2)
	if err := u.catchUp(context.Background()); err != nil {
		u.w.t.Fatal(err)
	}
}

func seededReader(seed uint64) io.Reader {
	var s [32]byte
	s[0], s[1] = byte(seed), byte(seed>>8)
	return rand.NewChaCha8(s)
}

// script is a fresh address of the user's.
func (u *user) script(k wallet.Kind) []byte {
	u.w.t.Helper()
	s, err := u.NewAddress(context.Background(), k, "")
	if err != nil {
		u.w.t.Fatal(err)
	}
	return s
}

func (u *user) pay(script []byte, amount btcutil.Amount) (*chain.Tx, error) {
	sent, err := u.Send(context.Background(), []wallet.Payment{{Script: script, Amount: amount}}, wallet.Options{})
	return sent.Tx, err
}

// rate is a fee rate that a caller names.
func rate(perKVB int) *policy.FeeRate {
	r := policy.FeeRate(perKVB)
	return &r
}

func (u *user) mustPay(script []byte, amount btcutil.Amount) *chain.Tx {
	u.w.t.Helper()
	tx, err := u.pay(script, amount)
	if err != nil {
		u.w.t.Fatal(err)
	}
	return tx
}

func (u *user) balance() wallet.Balance {
	u.w.t.Helper()
	b, err := u.Balance(context.Background())
	if err != nil {
		u.w.t.Fatal(err)
	}
	return b
}

func (u *user) entry(id chain.Hash) wallet.Entry {
	u.w.t.Helper()
	e, err := u.Tx(context.Background(), id)
	if err != nil {
		u.w.t.Fatal(err)
	}
	return e
}

// rich is a user with n mature coins of 50 BTC.
func (w *world) rich(seed uint64, n int) *user {
	w.t.Helper()
	u := w.user(seed)
	for range n {
		w.mine(u.script(wallet.SegWit))
	}
	w.mineN(chain.CoinbaseMaturity, chaintest.OpTrue())
	return u
}
