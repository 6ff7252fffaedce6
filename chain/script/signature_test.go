package script

import (
	"bytes"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// der encodes two numbers, given in the shortest positive form, as a signature
// with SIGHASH_ALL.
func der(r, s []byte) []byte {
	body := append([]byte{2, byte(len(r))}, r...)
	body = append(append(body, 2, byte(len(s))), s...)
	return append(append([]byte{0x30, byte(len(body))}, body...), 1)
}

// positive is the shortest form of a scalar that is not taken as negative.
func positive(n *btcec.ModNScalar) []byte {
	raw := n.Bytes()
	b := bytes.TrimLeft(raw[:], "\x00")
	if len(b) == 0 || b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return b
}

// orderPlus is the curve's order plus a scalar, as 33 bytes or 32 with a zero.
func orderPlus(n *btcec.ModNScalar) []byte {
	order := btcec.S256().N.Bytes()
	add := n.Bytes()
	sum, carry := make([]byte, 33), 0
	for i := 31; i >= 0; i-- {
		carry += int(order[i]) + int(add[i])
		sum[i+1] = byte(carry)
		carry >>= 8
	}
	sum[0] = byte(carry)
	return sum
}

// verdict checks a P2PKH spend whose signature is made by sign of the right
// one's r and s, under flags.
func verdict(t *testing.T, flags txscript.ScriptFlags, key []byte, sign func(r, s btcec.ModNScalar) []byte) error {
	t.Helper()
	priv := chaintest.NewKey(5).Private()
	tx := unsigned()
	pk := script(t, txscript.OP_DUP, txscript.OP_HASH160, hash160(key), txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG)
	digest, err := txscript.CalcSignatureHash(pk, txscript.SigHashAll, tx, 0)
	if err != nil {
		t.Fatal(err)
	}
	good := ecdsa.Sign(priv, digest)
	tx.TxIn[0].SignatureScript = script(t, sign(good.R(), good.S()), key)
	return New(Config{}).CheckTx(chain.NewTx(tx), []chain.Coin{{Value: 1e8, PkScript: pk}}, flags)
}

func TestT33_SignatureNumbersAtTheirEdges(t *testing.T) {
	key := chaintest.NewKey(5).Private().PubKey().SerializeCompressed()
	zero := []byte{0}
	strict := txscript.ScriptFlags(chain.ConsensusFlags)
	lax := strict &^ txscript.ScriptVerifyDERSignatures
	for _, tc := range []struct {
		name                  string
		sign                  func(r, s btcec.ModNScalar) []byte
		lax, strict, standard bool
	}{
		{"as signed", func(r, s btcec.ModNScalar) []byte { return der(positive(&r), positive(&s)) }, true, true, true},
		{"high s", func(r, s btcec.ModNScalar) []byte { return der(positive(&r), positive(s.Negate())) }, true, true, false},
		{"r is zero", func(r, s btcec.ModNScalar) []byte { return der(zero, positive(&s)) }, false, false, false},
		{"s is zero", func(r, s btcec.ModNScalar) []byte { return der(positive(&r), zero) }, false, false, false},
		{"r plus the order", func(r, s btcec.ModNScalar) []byte { return der(orderPlus(&r), positive(&s)) }, false, false, false},
		{"s plus the order", func(r, s btcec.ModNScalar) []byte { return der(positive(&r), orderPlus(&s)) }, false, false, false},
		{"s padded", func(r, s btcec.ModNScalar) []byte {
			return der(positive(&r), append([]byte{0, 0}, bytes.TrimLeft(positive(&s), "\x00")...))
		}, true, false, false},
		{"bytes after s", func(r, s btcec.ModNScalar) []byte {
			sig := der(positive(&r), positive(&s))
			return append(sig[:len(sig)-1], 7, 1)
		}, true, false, false},
		{"bytes in the sequence after s", func(r, s btcec.ModNScalar) []byte {
			sig := der(positive(&r), positive(&s))
			sig[1] += 2
			return append(sig[:len(sig)-1], 7, 7, 1)
		}, true, false, false},
		{"another length of the sequence", func(r, s btcec.ModNScalar) []byte {
			sig := der(positive(&r), positive(&s))
			sig[1]--
			return sig
		}, true, false, false},
		{"a length of two bytes", func(r, s btcec.ModNScalar) []byte {
			sig := der(positive(&r), positive(&s))
			return append([]byte{0x30, 0x81}, sig[1:]...)
		}, true, false, false},
		{"a length of s of three bytes", func(r, s btcec.ModNScalar) []byte {
			rb, sb := positive(&r), positive(&s)
			sig := append(append([]byte{0x30, byte(6 + len(rb) + len(sb)), 2, byte(len(rb))}, rb...), 2, 0x82, 0, byte(len(sb)))
			return append(append(sig, sb...), 1)
		}, true, false, false},
		{"a length beyond the end", func(r, s btcec.ModNScalar) []byte {
			sig := der(positive(&r), positive(&s))
			sig[3] = 0x7f
			return sig
		}, false, false, false},
		{"a long length, s plus the order", func(r, s btcec.ModNScalar) []byte {
			sig := der(positive(&r), orderPlus(&s))
			return append([]byte{0x30, 0x81}, sig[1:]...)
		}, false, false, false},
		{"unknown hash type", func(r, s btcec.ModNScalar) []byte {
			sig := der(positive(&r), positive(&s))
			sig[len(sig)-1] = 0x04
			return sig
		}, false, false, false}, // another hash is signed
		{"no signature", func(r, s btcec.ModNScalar) []byte { return nil }, false, false, false},
	} {
		for flags, want := range map[txscript.ScriptFlags]bool{lax: tc.lax, strict: tc.strict, chain.StandardFlags: tc.standard} {
			if err := verdict(t, flags, key, tc.sign); (err == nil) != want {
				t.Errorf("%s under %x: got %v, want good: %v", tc.name, flags, err, want)
			}
		}
	}
}

func TestT33_KeysOfEveryForm(t *testing.T) {
	pub := chaintest.NewKey(5).Private().PubKey()
	compressed, long := pub.SerializeCompressed(), pub.SerializeUncompressed()
	hybrid := bytes.Clone(long)
	hybrid[0] = 6 + long[64]&1
	wrongParity := bytes.Clone(hybrid)
	wrongParity[0] ^= 1
	offCurve := bytes.Clone(long)
	offCurve[64] ^= 1
	aboveField := append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...)
	for _, tc := range []struct {
		name                string
		key                 []byte
		consensus, standard bool
	}{
		{"compressed", compressed, true, true},
		{"uncompressed", long, true, true},
		{"hybrid", hybrid, true, false},
		{"hybrid of the other parity", wrongParity, false, false},
		{"not on the curve", offCurve, false, false},
		{"x above the field", aboveField, false, false},
		{"one byte short", compressed[:32], false, false},
		{"of 65 bytes with a compressed mark", append([]byte{2}, long[1:]...), false, false},
	} {
		for flags, want := range map[txscript.ScriptFlags]bool{chain.ConsensusFlags: tc.consensus, chain.StandardFlags: tc.standard} {
			err := verdict(t, flags, tc.key, func(r, s btcec.ModNScalar) []byte { return der(positive(&r), positive(&s)) })
			if (err == nil) != want {
				t.Errorf("%s under %x: got %v, want good: %v", tc.name, flags, err, want)
			}
		}
	}
}

// A nonce point whose x lies between the order and the field's size is signed
// with r = x - order. Such points cannot be found by chance, but a key can be
// made for one: Q = (s·R - e·G)/r. The hash e must not depend on the key, as
// with SIGHASH_SINGLE without its output, where it is the number one.
func TestT33_NoncePointAboveTheOrder(t *testing.T) {
	var r, s, e btcec.ModNScalar
	s.SetInt(77)
	e.SetByteSlice(append([]byte{1}, make([]byte, 31)...)) // the hash's first byte is 1
	var point btcec.JacobianPoint
	for k := uint32(1); ; k++ {
		r.SetInt(k)
		if point.X.SetByteSlice(orderPlus(&r)[1:]) {
			t.Fatal("no point above the order")
		}
		if btcec.DecompressY(&point.X, false, &point.Y) {
			break
		}
	}
	point.Z.SetInt(1)
	point.Y.Normalize()
	var sR, eG, q btcec.JacobianPoint
	btcec.ScalarMultNonConst(&s, &point, &sR)
	btcec.ScalarBaseMultNonConst(e.Negate(), &eG)
	btcec.AddNonConst(&sR, &eG, &q)
	inverse := new(btcec.ModNScalar).InverseValNonConst(&r)
	btcec.ScalarMultNonConst(inverse, &q, &q)
	q.ToAffine()
	key := btcec.NewPublicKey(&q.X, &q.Y).SerializeCompressed()

	tx := unsigned()
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: 1}})
	pk := script(t, key, txscript.OP_CHECKSIG)
	coins := []chain.Coin{{PkScript: chaintest.OpTrue()}, {PkScript: pk}}
	check := func(r []byte) error {
		sig := der(r, positive(&s))
		sig[len(sig)-1] = byte(txscript.SigHashSingle)
		tx.TxIn[1].SignatureScript = script(t, sig)
		return New(Config{}).CheckTx(chain.NewTx(tx), coins, chain.ConsensusFlags)
	}
	if err := check(positive(&r)); err != nil {
		t.Fatal(err)
	}
	if check(positive(r.Add(new(btcec.ModNScalar).SetInt(1)))) == nil {
		t.Fatal("another r is accepted too")
	}
}

func TestFailuresCarryCoresWords(t *testing.T) {
	key := chaintest.NewKey(5).Private().PubKey().SerializeCompressed()
	err := verdict(t, chain.StandardFlags, key, func(r, s btcec.ModNScalar) []byte { return der(positive(&r), positive(s.Negate())) })
	const sentence = " (Non-canonical signature: S value is unnecessarily high)"
	var rule *chain.RuleError
	if !errors.As(err, &rule) || string(rule.Rule) != "block-script-verify-flag-failed"+sentence {
		t.Fatalf("got %v", err)
	}
	if !errors.Is(err, chain.ErrBlockScript) {
		t.Fatalf("%v is not of the kind %v", err, chain.ErrBlockScript)
	}
}

// A number that is too long or beyond the order is not cut or reduced: the
// signature is one of zeros.
func TestT33_LaxNumbersBeyondTheOrder(t *testing.T) {
	var small, large btcec.ModNScalar
	small.SetInt(5)
	large.SetInt(5)
	large.Negate()
	for _, far := range [][]byte{orderPlus(&small), orderPlus(&large), append([]byte{1}, make([]byte, 32)...)} {
		for _, sig := range [][]byte{der(far, positive(&small)), der(positive(&small), far)} {
			if r, s, ok := laxSig(sig); !ok || !r.IsZero() || !s.IsZero() {
				t.Errorf("%x: %v, %v, %v", sig, r, s, ok)
			}
			if strictOf(sig) != nil {
				t.Errorf("%x is spelled anew", sig)
			}
		}
	}
	if r, s, ok := laxSig(der(positive(&small), append(make([]byte, 60), positive(&large)...))); !ok || r != small || s != large {
		t.Errorf("%v, %v, %v", r, s, ok)
	}
}
