package ledger

import (
	"context"
	"fmt"
	"sync"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/history"
	"grapevine/db"
)

const (
	// maxDigests are remembered in memory, of about 250 bytes: of scripts that somebody has asked for, and of those
	// that many transactions of one block touch.
	maxDigests = 4096
	// busy is how many transactions of a block make a script's digest worth following.
	busy = 16
)

// digests remember the digests of long histories and follow them from block to block, so that what a client asks for
// costs what is new alone. What a restart forgets stands in the file, some hundred transactions
// behind.
type digests struct {
	mu   sync.Mutex
	of   map[history.Prefix]midway
	next []history.Prefix // in the order they came; the first goes when there are too many
}

// midway is a digest that stands behind a block's transactions.
type midway struct {
	at    *chain.HeaderNode
	state []byte
	// followed: it was kept when its block was connected, so that no block above it that was connected since touches
	// the script, or it would stand there.
	followed bool
}

// find is what is remembered of a script on the branch that ends with tip.
func (ds *digests) find(p history.Prefix, tip *chain.HeaderNode) (d *history.Digest, m midway) {
	ds.mu.Lock()
	m, ok := ds.of[p]
	ds.mu.Unlock()
	if !ok || !m.at.IsAncestorOf(tip) {
		return nil, m
	}
	d, err := history.DecodeDigest(m.state)
	if err != nil {
		return nil, m // unreachable: it is our own
	}
	return d, m
}

func (ds *digests) keep(p history.Prefix, d *history.Digest, m midway) {
	m.state = d.Append(nil)
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if ds.of == nil {
		ds.of = map[history.Prefix]midway{}
	}
	if _, again := ds.of[p]; !again {
		ds.next = append(ds.next, p)
	}
	ds.of[p] = m
	if len(ds.next) > maxDigests {
		delete(ds.of, ds.next[0])
		ds.next = ds.next[1:]
	}
}

// concerned are the records of a block whose scripts' digests are remembered, and of which one should be.
func (ds *digests) concerned(rows *history.Rows) (list []int) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	for i := range rows.Len() {
		if _, known := ds.of[rows.Prefix(i)]; known || rows.Txs(i, busy) == busy {
			list = append(list, i)
		}
	}
	return list
}

// followDigests takes the transactions of a block, whose parent's are in the index, into the digests.
func (l *Ledger) followDigests(n *chain.HeaderNode, rows *history.Rows) error {
	for _, i := range l.digests.concerned(rows) {
		d, m := l.digests.find(rows.Prefix(i), n.Parent)
		if d == nil || !m.followed {
			var err error
			if d, err = l.digestUpTo(context.Background(), rows.Prefix(i), n.Parent); err != nil { // it ends: nobody need stop it
				return err
			}
		}
		if err := d.AddRow(rows.Append(nil, i), n.Height); err != nil {
			return fmt.Errorf("digest of a script in block %s: %w", n.Hash, err)
		}
		l.digests.keep(rows.Prefix(i), d, midway{at: n, followed: true})
	}
	return nil
}

// HistoryDigest is the digest of a script's whole history in the chain.
func (l *Ledger) HistoryDigest(ctx context.Context, script chain.Hash) (*history.Digest, error) {
	if !l.cfg.AddressIndex {
		return nil, ErrNoIndex
	}
	if _, all := l.Indexed(); !all {
		return nil, ErrIndexing
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tip := l.Tip()
	d, err := l.digestUpTo(ctx, history.PrefixOf(script), tip)
	if err == nil && d.Txs >= l.archive.Sampling.Every {
		l.digests.keep(history.PrefixOf(script), d, midway{at: tip})
	}
	return d, err
}

// digestUpTo goes through a script's history on the branch that ends with tip, but for the part that is
// remembered, in memory or in the file.
func (l *Ledger) digestUpTo(ctx context.Context, p history.Prefix, tip *chain.HeaderNode) (*history.Digest, error) {
	d, m := l.digests.find(p, tip)
	at := m.at
	var err error
	if d == nil {
		if d, at, err = l.archive.Digest(p, tip); err != nil {
			return nil, fmt.Errorf("digest of a script: %w", err)
		}
	}
	span := archive.Span{Script: p}
	if d == nil {
		d = history.NewDigest()
	} else if e, ok := l.tree.entry(at.Hash); ok {
		span.First = e.Num + 1
	}
	err = l.archive.Scripts(span, func(header uint32, value []byte) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		e := l.tree.numbered(header)
		if e == nil || !e.Node.IsAncestorOf(tip) {
			return true, nil // of another branch, or above
		}
		if err := d.AddRow(value, e.Node.Height); err != nil {
			return false, fmt.Errorf("history of script %x…: %w: %w", p[:8], db.ErrCorrupt, err)
		}
		return true, nil
	})
	return d, err
}
