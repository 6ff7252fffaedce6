package script

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/chainhash/v2"
)

// rounds is how many signatures the curves are compared on: 400, all 4,000 with
// GRAPEVINE_FULL, or what GRAPEVINE_TEST_SIGNATURES says.
func rounds(t *testing.T) int {
	if s := os.Getenv("GRAPEVINE_TEST_SIGNATURES"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return part(4_000, 10)
}

// ask puts one question to btcec and to another curve, which have to agree.
type ask struct {
	t       *testing.T
	other   curve
	yes, no int
}

func (a *ask) same(what string, pure, lib bool) {
	if pure != lib {
		a.t.Fatalf("%s: btcec says %v, %s %v", what, pure, a.other.name(), lib)
	}
	if pure {
		a.yes++
	} else {
		a.no++
	}
}

func (a *ask) ecdsa(what string, r, s *btcec.ModNScalar, hash chainhash.Hash, raw []byte) {
	a.t.Helper()
	p, l := pureGo{}.parse(raw), a.other.parse(raw)
	if (p == nil) != (l == nil) {
		a.t.Fatalf("%s: key %x is %v to btcec, %v to %s", what, raw, p != nil, l != nil, a.other.name())
	}
	if p != nil {
		a.same(what, pureGo{}.ecdsa(r, s, &hash, p), a.other.ecdsa(r, s, &hash, l))
	}
}

func (a *ask) schnorr(what string, sig []byte, hash chainhash.Hash, raw []byte) {
	a.t.Helper()
	raw = append([]byte{2}, raw[1:]...)
	p, l := pureGo{}.parse(raw), a.other.parse(raw)
	if p != nil && l != nil {
		a.same(what, pureGo{}.schnorr(sig, &hash, p), a.other.schnorr(sig, &hash, l))
	}
}

// eachCurve runs a test for the curve of pure Go and for the one that this
// build prefers, if that is another.
func eachCurve(t *testing.T, test func(*testing.T, curve)) {
	curves := []curve{tabled{}}
	if fastestCurve() != curves[0] {
		curves = append(curves, fastestCurve())
	}
	for _, c := range curves {
		t.Run(c.name(), func(t *testing.T) { test(t, c) })
	}
}

func scramble(rng *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
}

func TestTwin_CurvesJudgeAlike(t *testing.T) { eachCurve(t, testCurvesJudgeAlike) }

func testCurvesJudgeAlike(t *testing.T, other curve) {
	rng := rand.New(rand.NewPCG(1, 7))
	a := &ask{t: t, other: other}
	for range rounds(t) {
		var secret [32]byte
		var hash chainhash.Hash
		scramble(rng, secret[:])
		scramble(rng, hash[:])
		priv, pub := btcec.PrivKeyFromBytes(secret[:])
		key := pub.SerializeCompressed()
		sig := ecdsa.Sign(priv, hash[:])
		r, s := sig.R(), sig.S()
		taproot, err := schnorr.Sign(priv, hash[:])
		if err != nil {
			t.Fatal(err)
		}
		bip340 := taproot.Serialize()
		switch rng.IntN(6) {
		case 0:
			hash[rng.IntN(32)] ^= 1 << rng.IntN(8)
		case 1:
			key[rng.IntN(33)] ^= 1 << rng.IntN(8)
			if key[0] != 2 && key[0] != 3 {
				key[0] = 2 // the fast road asks for no others
			}
		case 2:
			r.SetInt(rng.Uint32() | 1)
			scramble(rng, bip340[:32])
		case 3:
			s.SetInt(rng.Uint32() | 1)
			scramble(rng, bip340[32:])
		case 4:
			bip340[rng.IntN(64)] ^= 1 << rng.IntN(8)
		}
		if s.IsOverHalfOrder() {
			s.Negate()
		}
		a.ecdsa("random", &r, &s, hash, key)
		a.schnorr("random", bip340, hash, key)
	}
	if a.yes < a.no/4 || a.no < a.yes/10 {
		t.Errorf("a one-sided test: %d accepted, %d refused", a.yes, a.no)
	}
}

// A signature whose point has an x between the order and the prime: r is x less
// the order, and a verifier that forgets to add it again refuses.
func TestTwin_CurvesTakeWrappedR(t *testing.T) { eachCurve(t, testCurvesTakeWrappedR) }

func testCurvesTakeWrappedR(t *testing.T, other curve) {
	rng := rand.New(rand.NewPCG(3, 7))
	order := btcec.S256().N
	a := &ask{t: t, other: other}
	for i := 1; i < 400; i++ {
		var x, y btcec.FieldVal
		var small btcec.ModNScalar
		small.SetInt(uint32(i))
		x.SetByteSlice(order.Bytes())
		x.AddInt(uint16(i)).Normalize()
		if !btcec.DecompressY(&x, i%2 == 0, &y) {
			continue
		}
		y.Normalize()
		// With the point R given, choose u1 and u2 and make the key fit:
		// Q = (R - u1·G) / u2, s = r / u2, hash = u1 · s.
		var u1, u2, s, e, inv btcec.ModNScalar
		var buf [32]byte
		scramble(rng, buf[:])
		u1.SetBytes(&buf)
		scramble(rng, buf[:])
		u2.SetBytes(&buf)
		inv.InverseValNonConst(&u2)
		s.Mul2(&small, &inv)
		e.Mul2(&u1, &s)
		if s.IsOverHalfOrder() {
			s.Negate() // then it is a signature of -R, which has the same x
		}
		var R, minus, Q btcec.JacobianPoint
		R.X, R.Y = x, y
		R.Z.SetInt(1)
		negU1 := u1
		negU1.Negate()
		btcec.ScalarBaseMultNonConst(&negU1, &minus)
		btcec.AddNonConst(&R, &minus, &Q)
		btcec.ScalarMultNonConst(&inv, &Q, &minus)
		minus.ToAffine()
		pub := btcec.NewPublicKey(&minus.X, &minus.Y)
		var hash chainhash.Hash
		e.PutBytesUnchecked(hash[:])
		a.ecdsa("wrapped r", &small, &s, hash, pub.SerializeCompressed())
		hash[31] ^= 1
		a.ecdsa("wrapped r of another hash", &small, &s, hash, pub.SerializeCompressed())
	}
	if a.yes < 100 {
		t.Errorf("only %d signatures were good", a.yes)
	}
}

// u1·G + u2·Q is the point at infinity: no signature.
func TestTwin_CurvesRefuseInfinity(t *testing.T) { eachCurve(t, testCurvesRefuseInfinity) }

func testCurvesRefuseInfinity(t *testing.T, other curve) {
	rng := rand.New(rand.NewPCG(4, 7))
	a := &ask{t: t, other: other}
	for range 100 {
		var q, r, s, e btcec.ModNScalar
		var buf [32]byte
		scramble(rng, buf[:])
		q.SetBytes(&buf)
		r.SetInt(rng.Uint32() | 1)
		s.SetInt(rng.Uint32() | 1)
		e.Mul2(&r, &q).Negate() // u1 = e/s, u2 = r/s: e + r·q = 0
		var Q btcec.JacobianPoint
		btcec.ScalarBaseMultNonConst(&q, &Q)
		Q.ToAffine()
		var hash chainhash.Hash
		e.PutBytesUnchecked(hash[:])
		a.ecdsa("infinity", &r, &s, hash, btcec.NewPublicKey(&Q.X, &Q.Y).SerializeCompressed())
	}
	if a.yes > 0 {
		t.Errorf("%d accepted", a.yes)
	}
}

func TestTwin_CurvesRefuseSchnorrOutOfRange(t *testing.T) {
	eachCurve(t, testCurvesRefuseSchnorrOutOfRange)
}

func testCurvesRefuseSchnorrOutOfRange(t *testing.T, other curve) {
	a := &ask{t: t, other: other}
	prime, order := btcec.S256().P.Bytes(), btcec.S256().N.Bytes()
	priv, pub := btcec.PrivKeyFromBytes([]byte{31: 5})
	hash := chainhash.Hash{1}
	good, err := schnorr.Sign(priv, hash[:])
	if err != nil {
		t.Fatal(err)
	}
	for _, edge := range [][]byte{prime, order, make([]byte, 32)} {
		for at := 0; at < 64; at += 32 {
			sig := good.Serialize()
			copy(sig[at:], edge)
			a.schnorr("edge", sig, hash, pub.SerializeCompressed())
		}
	}
	if a.yes > 0 {
		t.Errorf("%d accepted", a.yes)
	}
}

func BenchmarkECDSA(b *testing.B) {
	priv, pub := btcec.PrivKeyFromBytes([]byte{9})
	hash := chainhash.Hash{1, 2, 3}
	sig := ecdsa.Sign(priv, hash[:])
	r, s := sig.R(), sig.S()
	for _, c := range []curve{pureGo{}, tabled{}, fastestCurve()} {
		k := c.parse(pub.SerializeCompressed())
		b.Run(c.name(), func(b *testing.B) {
			for b.Loop() {
				if !c.ecdsa(&r, &s, &hash, k) {
					b.Fatal("refused")
				}
			}
		})
		b.Run(c.name()+"/new key", func(b *testing.B) {
			for b.Loop() {
				if !c.ecdsa(&r, &s, &hash, c.parse(pub.SerializeCompressed())) {
					b.Fatal("refused")
				}
			}
		})
	}
}
