package ledger

import (
	"github.com/btcsuite/btcd/chainhash/v2"

	"grapevine/chain"
)

const (
	// freshLimit bytes of submitted blocks, or one block, are kept decoded until their turn; those
	// beyond are read and decoded again.
	freshLimit = 2 << 20
	// idsLimit is of how many transactions the ids are kept, 1 MiB of them.
	idsLimit = 1 << 20 / (3 * chainhash.HashSize)
)

// arrived is what is known of stored bodies before their turn to be connected: those that come next stay decoded,
// and of others what was hashed of their transactions stays, so that it is not hashed again when they are read.
type arrived struct {
	fresh   map[*entry]*chain.Block
	bytes   int64 // of these
	ids     map[*entry][]chain.IDs
	txs     int               // of these
	assumed func(*entry) bool // its signatures will not be verified
}

func newArrived(assumed func(*entry) bool) arrived {
	return arrived{fresh: map[*entry]*chain.Block{}, ids: map[*entry][]chain.IDs{}, assumed: assumed}
}

// keep keeps a block decoded, or its ids if there is no room.
func (a *arrived) keep(e *entry, b *chain.Block) {
	if a.bytes > 0 && a.bytes+int64(e.Size) > freshLimit {
		a.identify(e, b)
		return
	}
	a.bytes += int64(e.Size)
	a.fresh[e] = b
}

// identify keeps the ids of a block, unless they are too many by themselves. Of which blocks they are forgotten when
// they are too many together does not matter: it costs no more than time.
func (a *arrived) identify(e *entry, b *chain.Block) {
	a.unidentify(e)
	if len(b.Txs) > idsLimit {
		return
	}
	for old := range a.ids {
		if a.txs+len(b.Txs) <= idsLimit {
			break
		}
		a.unidentify(old)
	}
	a.ids[e] = b.IDs(!a.assumed(e))
	a.txs += len(b.Txs)
}

func (a *arrived) unidentify(e *entry) {
	a.txs -= len(a.ids[e])
	delete(a.ids, e)
}

// wait lets go of a decoded block whose turn does not come soon, but for its ids.
func (a *arrived) wait(e *entry) {
	if b := a.fresh[e]; b != nil {
		a.forget(e)
		a.identify(e, b)
	}
}

// forget lets go of all that is known of e.
func (a *arrived) forget(e *entry) {
	if a.fresh[e] != nil {
		a.bytes -= int64(e.Size)
		delete(a.fresh, e)
	}
	a.unidentify(e)
}
