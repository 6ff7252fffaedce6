package rpc

import (
	"context"
	"sync/atomic"
	"time"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/jsonrpc"
)

const (
	// warmPatience is how long a call waits for the node to get warm before it
	// is refused: most starts take less.
	warmPatience = time.Second
	// warmPoll is how often the tip is read meanwhile.
	warmPoll = 5 * time.Millisecond
)

// record is what is asked of the ledger here.
type record interface {
	Tip() *chain.HeaderNode
	BestHeader() *chain.HeaderNode
	HaveBody(chain.Hash) bool
	Lookup(chain.Hash) (*chain.HeaderNode, ledger.Status, bool)
}

// warmUp is over when the ledger stands where it stood before it was stopped.
// After a crash it connects again the blocks above its last flush; until then
// the tip would deny what was promised before, so calls are refused, as
// bitcoind does while it starts.
type warmUp struct {
	ledger record
	target *chain.HeaderNode
	done   atomic.Bool
}

// newWarmUp sees how far the stored blocks reach on the best chain without a gap.
func newWarmUp(l record) *warmUp {
	tip, best := l.Tip(), l.BestHeader()
	w := &warmUp{ledger: l, target: chain.Fork(tip, best)}
	for next := best.Ancestor(w.target.Height + 1); next != nil && l.HaveBody(next.Hash); next = best.Ancestor(next.Height + 1) {
		w.target = next
	}
	w.done.Store(w.reached())
	return w
}

// reached says whether the ledger is there, or has found that it cannot get there.
func (w *warmUp) reached() bool {
	if w.ledger.Tip().Work.Cmp(w.target.Work) >= 0 {
		return true
	}
	_, st, _ := w.ledger.Lookup(w.target.Hash)
	return st&ledger.Invalid != 0
}

// wait is nil once the node is warm.
func (w *warmUp) wait(ctx context.Context) error {
	if w.done.Load() {
		return nil
	}
	patience := time.NewTimer(warmPatience)
	defer patience.Stop()
	poll := time.NewTicker(warmPoll)
	defer poll.Stop()
	for {
		if w.reached() {
			w.done.Store(true)
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-patience.C:
			return jsonrpc.Errorf(jsonrpc.CodeWarmUp, "Replaying blocks… %d of %d", w.ledger.Tip().Height, w.target.Height)
		}
	}
}
