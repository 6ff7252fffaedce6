package rpc

import (
	"context"
	"errors"
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
	Goal() *chain.HeaderNode
	Lookup(chain.Hash) (*chain.HeaderNode, ledger.Status, bool)
}

// poolFile is what is asked of the pool's file here.
type poolFile interface{ Loaded() bool }

// warmUp is over when the ledger stands where it stood before it was stopped, and
// the pool holds what it held. After a crash the ledger connects again the blocks
// above its last flush; until then the tip would deny what was promised before, and
// the balance what waits in the pool, so calls are refused, as bitcoind does while it
// starts [RPC_IN_WARMUP].
type warmUp struct {
	ledger record
	target *chain.HeaderNode
	pool   poolFile // nil: there is none
	done   atomic.Bool
}

// newWarmUp sees how far the stored blocks reach.
func newWarmUp(l record, pool poolFile) *warmUp {
	w := &warmUp{ledger: l, target: l.Goal(), pool: pool}
	w.done.Store(w.reached() && w.loaded())
	return w
}

// loaded says whether the pool's file has been read, or could not be.
func (w *warmUp) loaded() bool { return w.pool == nil || w.pool.Loaded() }

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
		if w.reached() && w.loaded() {
			w.done.Store(true)
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-patience.C:
			if w.reached() {
				return jsonrpc.Errorf(jsonrpc.CodeWarmUp, "Loading the pool of the last run…")
			}
			return jsonrpc.Errorf(jsonrpc.CodeWarmUp, "Replaying blocks… %d of %d", w.ledger.Tip().Height, w.target.Height)
		}
	}
}

// warmText is why the node cannot answer yet, without the code [RPCIsInWarmup].
func warmText(err error) string {
	if e, ok := errors.AsType[*jsonrpc.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
