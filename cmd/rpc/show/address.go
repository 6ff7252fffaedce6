package show

import (
	"encoding/hex"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"grapevine/wallet"
)

// PayTo is the script that pays an address of this network.
func PayTo(text string, net *chaincfg.Params) ([]byte, error) { return wallet.PayTo(text, net) }

// Destination is what an output script alone says of whom it pays (Core:
// DescribeAddress). Of a witness version without a meaning nobody can say
// whether it is a script; pay to anchor has no program worth showing.
type Destination struct {
	Address   string `json:"address"`
	Script    string `json:"scriptPubKey"`
	IsScript  *bool  `json:"isscript,omitempty"`
	IsWitness bool   `json:"iswitness"`
	Version   *int   `json:"witness_version,omitempty"`
	Program   string `json:"witness_program,omitempty"`
}

// NewDestination describes an output script.
func NewDestination(pk []byte, net *chaincfg.Params) Destination {
	d := Destination{Address: Address(pk, net), Script: hex.EncodeToString(pk)}
	kind := ScriptType(pk)
	if kind != "witness_unknown" {
		script := kind == "scripthash" || kind == "witness_v0_scripthash" || kind == "witness_v1_taproot" || kind == "anchor"
		d.IsScript = &script
	}
	if w := witnessOf(pk); w != nil {
		d.IsWitness = true
		if kind != "anchor" {
			d.Version, d.Program = &w.Version, hex.EncodeToString(w.Program)
		}
	}
	return d
}

// ChainName is Core's short name of a network.
func ChainName(net *chaincfg.Params) string {
	switch net.Name {
	case "mainnet":
		return "main"
	case "testnet3":
		return "test"
	}
	return net.Name
}

// Clip shortens what a client sent before an error quotes it.
func Clip(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
