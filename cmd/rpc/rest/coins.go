package rest

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// maxOutPoints bounds what one getutxos may ask (Core: MAX_GETUTXOS_OUTPOINTS).
const maxOutPoints = 15

// basicFilter is the number of BIP158's only kind of filter.
const basicFilter = 0

func (h *Handler) deployments(args []string) (answer, error) {
	n := h.chain.Ledger.Tip()
	if len(args) == 1 {
		var err error
		if n, _, err = h.node(args[0]); err != nil {
			return answer{}, err
		}
	}
	return answer{json: func() (any, error) { return h.chain.Deployments(n), nil }}, nil
}

// filter is a block's filter: kind, block and, after its length, the filter itself.
func (h *Handler) filter(kind, s string) (answer, error) {
	if kind != "basic" {
		return answer{}, badRequest("Unknown filtertype %s", kind)
	}
	n, _, err := h.node(s)
	if err != nil {
		return answer{}, err
	}
	filter, _, ok, err := h.chain.Ledger.Filter(n.Hash)
	if err != nil {
		return answer{}, err
	}
	if !ok {
		return answer{}, notFound("Filter not found.")
	}
	buf := bytes.NewBuffer(append([]byte{basicFilter}, n.Hash[:]...))
	_ = wire.WriteVarBytes(buf, 0, filter) // a Buffer takes everything
	return answer{bytes: buf.Bytes(), json: func() (any, error) {
		return struct {
			Filter string `json:"filter"`
		}{hex.EncodeToString(filter)}, nil
	}}, nil
}

// unspent is one coin of getutxos.
type unspent struct {
	Height int32          `json:"height"`
	Value  jsonrpc.Amount `json:"value"`
	Script show.Script    `json:"scriptPubKey"`
}

// coins answers BIP64's question over HTTP: which of these outputs are unspent.
func (h *Handler) coins(args []string) (answer, error) {
	now := h.chain.Ledger.View()
	tip := now.Tip()
	var view chain.CoinView = now
	if args[0] == "checkmempool" {
		view, args = h.pool.Coins(), args[1:]
	}
	if len(args) == 0 || len(args) > maxOutPoints {
		return answer{}, badRequest("Error: max outpoints exceeded or none named (max: %d, tried: %d)", maxOutPoints, len(args))
	}
	bitmap := make([]byte, (len(args)+7)/8)
	var found []chain.Coin
	for i, s := range args {
		op, err := outPoint(s)
		if err != nil {
			return answer{}, err
		}
		coin, ok, err := view.Coin(op)
		if err != nil {
			return answer{}, err
		}
		if ok {
			bitmap[i/8] |= 1 << (i % 8)
			found = append(found, coin)
		}
	}
	return answer{bytes: encodeCoins(tip, bitmap, found), json: func() (any, error) {
		list := []unspent{}
		for _, c := range found {
			list = append(list, unspent{c.Height, jsonrpc.Amount(c.Value), show.NewScript(c.PkScript, h.chain.Params.Params)})
		}
		var bits strings.Builder
		for i := range args {
			bits.WriteByte('0' + bitmap[i/8]>>(i%8)&1)
		}
		return struct {
			Height int32     `json:"chainHeight"`
			Tip    string    `json:"chaintipHash"`
			Bitmap string    `json:"bitmap"`
			Coins  []unspent `json:"utxos"`
		}{tip.Height, tip.Hash.String(), bits.String(), list}, nil
	}}, nil
}

// outPoint reads txid-n.
func outPoint(s string) (op wire.OutPoint, err error) {
	txid, n, _ := strings.Cut(s, "-")
	index, err := strconv.ParseUint(n, 10, 32)
	if err != nil {
		return op, badRequest("Parse error")
	}
	op.Hash, err = parseHash(txid)
	op.Index = uint32(index)
	return op, err
}

// encodeCoins: height 4, tip 32, the bitmap and the coins after their numbers,
// each as version 4 (always 0), height 4 and output.
func encodeCoins(tip *chain.HeaderNode, bitmap []byte, coins []chain.Coin) []byte {
	le := binary.LittleEndian
	buf := bytes.NewBuffer(le.AppendUint32(nil, uint32(tip.Height)))
	buf.Write(tip.Hash[:])
	_ = wire.WriteVarBytes(buf, 0, bitmap) // a Buffer takes everything
	_ = wire.WriteVarInt(buf, 0, uint64(len(coins)))
	for _, c := range coins {
		buf.Write(le.AppendUint32(make([]byte, 4), uint32(c.Height)))
		_ = wire.WriteTxOut(buf, 0, 0, wire.NewTxOut(int64(c.Value), c.PkScript))
	}
	return buf.Bytes()
}
