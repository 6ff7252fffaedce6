package poolapi

import (
	"testing"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// gettxout is answered with what encoding/json writes.
func TestACoinIsWrittenAsEncodingJSONDoes(t *testing.T) {
	for _, pk := range [][]byte{nil, append([]byte{0, 20}, make([]byte, 20)...), make([]byte, 2000)} {
		for _, coinbase := range []bool{false, true} {
			o := txOut{show.Hash(chain.Hash{1, 2}), 7, 123_456_789, show.NewScript(pk, chain.RegTest().Params), coinbase}
			want, err := jsonrpc.Encode(o)
			if got := o.encode(); err != nil || string(got) != string(want) {
				t.Errorf("got  %s\nwant %s (%v)", got, want, err)
			}
		}
	}
}
