package chain

import (
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// Hash is a double SHA-256, printed in Bitcoin's reversed byte order.
type Hash = chainhash.Hash

// HeaderNode is one header at its place in the tree. It is immutable and
// shared by pointer; what somebody thinks of it (invalid, body stored) is kept
// by that owner, never here.
type HeaderNode struct {
	Hash   Hash
	Header wire.BlockHeader
	Height int32
	Parent *HeaderNode // nil for genesis
	Work   Work        // of this header and all its ancestors

	skip *HeaderNode // an ancestor far back: see Ancestor
}
