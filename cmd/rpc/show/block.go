package show

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

// Header is a header and its place in the chain [blockheaderToJSON].
type Header struct {
	Hash          string `json:"hash"`
	Confirmations int32  `json:"confirmations"` // -1: not in the active chain
	Height        int32  `json:"height"`
	Version       int32  `json:"version"`
	VersionHex    string `json:"versionHex"`
	MerkleRoot    string `json:"merkleroot"`
	Time          int64  `json:"time"`
	MedianTime    int64  `json:"mediantime"`
	Nonce         uint32 `json:"nonce"`
	Bits          string `json:"bits"`
	Target        string `json:"target"`
	Difficulty    Number `json:"difficulty"`
	ChainWork     string `json:"chainwork"`
	NTx           int    `json:"nTx"` // 0: body not known
	Previous      string `json:"previousblockhash,omitempty"`
	Next          string `json:"nextblockhash,omitempty"`
}

// NewHeader shows a header as seen from the tip of the active chain.
func NewHeader(n, tip *chain.HeaderNode, txs int) Header {
	h := Header{
		Hash: n.Hash.String(), Confirmations: Confirmations(n, tip), Height: n.Height,
		Version: n.Header.Version, VersionHex: fmt.Sprintf("%08x", uint32(n.Header.Version)),
		MerkleRoot: n.Header.MerkleRoot.String(), Time: n.Header.Timestamp.Unix(), MedianTime: n.MedianTimePast(),
		Nonce: n.Header.Nonce, Bits: Bits(n.Header.Bits), Target: Target(n.Header.Bits),
		Difficulty: Difficulty(n.Header.Bits), ChainWork: n.Work.String(), NTx: txs,
	}
	if n.Parent != nil {
		h.Previous = n.Parent.Hash.String()
	}
	if next := tip.Ancestor(n.Height + 1); next != nil && next.Parent == n {
		h.Next = next.Hash.String()
	}
	return h
}

// Confirmations counts the blocks from n to the tip, both included; -1 when n
// is not in the tip's chain.
func Confirmations(n, tip *chain.HeaderNode) int32 {
	if !n.IsAncestorOf(tip) {
		return -1
	}
	return tip.Height - n.Height + 1
}

// Block is a header with its body.
type Block struct {
	Header
	StrippedSize int    `json:"strippedsize"`
	Size         int    `json:"size"`
	Weight       int    `json:"weight"`
	Txs          [0]int `json:"tx"` // txids or transactions, which are written beside it
}

// AppendBlock appends a block of that size and weight up to its first transaction; behind the last one stands BlockEnd.
func AppendBlock(dst []byte, h Header, size, weight int) ([]byte, error) {
	frame, err := jsonrpc.Encode(Block{Header: h, Size: size, Weight: weight, StrippedSize: (weight - size) / (chain.WitnessScale - 1)})
	return append(dst, bytes.TrimSuffix(frame, []byte(BlockEnd))...), err
}

// BlockEnd is what closes a block's list of transactions, and the block.
const BlockEnd = "]}"

// NewBlock is a block as JSON with the ids of its transactions [blockToJSON].
func NewBlock(h Header, o chain.Outline) (jsonrpc.Encoded, error) {
	dst, err := AppendBlock(make([]byte, 0, shownHeader+shownID*len(o.TxIDs)), h, o.Size, o.Weight)
	for i, id := range o.TxIDs {
		dst = append(AppendHash(append(comma(dst, i), '"'), id), '"')
	}
	return append(dst, BlockEnd...), err
}

// NewWholeBlock is a block as JSON with what each asks for of every transaction [blockToJSON].
func NewWholeBlock(h Header, b *chain.Block, net *chaincfg.Params, each func(i int) Detail) (jsonrpc.Encoded, error) {
	dst, err := AppendBlock(make([]byte, 0, shownHeader+shownSize(len(b.Raw), b.Weight)), h, len(b.Raw), b.Weight)
	for i, tx := range b.Txs {
		dst = append(AppendTx(append(comma(dst, i), '{'), tx, net, each(i)), '}')
	}
	return append(dst, BlockEnd...), err
}

// Bits is a compact target as eight hex digits.
func Bits(bits uint32) string { return fmt.Sprintf("%08x", bits) }

// Target is a compact target as 64 hex digits.
func Target(bits uint32) string {
	target, _ := chain.Target(bits) // a header's bits are sound
	return hex.EncodeToString(target[:])
}

// Difficulty is how much harder than the easiest mainnet target (Core:
// GetDifficulty, with its rounding).
func Difficulty(bits uint32) Number {
	shift := int(bits >> 24)
	d := float64(0x0000ffff) / float64(bits&0x00ffffff)
	for ; shift < 29; shift++ {
		d *= 256
	}
	for ; shift > 29; shift-- {
		d /= 256
	}
	return Number(d)
}

// Number is a JSON number with 16 digits, as bitcoind prints a double.
type Number float64

// MarshalJSON writes the digits.
func (n Number) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(n), 'g', 16, 64), nil
}

// Hashes are hashes as people write them.
func Hashes(list []chain.Hash) []string {
	texts := make([]string, len(list))
	for i, h := range list {
		texts[i] = h.String()
	}
	return texts
}

// About how many bytes of JSON a block makes beside its transactions, and a txid.
const (
	shownHeader = 1 << 10
	shownID     = 67
)
