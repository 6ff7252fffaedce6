package esplora

import (
	"context"
	"encoding/hex"
	"math"
	"strconv"

	"grapevine/chain"
	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/rest"
	"grapevine/cmd/rpc/show"
)

type blockView struct {
	ID         string      `json:"id"`
	Height     int32       `json:"height"`
	Version    int32       `json:"version"`
	Time       int64       `json:"timestamp"`
	Txs        int         `json:"tx_count"`
	Size       int         `json:"size"`
	Weight     int         `json:"weight"`
	Merkle     string      `json:"merkle_root"`
	Previous   *string     `json:"previousblockhash"`
	MedianTime int64       `json:"mediantime"`
	Nonce      uint32      `json:"nonce"`
	Bits       uint32      `json:"bits"`
	Difficulty show.Number `json:"difficulty"`
}

// newBlock shows a block. The first block of all has no previous one.
func (h *Handler) newBlock(n *chain.HeaderNode) (blockView, error) {
	b, err := h.Chain.Ledger.Block(n.Hash)
	if err != nil {
		return blockView{}, err
	}
	v := blockView{
		ID: n.Hash.String(), Height: n.Height, Version: n.Header.Version, Time: n.Header.Timestamp.Unix(), Txs: len(b.Txs),
		Size: len(b.Raw), Weight: b.Weight, Merkle: n.Header.MerkleRoot.String(), MedianTime: n.MedianTimePast(),
		Nonce: n.Header.Nonce, Bits: n.Header.Bits, Difficulty: show.Difficulty(n.Header.Bits),
	}
	if n.Parent != nil {
		before := n.Parent.Hash.String()
		v.Previous = &before
	}
	return v, nil
}

// node finds the header of a block that is asked about.
func (h *Handler) node(s string) (*chain.HeaderNode, error) {
	hash, err := parseHash(s, "block hash")
	if err != nil {
		return nil, err
	}
	n, _, ok := h.Chain.Ledger.Lookup(hash)
	if !ok {
		return nil, notFound("Block")
	}
	return n, nil
}

func (h *Handler) tipHeight(context.Context, []string) (rest.Form, error) {
	return rest.Text(strconv.Itoa(int(h.Chain.Ledger.Tip().Height))), nil
}

func (h *Handler) tipHash(context.Context, []string) (rest.Form, error) {
	return rest.Text(h.Chain.Ledger.Tip().Hash.String()), nil
}

func (h *Handler) blockAt(_ context.Context, args []string) (rest.Form, error) {
	height, err := parseNumber(args[0], "block height")
	if err != nil {
		return rest.Form{}, err
	}
	n := h.Chain.Ledger.AtHeight(int32(height))
	if n == nil {
		return rest.Form{}, notFound("Block")
	}
	return rest.Text(n.Hash.String()), nil
}

// blocks are ten, from the tip or a height down.
func (h *Handler) blocks(_ context.Context, args []string) (rest.Form, error) {
	tip := h.Chain.Ledger.Tip()
	from := math.MaxInt32
	if len(args) > 0 {
		var err error
		if from, err = parseNumber(args[0], "start height"); err != nil {
			return rest.Form{}, err
		}
	}
	list := []blockView{}
	for height := min(int32(from), tip.Height); height >= 0 && len(list) < blocksPage; height-- {
		v, err := h.newBlock(tip.Ancestor(height))
		if err != nil {
			return rest.Form{}, err
		}
		list = append(list, v)
	}
	return asJSON(list)
}

func (h *Handler) block(_ context.Context, args []string) (rest.Form, error) {
	n, err := h.node(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	v, err := h.newBlock(n)
	if err != nil {
		return rest.Form{}, err
	}
	return asJSON(v)
}

func (h *Handler) blockHeader(_ context.Context, args []string) (rest.Form, error) {
	n, err := h.node(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	return rest.Text(hex.EncodeToString(chainapi.HeaderBytes(n))), nil
}

func (h *Handler) blockStatus(_ context.Context, args []string) (rest.Form, error) {
	n, err := h.node(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	v := struct {
		Best   bool    `json:"in_best_chain"`
		Height *int32  `json:"height,omitempty"`
		Next   *string `json:"next_best"`
	}{}
	if tip := h.Chain.Ledger.Tip(); n.IsAncestorOf(tip) {
		v.Best, v.Height = true, &n.Height
		if n != tip {
			next := tip.Ancestor(n.Height + 1).Hash.String()
			v.Next = &next
		}
	}
	return asJSON(v)
}

func (h *Handler) blockRaw(_ context.Context, args []string) (rest.Form, error) {
	n, err := h.node(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	raw, err := h.Chain.Ledger.RawBlock(n.Hash)
	return rest.Whole("application/octet-stream", raw), err
}

func (h *Handler) idsOf(s string) ([]chain.Hash, error) {
	n, err := h.node(s)
	if err != nil {
		return nil, err
	}
	return h.IDs(n)
}

func (h *Handler) blockIDs(_ context.Context, args []string) (rest.Form, error) {
	ids, err := h.idsOf(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	return asJSON(show.Hashes(ids))
}

func (h *Handler) blockID(_ context.Context, args []string) (rest.Form, error) {
	at, err := parseNumber(args[1], "index")
	if err != nil {
		return rest.Form{}, err
	}
	ids, err := h.idsOf(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	if at >= len(ids) {
		return rest.Form{}, rest.Refused(404, "tx index out of range")
	}
	return rest.Text(ids[at].String()), nil
}

// blockTxs are 25 transactions of a block.
func (h *Handler) blockTxs(_ context.Context, args []string) (rest.Form, error) {
	n, err := h.node(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	from := 0
	if len(args) > 1 {
		if from, err = parseNumber(args[1], "start index"); err != nil {
			return rest.Form{}, err
		}
	}
	b, err := h.Chain.Ledger.Block(n.Hash)
	switch {
	case err != nil:
		return rest.Form{}, err
	case from >= len(b.Txs):
		return rest.Form{}, rest.Refused(404, "start index out of range")
	case from%txsPage != 0:
		return rest.Form{}, bad("start index must be a multiple of %d", txsPage)
	}
	spent, err := h.Chain.Ledger.SpentBy(b)
	if err != nil {
		spent = make([][]chain.Coin, len(b.Txs)) // a block that was never connected has none
	}
	at := n
	if !n.IsAncestorOf(h.Chain.Ledger.Tip()) {
		at = nil
	}
	list := []transaction{}
	for i := from; i < min(from+txsPage, len(b.Txs)); i++ {
		list = append(list, newTx(b.Txs[i], spent[i], h.Chain.Params.Params, at))
	}
	return asJSON(list)
}
