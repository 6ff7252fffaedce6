package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/jsonrpc"
)

// psbtParts are what the picture reads of decodepsbt.
type psbtParts struct {
	Tx struct {
		Vin []struct {
			TxID string `json:"txid"`
			Vout uint32 `json:"vout"`
		} `json:"vin"`
		Vout []psbtOut `json:"vout"`
	} `json:"tx"`
	Inputs []psbtIn        `json:"inputs"`
	Fee    *jsonrpc.Amount `json:"fee"`
}

// psbtOut is an output, of the transaction or of one that it spends.
type psbtOut struct {
	Value  jsonrpc.Amount `json:"value"`
	Amount jsonrpc.Amount `json:"amount"` // its name in witness_utxo
	Script struct {
		Address string `json:"address"`
		Type    string `json:"type"`
	} `json:"scriptPubKey"`
}

// psbtIn is an input with who can sign it and who has.
type psbtIn struct {
	Witness *psbtOut `json:"witness_utxo"`
	Whole   *struct {
		Vout []psbtOut `json:"vout"`
	} `json:"non_witness_utxo"`
	Sigs    map[string]string `json:"partial_signatures"`
	Keys    []psbtKey         `json:"bip32_derivs"`
	TapKeys []psbtKey         `json:"taproot_bip32_derivs"`
	TapSig  string            `json:"taproot_key_path_sig"`
	TapSigs []struct {
		PubKey string `json:"pubkey"`
	} `json:"taproot_script_path_sigs"`
	FinalSig json.RawMessage `json:"final_scriptSig"`
	FinalWit json.RawMessage `json:"final_scriptwitness"`
}

type psbtKey struct {
	PubKey string `json:"pubkey"`
	Master string `json:"master_fingerprint"`
	Path   string `json:"path"`
}

// drawPSBT is a picture in text: inputs with their signers, then outputs.
func drawPSBT(v psbtView) (string, error) {
	var parts psbtParts
	if err := json.Unmarshal(v.Decoded, &parts); err != nil {
		return "", err
	}
	var state struct {
		Next  string          `json:"next"`
		VSize int             `json:"estimated_vsize"`
		Rate  *jsonrpc.Amount `json:"estimated_feerate"`
		Error string          `json:"error"`
	}
	if err := json.Unmarshal(v.Analysis, &state); err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s", cli.Plural(len(parts.Inputs), "input"), cli.Plural(len(parts.Tx.Vout), "output"))
	if parts.Fee != nil {
		fmt.Fprintf(&b, "; fee %s BTC", parts.Fee)
	}
	if state.Rate != nil {
		fmt.Fprintf(&b, " (%.1f sat/vB)", float64(*state.Rate)/1000)
	}
	fmt.Fprintf(&b, "; %s\n\n", turn(state.Next))
	if state.Error != "" {
		fmt.Fprintf(&b, "%s\n\n", cli.Sentences(state.Error))
	}
	for i, in := range parts.Inputs {
		at := parts.Tx.Vin[i]
		fmt.Fprintf(&b, "  %s  from %s:%d %s\n", in.value(at.Vout), at.TxID, at.Vout, in.address(at.Vout))
		in.signers(&b)
	}
	b.WriteString("        │\n        ▼\n")
	for _, out := range parts.Tx.Vout {
		to := out.Script.Address
		if to == "" {
			to = out.Script.Type
		}
		fmt.Fprintf(&b, "  %s BTC  to %s\n", out.Value, cli.Printable(to))
	}
	return b.String(), nil
}

// turn says whose turn it is, in words.
func turn(role string) string {
	switch role {
	case "updater":
		return "its coins or scripts are not known yet"
	case "signer":
		return "somebody has to sign"
	case "finalizer":
		return "signed, to be finalized"
	case "extractor":
		return "finished, to be sent"
	}
	return "it can never be valid"
}

// coin is what the input spends, as far as it is said.
func (in *psbtIn) coin(vout uint32) (value jsonrpc.Amount, address string, ok bool) {
	switch {
	case in.Witness != nil:
		return in.Witness.Amount, in.Witness.Script.Address, true
	case in.Whole != nil && int(vout) < len(in.Whole.Vout):
		return in.Whole.Vout[vout].Value, in.Whole.Vout[vout].Script.Address, true
	}
	return 0, "", false
}

func (in *psbtIn) value(vout uint32) string {
	if value, _, ok := in.coin(vout); ok {
		return value.String() + " BTC"
	}
	return "unknown amount"
}

func (in *psbtIn) address(vout uint32) string {
	_, address, _ := in.coin(vout)
	return cli.Printable(address)
}

// signers are the keys that can sign, each with whether it has.
func (in *psbtIn) signers(b *strings.Builder) {
	if in.FinalSig != nil || in.FinalWit != nil {
		b.WriteString("        ├─ ✓ all signatures are there\n")
		return
	}
	have := map[string]bool{}
	for pub := range in.Sigs {
		have[pub] = true
	}
	for _, s := range in.TapSigs {
		have[s.PubKey] = true
	}
	if in.TapSig != "" {
		b.WriteString("        ├─ ✓ the output's own key\n")
	}
	for _, k := range append(in.Keys, in.TapKeys...) {
		mark := "·"
		if have[k.PubKey] {
			mark = "✓"
		}
		delete(have, k.PubKey)
		fmt.Fprintf(b, "        ├─ %s %s%s  key %.16s…\n", mark, k.Master, strings.TrimPrefix(k.Path, "m"), k.PubKey)
	}
	for _, pub := range slices.Sorted(maps.Keys(have)) { // of keys that nobody says the path of
		fmt.Fprintf(b, "        ├─ ✓ key %.16s…\n", cli.Printable(pub))
	}
}
