package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"grapevine/chain"
	"grapevine/wallet"
)

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
		next, again, err := v.step()
		if err != nil {
			return err
		}
		if next == nil {
			return v.searchPool()
		}
		block, err := v.block(ctx, next)
		if err == nil {
			err = v.readBlock(next, block, again)
		}
		if err != nil {
			return err
		}
		if now := v.cfg.Now(); now.Sub(said) >= reportEvery {
			said = now
			v.cfg.Log.Info("wallet reads old blocks", "height", next.Height, "tip", v.cfg.Chain.Tip().Height, "again", again)
		}
	}
	return ctx.Err()
}

// block reads a block of the ledger; one that is damaged on disk comes from
// peers again.
func (v *Vault) block(ctx context.Context, n *chain.HeaderNode) (*chain.Block, error) {
	for {
		block, err := v.cfg.Chain.Block(n.Hash)
		if err == nil {
			return block, nil
		}
		if !errors.Is(err, chain.ErrDamaged) {
			return nil, fmt.Errorf("wallet reads block %s at height %d: %w", n.Hash, n.Height, err)
		}
		if err := pause(ctx, damagedPause); err != nil {
			return nil, err
		}
	}
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
// block comes next, one that is to be read again once the books stand at the
// tip; nil when there is none.
func (v *Vault) step() (next *chain.HeaderNode, again bool, err error) {
	tip := v.steadyTip()
	defer v.mu.Unlock()
	b := v.books
	if b == nil {
		return nil, false, nil
	}
	if b.Cursor().Hash == tip.Hash {
		due := b.Due()
		v.scanning = due >= 0
		return tip.Ancestor(due), true, nil
	}
	v.scanning = true
	fork := chain.Fork(b.Cursor(), tip)
	if fork == nil {
		return nil, false, errors.New("wallet and ledger stand in different header trees")
	}
	if fork.Hash != b.Cursor().Hash {
		b.Rollback(fork)
		v.dirtied(false)
		v.announce()
	}
	return tip.Ancestor(fork.Height + 1), false, nil
}

// readBlock connects a block, or searches it again, unless Apply has moved the
// books meanwhile.
func (v *Vault) readBlock(n *chain.HeaderNode, block *chain.Block, again bool) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	follow := v.books.Connect
	if again {
		follow = v.books.Reread
	}
	if again && !passed(n, v.books.Cursor()) || !again && v.books.Cursor().Hash != n.Parent.Hash {
		return nil
	}
	if err := follow(n, block, v.cfg.Now().Unix()); err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	v.poolDue = true
	v.dirtied(false)
	v.stir()
	v.announce()
	return nil
}

// searchPool looks at the whole pool if that is due. The mutex is held while
// the pool is asked: what leaves it afterwards is told by Apply afterwards.
func (v *Vault) searchPool() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.poolDue {
		return nil
	}
	v.poolDue = false
	defer v.announce()
	if v.books == nil {
		return nil
	}
	var d chain.PoolDelta
	if v.cfg.Pool != nil {
		for _, tx := range v.cfg.Pool() {
			d.In = append(d.In, chain.PoolTx{Tx: tx})
		}
	}
	if _, err := v.books.Pool(d, v.cfg.Now().Unix()); err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	if v.books.Dirty() {
		v.dirtied(true)
	}
	return nil
}

// Rescan searches the blocks from height start to stop, both included, once more
// for what belongs to the wallet. One at a time (wallet.ErrRescanning).
func (v *Vault) Rescan(ctx context.Context, start, stop int32) error {
	if err := v.ready(ctx); err != nil {
		return err
	}
	if !v.rescan.TryLock() {
		return wallet.ErrRescanning
	}
	defer v.rescan.Unlock()
	v.mu.Lock()
	at := v.books.Cursor()
	v.mu.Unlock()
	for h := max(start, 0); h <= min(stop, at.Height); h++ {
		n := at.Ancestor(h)
		block, err := v.block(ctx, n)
		if err == nil {
			err = v.readBlock(n, block, true)
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(v.searchPool(), v.flush())
}
