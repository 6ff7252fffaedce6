package show

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// key is the generator of secp256k1, as a key.
const key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

// scripts are of every kind, and what is said of them. As bitcoin-cli decodescript and validateaddress of Bitcoin Core say on regtest.
var scripts = []struct{ name, script, kind, asm, address, desc string }{
	{"p2wpkh", "0014751e76e8199196d454941c45d1b3a323f1433bd6", "witness_v0_keyhash", "0 751e76e8199196d454941c45d1b3a323f1433bd6",
		"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "addr(bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080)"},
	{"p2tr", "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", "witness_v1_taproot", "1 79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
		"bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6", "rawtr(79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798)"},
	{"p2pkh", "76a914751e76e8199196d454941c45d1b3a323f1433bd688ac", "pubkeyhash", "OP_DUP OP_HASH160 751e76e8199196d454941c45d1b3a323f1433bd6 OP_EQUALVERIFY OP_CHECKSIG",
		"mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r", "addr(mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r)"},
	{"p2pk has no address", "21" + key + "ac", "pubkey", key + " OP_CHECKSIG", "", "pk(" + key + ")"},
	{"multisig", "5121" + key + "51ae", "multisig", "1 " + key + " 1 OP_CHECKMULTISIG", "", "multi(1," + key + ")"},
	{"multisig of nothing", "ae", "nonstandard", "OP_CHECKMULTISIG", "", "raw(ae)"},
	{"multisig behind what is cut off", "4cae", "nonstandard", "[error]", "", "raw(4cae)"},
	{"nulldata", "6a04cafe0102", "nulldata", "OP_RETURN 33685194", "", "raw(6a04cafe0102)"},
	{"nulldata, long", "6a0568656c6c6f", "nulldata", "OP_RETURN 68656c6c6f", "", "raw(6a0568656c6c6f)"},
	{"anchor", "51024e73", "anchor", "1 29518", "bcrt1pfeesnyr2tx", "addr(bcrt1pfeesnyr2tx)"},
	{"future", "5210751e76e8199196d454941c45d1b3a323", "witness_unknown", "2 751e76e8199196d454941c45d1b3a323", "bcrt1zw508d6qejxtdg4y5r3zarvaryv2wuatf", "addr(bcrt1zw508d6qejxtdg4y5r3zarvaryv2wuatf)"},
	{"anyone", "51", "nonstandard", "1", "", "raw(51)"},
	{"empty", "", "nonstandard", "", "", "raw()"},
	{"cut off", "4c05aa", "nonstandard", "[error]", "", "raw(4c05aa)"},
	{"lock", "5fb2754f00", "nonstandard", "15 OP_CHECKSEQUENCEVERIFY OP_DROP -1 0", "", "raw(5fb2754f00)"},
	{"numbers", "0181028000", "nonstandard", "-1 128", "", "raw(0181028000)"},
	{"unknown opcode", "bb", "nonstandard", "OP_UNKNOWN", "", "raw(bb)"},
}

func TestScriptsAreNamedAsCoreNamesThem(t *testing.T) {
	net := chain.RegTest().Params
	for _, c := range scripts {
		s := NewScript(unhex(t, c.script), net)
		desc, _, _ := strings.Cut(s.Desc, "#")
		if s.Type != c.kind || s.Asm != c.asm || s.Address != c.address || desc != c.desc || s.Hex != c.script {
			t.Errorf("%s: got %+v", c.name, s)
		}
		if want, err := jsonrpc.Encode(s); err != nil || string(AppendScript(nil, unhex(t, c.script), net)) != string(want) {
			t.Errorf("%s: as JSON %s, want %s (%v)", c.name, AppendScript(nil, unhex(t, c.script), net), want, err)
		}
		if c.address == "" || c.kind == "witness_unknown" {
			continue
		}
		if back, err := PayTo(c.address, net); err != nil || hex.EncodeToString(back) != c.script {
			t.Errorf("%s: its address pays %x, %v", c.name, back, err)
		}
	}
}

// BIP350's own example, on mainnet.
func TestAddressOfAFutureWitnessVersion(t *testing.T) {
	main, err := chain.ForNetwork("mainnet")
	if err != nil {
		t.Fatal(err)
	}
	if got := Address(unhex(t, "5210751e76e8199196d454941c45d1b3a323"), main.Params); got != "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs" {
		t.Errorf("got %s", got)
	}
}

func TestAddressesOfOthersAreRefused(t *testing.T) {
	net := chain.RegTest().Params
	for _, s := range []string{
		"", "x", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
		"1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt081",
		"0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
	} {
		if script, err := PayTo(s, net); err == nil {
			t.Errorf("%q pays %x", s, script)
		}
	}
}

func TestSignaturesShowTheirHashType(t *testing.T) {
	// An input of mainnet's block 170, the first payment ever.
	const sig = "304402204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4acdd12909d831cc56cbbac4622082221a8768d1d09"
	script := unhex(t, "47"+sig+"01")
	if got := asm(script, true); got != sig+"[ALL]" {
		t.Errorf("input script: %s", got)
	}
	if got := asm(script, false); got != sig+"01" {
		t.Errorf("output script: %s", got)
	}
	if got := asm(unhex(t, "47"+sig+"83"), true); got != sig+"[SINGLE|ANYONECANPAY]" {
		t.Errorf("single: %s", got)
	}
	if got := asm(unhex(t, "47"+sig+"04"), true); got != sig+"04" {
		t.Errorf("undefined type: %s", got)
	}
}

// What has the form of a signature is shown as one, though it be none: of nothing, of numbers that no curve has, in an input
// that ends too early. As decoderawtransaction of Bitcoin Core says.
func TestWhatHasTheFormOfASignatureIsShownAsOne(t *testing.T) {
	const (
		whole = "3006020101020101" // the shortest
		most  = "022100"           // and 32 bytes
	)
	ff := strings.Repeat("ff", 32)
	for _, c := range []struct{ sig, kind, name string }{
		{whole, "01", "[ALL]"}, {whole, "83", "[SINGLE|ANYONECANPAY]"}, {whole, "00", ""}, {whole, "80", ""}, {whole, "04", ""},
		{"3006020100020100", "01", "[ALL]"},                                // zeros
		{"3046" + most + ff + most + ff, "02", "[NONE]"},                   // more than the curve has
		{"3047" + "022200ff" + ff + most + ff, "02", ""},                   // and longer than any
		{"300702020080020101", "01", "[ALL]"},                              // padded, as it must be
		{"300702020001020101", "01", ""}, {"300702010102020001", "01", ""}, // as it must not
		{"3006020180020101", "01", ""}, {"3006020101020180", "01", ""}, // negative
		{"3007020002030101" + "01", "01", ""}, {"3007020301010102" + "00", "01", ""}, // without digits
		{"3006030101020101", "01", ""}, {"3006020101030101", "01", ""}, {"3106020101020101", "01", ""}, // no numbers, no pair of them
		{"3007020101020101", "01", ""}, {"3005020101020101", "01", ""}, {"3006020101020101" + "00", "01", ""}, {"300602010102010101", "01", ""},
		{"3006020501020101", "01", ""}, {"3006020101020501", "01", ""}, {"3006020401020101", "01", ""}, // of another length than is said
		{"30050201010201", "01", ""},
	} {
		push := unhex(t, c.sig+c.kind)
		want := c.sig + c.name
		if c.name == "" {
			want += c.kind
		}
		script := append([]byte{byte(len(push))}, push...)
		if got := NewScriptSig(script).Asm; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := NewScriptSig(append(script, txscript.OP_PUSHDATA1)).Asm; got != want+" [error]" {
			t.Errorf("cut off: got %s, want %s", got, want)
		}
		if got := NewScriptSig(append([]byte{txscript.OP_RETURN}, script...)).Asm; got != "OP_RETURN "+c.sig+c.kind {
			t.Errorf("never to be spent: got %s", got)
		}
	}
	for size, name := range map[int]string{10_000: "[ALL]", 10_001: "01"} {
		script := append(unhex(t, "09"+whole+"01"), bytes.Repeat([]byte{txscript.OP_NOP}, size-10)...)
		if got := NewScriptSig(script).Asm; !strings.HasPrefix(got, whole+name+" OP_NOP") {
			t.Errorf("%d bytes: %.40s", size, got)
		}
	}
}

// Mainnet's blocks 0, 32256 (its first retarget up), and 124724.
func TestDifficultyAndTarget(t *testing.T) {
	for bits, want := range map[uint32]string{0x1d00ffff: "1", 0x1d00d86a: "1.182899534312841", 0x1a44b9f2: "244112.4877743364", 0x207fffff: "4.656542373906925e-10"} {
		raw, err := json.Marshal(Difficulty(bits))
		if err != nil || string(raw)[:min(len(raw), 15)] != want[:min(len(want), 15)] {
			t.Errorf("%08x: %s, %v, want %s", bits, raw, err, want)
		}
	}
	if got := Target(0x1b0404cb); got != "00000000000404cb000000000000000000000000000000000000000000000000" {
		t.Errorf("target %s", got)
	}
	if got := Bits(0x1b0404cb); got != "1b0404cb" {
		t.Errorf("bits %s", got)
	}
}

func TestTransactionsWithoutInputsAreRead(t *testing.T) {
	for _, outs := range []int{0, 1, 2} {
		msg := wire.NewMsgTx(2)
		for range outs {
			msg.AddTxOut(wire.NewTxOut(1000, []byte{0x51}))
		}
		text := hex.EncodeToString(chain.NewTx(msg).Raw())
		tx, err := DecodeTx(text, AnyForm)
		if err != nil || len(tx.TxIn) != 0 || len(tx.TxOut) != outs {
			t.Errorf("%d outputs (%s): %v", outs, text, err)
		}
	}
	for _, s := range []string{"", "00", "zz", "0200000000", "02000000000100000000000000000151000000"} {
		if _, err := DecodeTx(s, AnyForm); err == nil {
			t.Errorf("%q was read", s)
		}
	}
}

func TestConfirmationsAndNeighbours(t *testing.T) {
	g := chain.RegTest().Genesis()
	a := chain.NewHeaderNode(g, wire.BlockHeader{PrevBlock: g.Hash, Bits: 0x207fffff, Nonce: 1})
	b := chain.NewHeaderNode(a, wire.BlockHeader{PrevBlock: a.Hash, Bits: 0x207fffff})
	stale := chain.NewHeaderNode(g, wire.BlockHeader{PrevBlock: g.Hash, Bits: 0x207fffff, Nonce: 2})
	for _, c := range []struct {
		node *chain.HeaderNode
		conf int32
		prev string
		next string
	}{
		{g, 3, "", a.Hash.String()}, {a, 2, g.Hash.String(), b.Hash.String()}, {b, 1, a.Hash.String(), ""}, {stale, -1, g.Hash.String(), ""},
	} {
		h := NewHeader(c.node, b, 1)
		if h.Confirmations != c.conf || h.Previous != c.prev || h.Next != c.next {
			t.Errorf("height %d: %+v", c.node.Height, h)
		}
	}
}
