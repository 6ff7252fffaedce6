package spend

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/signer"
)

// keyring writes keys for descriptors: private ones, and public ones of others.
type keyring struct {
	*rand.Rand
	t    *testing.T
	mine float64 // the share of keys whose private half is there
}

func (k keyring) key() *btcec.PrivateKey {
	var raw [32]byte
	for i := range raw {
		raw[i] = byte(k.Uint32())
	}
	raw[0] = 1
	key, _ := btcec.PrivKeyFromBytes(raw[:])
	return key
}

func (k keyring) own() string {
	wif, err := btcutil.NewWIF(k.key(), &chaincfg.RegressionNetParams, true)
	if err != nil {
		k.t.Fatal(err)
	}
	return wif.String()
}

func (k keyring) any(xonly bool) string {
	if k.Float64() < k.mine {
		return k.own()
	}
	pub := k.key().PubKey().SerializeCompressed()
	if xonly {
		pub = pub[1:]
	}
	return fmt.Sprintf("%x", pub)
}

func (k keyring) keys(n int, write func() string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = write()
	}
	return strings.Join(list, ",")
}

func (k keyring) leaf(depth int) string {
	x := func() string { return k.any(true) }
	switch pick := k.IntN(6); {
	case depth > 0 && pick < 2:
		return "{" + k.leaf(depth-1) + "," + k.leaf(depth-1) + "}"
	case pick < 4:
		return "pk(" + x() + ")"
	}
	n := 1 + k.IntN(30)
	name := []string{"multi_a", "sortedmulti_a"}[k.IntN(2)]
	return fmt.Sprintf("%s(%d,%s)", name, 1+k.IntN(n), k.keys(n, x))
}

func (k keyring) descriptor() string {
	internal := k.any(true)
	if k.IntN(3) == 0 {
		internal = nobodysKey
	}
	n := 1 + k.IntN(15)
	multi := fmt.Sprintf("%s(%d,%s)", []string{"multi", "sortedmulti"}[k.IntN(2)], 1+k.IntN(n), k.keys(n, k.own))
	return []string{
		"pkh(" + k.own() + ")", "wpkh(" + k.own() + ")", "sh(wpkh(" + k.own() + "))", "pk(" + k.own() + ")", "tr(" + k.own() + ")",
		"wsh(" + multi + ")", "sh(wsh(" + multi + "))", "wsh(pkh(" + k.own() + "))", "rawtr(" + k.own() + ")",
		"tr(" + internal + "," + k.leaf(4) + ")", "tr(" + internal + "," + k.leaf(2) + ")", "tr(" + internal + "," + k.leaf(0) + ")",
	}[k.IntN(12)]
}

// expanded is what a descriptor says, private keys apart, and with them.
func expanded(t *testing.T, text string) (script []byte, public, private *descriptor.Provider) {
	t.Helper()
	d, err := descriptor.Parse(text, &chaincfg.RegressionNetParams, false)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	public, private = descriptor.NewProvider(), descriptor.NewProvider()
	for _, known := range []*descriptor.Provider{public, private} {
		scripts, err := d.Expand(0, known)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		script = scripts[0]
	}
	d.Secrets(0, private)
	return script, public, private
}

// signedWeight is that of an input when it is signed; 0: it cannot be, alone.
func signedWeight(t *testing.T, script []byte, known *descriptor.Provider) int {
	t.Helper()
	msg := wire.NewMsgTx(2)
	op := wire.OutPoint{Hash: chain.Hash{1}}
	msg.AddTxIn(wire.NewTxIn(&op, nil, nil))
	msg.AddTxOut(wire.NewTxOut(900, []byte{txscript.OP_1}))
	if bad := signer.Sign(msg, map[wire.OutPoint]chain.Coin{op: {Value: 1000, PkScript: script}}, known, txscript.SigHashDefault); len(bad) > 0 {
		return 0
	}
	return inputWeight(msg.TxIn[0].SignatureScript, msg.TxIn[0].Witness)
}

// A fee is never under the rate that was asked, nor much above: the weight that is
// guessed is at least the one signed, and more by as little as signatures may differ:
// one byte of each of taproot's for its kind, and the odd short one of ECDSA.
func TestNoInputIsSignedHeavierThanItWasGuessed(t *testing.T) {
	alone := 0
	for seed := range uint64(300) {
		k := keyring{rand.New(rand.NewPCG(seed, 7)), t, []float64{1, 0.9, 0.5}[seed%3]}
		text := k.descriptor()
		script, public, private := expanded(t, text)
		guess, signed := Weigh(script, private, false), signedWeight(t, script, private)
		if !guess.Solved {
			t.Fatalf("%s: not solved", text)
		}
		if locked := WeighMost(script, public, false); locked.Weight < signed {
			t.Errorf("locked: %d, signed %d: %s", locked.Weight, signed, text)
		}
		if signed == 0 {
			continue
		}
		alone++
		spare := 4*8 + 2*30
		if guess.Weight < signed || guess.Weight > signed+spare {
			t.Errorf("guessed %d, signed %d: %s", guess.Weight, signed, text)
		}
	}
	if alone < 150 {
		t.Errorf("only %d of them could be signed", alone)
	}
}

// With keys of others' in the tree whoever signs takes the way that the keys leave.
func TestTheKeysThatAreThereDecideWhatATaprootInputWeighs(t *testing.T) {
	k := keyring{rand.New(rand.NewPCG(1, 1)), t, 0}
	other := func() string { return k.any(true) }
	small, large := "pk("+other()+")", "multi_a(1,"+k.keys(40, other)+")"
	mine := func(n int) string { return "multi_a(2," + k.own() + "," + k.keys(n-1, other) + ")" }
	const leafOf40 = 40 * 34
	for name, c := range map[string]struct {
		desc        string
		least, most int
	}{
		"our key, a large script":                 {"tr(" + k.own() + "," + large + ")", 200, 240},
		"another's key, our script":               {"tr(" + other() + ",multi_a(1," + k.own() + "," + k.keys(39, other) + "))", leafOf40, leafOf40 + 400},
		"another's key, a script with a key ours": {"tr(" + other() + ",{pk(" + other() + ")," + mine(40) + "})", leafOf40, leafOf40 + 500},
		"the larger of two with keys of ours":     {"tr(" + other() + ",{" + mine(3) + "," + mine(40) + "})", leafOf40, leafOf40 + 500},
		"nobody's key, scripts of others":         {"tr(" + nobodysKey + ",{" + small + "," + large + "})", leafOf40, leafOf40 + 400},
		"no key of ours at all":                   {"tr(" + other() + ",{" + small + "," + large + "})", 200, 240},
	} {
		script, _, private := expanded(t, c.desc)
		if s := Weigh(script, private, false); !s.Solved || s.Weight < c.least || s.Weight > c.most {
			t.Errorf("%s: %+v, not in [%d,%d]", name, s, c.least, c.most)
		}
	}
	leaves := []string{small, large}
	slices.Reverse(leaves)
	script, public, _ := expanded(t, "tr("+k.own()+",{"+strings.Join(leaves, ",")+"})")
	if s := WeighMost(script, public, false); s.Weight < leafOf40 {
		t.Errorf("locked: %+v", s)
	}
}
