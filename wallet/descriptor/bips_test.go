package descriptor

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"grapevine/chain"
	"grapevine/wallet"
)

type bipVectors struct {
	Words     string
	Addresses []struct{ Path, PubKey, Internal, Script, Address string }
}

func officialVectors(t *testing.T) (v bipVectors) {
	t.Helper()
	raw, err := os.ReadFile("../testdata/vectors.json")
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mainnet() *chain.Params {
	p := chaincfg.MainNetParams
	return &chain.Params{Params: &p}
}

func keysOf(t *testing.T, words string, p *chain.Params) *wallet.Keys {
	t.Helper()
	seed, _, err := wallet.Seed(words, "")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := wallet.NewKeys(seed, p)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// own is the script and the key that a wallet has at a place, by its private
// descriptor, of which the public one knows the same script.
func own(t *testing.T, keys *wallet.Keys, p *chain.Params, at wallet.KeyPath) (script []byte, key Origin, known *Provider) {
	t.Helper()
	known = NewProvider()
	for _, text := range []string{keys.Descriptor(at.Branch), keys.Private(at.Branch)} {
		d, err := Parse(text, p.Params, false)
		if err != nil {
			t.Fatal(err)
		}
		scripts, err := d.Expand(at.Index, known)
		if err != nil || len(scripts) != 1 || script != nil && !bytes.Equal(scripts[0], script) {
			t.Fatalf("%s: %x, want %x, %v", keys.Descriptor(at.Branch), scripts, script, err)
		}
		script = scripts[0]
		d.Secrets(at.Index, known)
	}
	if len(known.Origins) != 1 {
		t.Fatalf("%d keys", len(known.Origins))
	}
	for _, key = range known.Origins {
	}
	return script, key, known
}

// path is where a key stands, as Core writes it: m/84h/1h/0h/0/5.
func path(o Origin) string { return "m" + pathText(o.Path, false) }

// BIP49's own test vector, and BIP44's path as every wallet has it.
func TestOldAddressesAreBIP44sAndBIP49s(t *testing.T) {
	for _, want := range []struct {
		params                          *chain.Params
		kind                            wallet.Kind
		path, address, pub, redeem, row string
	}{
		{chain.RegTest(), wallet.Nested, "m/49h/1h/0h/0/0", "2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2", // BIP49's is of testnet, whose addresses look the same
			"03a1af804ac108a8a51782198c2d034b28bf90c8803f5a53f76276fa69a4eae77f", "001438971f73930f6c141d977ac4fd4a727c854935b3",
			"sh(wpkh([73c5da0a/49h/1h/0h]tpubDD7tXK8KeQ3YY83yWq755fHY2JW8Ha8Q765tknUM5rSvjPcGWfUppDFMpQ1ScziKfW3ZNtZvAD7M3u7bSs7HofjTD3KP3YxPK7X6hwV8Rk2/0/*))"},
		{mainnet(), wallet.Legacy, "m/44h/0h/0h/0/0", "1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA",
			"03aaeb52dd7494c361049de67cc680e83ebcbbbdbeb13637d92cd845f70308af5e", "",
			"pkh([73c5da0a/44h/0h/0h]xpub6BosfCnifzxcFwrSzQiqu2DBVTshkCXacvNsWGYJVVhhawA7d4R5WSWGFNbi8Aw6ZRc1brxMyWMzG3DSSSSoekkudhUd9yLb6qx39T9nMdj/0/*)"},
	} {
		keys := keysOf(t, officialVectors(t).Words, want.params)
		b := wallet.Branch{Kind: want.kind}
		script, key, known := own(t, keys, want.params, wallet.KeyPath{Branch: b})
		if addr := wallet.AddressOf(script, want.params.Params); addr != want.address {
			t.Errorf("%s: address %v", want.path, addr)
		}
		var redeem []byte
		if want.kind == wallet.Nested {
			redeem = known.Scripts[ID(script[2:22])]
		}
		if path(key) != want.path || hex.EncodeToString(key.PubKey) != want.pub || hex.EncodeToString(redeem) != want.redeem || keys.Descriptor(b) != want.row {
			t.Errorf("%s: %s, %x, %x, %s", want.path, key, key.PubKey, redeem, keys.Descriptor(b))
		}
	}
}

func TestAddressesAreBIP84sAndBIP86s(t *testing.T) {
	v := officialVectors(t)
	keys := keysOf(t, v.Words, mainnet())
	for _, want := range v.Addresses {
		words := strings.Split(want.Path, "/") // m/84'/0'/0'/change/index
		at := wallet.KeyPath{Branch: wallet.Branch{Kind: wallet.SegWit, Change: words[4] == "1"}}
		if words[1] == "86'" {
			at.Kind = wallet.Taproot
		}
		index, err := parseUint(words[5])
		if err != nil {
			t.Fatal(err)
		}
		at.Index = uint32(index)
		script, key, known := own(t, keys, mainnet(), at)
		if got := path(key); got != strings.ReplaceAll(want.Path, "'", "h") {
			t.Errorf("path %s, want %s", got, want.Path)
		}
		if wallet.AddressOf(script, mainnet().Params) != want.Address || want.Script != "" && hex.EncodeToString(script) != want.Script {
			t.Errorf("%s: script %x", want.Path, script)
		}
		raw := hex.EncodeToString(key.PubKey)
		if want.PubKey != "" && raw != want.PubKey || want.Internal != "" && raw[2:] != want.Internal {
			t.Errorf("%s: public key %s", want.Path, raw)
		}
		if secret, ok := known.SecretOf(key.PubKey); !ok || !bytes.Equal(secret.PubKey(), key.PubKey) {
			t.Errorf("%s: private and public key do not fit", want.Path)
		}
	}
}

func TestRegtestKeysUseTheTestCoinType(t *testing.T) {
	keys := keysOf(t, officialVectors(t).Words, chain.RegTest())
	at := wallet.KeyPath{Branch: wallet.Branch{Kind: wallet.SegWit}, Index: 5}
	script, key, _ := own(t, keys, chain.RegTest(), at)
	if got := path(key); got != "m/84h/1h/0h/0/5" {
		t.Error(got)
	}
	if addr := wallet.AddressOf(script, chain.RegTest().Params); !strings.HasPrefix(addr, "bcrt1q") {
		t.Error(addr)
	}
}

// Opening a wallet derives its lookahead: this is what one script costs.
func BenchmarkScript(b *testing.B) {
	keys, err := wallet.NewKeys(make([]byte, 64), chain.RegTest())
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range wallet.Kinds() {
		b.Run(kind.String(), func(b *testing.B) {
			d, err := Parse(keys.Descriptor(wallet.Branch{Kind: kind}), chain.RegTest().Params, false)
			if err != nil {
				b.Fatal(err)
			}
			for i := 0; b.Loop(); i++ {
				if _, err := d.Expand(uint32(i), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
