package ledger

import (
	"context"
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/archive"
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
	s, num, err := l.archive.CoinStats(ctx, l.cfg.Workers)
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

// CheckFile writes what is in memory only, and then proves the file, while the
// node goes on.
func (l *Ledger) CheckFile(ctx context.Context, progress Progress) error {
	if err := l.flushCoins(ctx); err != nil {
		return fmt.Errorf("write coins: %w", err)
	}
	if err := l.Sync(ctx); err != nil {
		return fmt.Errorf("write blocks: %w", err)
	}
	if err := checkPages(ctx, l.cfg.DB, progress); err != nil {
		return err
	}
	return l.checkRecords(ctx, progress)
}

// CheckFile proves a chain file that no node has open: its structure and
// checksums; headers, their work and their place; that bodies are those the
// headers name; that undo records fit; and that the coins are exactly what the
// blocks made and did not spend, and no more than the subsidies.
func CheckFile(ctx context.Context, path string, p *chain.Params, progress Progress) error {
	file, err := db.Open(path, Name, Schema, db.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer file.Close()
	// Pages first: in damaged ones even reading the headers might not end.
	if err := checkPages(ctx, file, progress); err != nil {
		return err
	}
	l, err := Open(Config{DB: file, Params: p})
	if err != nil {
		return err
	}
	return l.checkRecords(ctx, progress)
}

func checkPages(ctx context.Context, file *db.DB, progress Progress) error {
	return archive.Check(ctx, file, func(done, total int64) { progress.tell(done, total, "pages") })
}

// tell allows for nobody listening.
func (p Progress) tell(done, total int64, what string) {
	if p != nil {
		p(done, total, what)
	}
}

// checkRecords proves what stands in sound pages.
func (l *Ledger) checkRecords(ctx context.Context, progress Progress) error {
	if err := l.checkHeaders(ctx, progress); err != nil {
		return err
	}
	s, err := l.storedStats(ctx)
	if err != nil {
		return err
	}
	tip, _ := l.tree.Entry(s.Best)
	owners, next := l.tree.Owners()
	c := proof{Ledger: l, tip: tip.Node, owners: owners, next: next, progress: progress,
		coins: coins.NewSummer(l.cfg.Workers)}
	err = l.archive.ScanBodies(ctx, c.body)
	made := c.coins.Sum().Sum()
	switch {
	case err != nil:
		return err
	case c.connected != int64(tip.Node.Height)+1:
		return fmt.Errorf("%w: %d bodies of the %d blocks that the coins stand on", db.ErrCorrupt, c.connected, tip.Node.Height+1)
	case made != s.MuHash:
		return fmt.Errorf("%w: the coins' muhash is %s, but the blocks make %s", db.ErrCorrupt, s.MuHash, made)
	case s.Total > c.subsidies:
		return fmt.Errorf("%w: coins are worth %v, but only %v were made", db.ErrCorrupt, s.Total, c.subsidies)
	}
	progress.tell(s.TxOuts, s.TxOuts, "coins")
	return nil
}

// checkHeaders judges every header again, but for the clock.
func (l *Ledger) checkHeaders(ctx context.Context, progress Progress) error {
	nodes := append(l.tree.Nodes(false), l.tree.Nodes(true)...)
	for i, n := range nodes {
		if n.Parent != nil {
			if err := chain.CheckHeader(l.cfg.Params, n.Parent, &n.Header, n.Header.Timestamp); err != nil {
				return fmt.Errorf("%w: header %s at %d: %w", db.ErrCorrupt, n.Hash, n.Height, err)
			}
		}
		if i%headersReport == 0 {
			progress.tell(int64(i), int64(len(nodes)), "headers")
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	progress.tell(int64(len(nodes)), int64(len(nodes)), "headers")
	return nil
}

// headersReport is how many headers are checked between two reports.
const headersReport = 10_000

// proof proves bodies in the order of arrival, and adds up what those
// under tip make and spend.
type proof struct {
	*Ledger
	tip       *chain.HeaderNode
	owners    map[uint32]*chain.HeaderNode
	next      uint32 // from this number on, bodies came after the check began
	progress  Progress
	coins     *coins.Summer
	subsidies btcutil.Amount
	done      int64
	connected int64 // of the blocks under tip
}

func (c *proof) body(num uint32, raw []byte) error {
	if num >= c.next {
		return nil
	}
	node := c.owners[num]
	if node == nil {
		return fmt.Errorf("%w: no header owns body %d", db.ErrCorrupt, num)
	}
	if err := c.check(node, num, raw); err != nil {
		return fmt.Errorf("%w: body of %s at %d: %w", db.ErrCorrupt, node.Hash, node.Height, err)
	}
	c.done++
	c.progress.tell(c.done, int64(len(c.owners)), "blocks")
	return nil
}

func (c *proof) check(node *chain.HeaderNode, num uint32, raw []byte) error {
	b, err := chain.DecodeBlock(raw)
	if err != nil {
		return err
	}
	if b.Hash != node.Hash {
		return fmt.Errorf("it is block %s", b.Hash)
	}
	if err := chain.CheckBlock(c.cfg.Params, b); err != nil {
		return err
	}
	if !node.IsAncestorOf(c.tip) {
		return nil
	}
	c.connected++
	if node.Parent == nil {
		return nil // genesis makes no coin
	}
	spent, err := c.readUndo(num, b)
	if err != nil {
		return err
	}
	c.subsidies += chain.Subsidy(c.cfg.Params, node.Height)
	c.count(node.Height, b, spent)
	return nil
}

// count adds the block's outputs, and takes away what it spends.
func (c *proof) count(height int32, b *chain.Block, spent [][]chain.Coin) {
	for i, tx := range b.Txs {
		for j, coin := range spent[i] {
			c.coins.Remove(tx.TxIn[j].PreviousOutPoint, coin)
		}
		if i == 0 && coins.Overwritten(c.cfg.Params, height) {
			continue
		}
		for j, out := range tx.TxOut {
			if coins.Spendable(out.PkScript) {
				c.coins.Insert(wire.OutPoint{Hash: tx.ID, Index: uint32(j)},
					chain.Coin{Value: btcutil.Amount(out.Value), PkScript: out.PkScript, Height: height, Coinbase: i == 0})
			}
		}
	}
}
