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

// An answer is its own: the memory in which a template's transactions stand serves the next one.
func TestAnEncodedTemplateOutlivesTheNext(t *testing.T) {
	p := chain.RegTest()
	a := &API{Params: p, Versions: chain.NewVersionBits(p)}
	template := func(updates uint64, n int) *miner.Template {
		tmpl := &miner.Template{Parent: p.Genesis(), Updates: updates, Height: 1}
		for i := range n {
			msg := wire.NewMsgTx(2)
			msg.AddTxOut(wire.NewTxOut(int64(i), make([]byte, 9*n)))
			tmpl.Txs = append(tmpl.Txs, miner.TemplateTx{Tx: chain.NewTx(msg)})
		}
		return tmpl
	}
	var answers, copies []string
	var raw []jsonrpc.Encoded
	for i, n := range []int{3, 200, 1, 0, 2, 2} {
		got, err := a.encodeTemplate(template(uint64(i), n))
		if err != nil {
			t.Fatal(err)
		}
		raw, copies = append(raw, got), append(copies, string(got))
		alone := &API{Params: p, Versions: a.Versions}
		want, err := alone.encodeTemplate(template(uint64(i), n))
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, string(want))
		if again, err := a.encodeTemplate(template(uint64(i), n)); err != nil || string(again) != string(want) {
			t.Fatalf("template %d again: %s (%v)", i, again, err)
		}
	}
	for i := range raw {
		if string(raw[i]) != answers[i] || copies[i] != answers[i] {
			t.Fatalf("template %d is %s, was %s, want %s", i, raw[i], copies[i], answers[i])
		}
	}
	if n := cap(a.lastTxs.text); n > 4*(templateTxBytes+2)*2+100 {
		t.Errorf("%d bytes are kept for two transactions", n)
	}
}
