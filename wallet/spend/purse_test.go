package spend

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain/policy"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

func testRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// purse is a set of coins with their keys.
type purse struct {
	known *descriptor.Provider
	coins []Input
}

func newPurse() *purse { return &purse{known: descriptor.NewProvider()} }

// script is that of a kind to key n.
func (p *purse) script(kind wallet.Kind, n uint32) []byte {
	var key btcec.PrivateKey
	key.Key.SetInt(n + 1)
	p.known.AddOwn(descriptor.Secret{Key: &key, Compressed: true})
	program := descriptor.PayToWitnessKeyHash(key.PubKey().SerializeCompressed())
	switch kind {
	case wallet.Legacy:
		return wallet.PubKeyHashScript(program[2:])
	case wallet.Nested:
		return descriptor.PayToScriptHash(program)
	case wallet.Taproot:
		output := txscript.ComputeTaprootKeyNoScript(key.PubKey())
		return wallet.WitnessScript(1, output.SerializeCompressed()[1:])
	}
	return program
}

// add puts coins of these values into the purse, confirmed and deep.
func (p *purse) add(kind wallet.Kind, values ...btcutil.Amount) {
	for _, v := range values {
		n := len(p.coins)
		var op wire.OutPoint
		binary.BigEndian.PutUint32(op.Hash[:], uint32(n))
		script := p.script(kind, uint32(n%7))
		p.coins = append(p.coins, Input{
			Coin:  wallet.Coin{OutPoint: op, Value: v, Kind: kind, Confirmations: 10, Script: script, Safe: true},
			Shape: Weigh(script, p.known, false),
			Owner: n%7 + 7*int(kind),
		})
	}
}

func payTo(kind byte, amount btcutil.Amount) wallet.Payment {
	switch kind {
	case 1:
		return wallet.Payment{Script: append([]byte{0x51, 32}, make([]byte, 32)...), Amount: amount}
	case 2:
		return wallet.Payment{Script: append(append([]byte{0xa9, 20}, make([]byte, 20)...), 0x87), Amount: amount}
	case 3:
		return wallet.Payment{Script: append(append([]byte{0x76, 0xa9, 20}, make([]byte, 20)...), 0x88, 0xac), Amount: amount}
	}
	return wallet.Payment{Script: append([]byte{0, 20, 1}, make([]byte, 19)...), Amount: amount}
}

// draft pays from the purse, in the way that is usual.
func (p *purse) draft(rate policy.FeeRate, pay ...wallet.Payment) *Draft {
	kind := wallet.SegWit
	for _, p := range pay {
		if of, ok := wallet.KindPaid(p.Script); ok && of == wallet.Taproot {
			kind = of
		}
	}
	h := wallet.DefaultHabits()
	d := &Draft{
		Payments: pay, Rate: rate, Coins: p.coins,
		Rates:  Rates{LongTerm: h.Consolidate, Discard: h.Discard, Dust: 3000, MaxFee: h.MaxFee},
		Limits: Limits{Ancestors: policy.MaxAncestors, Descendants: policy.MaxAncestors, Unconfirmed: true},
		Change: p.script(kind, 100),
	}
	d.ChangeInput = Weigh(d.Change, p.known, false).VSize()
	return d
}

func mustBuild(t *testing.T, d *Draft, r *rand.Rand) Funded {
	t.Helper()
	f, err := d.Build(r)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func mustAll(t *testing.T, d *Draft, max bool) Funded {
	t.Helper()
	f, err := d.All(max, testRand(1))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
