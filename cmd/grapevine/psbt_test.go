package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestThePictureOfAPSBTSaysWhoSignsWhat(t *testing.T) {
	pic, err := drawPSBT(psbtView{
		Decoded: []byte(`{"tx":{"vin":[{"txid":"aa","vout":1},{"txid":"bb","vout":0},{"txid":"cc","vout":7}],
			"vout":[{"value":1,"scriptPubKey":{"address":"bcrt1qto"}},{"value":0,"scriptPubKey":{"type":"nulldata"}}]},
			"inputs":[
			{"witness_utxo":{"amount":0.75,"scriptPubKey":{"address":"bcrt1qfrom"}},"partial_signatures":{"02aa":"30","02cc":"30"},
			 "bip32_derivs":[{"pubkey":"02aa","master_fingerprint":"d34db33f","path":"m/84h/1h/0h/0/5"},{"pubkey":"02bb","master_fingerprint":"00000001","path":"m/0"}]},
			{"non_witness_utxo":{"vout":[{"value":0.5,"scriptPubKey":{"address":"mold"}}]},"final_scriptSig":{"hex":"00"}},
			{}],"fee":0.25}`),
		Analysis: []byte(`{"next":"signer","estimated_feerate":0.00002}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `3 inputs, 2 outputs; fee 0.25000000 BTC (2.0 sat/vB); somebody has to sign

  0.75000000 BTC  from aa:1 bcrt1qfrom
        ├─ ✓ d34db33f/84h/1h/0h/0/5  key 02aa…
        ├─ · 00000001/0  key 02bb…
        ├─ ✓ key 02cc…
  0.50000000 BTC  from bb:0 mold
        ├─ ✓ all signatures are there
  unknown amount  from cc:7 
        │
        ▼
  1.00000000 BTC  to bcrt1qto
  0.00000000 BTC  to nulldata
`
	if pic != want {
		t.Errorf("it is\n%s\nwant\n%s", pic, want)
	}
	if _, err := drawPSBT(psbtView{Decoded: []byte(`{`)}); err == nil {
		t.Error("half an answer is drawn")
	}
}

func TestAPSBTComesFromItsTextAFileOrStdin(t *testing.T) {
	const text = "cHNidP8BAAoCAAAAAAAAAAAAAA=="
	file := filepath.Join(t.TempDir(), "a.psbt")
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{text, file, "-"} {
		p := &program{}
		p.In = strings.NewReader(text + "\n")
		if got, err := p.readPSBT(word); err != nil || got != text {
			t.Errorf("%s: %q, %v", word, got, err)
		}
	}
	if err := os.WriteFile(file, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (&program{}).readPSBT(file); err == nil || !strings.Contains(err.Error(), "there is nothing in") {
		t.Error(err)
	}
	if _, err := (&program{}).readPSBT("nowhere.psbt"); err == nil || !strings.Contains(err.Error(), "neither a PSBT nor a file") {
		t.Error(err)
	}
}
