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
)

type vectors struct {
	BIP39 []struct{ Entropy, Words, Seed string }
	BIP32 []struct {
		Seed string
		Keys []struct{ Path, XPub, XPrv string }
	}
	Words string
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
