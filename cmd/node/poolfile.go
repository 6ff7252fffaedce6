package node

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/mempool/dump"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/poolapi"
)

// poolFile keeps the pool over a restart in mempool.dat [LoadMempool, DumpMempool]: it is loaded while the node is at
// work already, and saved when all rooms have stopped.
type poolFile struct {
	path   string
	off    bool // neither loaded at the start nor saved at the stop
	how    dump.How
	pool   *mempool.Pool
	follow *follower
	log    *slog.Logger
	loaded atomic.Bool // or it could not be: what it held is then lost
	saving sync.Mutex  // one at a time
}

func (n *Node) buildPoolFile() error {
	how := dump.How{Flush: !n.cfg.NoSync}
	if !n.cfg.PlainPoolFile {
		how.Key = new([8]byte)
		if _, err := io.ReadFull(n.cfg.Rand, how.Key[:]); err != nil {
			return err
		}
	}
	n.poolFile = &poolFile{
		path: filepath.Join(n.cfg.DataDir, "mempool.dat"), off: n.cfg.ForgetPool, how: how,
		pool: n.Pool, follow: n.follow, log: n.log.With("subsystem", "pool"),
	}
	_, err := os.Stat(n.poolFile.path)
	n.poolFile.loaded.Store(n.cfg.ForgetPool || errors.Is(err, os.ErrNotExist))
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
		if err := p.Import(ctx, p.path, poolapi.Import{Deltas: true, Unbroadcast: true}); err != nil && ctx.Err() == nil {
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
	p.saving.Lock()
	defer p.saving.Unlock()
	var all dump.Contents
	all.Txs, all.Deltas = p.pool.Keep()
	size, err := dump.Save(p.path, all, p.how)
	if err == nil {
		p.log.Info("pool saved", "file", p.path, "txs", len(all.Txs), "bytes", size)
	}
	return p.path, err
}

// keep saves the pool at a clean stop, if it was loaded. The stop is no less
// clean if that fails: only what others will send again is lost.
func (p *poolFile) keep() {
	if p.off {
		return
	}
	if _, err := p.Save(); err != nil && !errors.Is(err, dump.ErrNotLoaded) {
		p.log.Warn("the pool is not kept until the next start", "file", p.path, "err", err)
	}
}

// Import gives the pool what a file holds, one after the other.
func (p *poolFile) Import(ctx context.Context, path string, what poolapi.Import) error {
	var taken, present, expired, refused, waiting int
	prioritise := func(txid chain.Hash, delta btcutil.Amount) error {
		if !what.Deltas || delta == 0 {
			return nil
		}
		return p.follow.prioritise(ctx, txid, delta)
	}
	into := dump.Into{Delta: prioritise, Waiting: func(txid chain.Hash) {
		if what.Unbroadcast {
			waiting++
			p.pool.MarkUnbroadcast(txid)
		}
	}}
	into.Tx = func(k mempool.Kept) error {
		if err := prioritise(k.Tx.ID, k.Delta); err != nil {
			return err
		}
		err := p.follow.restore(ctx, k, what.Fresh)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			taken++
		case errors.Is(err, policy.ErrInPool): // the wallet may have been faster
			present++
		case errors.Is(err, policy.ErrExpired):
			expired++
		default:
			refused++
			p.log.Debug("kept transaction is refused", "txid", k.Tx.ID, "why", err)
		}
		return nil
	}
	err := dump.Load(path, into)
	p.log.Info("pool loaded", "file", path, "taken", taken, "refused", refused, "expired", expired, "present", present, "waiting", waiting)
	return err
}
