package audit

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

// Progress hears how far a long check has come, and with what; nil: nobody.
type Progress func(done, total int64, what string)

func (p Progress) tell(done, total int64, what string) {
	if p != nil {
		p(done, total, what)
	}
}

// Pages proves the file's structure and the checksums of its records. It comes
// first: in damaged pages even reading the headers might not end.
func Pages(ctx context.Context, file *db.DB, progress Progress) error {
	return archive.Check(ctx, file, func(done, total int64) { progress.tell(done, total, "pages") })
}

// Headers are the headers of the file.
type Headers interface {
	// Nodes are all of them, parents first.
	Nodes() []*chain.HeaderNode
	// Owners are those with a stored body, by its number, and the number that
	// the next body will have.
	Owners() (owners map[uint32]*chain.HeaderNode, next uint32)
	// Numbered is the header of that number; nil: there is none.
	Numbered(num uint32) *chain.HeaderNode
	// Number is a header's.
	Number(n *chain.HeaderNode) uint32
	// Pruned says whether the undo record of a block was deleted, and its body at that time.
	Pruned(hash chain.Hash) bool
}

// Records are those of a file with sound pages, and what is needed to prove them.
type Records struct {
	Params   *chain.Params
	Archive  *archive.Archive
	Tree     Headers
	Workers  int // goroutines that hash
	Progress Progress
}

// Check proves headers, their work and their place; that bodies are those the
// headers name; that undo records and the index by script fit; and that the coins, which are stored at
// tip and sum up to s, are exactly what the blocks made and did not spend, and
// no more than the subsidies. What pruned blocks made and spent nobody can say: of a pruned file
// the coins are only held against the subsidies.
func (b *Records) Check(ctx context.Context, tip *chain.HeaderNode, s coins.Stats) error {
	err := b.headers(ctx)
	if err != nil {
		return err
	}
	owners, next := b.Tree.Owners()
	c := proof{Records: b, tip: tip, owners: owners, next: next, coins: coins.NewSummer(b.Workers)}
	for n := tip; n != nil; n = n.Parent {
		if b.Tree.Pruned(n.Hash) {
			c.pruned++
			c.subsidies += chain.Subsidy(b.Params, n.Height)
		}
	}
	if c.rows, err = b.newRows(tip); err != nil {
		return err
	}
	err = b.Archive.ScanBodies(ctx, c.body)
	made := c.coins.Sum().Sum()
	switch {
	case err != nil:
		return err
	case c.connected+c.pruned != int64(tip.Height)+1:
		return fmt.Errorf("%w: %d bodies of the %d blocks that the coins stand on", db.ErrCorrupt, c.connected, int64(tip.Height)+1-c.pruned)
	case made != s.MuHash && c.pruned == 0:
		return fmt.Errorf("%w: the coins' muhash is %s, but the blocks make %s", db.ErrCorrupt, s.MuHash, made)
	case s.Total > c.subsidies:
		return fmt.Errorf("%w: coins are worth %v, but only %v were made", db.ErrCorrupt, s.Total, c.subsidies)
	}
	b.Progress.tell(s.TxOuts, s.TxOuts, "coins")
	return c.rows.check()
}

// headers checks every header again, but for the clock.
func (b *Records) headers(ctx context.Context) error {
	nodes := b.Tree.Nodes()
	for i, n := range nodes {
		if n.Parent != nil {
			if err := chain.CheckHeader(b.Params, n.Parent, &n.Header, n.Header.Timestamp); err != nil {
				return fmt.Errorf("%w: header %s at %d: %w", db.ErrCorrupt, n.Hash, n.Height, err)
			}
		}
		if i%headersReport == 0 {
			b.Progress.tell(int64(i), int64(len(nodes)), "headers")
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	b.Progress.tell(int64(len(nodes)), int64(len(nodes)), "headers")
	return nil
}

// headersReport is how many headers are checked between two reports.
const headersReport = 10_000

// proof proves bodies in the order of arrival, and adds up what those
// under tip make and spend.
type proof struct {
	*Records
	tip       *chain.HeaderNode
	owners    map[uint32]*chain.HeaderNode
	next      uint32 // from this number on, bodies came after the check began
	coins     *coins.Summer
	subsidies btcutil.Amount
	done      int64
	connected int64 // of the blocks under tip
	pruned    int64 // of the blocks under tip
	rows      *rows // nil: there is no index by script
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
	c.Progress.tell(c.done, int64(len(c.owners)), "blocks")
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
	if err := chain.CheckBlock(c.Params, b); err != nil {
		return err
	}
	if !node.IsAncestorOf(c.tip) || c.Tree.Pruned(node.Hash) { // its body may have come again, by getblockfrompeer
		return nil
	}
	c.connected++
	if node.Parent == nil {
		return nil // genesis makes no coin
	}
	raw, err = c.Archive.Undo(num)
	if err != nil {
		return fmt.Errorf("undo record: %w", err)
	}
	spent, err := coins.DecodeUndo(raw, b.Txs)
	if err != nil {
		return fmt.Errorf("undo record: %w", err)
	}
	c.subsidies += chain.Subsidy(c.Params, node.Height)
	c.count(node.Height, b, spent)
	return c.rows.block(node, b, spent)
}

// count adds the block's outputs, and takes away what it spends.
func (c *proof) count(height int32, b *chain.Block, spent [][]chain.Coin) {
	for i, tx := range b.Txs {
		for j, coin := range spent[i] {
			c.coins.Remove(tx.TxIn[j].PreviousOutPoint, coin)
		}
		if i == 0 && coins.Overwritten(c.Params, height) {
			continue
		}
		for j, out := range tx.TxOut {
			if chain.Spendable(out.PkScript) {
				c.coins.Insert(wire.OutPoint{Hash: tx.ID, Index: uint32(j)}, chain.CoinOf(out, height, i == 0))
			}
		}
	}
}
