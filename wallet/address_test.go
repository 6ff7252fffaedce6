package wallet

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"
)

// The vectors of BIP350, section "Test vectors for v0-v16 native segregated witness addresses".
func TestAddressesOfBIP350PayTheirScripts(t *testing.T) {
	for text, want := range map[string]string{
		"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4":                                 "0014751e76e8199196d454941c45d1b3a323f1433bd6",
		"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7":             "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
		"bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y": "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6",
		"BC1SW50QGDZ25J":                       "6002751e",
		"bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs": "5210751e76e8199196d454941c45d1b3a323",
		"tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy": "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
		"tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c": "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0": "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
	} {
		script, err := PayTo(text, netOf(text))
		if err != nil || hex.EncodeToString(script) != want {
			t.Errorf("%s pays %x, %v, want %s", text, script, err, want)
		}
		if back := AddressOf(script, netOf(text)); back != strings.ToLower(text) {
			t.Errorf("%s is written %s", text, back)
		}
	}
}

func netOf(text string) *chaincfg.Params {
	if strings.EqualFold(text[:2], "tb") {
		return &chaincfg.TestNet3Params
	}
	return &chaincfg.MainNetParams
}

func TestWhatBIP350CallsInvalidIsRefused(t *testing.T) {
	for _, text := range []string{
		"tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
		"tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
		"BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
		"tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
		"bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
		"BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
		"bc1pw5dgrnzv",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
		"BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
		"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
		"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
		"bc1gmk9yu",
	} {
		for _, net := range []*chaincfg.Params{&chaincfg.MainNetParams, &chaincfg.TestNet3Params, &chaincfg.RegressionNetParams} {
			script, err := PayTo(text, net)
			if _, ok := errors.AsType[*AddressError](err); !ok {
				t.Errorf("%s pays %x on %s, %v", text, script, net.Name, err)
			}
		}
	}
}

// Every witness version with every length: what has an address is paid at
// exactly the script that the address was made of, and all else has none.
func TestEveryWitnessVersionAndLengthPaysItself(t *testing.T) {
	net := &chaincfg.RegressionNetParams
	for version := range 18 {
		for size := range 43 {
			program := make([]byte, size)
			for i := range program {
				program[i] = byte(0x11 * (i + version))
			}
			allowed := version <= 16 && size >= 2 && size <= 40 && (version > 0 || size == 20 || size == 32)
			script := WitnessScript(byte(version), program)
			text := AddressOf(script, net)
			if (text != "") != allowed {
				t.Errorf("version %d, %d bytes: address %q", version, size, text)
			}
			if !allowed {
				text = writeBech32(version, program, net)
			}
			got, err := PayTo(text, net)
			if allowed != (err == nil) || allowed && string(got) != string(script) {
				t.Errorf("version %d, %d bytes: %q pays %x, %v", version, size, text, got, err)
			}
		}
	}
}

func TestVersionOneOfTwentyBytesIsNotVersionZero(t *testing.T) {
	got, err := PayTo("bcrt1pzyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3p2vsj3", &chaincfg.RegressionNetParams)
	if want := "5114" + strings.Repeat("11", 20); err != nil || hex.EncodeToString(got) != want {
		t.Errorf("pays %x, %v, want %s", got, err, want)
	}
}

func TestScriptsWithoutAnAddressHaveNone(t *testing.T) {
	const key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	for _, script := range []string{"", "51", "21" + key + "ac", "5121" + key + "51ae", "6a0111", "0015" + strings.Repeat("22", 21), "a913" + strings.Repeat("22", 19) + "87"} {
		raw, err := hex.DecodeString(script)
		if err != nil {
			t.Fatal(err)
		}
		if got := AddressOf(raw, &chaincfg.RegressionNetParams); got != "" {
			t.Errorf("%s has address %s", script, got)
		}
	}
}

// The texts are Core's; the places are those that the test itself spoils.
func TestABadAddressNamesItsCauseAndPlaces(t *testing.T) {
	const good = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
	const goodM = "bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6"
	spoil := func(text string, at ...int) string {
		b := []byte(text)
		for _, i := range at {
			b[i] = bech32Chars[(strings.IndexByte(bech32Chars, b[i])+9)%32]
		}
		return string(b)
	}
	long := good + strings.Repeat("q", 50)
	for _, c := range []struct {
		text, why string
		places    []int
	}{
		{spoil(good, 9), "Invalid Bech32 checksum", []int{9}},
		{spoil(good, 43), "Invalid Bech32 checksum", []int{43}},
		{spoil(good, 6, 40), "Invalid Bech32 checksum", []int{6, 40}},
		{spoil(goodM, 12, 13), "Invalid Bech32m checksum", []int{12, 13}},
		{strings.ToUpper(spoil(good, 20)), "Invalid Bech32 checksum", []int{20}},
		{spoil(good, 6, 14, 21, 40), "Invalid checksum", nil},
		{good[:10] + "b" + good[11:], "Invalid Base 32 character", []int{10}},
		{good[:10] + "B" + good[11:], "Invalid character or mixed case", []int{10}},
		{good[:10] + " " + good[11:], "Invalid character or mixed case", []int{10}},
		{"bcrtqw508d6qejx", "Missing separator", nil},
		{"bcrt1qqqqq", "Invalid separator position", []int{4}},
		{long, "Bech32 string too long", []int{90, 91, 92, 93}},
		{"bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y", "Invalid or unsupported Segwit (Bech32) or Base58 encoding.", nil},
		{"1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", "Invalid or unsupported Base58-encoded address.", nil},
		{"mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8s", "Invalid checksum or length of Base58 address (P2PKH or P2SH)", nil},
		{"", "Invalid checksum or length of Base58 address (P2PKH or P2SH)", nil},
		{"0", "Invalid or unsupported Segwit (Bech32) or Base58 encoding.", nil},
	} {
		_, err := PayTo(c.text, &chaincfg.RegressionNetParams)
		bad, ok := errors.AsType[*AddressError](err)
		if !ok || bad.Why != c.why || !slices.Equal(bad.Places, c.places) {
			t.Errorf("%q: %+v, want %s at %v", c.text, bad, c.why, c.places)
		}
	}
}

func TestAnAddressOfAnotherNetworkIsNamed(t *testing.T) {
	for text, of := range map[string]string{"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7": "testnet3, testnet4 or signet", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080": "regtest"} {
		_, err := PayTo(text, &chaincfg.MainNetParams)
		if bad, ok := errors.AsType[*AddressError](err); !ok || bad.Of != of || !strings.Contains(err.Error(), of) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzPayTo(f *testing.F) {
	f.Add("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080")
	f.Add("bcrt1pzyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3p2vsj3")
	f.Add("mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r")
	f.Fuzz(func(t *testing.T, text string) {
		net := &chaincfg.RegressionNetParams
		script, err := PayTo(text, net)
		if err != nil {
			return
		}
		if again, err := PayTo(AddressOf(script, net), net); err != nil || string(again) != string(script) {
			t.Fatalf("%q pays %x, and %q pays %x, %v", text, script, AddressOf(script, net), again, err)
		}
	})
}
