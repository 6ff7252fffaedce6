package service

import (
	"context"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/gcs/builder"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/wallet"
)

// filter makes the basic filter of a block of the world, as the node's index has it.
func (w *world) filter(t *testing.T, looked *int) func(chain.Hash) ([]byte, bool, error) {
	t.Helper()
	return func(hash chain.Hash) ([]byte, bool, error) {
		block, err := w.Block(hash)
		if err != nil {
			return nil, false, err
		}
		var scripts [][]byte
		for _, tx := range block.Txs {
			for _, o := range tx.TxOut {
				scripts = append(scripts, o.PkScript)
			}
		}
		b := builder.WithKeyHash(&hash)
		for _, s := range scripts {
			b.AddEntry(s)
		}
		f, err := b.Build()
		if err != nil {
			return nil, false, err
		}
		raw, err := f.NBytes()
		*looked++
		return raw, true, err
	}
}

// reluctant is a chain that has a block only when it is asked twice in a row, unless it is willing; it counts what it gives.
type reluctant struct {
	Chain
	willing bool
	last    chain.Hash
	given   int
}

func (r *reluctant) Block(hash chain.Hash) (*chain.Block, error) {
	if !r.willing && r.last != hash {
		r.last = hash
		return nil, chain.ErrPruned
	}
	r.last = chain.Hash{}
	r.given++
	return r.Chain.Block(hash)
}

// By filters a restored wallet finds what it finds without them. Blocks of few scripts are read rather than
// looked for, if they are there.
func TestFiltersFindTheSame(t *testing.T) {
	w := newWorld(t)
	alice := w.gone(1)
	coins := w.payer(4)
	for i, index := range []int{ahead - 1, 2*ahead - 1, 3*ahead - 2} { // each is found only after the one before
		w.mine(chaintest.OpTrue(), chaintest.SpendOne(t, coins[i], alice.scriptAt(wallet.SegWit, index), 1000))
	}
	slow := alice.restored(2)
	for _, willing := range []bool{true, false} {
		fast, looked := w.user(3), 0
		fast.cfg.Filter = w.filter(t, &looked)
		r := &reluctant{Chain: fast.cfg.Chain, willing: willing}
		fast.cfg.Chain = r
		if err := fast.Restore(context.Background(), string(alice.state.Secrets().Words), ""); err != nil {
			t.Fatal(err)
		}
		if err := fast.catchUp(context.Background()); err != nil {
			t.Fatal(err)
		}
		if fast.balance() != slow.balance() || fast.balance().Confirmed != 3*(50*btc-1000) {
			t.Errorf("%+v by filters, %+v without", fast.balance(), slow.balance())
		}
		if looked < int(w.Tip().Height) {
			t.Errorf("%d filters were looked at", looked)
		}
		if all := int(w.Tip().Height); willing && r.given < all || !willing && r.given > all/2 {
			t.Errorf("willing %v: %d blocks of %d were read", willing, r.given, all)
		}
	}
}

// A wallet that takes another's place looks for its own scripts, though they be as many.
func TestFiltersFindWhatTheWordsThatCameSecondAreOf(t *testing.T) {
	w := newWorld(t)
	alice := w.gone(1)
	w.mine(chaintest.OpTrue(), chaintest.SpendOne(t, w.payer(1)[0], alice.scriptAt(wallet.SegWit, 0), 1000))
	u, looked := w.user(3), 0
	u.cfg.Filter = w.filter(t, &looked)
	for _, words := range []string{oldTestWords, string(alice.state.Secrets().Words)} {
		if err := errors.Join(u.Restore(t.Context(), words, ""), u.catchUp(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	if got := u.balance().Confirmed; got != 50*btc-1000 {
		t.Errorf("it has %d", got)
	}
}

func TestARescanIsAborted(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	if alice.AbortRescan() {
		t.Error("there is none to be aborted")
	}
	seen := false
	alice.cfg.Filter = func(chain.Hash) ([]byte, bool, error) { // asked for each block
		if st := alice.Status(); st.Scan == nil || !alice.Rescanning() {
			t.Error("nobody says that it reads")
		}
		if _, err := alice.Rescan(context.Background(), 0, -1); !errors.Is(err, wallet.ErrRescanning) {
			t.Errorf("a second one: %v", err)
		}
		if !seen && !alice.AbortRescan() {
			t.Error("it is not aborted")
		}
		if seen = true; alice.AbortRescan() {
			t.Error("it is aborted twice")
		}
		return nil, false, nil
	}
	if last, err := alice.Rescan(context.Background(), 0, -1); !errors.Is(err, wallet.ErrAborted) || last != 1 {
		t.Errorf("%d, %v", last, err)
	}
	if st := alice.Status(); st.Scan != nil || alice.Rescanning() {
		t.Error("it still reads")
	}
	alice.cfg.Filter = nil
	if last, err := alice.Rescan(context.Background(), 0, -1); err != nil || last != w.Tip().Height {
		t.Errorf("then the whole: %d, %v", last, err)
	}
}

// Whoever unloads a wallet waits for a Rescan that is under way, which is aborted. One
// that comes just then does not begin, for nobody would abort it.
func TestNoRescanBeginsInAWalletThatEnds(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	ctx, end := context.WithCancel(t.Context())
	end()
	if err := alice.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if last, err := alice.Rescan(t.Context(), 0, -1); !errors.Is(err, wallet.ErrAborted) || last != 0 {
		t.Errorf("%d, %v", last, err)
	}
}
