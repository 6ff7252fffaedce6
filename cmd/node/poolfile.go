package node

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"

	"grapevine/chain/mempool"
	"grapevine/chain/mempool/dump"
	"grapevine/chain/policy"
)

// poolFile keeps the pool over a restart in mempool.dat [LoadMempool, DumpMempool]: it is loaded while the node is at
// work already, and saved when all rooms have stopped.
type poolFile struct {
	path   string
	flush  bool // the file is on disk when Save returns
	pool   *mempool.Pool
	follow *follower
	log    *slog.Logger
	loaded atomic.Bool // or it could not be: what it held is then lost
}

func (n *Node) buildPoolFile() error {
	n.poolFile = &poolFile{
		path: filepath.Join(n.cfg.DataDir, "mempool.dat"), flush: !n.cfg.NoSync,
		pool: n.Pool, follow: n.follow, log: n.log.With("room", "pool"),
	}
	_, err := os.Stat(n.poolFile.path)
	n.poolFile.loaded.Store(errors.Is(err, os.ErrNotExist))
	return nil
}

// Run loads the pool, then waits until ctx ends. After a crash the ledger may
// still be on its way to where it stood; what spends coins that it has not
// found again by then is refused and lost, as everything is that came since
// the file was written.
func (p *poolFile) Run(ctx context.Context) error {
	select {
	case <-p.follow.ledger.Rebuilt(): // before that its coins are not there
	case <-ctx.Done():
		return nil
	}
	if !p.loaded.Load() {
		if err := p.Import(ctx, p.path, false); err != nil && ctx.Err() == nil {
			p.log.Warn("the pool of the last run is lost, or a part of it; the node goes on without", "err", err)
		}
		if ctx.Err() != nil {
			return nil // not loaded: the file stays as it is
		}
		p.loaded.Store(true)
	}
	<-ctx.Done()
	return nil
}

// Loaded says whether the pool holds what it held when the node stopped.
func (p *poolFile) Loaded() bool { return p.loaded.Load() }

// Save writes the pool to its file. A pool that is not loaded yet must not
// take the place of what the file holds.
func (p *poolFile) Save() (path string, err error) {
	if !p.loaded.Load() {
		return "", dump.ErrNotLoaded
	}
	return p.path, dump.Save(p.path, p.pool.Keep(), p.flush)
}

// keep saves the pool at a clean stop, if it was loaded. The stop is no less
// clean if that fails: only what others will send again is lost.
func (p *poolFile) keep() {
	if _, err := p.Save(); err != nil && !errors.Is(err, dump.ErrNotLoaded) {
		p.log.Warn("the pool is not kept until the next start; is the disk full?", "file", p.path, "err", err)
	}
}

// Import gives the pool what a file holds, one after the other; fresh takes
// them as new.
func (p *poolFile) Import(ctx context.Context, path string, fresh bool) error {
	taken, refused := 0, 0
	err := dump.Load(path, func(k mempool.Kept) error {
		err := p.follow.restore(ctx, k, fresh)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil || errors.Is(err, policy.ErrInPool): // the wallet may have been faster
			taken++
		default:
			refused++
			p.log.Debug("kept transaction is refused", "txid", k.Tx.ID, "why", err)
		}
		return nil
	}, p.pool.MarkUnbroadcast)
	p.log.Info("pool loaded", "file", path, "taken", taken, "refused", refused)
	return err
}
