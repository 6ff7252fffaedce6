package chainapi

import (
	"encoding/hex"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/miner"
	"grapevine/cmd/rpc/jsonrpc"
)

// What a template says of its transactions is what encoding/json makes of it.
func TestTransactionsOfATemplateAreWhatEncodingJSONWrites(t *testing.T) {
	type row struct {
		Data    string `json:"data"`
		TxID    string `json:"txid"`
		Hash    string `json:"hash"`
		Depends []int  `json:"depends"`
		Fee     int64  `json:"fee"`
		SigOps  int    `json:"sigops"`
		Weight  int    `json:"weight"`
	}
	for _, height := range []int32{4, 5} {
		p := chain.RegTest()
		p.SegwitHeight = 5
		a := &API{Params: p}
		tmpl, want := &miner.Template{Height: height}, []row{}
		for i := range 4 {
			msg := wire.NewMsgTx(2)
			msg.AddTxIn(&wire.TxIn{Witness: wire.TxWitness{make([]byte, i)}})
			msg.AddTxOut(wire.NewTxOut(int64(i), []byte{byte(i)}))
			tx := chain.NewTx(msg)
			tmpl.Txs = append(tmpl.Txs, miner.TemplateTx{Tx: tx, Fee: 1_000_000_000_000 >> (10 * i), SigOpCost: 4 * i, Depends: []int{1, 2, 3}[:i]})
			sigOps := 4 * i
			if height < p.SegwitHeight {
				sigOps = i
			}
			want = append(want, row{hex.EncodeToString(tx.Raw()), tx.ID.String(), tx.WID.String(), []int{1, 2, 3}[:i], 1_000_000_000_000 >> (10 * i), sigOps, tx.Weight})
			text, err := jsonrpc.Encode(want)
			if got := a.appendTxs(nil, tmpl); err != nil || string(got) != string(text) {
				t.Fatalf("got  %s\nwant %s (%v)", got, text, err)
			}
		}
	}
	if got := (&API{Params: chain.RegTest()}).appendTxs(nil, &miner.Template{}); string(got) != "[]" {
		t.Errorf("of none: %s", got)
	}
}
