package wallet

import (
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/address/v2/bech32"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
)

// AddressError says why a text is no address of a network.
type AddressError struct {
	Why    string // in Core's words, as validateaddress answers them
	Places []int  // indices of the characters that are likely wrong, where that can be told
	Of     string // the networks that it is an address of, when it is one: "mainnet", "testnet3, testnet4 or signet"
}

func (e *AddressError) Error() string {
	if e.Of != "" {
		return fmt.Sprintf("%s It is an address of %s", e.Why, e.Of)
	}
	return e.Why
}

// PayTo is the script that pays an address of this network: of every witness
// version and length that BIP350 allows, and of the two base58 kinds. It is the
// one reader of addresses. Money goes where it says, so what was read must
// write itself again as the same text. Errors are *AddressError.
func PayTo(text string, net *chaincfg.Params) ([]byte, error) {
	script, plain, err := readAddress(text, net)
	if err != nil {
		err.Of = networkOf(text, net)
		return nil, err
	}
	if back := AddressOf(script, net); back != plain {
		return nil, &AddressError{Why: fmt.Sprintf("The address reads as %s, which is another text.", back)}
	}
	return script, nil
}

// networkOf names the other networks that text is an address of. Test networks write
// their addresses alike, regtest all but those of witnesses.
func networkOf(text string, not *chaincfg.Params) string {
	var names []string
	for _, n := range []struct {
		net   *chaincfg.Params
		names []string
	}{
		{&chaincfg.MainNetParams, []string{"mainnet"}},
		{&chaincfg.TestNet3Params, []string{"testnet3", "testnet4", "signet"}},
		{&chaincfg.RegressionNetParams, []string{"regtest"}},
	} {
		if _, _, err := readAddress(text, n.net); err == nil && n.net.Name != not.Name {
			names = append(names, n.names...)
		}
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// readAddress takes text for bech32 when it begins like such an address of this
// network, as Core does [DecodeDestination]. Plain is how the address is written.
func readAddress(text string, net *chaincfg.Params) (script []byte, plain string, err *AddressError) {
	if n := len(net.Bech32HRPSegwit); len(text) >= n && strings.EqualFold(text[:n], net.Bech32HRPSegwit) {
		script, err = readBech32(text, net)
		return script, strings.ToLower(text), err
	}
	plain = strings.Trim(text, " \f\n\r\t\v")
	script, err = readBase58(plain, net)
	return script, plain, err
}

func badAddress(format string, args ...any) *AddressError {
	return &AddressError{Why: fmt.Sprintf(format, args...)}
}

const (
	hashSize       = 20 // of HASH160
	checksumSize   = 4  // of base58 with a check
	maxBase58Bytes = 100
)

func readBase58(text string, net *chaincfg.Params) ([]byte, *AddressError) {
	raw := base58.Decode(text)
	if text != "" && len(raw) == 0 || len(raw) > maxBase58Bytes {
		return nil, badAddress("Invalid or unsupported Segwit (Bech32) or Base58 encoding.")
	}
	hash, version, err := base58.CheckDecode(text)
	ours := version == net.PubKeyHashAddrID || version == net.ScriptHashAddrID
	switch {
	case err != nil || len(raw) > 1+hashSize+checksumSize:
		return nil, badAddress("Invalid checksum or length of Base58 address (P2PKH or P2SH)")
	case ours && len(hash) != hashSize:
		return nil, badAddress("Invalid length for Base58 address (P2PKH or P2SH)")
	case version == net.PubKeyHashAddrID:
		return PubKeyHashScript(hash), nil
	case version == net.ScriptHashAddrID:
		return ScriptHashScript(hash), nil
	}
	return nil, badAddress("Invalid or unsupported Base58-encoded address.")
}

// PubKeyHashScript pays to the key with that HASH160.
func PubKeyHashScript(hash []byte) []byte {
	s := append([]byte{txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20}, hash...)
	return append(s, txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG)
}

// ScriptHashScript pays to the script with that HASH160 (BIP16).
func ScriptHashScript(hash []byte) []byte {
	s := append([]byte{txscript.OP_HASH160, txscript.OP_DATA_20}, hash...)
	return append(s, txscript.OP_EQUAL)
}

const (
	maxWitnessVersion = 16 // BIP141
	minProgram        = 2
	maxProgram        = 40
)

// readBech32 reads a witness program (BIP173 for version 0, BIP350 for the others).
func readBech32(text string, net *chaincfg.Params) ([]byte, *AddressError) {
	hrp, data, encoding, err := bech32.DecodeGeneric(text)
	if err != nil {
		return nil, locateErrors(text)
	}
	if len(data) == 0 {
		return nil, badAddress("Empty Bech32 data section")
	}
	version := data[0]
	switch {
	case hrp != net.Bech32HRPSegwit:
		return nil, badAddress("Invalid or unsupported prefix for Segwit (Bech32) address (expected %s, got %s).", net.Bech32HRPSegwit, hrp)
	case version == 0 && encoding != bech32.Version0:
		return nil, badAddress("Version 0 witness address must use Bech32 checksum")
	case version != 0 && encoding != bech32.VersionM:
		return nil, badAddress("Version 1+ witness address must use Bech32m checksum")
	}
	program, err := bech32.ConvertBits(data[1:], 5, 8, false)
	if err != nil {
		return nil, badAddress("Invalid padding in Bech32 data section")
	}
	size := fmt.Sprintf("%d bytes", len(program))
	if len(program) == 1 {
		size = "1 byte"
	}
	switch {
	case version == 0 && len(program) != 20 && len(program) != 32:
		return nil, badAddress("Invalid Bech32 v0 address program size (%s), per BIP141", size)
	case version > maxWitnessVersion:
		return nil, badAddress("Invalid Bech32 address witness version")
	case len(program) < minProgram || len(program) > maxProgram:
		return nil, badAddress("Invalid Bech32 address program size (%s)", size)
	}
	return WitnessScript(version, program), nil
}

// WitnessScript pays to a witness program of 2 to 40 bytes (BIP141).
func WitnessScript(version byte, program []byte) []byte {
	op := byte(txscript.OP_0)
	if version > 0 {
		op = txscript.OP_1 + version - 1
	}
	return append([]byte{op, byte(len(program))}, program...)
}

// AddressOf is how people write a script; empty when it has no address: a bare
// public key has none, as in Core [ExtractDestination, EncodeDestination].
func AddressOf(script []byte, net *chaincfg.Params) string {
	if version, program, err := txscript.ExtractWitnessProgramInfo(script); err == nil {
		return writeBech32(version, program, net)
	}
	switch n := len(script); {
	case n == 25 && string(script) == string(PubKeyHashScript(script[3:23])):
		return base58.CheckEncode(script[3:23], net.PubKeyHashAddrID)
	case n == 23 && string(script) == string(ScriptHashScript(script[2:22])):
		return base58.CheckEncode(script[2:22], net.ScriptHashAddrID)
	}
	return ""
}

func writeBech32(version int, program []byte, net *chaincfg.Params) string {
	words, err := bech32.ConvertBits(program, 8, 5, true)
	if err != nil {
		return "" // unreachable: bytes always make words
	}
	words = append([]byte{byte(version)}, words...)
	encode := bech32.EncodeM
	if version == 0 {
		if len(program) != 20 && len(program) != 32 {
			return "" // nobody can ever spend it (BIP141)
		}
		encode = bech32.Encode
	}
	text, err := encode(net.Bech32HRPSegwit, words)
	if err != nil {
		return "" // unreachable: all are words of five bits
	}
	return text
}
