package audit

import (
	"fmt"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/history"
	"grapevine/db"
)

// rows proves the index by script: of each block that it reaches the records are
// those that the block makes, and there are no others; and the digests of long histories are those of the
// records.
type rows struct {
	archive *archive.Archive
	tree    Headers
	upTo    *chain.HeaderNode         // the index stands there
	want    map[*chain.HeaderNode]int // records of the blocks that were seen
}

// newRows begins the proof of the index as far as it reaches under tip; nil: it was never kept.
func (b *Records) newRows(tip *chain.HeaderNode) (*rows, error) {
	marks, err := b.Archive.Marks()
	if err != nil || !marks.Kept.Scripts {
		return nil, err
	}
	at := b.Tree.Numbered(marks.Scripts)
	if at == nil {
		return nil, fmt.Errorf("%w: the index by script stands at header %d, which is not there", db.ErrCorrupt, marks.Scripts)
	}
	return &rows{archive: b.Archive, tree: b.Tree, upTo: chain.Fork(at, tip), want: map[*chain.HeaderNode]int{}}, nil
}

// block proves the records of one block of the chain.
func (r *rows) block(n *chain.HeaderNode, b *chain.Block, spent [][]chain.Coin) error {
	if r == nil || n.Height > r.upTo.Height {
		return nil
	}
	want := history.RowsOf(b, spent)
	r.want[n] = want.Len()
	ok, err := r.archive.HasScripts(r.tree.Number(n), want)
	if err == nil && !ok {
		err = fmt.Errorf("its records in the index by script are others than it makes")
	}
	return err
}

// check counts the records of all blocks that were seen: there are no others of them.
func (r *rows) check() error {
	if r == nil {
		return nil
	}
	have := map[*chain.HeaderNode]int{}
	err := r.archive.CountScripts(func(header uint32) {
		if n := r.tree.Numbered(header); n != nil {
			have[n]++
		}
	})
	if err != nil {
		return err
	}
	for n, want := range r.want {
		if have[n] != want {
			return fmt.Errorf("%w: the index by script has %d records of block %s, which makes %d", db.ErrCorrupt, have[n], n.Hash, want)
		}
	}
	return r.archive.CheckDigests()
}
