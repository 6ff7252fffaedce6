package vault

import (
	"context"
	"errors"
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

// read walks the books to the ledger's tip whenever they have lost touch.
func (v *Vault) read(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-v.behind:
		}
		if err := v.catchUp(ctx); err != nil {
			return err
		}
	}
}

// reportEvery is how often a long scan says in the log where it is.
const reportEvery = 10 * time.Second

func (v *Vault) catchUp(ctx context.Context) error {
	defer v.scan(false)
	said := v.cfg.Now()
	for ctx.Err() == nil {
		next, err := v.step()
		if next == nil || err != nil {
			return err
		}
		block, err := v.cfg.Chain.Block(next.Hash)
		if errors.Is(err, chain.ErrDamaged) {
			pause(ctx, damagedPause)
			continue
		}
		if err != nil {
			return fmt.Errorf("wallet reads block %s at height %d: %w", next.Hash, next.Height, err)
		}
		if err := v.readBlock(next, block); err != nil {
			return err
		}
		if now := v.cfg.Now(); now.Sub(said) >= reportEvery {
			said = now
			v.cfg.Log.Info("wallet reads old blocks", "height", next.Height, "tip", v.cfg.Chain.Tip().Height)
		}
	}
	return ctx.Err()
}

// damagedPause is how long to wait for a block that peers have to send again.
const damagedPause = time.Second

func (v *Vault) scan(on bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.scanning != on {
		v.scanning = on
		v.announce()
	}
}

// steadyTip is the ledger's tip, which is not older than what the books have
// been told: they did not move while it was asked for. It returns with mu held.
func (v *Vault) steadyTip() *chain.HeaderNode {
	v.mu.Lock()
	for {
		before := v.moved
		v.mu.Unlock()
		tip := v.cfg.Chain.Tip()
		v.mu.Lock()
		if v.moved == before {
			return tip
		}
	}
}

// step goes back to the active chain if the books have left it, and says which
// block comes next; nil at the tip.
func (v *Vault) step() (*chain.HeaderNode, error) {
	tip := v.steadyTip()
	defer v.mu.Unlock()
	b := v.books
	if b == nil || b.Cursor().Hash == tip.Hash {
		return nil, nil
	}
	v.scanning = true
	fork := chain.Fork(b.Cursor(), tip)
	if fork == nil {
		return nil, errors.New("wallet and ledger stand in different header trees")
	}
	if fork.Hash != b.Cursor().Hash {
		b.Rollback(fork)
		v.dirtied(false)
		v.announce()
	}
	return tip.Ancestor(fork.Height + 1), nil
}

// readBlock connects a block, unless Apply has moved the books meanwhile.
func (v *Vault) readBlock(n *chain.HeaderNode, block *chain.Block) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.books.Cursor().Hash != n.Parent.Hash {
		return nil
	}
	if err := v.books.Connect(n, block, v.cfg.Now().Unix()); err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	v.dirtied(false)
	v.stir()
	v.announce()
	return nil
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
