package explore

import (
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"hash"
	"slices"
	"strconv"
	"sync"

	"grapevine/chain"
	"grapevine/chain/ledger"
)

// Status is the digest of a script's history in Electrum's protocol: SHA-256 over txid:height: of all
// transactions, those of the chain first; empty when there are none.
func (a *API) Status(ctx context.Context, script chain.Hash) (string, error) {
	d, err := a.digest(ctx, script)
	if err != nil {
		return "", err
	}
	for _, w := range a.Waiting(script) {
		d.add(w.Tx.ID, w.Height)
	}
	if d.txs == 0 {
		return "", nil
	}
	return hex.EncodeToString(d.sum.Sum(nil)), nil
}

// digest is SHA-256 at work.
type digest struct {
	sum  hash.Hash
	txs  int
	line []byte // one entry
}

func (d *digest) add(id chain.Hash, height int) {
	slices.Reverse(id[:]) // as it is written
	d.line = hex.AppendEncode(d.line[:0], id[:])
	d.line = append(strconv.AppendInt(append(d.line, ':'), int64(height), 10), ':')
	d.sum.Write(d.line)
	d.txs++
}

// digest goes through a script's history in the chain, but for the part that is remembered.
func (a *API) digest(ctx context.Context, script chain.Hash) (d digest, err error) {
	known := a.digests.find(script)
	for {
		var block *chain.HeaderNode
		begin := func() { d, block = known.resume(), known.at }
		tip, err := a.walk(ctx, ledger.Histories{Script: script, First: known.at}, begin, func(t ledger.Touched) bool {
			if t.Block != known.at { // that block's are in it
				d.add(t.TxID, int(t.Block.Height))
				block = t.Block
			}
			return true
		})
		if err != nil {
			return d, err
		}
		if known.at != nil && !known.at.IsAncestorOf(tip) {
			known = midway{} // that block has left the chain
			continue
		}
		if block != known.at && d.txs >= longHistory {
			a.digests.keep(script, d, block)
		}
		return d, nil
	}
}

const (
	// longHistory is from how many transactions on a digest is worth remembering.
	longHistory = 512
	// maxDigests are remembered, of about 300 bytes.
	maxDigests = 4096
)

// digests remember how far the digests of long histories had come: a client that subscribes to a script
// of 100,000 transactions, and every block that touches it, costs what is new alone.
type digests struct {
	mu   sync.Mutex
	of   map[chain.Hash]midway
	next []chain.Hash // in the order they came; the first goes when there are too many
}

// midway is a digest that stands behind a block's transactions.
type midway struct {
	at    *chain.HeaderNode // nil: at the beginning
	txs   int
	state []byte
}

func (m midway) resume() digest {
	d := digest{sum: sha256.New(), txs: m.txs}
	if m.state != nil {
		_ = d.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(m.state) // it is our own
	}
	return d
}

// find is what is remembered of a script; its block may have left the chain.
func (ds *digests) find(script chain.Hash) midway {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return ds.of[script]
}

func (ds *digests) keep(script chain.Hash, d digest, at *chain.HeaderNode) {
	state, err := d.sum.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return // it will be made again
	}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if ds.of == nil {
		ds.of = map[chain.Hash]midway{}
	}
	if _, again := ds.of[script]; !again {
		ds.next = append(ds.next, script)
	}
	ds.of[script] = midway{at, d.txs, state}
	if len(ds.next) > maxDigests {
		delete(ds.of, ds.next[0])
		ds.next = ds.next[1:]
	}
}
