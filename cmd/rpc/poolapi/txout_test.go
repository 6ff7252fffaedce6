package poolapi

import (
	"testing"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// gettxout is answered with what encoding/json writes.
func TestACoinIsWrittenAsEncodingJSONDoes(t *testing.T) {
	a := &API{Params: chain.RegTest()}
	for _, pk := range [][]byte{nil, append([]byte{0, 20}, make([]byte, 20)...), make([]byte, 2000)} {
		for _, coinbase := range []bool{false, true} {
			want, err := jsonrpc.Encode(struct {
				Best          string         `json:"bestblock"`
				Confirmations int32          `json:"confirmations"`
				Value         jsonrpc.Amount `json:"value"`
				Script        show.Script    `json:"scriptPubKey"`
				Coinbase      bool           `json:"coinbase"`
			}{chain.Hash{1, 2}.String(), 7, 123_456_789, show.NewScript(pk, a.Params.Params), coinbase})
			got := a.txOut(chain.Hash{1, 2}, 7, chain.Coin{Value: 123_456_789, PkScript: pk, Coinbase: coinbase})
			if err != nil || string(got) != string(want) {
				t.Errorf("got  %s\nwant %s (%v)", got, want, err)
			}
		}
	}
}
