package vault

import (
	"context"
	"fmt"
	"time"

	"grapevine/chain"
	"grapevine/wallet/books"
)

// Apply follows what happened to chain and pool, in order. It works on memory
// alone and never waits for the disk, so that when it returns every answer of
// the wallet takes it into account.
func (v *Vault) Apply(_ context.Context, d chain.Delta, p chain.PoolDelta) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	b := v.books
	if b == nil {
		return nil
	}
	now := v.cfg.Now().Unix()
	known := b.Learned()
	if err := v.move(b, d, now); err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	left, err := b.Pool(p, now)
	if err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	v.homeless = v.homeless || left
	if d.Tip != nil {
		v.stir()
	}
	if b.Dirty() {
		v.dirtied(b.Learned() > known)
	}
	if b.Due() >= 0 {
		v.lost()
	}
	v.announce()
	return nil
}

// move follows d if it starts where the books stand. If it does not, the
// reader finds the way from the ledger: the books are behind, or ahead because
// the reader has been faster than the deltas.
func (v *Vault) move(b *books.Books, d chain.Delta, now int64) error {
	if d.Tip == nil || d.Tip.Hash == b.Cursor().Hash {
		return nil
	}
	if !startsAt(d, b.Cursor()) {
		v.lost()
		return nil
	}
	if n := len(d.Disconnected); n > 0 {
		b.Rollback(d.Disconnected[n-1].Node.Parent)
	}
	for _, l := range d.Connected {
		if err := b.Connect(l.Node, l.Block, now); err != nil {
			return err
		}
	}
	return nil
}

func startsAt(d chain.Delta, cursor *chain.HeaderNode) bool {
	if len(d.Disconnected) > 0 {
		return d.Disconnected[0].Node.Hash == cursor.Hash
	}
	return len(d.Connected) > 0 && d.Connected[0].Node.Parent.Hash == cursor.Hash
}

// lost wakes the reader.
func (v *Vault) lost() {
	select {
	case v.behind <- struct{}{}:
	default: // awake already
	}
}

// Blocks can be read again, so they are written in groups; what the pool told
// is written soon.
const (
	saveSoon = 100 * time.Millisecond
	saveLate = 5 * time.Second
)

// dirtied tells the saver that the books have changed.
func (v *Vault) dirtied(soon bool) {
	urgency := v.late
	if soon {
		urgency = v.soon
	}
	select {
	case urgency <- struct{}{}:
	default: // it knows
	}
}

// save writes what has changed, one commit for all that came together.
func (v *Vault) save(ctx context.Context) error {
	timer := time.NewTimer(saveLate)
	timer.Stop()
	defer timer.Stop()
	waiting, hurried := false, false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-v.soon:
			if !hurried {
				timer.Reset(saveSoon)
			}
			waiting, hurried = true, true
		case <-v.late:
			if !waiting {
				timer.Reset(saveLate)
			}
			waiting = true
		case <-timer.C:
			waiting, hurried = false, false
			if err := v.flush(); err != nil {
				return err
			}
		}
	}
}
