package coins

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Overlay is what blocks being validated made and spent, above the committed
// set. One goroutine uses it. Each entry belongs to the last block that changed it.
type Overlay struct {
	entries map[wire.OutPoint]pending
}

type pending struct {
	coin  chain.Coin
	gone  bool
	block uint64
}

// NewOverlay makes an empty overlay.
func NewOverlay() *Overlay { return &Overlay{entries: map[wire.OutPoint]pending{}} }

// Get looks an outpoint up. known is false when no block here touched it;
// otherwise there says whether the coin exists.
func (o *Overlay) Get(op wire.OutPoint) (c chain.Coin, there, known bool) {
	p, known := o.entries[op]
	return p.coin, known && !p.gone, known
}

// Add makes a coin in the block with that number.
func (o *Overlay) Add(op wire.OutPoint, c chain.Coin, block uint64) {
	o.entries[op] = pending{coin: c, block: block}
}

// Spend takes a coin away in the block with that number.
func (o *Overlay) Spend(op wire.OutPoint, block uint64) {
	o.entries[op] = pending{gone: true, block: block}
}

// Forget drops what belongs to a block that has been committed; changes are
// what it did.
func (o *Overlay) Forget(changes []Change, block uint64) {
	for i := range changes {
		if p, ok := o.entries[changes[i].Op]; ok && p.block == block {
			delete(o.entries, changes[i].Op)
		}
	}
}

// Reset drops everything.
func (o *Overlay) Reset() { clear(o.entries) }
