package rpc_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"grapevine/cmd/rpc/client"
)

// TestNoMethodFallsOverNonsense calls every method with wrong, odd and hostile
// parameters. Each must be answered: a call that panics loses its connection.
// With GRAPEVINE_FULL it asks ten times as often.
func TestNoMethodFallsOverNonsense(t *testing.T) {
	w := rich(t)
	t.Chdir(t.TempDir()) // some of it is taken for the path of a file
	id := w.text("sendtoaddress", stranger, 1)
	odd := []string{
		`null`, `true`, `false`, `0`, `1`, `-1`, `2`, `99999999999`, `1e400`, `0.5`, `"0.00000001"`, `""`, `"*"`, `"ab"`, `[]`, `{}`, `[null]`, `[[]]`, `[{}]`, `{"":0}`,
		`"` + nowhere + `"`, `"` + genesis + `"`, `"` + id + `"`, `"` + stranger + `"`, `"00000000"`, `"1.2.3.4.5"`, `"a:b:c"`, `"127.0.0.1"`, `"[::1"`, `"host:99999"`, `"/nowhere/at/all"`, `"/"`, `"0x00"`, `"pkh(zz)"`, `"wpkh(02zz)"`, `"02000000000000000000"`, `"\ud800"`, `"raw(51)"`,
		`{"` + stranger + `":1}`, `[{"txid":"` + id + `","vout":0}]`, `[{"txid":"` + id + `","vout":-1}]`, `{"rules":["segwit"]}`, `{"mode":"proposal","data":"00"}`, `["` + w.text("getrawtransaction", id) + `"]`,
	}
	random, times := rand.New(rand.NewPCG(1, 2)), 10
	if os.Getenv("GRAPEVINE_FULL") != "" {
		times = 100
	}
	for line := range strings.Lines(w.text("help")) {
		method, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case method == "", method == "==", method == "stop", strings.HasPrefix(method, "wait"), method == "setnetworkactive", method == "addnode":
			continue
		case method == "invalidateblock": // once is enough: the others want a chain
			w.refused(-5, "Block not found", method, nowhere)
			continue
		}
		for range times {
			params := make([]any, random.IntN(4))
			for i := range params {
				params[i] = json.RawMessage(odd[random.IntN(len(odd))])
			}
			err := w.Call(w.ctx, method, nil, params...)
			if _, refused := errors.AsType[*client.Error](err); err != nil && !refused {
				t.Fatalf("%s %s: %v", method, params, err)
			}
			checkWords(t, method, params, err)
		}
	}
	if got := string(w.must("getblockcount")); got == "0" {
		t.Error("the chain is gone")
	}
}
