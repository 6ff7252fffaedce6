package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"grapevine/wallet"
)

// mining is how the node mines by itself, which people may change while it runs.
type mining struct {
	now     atomic.Pointer[Mine]
	changed chan struct{} // capacity 1
	rand    *rand.Rand    // of the miner's goroutine alone
}

func newMining(m Mine, r *rand.Rand) *mining {
	x := &mining{changed: make(chan struct{}, 1), rand: r}
	x.now.Store(&m)
	return x
}

// wait is how long until the next block; false: none is due by time alone.
func (x *mining) wait() (time.Duration, bool) {
	switch m := x.now.Load(); {
	case m.Every > 0:
		return m.Every, true
	case m.About > 0:
		return time.Duration(x.rand.ExpFloat64() * float64(m.About)), true
	}
	return 0, false
}

// setMining lets the node mine as a mode says that ParseMine reads, "": as it does;
// it says how that is.
func (n *Node) setMining(mode string) (string, error) {
	if mode != "" {
		m, err := ParseMine(mode)
		if err != nil {
			return "", err
		}
		if m != (Mine{}) && n.Wallet == nil && n.cfg.MineTo == nil {
			return "", errors.New("the node has no wallet to mine to, and no --mineto")
		}
		n.mining.now.Store(&m)
		select {
		case n.mining.changed <- struct{}{}:
		default: // it looks anyway
		}
	}
	return n.mining.now.Load().String(), nil
}

// mine makes blocks as mining says, until ctx ends.
func (n *Node) mine(ctx context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	next := n.cfg.Now()
	for {
		timer.Stop()
		if wait, timed := n.mining.wait(); timed {
			next = next.Add(wait) // what a block takes is no delay
			if now := n.cfg.Now(); next.Before(now) {
				next = now
			}
			timer.Reset(next.Sub(n.cfg.Now()))
		}
		if !n.minesNow(ctx, timer.C) {
			next = n.cfg.Now()
			continue
		}
		if ctx.Err() != nil {
			return nil
		}
		if err := n.mineOne(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("no block made", "err", err)
		}
	}
}

// minesNow waits until a block is due, or ctx ends; false: people have changed the mode.
func (n *Node) minesNow(ctx context.Context, due <-chan time.Time) bool {
	var heard <-chan struct{}
	if n.mining.now.Load().OnTx {
		heard = n.follow.heard
	}
	select {
	case <-n.mining.changed:
		return false
	case <-ctx.Done():
	case <-due:
	case <-heard:
	}
	return true
}

func (n *Node) mineOne(ctx context.Context) error {
	script, err := n.mineScript(ctx)
	if err != nil {
		return err
	}
	if _, err := n.Miner.Generate(ctx, 1, script, 0); err != nil {
		return err
	}
	return n.Ledger.Sync(ctx)
}

// mineScript is where new coins go: Config.MineTo, else one address of our wallet.
func (n *Node) mineScript(ctx context.Context) ([]byte, error) {
	if n.payTo != nil {
		return n.payTo, nil
	}
	if n.Wallet == nil {
		return nil, fmt.Errorf("nobody to pay the new coins to: name an address by --mineto, or leave the wallet on")
	}
	script, err := n.Wallet.NewAddress(ctx, wallet.SegWit, "")
	if err != nil {
		return nil, err
	}
	n.payTo = script
	return script, nil
}
