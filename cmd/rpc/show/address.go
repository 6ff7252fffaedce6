package show

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
)

var errNotAddress = errors.New("not a valid address")

// PayTo is the script that pays an address of this network.
func PayTo(text string, net *chaincfg.Params) ([]byte, error) {
	addr, err := address.DecodeAddress(text, net)
	if err != nil {
		return nil, errNotAddress
	}
	if _, bare := addr.(*address.AddressPubKey); bare {
		return nil, errNotAddress // a public key in hex, which Core takes for no address
	}
	if !addr.IsForNet(net) {
		return nil, fmt.Errorf("address of another network, not of %s", net.Name)
	}
	return txscript.PayToAddrScript(addr)
}

// PayToDescriptor is PayTo for an address or one of the descriptors that need
// no key: addr(ADDRESS) and raw(HEX), with or without checksum.
func PayToDescriptor(text string, net *chaincfg.Params) ([]byte, error) {
	body, _, summed := strings.Cut(text, "#")
	if summed && WithChecksum(body) != text {
		return nil, errors.New("wrong checksum of the descriptor")
	}
	if inner, ok := strings.CutSuffix(body, ")"); ok {
		if in, ok := strings.CutPrefix(inner, "raw("); ok {
			return hex.DecodeString(in)
		}
		if in, ok := strings.CutPrefix(inner, "addr("); ok {
			return PayTo(in, net)
		}
	}
	return PayTo(text, net)
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

// FeeMode says whether a word is one of Core's ways to estimate a fee; none is one.
func FeeMode(word string) bool {
	switch strings.ToLower(word) {
	case "", "unset", "economical", "conservative":
		return true
	}
	return false
}
