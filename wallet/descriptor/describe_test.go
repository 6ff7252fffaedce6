package descriptor

import (
	"encoding/hex"
	"testing"

	"grapevine/chain"
	"grapevine/wallet"
)

// Describe goes a shorter way than Infer and says the same.
func TestDescribeSaysWhatInferSays(t *testing.T) {
	net := chain.RegTest().Params
	const key = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	const hash = "751e76e8199196d454941c45d1b3a323f1433bd6"
	for _, text := range []string{
		"0014" + hash, "0020" + key, "5120" + key, "5120" + key[:62] + "00", "76a914" + hash + "88ac", "a914" + hash + "87", "0010" + hash[:32],
		"2102" + key + "ac", "2104" + key + "ac", "512102" + key + "51ae", "51024e73", "5210" + hash[:32], "51", "", "4c05aa", "6a04cafe0102",
	} {
		script, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		desc, address := Describe(script, net)
		if want := Infer(script, net, nil).String(); desc != want || address != wallet.AddressOf(script, net) {
			t.Errorf("%s: %s of %q, Infer says %s", text, desc, address, want)
		}
	}
}
