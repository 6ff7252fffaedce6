package ledger

import (
	"context"
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/db"
)

// Stats describe the coin set at one block, as Core's gettxoutsetinfo does.
type Stats struct {
	Height int32
	Best   chain.Hash
	coins.Stats
}

// CoinStats hashes the whole coin set as it is now or later. It writes the
// cache to disk first and reads one state of the file, while the node goes on.
func (l *Ledger) CoinStats(ctx context.Context) (Stats, error) {
	if err := l.flushCoins(ctx); err != nil {
		return Stats{}, fmt.Errorf("write coins: %w", err)
	}
	return l.storedStats(ctx)
}

// storedStats hashes the coin set as it is on disk.
func (l *Ledger) storedStats(ctx context.Context) (Stats, error) {
	s, num, err := l.archive.CoinStats(ctx)
	if err != nil {
		return Stats{}, fmt.Errorf("read the coin set: %w", err)
	}
	e := l.tree.Numbered(num)
	if e == nil {
		return Stats{}, fmt.Errorf("%w: the tip is header %d of %d", db.ErrCorrupt, num, l.tree.Len())
	}
	return Stats{Height: e.Node.Height, Best: e.Node.Hash, Stats: s}, nil
}

// Progress hears how far a long check has come, and with what.
type Progress func(done, total int64, what string)

// CheckFile proves the chain's file: its structure and checksums, that bodies
// are those their headers name, that undo records fit, and that the coins are
// no more than the subsidies made.
func (l *Ledger) CheckFile(ctx context.Context, progress Progress) error {
	if progress == nil {
		progress = func(int64, int64, string) {}
	}
	err := l.archive.Check(ctx, func(done, total int64) { progress(done, total, "records") })
	if err != nil {
		return err
	}
	if err := l.checkBodies(ctx, progress); err != nil {
		return err
	}
	s, err := l.storedStats(ctx)
	if err != nil {
		return err
	}
	var made btcutil.Amount
	for h := int32(1); h <= s.Height; h++ {
		made += chain.Subsidy(l.cfg.Params, h)
	}
	if s.Total > made {
		return fmt.Errorf("%w: coins are worth %v, but only %v were made up to block %d", db.ErrCorrupt, s.Total, made, s.Height)
	}
	progress(s.TxOuts, s.TxOuts, "coins")
	return nil
}

// checkBodies reads every body that is on disk, and the undo records of the
// blocks that the coins stand on.
func (l *Ledger) checkBodies(ctx context.Context, progress Progress) error {
	owners := l.tree.Owners()
	done, total := int64(0), int64(len(owners))
	return l.archive.ScanBodies(ctx, func(n uint32, raw []byte) error {
		node := owners[n]
		if node == nil {
			return fmt.Errorf("%w: no header owns body %d", db.ErrCorrupt, n)
		}
		if err := l.checkBodyOf(node, raw); err != nil {
			return fmt.Errorf("%w: body of %s: %w", db.ErrCorrupt, node.Hash, err)
		}
		done++
		progress(done, total, "blocks")
		return nil
	})
}

func (l *Ledger) checkBodyOf(node *chain.HeaderNode, raw []byte) error {
	b, err := chain.DecodeBlock(raw)
	if err != nil {
		return err
	}
	if b.Hash != node.Hash {
		return fmt.Errorf("it is block %s", b.Hash)
	}
	if err := chain.CheckBlock(l.cfg.Params, b); err != nil {
		return err
	}
	if !l.tree.IsActive(node) {
		return nil
	}
	body, _ := l.tree.BodyOf(b.Hash)
	_, err = l.readUndo(body, b)
	return err
}

// CheckFile proves a chain file that no node has open.
func CheckFile(ctx context.Context, path string, p *chain.Params, progress Progress) error {
	file, err := db.Open(path, Name, Schema, db.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer file.Close()
	l, err := Open(Config{DB: file, Params: p})
	if err != nil {
		return err
	}
	return l.CheckFile(ctx, progress)
}
