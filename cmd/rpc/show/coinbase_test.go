package show

import (
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

// As decoderawtransaction of Bitcoin Core says: only what is alone and spends nothing is a coinbase, whatever its script.
func TestOnlyACoinbaseIsShownAsOne(t *testing.T) {
	nothing, some := wire.OutPoint{Index: wire.MaxPrevOutIndex}, wire.OutPoint{Hash: chain.Hash{1}, Index: 1}
	const (
		null  = `{"txid":"0000000000000000000000000000000000000000000000000000000000000000","vout":4294967295,"scriptSig":{"asm":"","hex":""},"sequence":0}`
		spend = `{"txid":"0000000000000000000000000000000000000000000000000000000000000001","vout":1,"scriptSig":{"asm":"","hex":""},"sequence":0}`
	)
	for want, from := range map[string][]wire.OutPoint{
		`[{"coinbase":"","sequence":0}]`: {nothing}, "[" + null + "," + spend + "]": {nothing, some}, "[" + spend + "," + null + "]": {some, nothing},
	} {
		msg := wire.NewMsgTx(2)
		for _, o := range from {
			msg.AddTxIn(&wire.TxIn{PreviousOutPoint: o})
		}
		text, err := jsonrpc.Encode(struct{ Tx any }{NewTx(chain.NewTx(msg), chain.RegTest().Params, Detail{})})
		if err != nil || !strings.Contains(string(text), `"vin":`+want) {
			t.Errorf("%s (%v), want %s", text, err, want)
		}
	}
}
