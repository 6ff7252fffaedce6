package ledger

import (
	"context"
	"errors"
	"fmt"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/audit"
	"grapevine/chain/coins"
	"grapevine/db"
)

// Stats describe the coin set at one block, as Core's gettxoutsetinfo does.
type Stats struct {
	Height int32
	Best   chain.Hash
	coins.Stats
}

// CoinStats is CountCoins with all hashes.
func (l *Ledger) CoinStats(ctx context.Context) (Stats, error) {
	return l.CountCoins(ctx, coins.Hashes{Serialized3: true, MuHash: true})
}

// CountCoins counts the whole coin set as it is now or later, and hashes it as is wanted. It writes the
// cache to disk first and reads one state of the file, while the node goes on.
func (l *Ledger) CountCoins(ctx context.Context, want coins.Hashes) (Stats, error) {
	if err := l.FlushCoins(ctx); err != nil {
		return Stats{}, fmt.Errorf("write coins: %w", err)
	}
	return l.storedStats(ctx, want)
}

// storedStats counts the coin set as it is on disk.
func (l *Ledger) storedStats(ctx context.Context, want coins.Hashes) (Stats, error) {
	return l.statsAt(l.archive.CoinStats(ctx, l.cfg.Workers, want))
}

// provenStats hashes the coin set on disk that was validated from genesis.
func (l *Ledger) provenStats(ctx context.Context, want coins.Hashes) (Stats, error) {
	s, num, err := l.archive.ProofStats(ctx, l.cfg.Workers, want)
	if errors.Is(err, archive.ErrNotFound) {
		return l.storedStats(ctx, want)
	}
	return l.statsAt(s, num, err)
}

// statsAt says at which block a set that was read stands; num is its header's number.
func (l *Ledger) statsAt(s coins.Stats, num uint32, err error) (Stats, error) {
	if err != nil {
		return Stats{}, fmt.Errorf("read the coin set: %w", err)
	}
	e, err := l.tree.durable(num)
	if err != nil {
		return Stats{}, err
	}
	return Stats{Height: e.Node.Height, Best: e.Node.Hash, Stats: s}, nil
}

// CheckFile writes what is in memory only, and then proves the file, while the
// node goes on.
func (l *Ledger) CheckFile(ctx context.Context, progress audit.Progress) error {
	if err := l.FlushCoins(ctx); err != nil {
		return fmt.Errorf("write coins: %w", err)
	}
	if err := l.Sync(ctx); err != nil {
		return fmt.Errorf("write blocks: %w", err)
	}
	if err := audit.Pages(ctx, l.cfg.DB, progress); err != nil {
		return err
	}
	return l.checkRecords(ctx, progress)
}

// CheckFile proves a chain file that no node has open: its structure and
// checksums; headers, their work and their place; that bodies are those the
// headers name; that undo records fit; and that the coins are exactly what the
// blocks made and did not spend, and no more than the subsidies [VerifyDB].
func CheckFile(ctx context.Context, path string, p *chain.Params, progress audit.Progress) error {
	file, err := db.Open(path, Name, Schema, db.Options{ReadOnly: true, From: Older()})
	if err != nil {
		return err
	}
	defer file.Close()
	// Pages first: in damaged ones even reading the headers might not end.
	if err := audit.Pages(ctx, file, progress); err != nil {
		return err
	}
	l, err := Open(Config{DB: file, Params: p, Prune: Prune{On: true}})
	if err != nil {
		return err
	}
	return l.checkRecords(ctx, progress)
}

// checkRecords proves what stands in sound pages. Of a file with a snapshot that is not proven it proves
// the coins that the proof has made so far.
func (l *Ledger) checkRecords(ctx context.Context, progress audit.Progress) error {
	s, err := l.provenStats(ctx, coins.Hashes{MuHash: true})
	if err != nil {
		return err
	}
	tip, _ := l.tree.entry(s.Best)
	b := audit.Records{Params: l.cfg.Params, Archive: l.archive, Tree: l.tree, Workers: l.cfg.Workers, Progress: progress}
	return b.Check(ctx, tip.Node, s.Stats)
}
