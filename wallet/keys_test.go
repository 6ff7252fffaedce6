package wallet

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"

	"grapevine/chain"
)

type vectors struct {
	BIP39 []struct{ Entropy, Words, Seed string }
	BIP32 []struct {
		Seed string
		Keys []struct{ Path, XPub, XPrv string }
	}
	Words     string
	Addresses []struct{ Path, PubKey, Internal, Script, Address string }
}

func officialVectors(t *testing.T) (v vectors) {
	t.Helper()
	raw, err := os.ReadFile("testdata/vectors.json")
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mainnet() *chain.Params {
	p := chaincfg.MainNetParams
	return &chain.Params{Params: &p}
}

func TestWordsAndSeedAreBIP39s(t *testing.T) {
	for _, v := range officialVectors(t).BIP39 {
		seed, plain, err := Seed(v.Words, "TREZOR")
		if err != nil || hex.EncodeToString(seed) != v.Seed || plain != v.Words {
			t.Errorf("%s: seed %x, %v", v.Words, seed, err)
		}
		if entropy := unhex(t, v.Entropy); len(entropy) == entropyBytes {
			words, err := NewWords(bytes.NewReader(entropy))
			if err != nil || words != v.Words {
				t.Errorf("words of %s: %q, %v", v.Entropy, words, err)
			}
		}
	}
}

func TestWordsAreReadAsPeopleWriteThem(t *testing.T) {
	want := officialVectors(t).Words
	messy := "  " + strings.ToUpper(strings.ReplaceAll(want, " ", " \n ")) + "\t"
	seed, plain, err := Seed(messy, "")
	if err != nil || plain != want {
		t.Fatalf("%q, %v", plain, err)
	}
	straight, _, _ := Seed(want, "")
	if !bytes.Equal(seed, straight) {
		t.Fatal("another seed")
	}
}

func TestBadWordsSayWhatIsWrong(t *testing.T) {
	good := officialVectors(t).Words
	for words, say := range map[string]string{
		"":                                  "0 words",
		"abandon abandon":                   "2 words",
		good + " about":                     "13 words",
		strings.Replace(good, "t", "x", 1):  "word 12",
		strings.Replace(good, "ab", "x", 1): "word 1 ",
		strings.Repeat("abandon ", 12):      "checksum",
	} {
		_, _, err := Seed(words, "")
		if !errors.Is(err, ErrBadWords) || !strings.Contains(err.Error(), say) {
			t.Errorf("%q: %v, want %q in it", words, err, say)
		}
		if err != nil && strings.Contains(err.Error(), "abandon") {
			t.Errorf("the error repeats secret words: %v", err)
		}
	}
	if _, _, err := Seed(good, "schlüssel"); !errors.Is(err, ErrBadWords) {
		t.Errorf("passphrase that is not ASCII: %v", err)
	}
}

func TestDerivationIsBIP32s(t *testing.T) {
	for _, v := range officialVectors(t).BIP32 {
		master, err := hdkeychain.NewMaster(unhex(t, v.Seed), &chaincfg.MainNetParams)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range v.Keys {
			key, err := descend(master, steps(t, want.Path)...)
			if err != nil {
				t.Fatal(err)
			}
			pub, err := key.Neuter()
			if err != nil || key.String() != want.XPrv || pub.String() != want.XPub {
				t.Errorf("%s of %s: %s %s %v", want.Path, v.Seed, key, pub, err)
			}
		}
	}
}

// steps reads m/84'/0'/0.
func steps(t *testing.T, path string) (list []uint32) {
	t.Helper()
	for _, s := range strings.Split(path, "/")[1:] {
		number, hard := strings.CutSuffix(s, "'")
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		if hard {
			n += hdkeychain.HardenedKeyStart
		}
		list = append(list, uint32(n))
	}
	return list
}

// BIP49's own test vector, and BIP44's path as every wallet has it.
func TestOldAddressesAreBIP44sAndBIP49s(t *testing.T) {
	seed, _, err := Seed(officialVectors(t).Words, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		params                          *chain.Params
		kind                            Kind
		path, address, pub, redeem, row string
	}{
		{chain.RegTest(), Nested, "m/49h/1h/0h/0/0", "2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2", // BIP49's is of testnet, whose addresses look the same
			"03a1af804ac108a8a51782198c2d034b28bf90c8803f5a53f76276fa69a4eae77f", "001438971f73930f6c141d977ac4fd4a727c854935b3",
			"sh(wpkh([73c5da0a/49h/1h/0h]tpubDD7tXK8KeQ3YY83yWq755fHY2JW8Ha8Q765tknUM5rSvjPcGWfUppDFMpQ1ScziKfW3ZNtZvAD7M3u7bSs7HofjTD3KP3YxPK7X6hwV8Rk2/0/*))"},
		{mainnet(), Legacy, "m/44h/0h/0h/0/0", "1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA",
			"03aaeb52dd7494c361049de67cc680e83ebcbbbdbeb13637d92cd845f70308af5e", "",
			"pkh([73c5da0a/44h/0h/0h]xpub6BosfCnifzxcFwrSzQiqu2DBVTshkCXacvNsWGYJVVhhawA7d4R5WSWGFNbi8Aw6ZRc1brxMyWMzG3DSSSSoekkudhUd9yLb6qx39T9nMdj/0/*)"},
	} {
		keys, err := NewKeys(seed, want.params)
		if err != nil {
			t.Fatal(err)
		}
		p := KeyPath{Branch{want.kind, false}, 0}
		script, err := keys.Script(p)
		if addr := AddressOf(script, want.params.Params); err != nil || addr != want.address {
			t.Errorf("%s: address %v, %v", want.path, addr, err)
		}
		o, err := keys.Owned(p)
		if err != nil || o.Path != want.path || hex.EncodeToString(o.PubKey) != want.pub || hex.EncodeToString(o.Redeem) != want.redeem || o.ParentDesc != want.row {
			t.Errorf("%s: %+v, %x, %x, %v", want.path, o, o.PubKey, o.Redeem, err)
		}
	}
}

func TestAddressesAreBIP84sAndBIP86s(t *testing.T) {
	v := officialVectors(t)
	seed, _, err := Seed(v.Words, "")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := NewKeys(seed, mainnet())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range v.Addresses {
		s := steps(t, want.Path)
		p := KeyPath{Branch{Kind(0), s[3] == 1}, s[4]}
		if s[0] == 86+hdkeychain.HardenedKeyStart {
			p.Kind = Taproot
		}
		if got := keys.path(p); got != strings.ReplaceAll(want.Path, "'", "h") {
			t.Errorf("path %s, want %s", got, want.Path)
		}
		script, err := keys.Script(p)
		if err != nil || AddressOf(script, mainnet().Params) != want.Address || want.Script != "" && hex.EncodeToString(script) != want.Script {
			t.Errorf("%s: script %x, %v", want.Path, script, err)
		}
		pub, err := keys.PubKey(p)
		if err != nil {
			t.Fatal(err)
		}
		raw := hex.EncodeToString(pub.SerializeCompressed())
		if want.PubKey != "" && raw != want.PubKey || want.Internal != "" && raw[2:] != want.Internal {
			t.Errorf("%s: public key %s", want.Path, raw)
		}
		priv, err := keys.PrivKey(p)
		if err != nil || !priv.PubKey().IsEqual(pub) {
			t.Errorf("%s: private and public key do not fit: %v", want.Path, err)
		}
	}
}

func TestRegtestKeysUseTheTestCoinType(t *testing.T) {
	seed, _, _ := Seed(officialVectors(t).Words, "")
	keys, err := NewKeys(seed, chain.RegTest())
	if err != nil {
		t.Fatal(err)
	}
	p := KeyPath{Branch{SegWit, false}, 5}
	if got := keys.path(p); got != "m/84h/1h/0h/0/5" {
		t.Error(got)
	}
	script, err := keys.Script(p)
	if addr := AddressOf(script, chain.RegTest().Params); err != nil || !strings.HasPrefix(addr, "bcrt1q") {
		t.Error(addr, err)
	}
}

// Scripts is the fast road to what the library derives one by one.
func TestScriptsAreThoseOfTheLibrary(t *testing.T) {
	keys, err := NewKeys(bytes.Repeat([]byte{5}, 64), chain.RegTest())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range Branches() {
		scripts, err := keys.Scripts(b, 7, 40)
		if err != nil || len(scripts) != 40 {
			t.Fatal(len(scripts), err)
		}
		for i, got := range scripts {
			if want, err := keys.Script(KeyPath{b, uint32(7 + i)}); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%v %d: %x, want %x, %v", b, 7+i, got, want, err)
			}
		}
	}
}

// Opening a wallet derives its lookahead: this is what one script costs.
func BenchmarkScript(b *testing.B) {
	keys, err := NewKeys(make([]byte, 64), chain.RegTest())
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range Kinds() {
		b.Run(kind.String(), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if _, err := keys.Script(KeyPath{Branch{kind, false}, uint32(i)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
