package rest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strconv"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// node finds the header that a path names.
func (h *Handler) node(s string) (*chain.HeaderNode, ledger.Status, error) {
	hash, err := parseHash(s)
	if err != nil {
		return nil, 0, err
	}
	n, st, ok := h.chain.Ledger.Lookup(hash)
	if !ok {
		return nil, 0, notFound("%s not found", s)
	}
	return n, st, nil
}

func (h *Handler) raw(s string) (*chain.HeaderNode, []byte, error) {
	n, _, err := h.node(s)
	if err != nil {
		return nil, nil, err
	}
	raw, err := h.chain.Ledger.RawBlock(n.Hash)
	switch {
	case errors.Is(err, chain.ErrPruned):
		err = notFound("%s not available (pruned data)", s)
	case errors.Is(err, ledger.ErrNotFound):
		err = notFound("%s not available (not fully downloaded)", s)
	case errors.Is(err, chain.ErrDamaged):
		err = notFound("%s not available (%s)", s, chain.ErrDamaged)
	}
	return n, raw, err
}

// blockIDs shows a block with the ids of its transactions.
func (h *Handler) blockIDs(q asked) (answer, error) {
	n, raw, err := h.raw(q.what)
	return answer{bytes: raw, json: func() (any, error) {
		o, err := chain.OutlineOf(raw)
		if err != nil {
			return nil, err
		}
		return show.NewBlock(show.NewHeader(n, h.chain.Ledger.Tip(), len(o.TxIDs)), o)
	}}, err
}

// block shows a block with its transactions and what they spend.
func (h *Handler) block(q asked) (answer, error) {
	n, raw, err := h.raw(q.what)
	if err != nil {
		return answer{}, err
	}
	return answer{bytes: raw, write: func() (func(io.Writer) error, int, error) { return h.wholeBlock(n, raw) }}, nil
}

// shownSize is by how much a transaction in JSON may be larger than its bytes.
const shownSize = 12

// wholeBlock writes a block with all that its transactions spend, one of them
// at a time: decoded, a block takes many times its bytes.
func (h *Handler) wholeBlock(n *chain.HeaderNode, raw []byte) (write func(io.Writer) error, holds int, err error) {
	b, err := chain.DecodeBlock(raw)
	if err != nil {
		return nil, 0, err
	}
	head, err := show.AppendBlock(nil, show.NewHeader(n, h.chain.Ledger.Tip(), len(b.Txs)), len(raw), b.Weight)
	if err != nil {
		return nil, 0, err
	}
	spent, err := h.chain.Ledger.SpentBy(b)
	if err != nil {
		spent = nil // a block that was never connected has none
	}
	txs := 0
	for _, tx := range b.Txs {
		txs += tx.Size
		holds = max(holds, shownSize*tx.Size)
	}
	first := raw[len(raw)-txs:]
	return func(w io.Writer) error {
		if _, err := w.Write(head); err != nil {
			return err
		}
		if err := h.writeTxs(w, first, spent); err != nil {
			return err
		}
		_, err := io.WriteString(w, show.BlockEnd+"\n")
		return err
	}, len(raw) + min(holds, largeBytes), nil
}

// writeTxs writes the transactions that raw holds, with commas between them.
func (h *Handler) writeTxs(w io.Writer, raw []byte, spent [][]chain.Coin) error {
	var line []byte
	for i := 0; len(raw) > 0; i++ {
		tx, rest, err := chain.DecodeTxPrefix(raw)
		if err != nil {
			return err
		}
		raw = rest
		d := show.Detail{Hex: true, Prevout: true}
		line = line[:0]
		if i > 0 {
			line = append(line, ',')
			if i < len(spent) {
				d.Spent = spent[i]
			}
		}
		h.readers.places <- struct{}{}
		line = append(show.AppendTx(append(line, '{'), tx, h.chain.Params.Params, d), '}')
		<-h.readers.places
		if _, err := w.Write(line); err != nil {
			return err
		}
		if cap(line) > 2*bufferSize {
			line = nil // of one large transaction: the next ones are not
		}
	}
	return nil
}

// blockPart is a piece of a block, ?offset=O&size=S.
func (h *Handler) blockPart(q asked) (answer, error) {
	from, _, err := q.value("offset")
	if err != nil {
		return answer{}, err
	}
	offset, err := strconv.ParseUint(from, 10, 32)
	if err != nil {
		return answer{}, badRequest("Block part offset missing or invalid")
	}
	size, err := strconv.ParseUint(q.values.Get("size"), 10, 32)
	if err != nil {
		return answer{}, badRequest("Block part size missing or invalid")
	}
	_, raw, err := h.raw(q.what)
	if err != nil {
		return answer{}, err
	}
	if size == 0 || offset+size > uint64(len(raw)) {
		return answer{}, badRequest("Bad block part offset/size %d/%d for %s", offset, size, q.what)
	}
	return answer{bytes: raw[offset : offset+size]}, nil
}

// maxHeaders bounds the headers of one answer [MAX_REST_HEADERS_RESULTS].
const maxHeaders = 2000

// row reads COUNT/HASH or HASH?count=COUNT and gives that many blocks of the
// active chain from HASH on; none if it is not in there [rest_headers].
func (h *Handler) row(q asked, parts []string) ([]*chain.HeaderNode, error) {
	count, hash := "5", parts[len(parts)-1] // Core's default
	if len(parts) == 2 {
		count = parts[0]
	} else if text, given, err := q.value("count"); err != nil {
		return nil, err
	} else if given {
		count = text
	}
	most, err := strconv.ParseUint(count, 10, 64)
	if err != nil || most < 1 || most > maxHeaders {
		return nil, badRequest("Header count is invalid or out of acceptable range (1-%d): %s", maxHeaders, count)
	}
	id, err := parseHash(hash)
	if err != nil {
		return nil, err
	}
	tip := h.chain.Ledger.Tip()
	n, _, ok := h.chain.Ledger.Lookup(id)
	if !ok || !n.IsAncestorOf(tip) {
		return nil, nil
	}
	var nodes []*chain.HeaderNode
	for height := n.Height; height <= tip.Height && len(nodes) < int(most); height++ {
		nodes = append(nodes, tip.Ancestor(height))
	}
	return nodes, nil
}

func (h *Handler) headers(q asked) (answer, error) {
	parts := q.parts()
	if len(parts) > 2 {
		return answer{}, badRequest("Invalid URI format. Expected /rest/headers/<hash>.<ext>?count=<count>")
	}
	nodes, err := h.row(q, parts)
	if err != nil {
		return answer{}, err
	}
	all := []byte{}
	for _, n := range nodes {
		all = append(all, chainapi.HeaderBytes(n)...)
	}
	return answer{bytes: all, json: func() (any, error) {
		list := make([]show.Header, len(nodes))
		for i, n := range nodes {
			list[i] = h.chain.Header(n, ledger.HaveBody)
		}
		return list, nil
	}}, nil
}

func (h *Handler) hashAt(q asked) (answer, error) {
	height, err := strconv.ParseInt(q.what, 10, 32)
	if err != nil || height < 0 {
		return answer{}, badRequest("Invalid height: %s", q.what)
	}
	n := h.chain.Ledger.AtHeight(int32(height))
	if n == nil {
		return answer{}, notFound("Block height out of range")
	}
	return answer{bytes: n.Hash[:], text: n.Hash.String(), json: func() (any, error) {
		return struct {
			Hash string `json:"blockhash"`
		}{n.Hash.String()}, nil
	}}, nil
}

func (h *Handler) tx(q asked) (answer, error) {
	hash, err := parseHash(q.what)
	if err != nil {
		return answer{}, err
	}
	f, err := h.pool.Find(hash)
	if _, ok := errors.AsType[*jsonrpc.Error](err); ok {
		return answer{}, notFound("%s not found", q.what)
	}
	if err != nil {
		return answer{}, err
	}
	return answer{bytes: f.Tx.Raw(), json: func() (any, error) { return h.pool.Show(f) }}, nil
}

func (h *Handler) chainInfo(asked) (answer, error) {
	return answer{json: func() (any, error) { return h.chain.Info(), nil }}, nil
}

func (h *Handler) deployments(q asked) (answer, error) {
	n := h.chain.Ledger.Tip()
	if q.what != "" && q.format == "json" {
		hash, err := parseHash(q.what)
		if err != nil {
			return answer{}, err
		}
		var ok bool
		if n, _, ok = h.chain.Ledger.Lookup(hash); !ok {
			return answer{}, badRequest("Block not found")
		}
	}
	return answer{json: func() (any, error) { return h.chain.Deployments(n), nil }}, nil
}

// spentOut is one output that a block's transaction spent.
type spentOut struct {
	Value  jsonrpc.Amount `json:"value"`
	Script show.Script    `json:"scriptPubKey"`
}

// spent are the outputs that a block spent: for each transaction, in order, a
// list of outputs as wire has them; the coinbase's is empty.
func (h *Handler) spent(q asked) (answer, error) {
	n, _, err := h.node(q.what)
	if err != nil {
		return answer{}, err
	}
	all := [][]chain.Coin{{}} // genesis spends nothing and has no record of it
	if n.Parent != nil {
		if all, err = h.chain.Ledger.Spent(n.Hash); err != nil {
			return answer{}, notFound("%s undo not available", q.what)
		}
	}
	return answer{bytes: encodeSpent(all), json: func() (any, error) {
		lists := make([][]spentOut, len(all))
		for i, coins := range all {
			lists[i] = make([]spentOut, len(coins))
			for j, c := range coins {
				lists[i][j] = spentOut{jsonrpc.Amount(c.Value), show.NewScript(c.PkScript, h.chain.Params.Params)}
			}
		}
		return lists, nil
	}}, nil
}

func encodeSpent(all [][]chain.Coin) []byte {
	var buf bytes.Buffer
	_ = wire.WriteVarInt(&buf, 0, uint64(len(all))) // a Buffer takes everything
	for _, coins := range all {
		_ = wire.WriteVarInt(&buf, 0, uint64(len(coins)))
		for _, c := range coins {
			var value [8]byte
			binary.LittleEndian.PutUint64(value[:], uint64(c.Value))
			buf.Write(value[:])
			_ = wire.WriteVarBytes(&buf, 0, c.PkScript)
		}
	}
	return buf.Bytes()
}
