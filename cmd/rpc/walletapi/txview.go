package walletapi

import (
	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// txPlace is what all methods say of a wallet's transaction [WalletTxToJSON].
type txPlace struct {
	Confirmations    int32    `json:"confirmations"`
	Generated        bool     `json:"generated,omitempty"`
	Trusted          *bool    `json:"trusted,omitempty"`
	BlockHash        string   `json:"blockhash,omitempty"`
	BlockHeight      *int32   `json:"blockheight,omitempty"`
	BlockIndex       *int     `json:"blockindex,omitempty"`
	BlockTime        int64    `json:"blocktime,omitempty"`
	TxID             string   `json:"txid"`
	WTxID            string   `json:"wtxid"`
	Conflicts        []string `json:"walletconflicts"`
	MempoolConflicts []string `json:"mempoolconflicts"`
	Comment          string   `json:"comment,omitempty"`
	To               string   `json:"to,omitempty"`
	Replaces         string   `json:"replaces_txid,omitempty"`
	ReplacedBy       string   `json:"replaced_by_txid,omitempty"`
	Time             int64    `json:"time"`
	TimeReceived     int64    `json:"timereceived"`
	Replaceable      string   `json:"bip125-replaceable"`
}

func (a *API) newPlace(e *wallet.Entry) txPlace {
	p := txPlace{
		Confirmations: e.Confirmations, Generated: e.Tx.IsCoinbase(), TxID: e.Tx.ID.String(), WTxID: e.Tx.WID.String(),
		Conflicts: show.Hashes(e.Conflicts), MempoolConflicts: show.Hashes(e.Rivals), Time: e.Time, TimeReceived: e.Received, Replaceable: "no",
		Comment: e.Comment, To: e.To, Replaces: textOf(e.Replaces), ReplacedBy: textOf(e.ReplacedBy),
	}
	if e.Height >= 0 {
		p.BlockHash, p.BlockHeight, p.BlockIndex, p.BlockTime = e.Block.String(), &e.Height, &e.BlockIndex, e.BlockTime
		return p
	}
	p.Trusted, p.Replaceable = &e.Trusted, a.replaceable(e)
	return p
}

// replaceable says whether a transaction signals BIP125, itself or by what it hangs
// on, which only the pool knows [isRBFOptIn].
func (a *API) replaceable(e *wallet.Entry) string {
	if e.Replaceable {
		return "yes"
	}
	if a.Pool != nil {
		if pooled, ok := a.Pool.Entry(e.Tx.ID); ok && pooled.Replaceable {
			return "yes"
		} else if ok {
			return "no"
		}
	}
	return "unknown"
}

// textOf is a hash as people write it; "" where there is none.
func textOf(id chain.Hash) string {
	if id == (chain.Hash{}) {
		return ""
	}
	return id.String()
}

// txDetail is one output of a transaction as it concerns the wallet.
type txDetail struct {
	Address   string          `json:"address,omitempty"`
	Category  wallet.Category `json:"category"`
	Amount    jsonrpc.Amount  `json:"amount"`
	Label     *string         `json:"label,omitempty"` // of what is in the address book
	Vout      uint32          `json:"vout"`
	Fee       *jsonrpc.Amount `json:"fee,omitempty"` // negative, for sends
	Abandoned bool            `json:"abandoned"`
	Parents   []string        `json:"parent_descs,omitempty"` // of what came
}

// feeLine is what a transaction leaves to the miner, negative, if all that it spends is
// ours; else it says little, as in Core.
func feeLine(e *wallet.Entry) jsonrpc.Amount {
	var out btcutil.Amount
	for _, o := range e.Tx.TxOut {
		out += btcutil.Amount(o.Value)
	}
	return jsonrpc.Amount(out - e.Debit)
}

// details are the outputs that concern the wallet, its change only if that is wanted.
// Of what is lost to a conflict nothing came, unless that is wanted too.
func details(e *wallet.Entry, what shown) []txDetail {
	list := make([]txDetail, 0, len(e.Details))
	for i := range e.Details {
		d := &e.Details[i]
		if d.Change && !what.change || d.Category != wallet.Sent && e.Confirmations < 0 && !what.lost {
			continue
		}
		shown := txDetail{Address: d.Address, Category: d.Category, Amount: jsonrpc.Amount(d.Amount), Vout: d.Vout, Abandoned: e.Abandoned}
		if d.Booked {
			shown.Label = &d.Label
		}
		if d.Category == wallet.Sent {
			fee := feeLine(e)
			shown.Fee = &fee
		} else {
			shown.Parents = []string{descriptor.WithChecksum(d.ParentDesc)}
		}
		list = append(list, shown)
	}
	return list
}

type listed struct {
	txDetail
	txPlace
}

// shown says which outputs of a transaction are wanted: of what came in only those of
// a label; change too; what came by transactions that are lost to a conflict.
type shown struct {
	label        *string
	change, lost bool
}

// lines makes a line of each output that is wanted [ListTransactions], the last
// one first.
func (a *API) lines(e *wallet.Entry, what shown) []listed {
	var lines []listed
	place := a.newPlace(e)
	for _, d := range details(e, what) {
		if what.label == nil || d.Category != wallet.Sent && (d.Label == nil && *what.label == "" || d.Label != nil && *d.Label == *what.label) {
			lines = append(lines, listed{d, place})
		}
	}
	return lines
}
