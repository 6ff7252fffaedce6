package show

import (
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

// What transactions are shown as, for encoding/json: the slow twin of AppendTx.
type (
	txTwin struct {
		TxID     string          `json:"txid"`
		Hash     string          `json:"hash"`
		Version  uint32          `json:"version"`
		Size     int             `json:"size"`
		VSize    int             `json:"vsize"`
		Weight   int             `json:"weight"`
		LockTime uint32          `json:"locktime"`
		Vin      []inputTwin     `json:"vin"`
		Vout     []outputTwin    `json:"vout"`
		Fee      *jsonrpc.Amount `json:"fee,omitempty"`
		Hex      string          `json:"hex,omitempty"`
	}
	inputTwin struct {
		Coinbase  *string      `json:"coinbase,omitempty"`
		TxID      string       `json:"txid,omitempty"`
		Vout      *uint32      `json:"vout,omitempty"`
		ScriptSig *ScriptSig   `json:"scriptSig,omitempty"`
		Witness   []string     `json:"txinwitness,omitempty"`
		Prevout   *prevoutTwin `json:"prevout,omitempty"`
		Sequence  uint32       `json:"sequence"`
	}
	outputTwin struct {
		Value  jsonrpc.Amount `json:"value"`
		N      int            `json:"n"`
		Script Script         `json:"scriptPubKey"`
	}
	prevoutTwin struct {
		Generated bool           `json:"generated"`
		Height    int32          `json:"height"`
		Value     jsonrpc.Amount `json:"value"`
		Script    Script         `json:"scriptPubKey"`
	}
)

func newTxTwin(tx *chain.Tx, d Detail) txTwin {
	net := chain.RegTest().Params
	twin := txTwin{TxID: tx.ID.String(), Hash: tx.WID.String(), Version: uint32(tx.Version), Size: tx.Size, VSize: tx.VSize(),
		Weight: tx.Weight, LockTime: tx.LockTime, Vin: []inputTwin{}, Vout: []outputTwin{}}
	var fee jsonrpc.Amount
	for i, in := range tx.TxIn {
		shown := inputTwin{Sequence: in.Sequence}
		if from := in.PreviousOutPoint; tx.IsCoinbase() {
			text := hex.EncodeToString(in.SignatureScript)
			shown.Coinbase = &text
		} else {
			script := NewScriptSig(in.SignatureScript)
			shown.TxID, shown.Vout, shown.ScriptSig = from.Hash.String(), &from.Index, &script
		}
		for _, item := range in.Witness {
			shown.Witness = append(shown.Witness, hex.EncodeToString(item))
		}
		if d.Spent != nil {
			c := d.Spent[i]
			fee += jsonrpc.Amount(c.Value)
			if d.Prevout {
				shown.Prevout = &prevoutTwin{c.Coinbase, c.Height, jsonrpc.Amount(c.Value), NewScript(c.PkScript, net)}
			}
		}
		twin.Vin = append(twin.Vin, shown)
	}
	for i, out := range tx.TxOut {
		fee -= jsonrpc.Amount(out.Value)
		twin.Vout = append(twin.Vout, outputTwin{jsonrpc.Amount(out.Value), i, NewScript(out.PkScript, net)})
	}
	if d.Spent != nil {
		twin.Fee = &fee
	}
	if d.Hex {
		twin.Hex = hex.EncodeToString(tx.Raw())
	}
	return twin
}

// randomTx has none to two inputs and outputs, with scripts of every kind and of none, and what it spends.
func randomTx(t *testing.T, r *rand.Rand) (*chain.Tx, []chain.Coin) {
	some := func(most int) []byte {
		b := make([]byte, r.IntN(most+1))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	script := func() []byte {
		if r.IntN(2) == 0 {
			return some(600)
		}
		return unhex(t, scripts[r.IntN(len(scripts))].script)
	}
	msg := wire.NewMsgTx(int32(r.Uint32()))
	spent := []chain.Coin{}
	for range r.IntN(3) {
		in := &wire.TxIn{SignatureScript: script(), Sequence: r.Uint32()}
		if in.PreviousOutPoint.Index = wire.MaxPrevOutIndex; r.IntN(4) > 0 {
			in.PreviousOutPoint = wire.OutPoint{Hash: chain.Hash{byte(r.Uint32()), 31: 1}, Index: r.Uint32()}
		}
		for range r.IntN(3) {
			in.Witness = append(in.Witness, some(100))
		}
		msg.AddTxIn(in)
		spent = append(spent, chain.Coin{Value: btcutil.Amount(r.Int64N(int64(chain.MaxMoney))), PkScript: script(), Height: r.Int32(), Coinbase: r.IntN(2) == 0})
	}
	for range r.IntN(3) {
		msg.AddTxOut(wire.NewTxOut(r.Int64N(int64(chain.MaxMoney))>>r.IntN(50), script()))
	}
	msg.LockTime = r.Uint32()
	return chain.NewTx(msg), spent
}

func TestTransactionsAreWrittenAsEncodingJSONDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		tx, spent := randomTx(t, r)
		for _, d := range []Detail{{}, {Hex: true}, {Spent: spent}, {Hex: true, Spent: spent, Prevout: true}} {
			want, err := jsonrpc.Encode(newTxTwin(tx, d))
			if got := NewTx(tx, chain.RegTest().Params, d); err != nil || string(got) != string(want) {
				t.Fatalf("got  %s\nwant %s (%v)", got, want, err)
			}
		}
	}
}
