package chain

import (
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// Coin is an unspent output (UTXO).
type Coin struct {
	Value    btcutil.Amount // satoshis
	PkScript []byte
	Height   int32 // of the block that made it
	Coinbase bool
}

// CoinOf is the coin that an output makes in a block of that height.
func CoinOf(out *wire.TxOut, height int32, coinbase bool) Coin {
	return Coin{Value: btcutil.Amount(out.Value), PkScript: out.PkScript, Height: height, Coinbase: coinbase}
}

// Spendable says whether an output can ever be spent, as far as Core looks; others make no coins. One whose
// script ends too early is spendable, though nobody can [IsUnspendable].
func Spendable(script []byte) bool {
	return len(script) <= txscript.MaxScriptSize && (len(script) == 0 || script[0] != txscript.OP_RETURN)
}

// CoinView answers which coins exist. A missing coin is ok == false; err is
// our own fault (disk), never the asker's.
type CoinView interface {
	Coin(op wire.OutPoint) (c Coin, ok bool, err error)
}

// Linked is a block together with its place in the tree and what it spent.
type Linked struct {
	Node  *HeaderNode
	Block *Block
	Spent [][]Coin // for each transaction, in order; Spent[0] (coinbase) is empty
}

// Delta is one move of the verified tip. Followers apply it in order and
// cannot refuse.
type Delta struct {
	Disconnected []Linked // newest first
	Connected    []Linked // oldest first
	Tip          *HeaderNode
}

// PoolTx is a transaction in the pool with what relay needs to know of it.
type PoolTx struct {
	Tx  *Tx
	Fee btcutil.Amount
	// Sequence counts the pool's changes, this one included [GetAndIncrementSequence].
	Sequence uint64
	// Returned: a reorganisation gave it back; it was in a block that everybody has seen.
	Returned bool
	// Scripts are the script hashes that it pays or spends from; nil unless the pool keeps them.
	Scripts []Hash
}

// PoolDelta is what one validation or one Delta changed in the pool.
type PoolDelta struct {
	In  []PoolTx
	Out []PoolGone
}

// Gone says why a transaction left the pool.
type Gone string

const (
	GoneConfirmed Gone = "confirmed" // now in a block
	GoneConflict  Gone = "conflict"  // a block spends one of its inputs
	GoneReplaced  Gone = "replaced"  // a better paying conflict took its place
	GoneEvicted   Gone = "evicted"   // size limit or age
	GoneInvalid   Gone = "invalid"   // no longer final or mature after a reorganisation
)

// PoolGone is a transaction that left the pool.
type PoolGone struct {
	Tx       *Tx
	Why      Gone
	Sequence uint64 // as PoolTx's
	Scripts  []Hash // as PoolTx's
}
