package explorer

import (
	"context"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/history"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/show"
	"grapevine/cmd/web/layout"
	"grapevine/wallet"
)

// historyPerPage are the transactions of a history that a page shows at a time.
const historyPerPage = 25

// scriptPageView is what an address' or a script's page shows.
type scriptPageView struct {
	Title    string
	Address  string      // "": asked for by hash
	Hash     string      // SHA-256 of the script
	Script   *scriptView // nil: not known
	Indexed  string      // why there is no history; "": there is
	Chain    explore.Sums
	Pool     explore.Sums
	Waiting  []txRow
	MoreWait int
	History  []txRow
	Newest   string // path of the first page; "": this is it
	Older    string // "": this is the last
	Coins    []coinView
	CoinPage layout.Pager
	NoCoins  string // why they are not listed
}

type coinView struct {
	TxID   string
	Vout   uint32
	Value  btcutil.Amount
	Height int32 // 0: waits for a block
}

func (h *Handler) addressPage(ctx context.Context, q question) (view, error) {
	pk, err := show.PayTo(q.arg(0), h.Chain.Params.Params)
	if err != nil {
		return view{}, badAddress(q.arg(0), h.Chain.Params.Params.Name, err)
	}
	script := h.newScript(pk)
	v := scriptPageView{Title: "Address", Address: script.Address, Script: &script}
	return h.history(ctx, q, history.HashOf(pk), v)
}

// badAddress says what is wrong with an address: mostly it is one of another network.
func badAddress(text, net string, err error) error {
	p := &problem{status: 400, title: "Not an address", why: "\"" + said(text) + "\" is no address of " + net + "."}
	if a, ok := errors.AsType[*wallet.AddressError](err); ok {
		switch {
		case a.Of != "":
			p.why += " It is one of " + a.Of + "."
		case a.Why != "":
			p.why += " " + a.Why
		}
	}
	return p
}

// scriptPage is asked for by SHA-256 of the script as it comes out, or by the script itself.
func (h *Handler) scriptPage(ctx context.Context, q question) (view, error) {
	raw, err := hex.DecodeString(q.arg(0))
	if err != nil {
		return view{}, wrong("Not a script", "A script is asked for by the hex digits of it, or of its SHA-256; %q is neither.", said(q.arg(0)))
	}
	if len(raw) != len(chain.Hash{}) {
		hash := history.HashOf(raw)
		return view{to: "/script/" + hex.EncodeToString(hash[:])}, nil
	}
	return h.history(ctx, q, chain.Hash(raw), scriptPageView{Title: "Script"})
}

// history fills the page of a script.
func (h *Handler) history(ctx context.Context, q question, script chain.Hash, v scriptPageView) (view, error) {
	v.Hash = hex.EncodeToString(script[:])
	path := "/script/" + v.Hash
	if v.Address != "" {
		path = "/address/" + v.Address
	}
	page := view{name: "script", title: v.Title + " " + clipEnd(v.Address+v.Hash, 12), nav: "blocks"}
	if why := h.noHistory(); why != "" {
		v.Indexed = why
		page.data = v
		return page, nil
	}
	var err error
	if v.Chain, err = h.ChainSums(ctx, script); err != nil {
		return view{}, err
	}
	v.Pool = h.PoolSums(script)
	if err := h.fillHistory(ctx, q, script, &v, path); err != nil {
		return view{}, err
	}
	if err := h.fillCoins(ctx, q, script, &v, path); err != nil {
		return view{}, err
	}
	if v.Script == nil {
		v.Script = h.scriptOf(script, v)
	}
	page.data = v
	return page, nil
}

func clipEnd(s string, most int) string { return s[:min(len(s), most)] }

// noHistory says why histories are not known; "" when they are.
func (h *Handler) noHistory() string {
	if !h.Chain.AddressIndex {
		return ledger.ErrNoIndex.Error()
	}
	if _, all := h.Chain.Ledger.Indexed(); !all {
		return ledger.ErrIndexing.Error()
	}
	return ""
}

func (h *Handler) fillHistory(ctx context.Context, q question, script chain.Hash, v *scriptPageView, path string) error {
	var after *chain.Hash
	if text := q.query.Get("after"); text != "" {
		id, ok := parseHash(text)
		if !ok {
			return wrong("Not a transaction", "%q is no txid.", said(text))
		}
		after, v.Newest = &id, path
	} else {
		waiting := h.Waiting(script)
		for _, w := range waiting[:min(len(waiting), historyPerPage)] {
			v.Waiting = append(v.Waiting, newWaitingRow(w.Entry))
		}
		v.MoreWait = len(waiting) - len(v.Waiting)
	}
	list, err := h.Page(ctx, script, after, historyPerPage+1)
	if err != nil {
		return err
	}
	tip := h.Chain.Ledger.Tip()
	for _, t := range list[:min(len(list), historyPerPage)] {
		var change btcutil.Amount
		for _, f := range t.Funds {
			change += f.Value
		}
		for _, s := range t.Spends {
			change -= s.Value
		}
		v.History = append(v.History, txRow{ID: t.TxID.String(), Block: t.Block.Hash.String(), Height: t.Block.Height, Time: t.Block.Header.Timestamp,
			Change: &change, Confirmations: tip.Height - t.Block.Height + 1})
	}
	if len(list) > historyPerPage {
		v.Older = path + "?" + url.Values{"after": {v.History[historyPerPage-1].ID}}.Encode()
	}
	return nil
}

func (h *Handler) fillCoins(ctx context.Context, q question, script chain.Hash, v *scriptPageView, path string) error {
	coins, err := h.Unspent(ctx, script)
	if errors.Is(err, explore.ErrTooLong) {
		v.NoCoins = err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	if v.CoinPage, err = q.page("coins", path, len(coins), coinsPerPage); err != nil {
		return err
	}
	from, to := v.CoinPage.Slice()
	for i := from; i < to; i++ {
		c := coins[len(coins)-1-i] // newest first
		row := coinView{TxID: c.Op.Hash.String(), Vout: c.Op.Index, Value: c.Value}
		if c.Block != nil {
			row.Height = c.Block.Height
		}
		v.Coins = append(v.Coins, row)
	}
	return nil
}

// scriptOf finds the script behind a hash in the transactions that the page shows; nil: in none of them.
func (h *Handler) scriptOf(script chain.Hash, v scriptPageView) *scriptView {
	for _, row := range append(v.Waiting[:len(v.Waiting):len(v.Waiting)], v.History...) {
		id, ok := parseHash(row.ID)
		if !ok {
			continue
		}
		f, err := h.Pool.Find(id)
		if err != nil {
			continue
		}
		for _, out := range f.Tx.TxOut {
			if history.HashOf(out.PkScript) == script {
				s := h.newScript(out.PkScript)
				return &s
			}
		}
	}
	return nil
}

// isAddressLike tells a mistyped address from other words.
func isAddressLike(text string) bool {
	const shortest, longest = 26, 90 // BIP173's, and base58's
	return len(text) >= shortest && len(text) <= longest && strings.IndexFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
}
