package rest

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// maxOutPoints bounds what one getutxos may ask [MAX_GETUTXOS_OUTPOINTS].
const maxOutPoints = 15

// basicFilter is the number of BIP158's only kind of filter.
const basicFilter = 0

const (
	errFilterURI  = "Invalid URI format. Expected /rest/blockfilter/<filtertype>/<blockhash>"
	errHeadersURI = "Invalid URI format. Expected /rest/blockfilterheaders/<filtertype>/<blockhash>.<ext>?count=<count>"
)

// indexed refuses kinds of filter that are not kept.
func (h *Handler) indexed(kind string) error {
	if kind != "basic" {
		return badRequest("Unknown filtertype %s", kind)
	}
	if !h.chain.FilterIndex {
		return badRequest("Index is not enabled for filtertype %s", kind)
	}
	return nil
}

// filter is a block's filter: kind, block and, after its length, the filter itself [rest_block_filter].
func (h *Handler) filter(q asked) (answer, error) {
	parts := q.parts()
	if len(parts) != 2 {
		return answer{}, badRequest(errFilterURI)
	}
	hash, err := parseHash(parts[1])
	if err == nil {
		err = h.indexed(parts[0])
	}
	if err != nil {
		return answer{}, err
	}
	n, st, ok := h.chain.Ledger.Lookup(hash)
	if !ok {
		return answer{}, notFound("%s not found", parts[1])
	}
	filter, _, ok, err := h.chain.Ledger.Filter(n.Hash)
	switch {
	case err != nil:
		return answer{}, err
	case !ok && st&ledger.Valid == 0:
		return answer{}, notFound("Filter not found. Block was not connected to active chain.")
	case !ok:
		return answer{}, notFound("Filter not found. Block filters are still in the process of being indexed.")
	}
	buf := bytes.NewBuffer(append([]byte{basicFilter}, n.Hash[:]...))
	_ = wire.WriteVarBytes(buf, 0, filter) // a Buffer takes everything
	return answer{bytes: buf.Bytes(), json: func() (any, error) {
		return struct {
			Filter string `json:"filter"`
		}{hex.EncodeToString(filter)}, nil
	}}, nil
}

// filterHeaders are the headers of the filters (BIP157) of a row of blocks [rest_filter_header].
func (h *Handler) filterHeaders(q asked) (answer, error) {
	parts := q.parts()
	if len(parts) < 2 || len(parts) > 3 {
		return answer{}, badRequest(errHeadersURI)
	}
	nodes, err := h.row(q, parts[1:])
	if err == nil {
		err = h.indexed(parts[0])
	}
	if err != nil {
		return answer{}, err
	}
	all, list := []byte{}, make([]string, len(nodes))
	for i, n := range nodes {
		_, header, ok, err := h.chain.Ledger.Filter(n.Hash)
		if err != nil {
			return answer{}, err
		}
		if !ok {
			return answer{}, notFound("Filter not found. Block filters are still in the process of being indexed.")
		}
		all, list[i] = append(all, header[:]...), header.String()
	}
	return answer{bytes: all, json: func() (any, error) { return list, nil }}, nil
}

// unspent is one coin of getutxos.
type unspent struct {
	Height int32          `json:"height"`
	Value  jsonrpc.Amount `json:"value"`
	Script show.Script    `json:"scriptPubKey"`
}

// coins answers BIP64's question over HTTP: which of these outputs are unspent [rest_getutxos].
func (h *Handler) coins(q asked) (answer, error) {
	points, withPool, err := outPoints(q)
	if err != nil {
		return answer{}, err
	}
	now := h.chain.Ledger.View()
	tip := now.Tip()
	var view chain.CoinView = now
	if withPool {
		view = h.pool.Pool.Coins()
	}
	bitmap := make([]byte, (len(points)+7)/8)
	var found []chain.Coin
	for i, op := range points {
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
		for i := range points {
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

// maxCoinsBody bounds the body of a getutxos: more than maxOutPoints need, so
// that too many are counted, and in hex.
const maxCoinsBody = 16 << 10

// outPoints reads what getutxos asks for: /checkmempool/TXID-N/… in the path, or
// the same as bytes or hex in the body.
func outPoints(q asked) (points []wire.OutPoint, withPool bool, err error) {
	body, inPath := q.body, len(q.what) > 1
	switch {
	case !inPath && len(body) == 0:
		return nil, false, badRequest("Error: empty request")
	case inPath:
		points, withPool, err = inPathOutPoints(q.what[1:])
	}
	if err != nil {
		return nil, false, err
	}
	if q.format == "hex" {
		if body, err = hex.DecodeString(string(bytes.TrimSpace(body))); err != nil {
			body = nil // as in Core, no hex is no input
		}
	}
	switch {
	case q.format == "":
		return nil, false, errFormat()
	case q.format == "json" && !inPath:
		return nil, false, badRequest("Error: empty request")
	case q.format != "json" && len(body) > 0 && inPath:
		return nil, false, badRequest("Combination of URI scheme inputs and raw post data is not allowed")
	case q.format != "json" && len(body) > 0:
		if points, withPool, err = decodeOutPoints(body); err != nil {
			return nil, false, badRequest("Parse error")
		}
	}
	if len(points) > maxOutPoints {
		return nil, false, badRequest("Error: max outpoints exceeded (max: %d, tried: %d)", maxOutPoints, len(points))
	}
	return points, withPool, nil
}

func inPathOutPoints(what string) (points []wire.OutPoint, withPool bool, err error) {
	parts := strings.Split(what, "/")
	if parts[0] == "checkmempool" {
		withPool, parts = true, parts[1:]
	}
	if len(parts) == 0 {
		return nil, false, badRequest("Error: empty request")
	}
	for _, s := range parts {
		txid, n, _ := strings.Cut(s, "-")
		hash, err := parseHash(txid)
		index, no := strconv.ParseUint(n, 10, 32)
		if err != nil || no != nil {
			return nil, false, badRequest("Parse error")
		}
		points = append(points, wire.OutPoint{Hash: hash, Index: uint32(index)})
	}
	return points, withPool, nil
}

// decodeOutPoints: one byte whether the pool counts too, a number, and so many
// outpoints of 36 bytes. What follows is ignored.
func decodeOutPoints(body []byte) (points []wire.OutPoint, withPool bool, err error) {
	r := bytes.NewReader(body[1:])
	n, err := wire.ReadVarInt(r, 0)
	for ; n > 0 && err == nil; n-- {
		var raw [chainhash.HashSize + 4]byte
		_, err = io.ReadFull(r, raw[:])
		points = append(points, wire.OutPoint{Hash: chainhash.Hash(raw[:chainhash.HashSize]), Index: binary.LittleEndian.Uint32(raw[chainhash.HashSize:])})
	}
	return points, body[0] != 0, err
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
