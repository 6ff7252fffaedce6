package secp256k1

import (
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ellswift"
)

// fieldOf reads 64 hex digits.
func fieldOf(t *testing.T, s string) (f Field) {
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != 32 {
		t.Fatalf("%q is no number of 32 bytes: %v", s, err)
	}
	f.SetBytes((*[32]byte)(raw))
	return f
}

func fieldVal(f *Field) (z btcec.FieldVal) {
	b := f.Bytes()
	z.SetBytes(&b)
	return z
}

// Some of BIP324's ellswift_decode_test_vectors: u or t of zero in both forms, u³+t²+7 of
// zero, and each of the three x.
func TestVectorsOfEllswift(t *testing.T) {
	const (
		zero = "0000000000000000000000000000000000000000000000000000000000000000"
		p    = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
	)
	for _, v := range []struct{ u, t, x string }{
		{zero, zero, "edd1fd3e327ce90cc7a3542614289aee9682003e9cf7dcc9cf2ca9743be5aa0c"},
		{p, p, "edd1fd3e327ce90cc7a3542614289aee9682003e9cf7dcc9cf2ca9743be5aa0c"},
		{zero, "01d3475bf7655b0fb2d852921035b2ef607f49069b97454e6795251062741771", "b5da00b73cd6560520e7c364086e7cd23a34bf60d0e707be9fc34d4cd5fdfa2c"},
		{zero, "82277c4a71f9d22e66ece523f8fa08741a7c0912c66a69ce68514bfd3515b49f", "f482f2e241753ad0fb89150d8491dc1e34ff0b8acfbb442cfe999e2e5e6fd1d2"},
		{zero, "8421cc930e77c9f514b6915c3dbe2a94c6d8f690b5b739864ba6789fb8a55dd0", "9f59c40275f5085a006f05dae77eb98c6fd0db1ab4a72ac47eae90a4fc9e57e0"},
		{zero, "bde70df51939b94c9c24979fa7dd04ebd9b3572da7802290438af2a681895441", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa9fffffd6b"},
		{zero, "d19c182d2759cd99824228d94799f8c6557c38a1c0d6779b9d4b729c6f1ccc42", "70720db7e238d04121f5b1afd8cc5ad9d18944c6bdc94881f502b7a3af3aecff"},
		{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffb13f75c0", zero, "4f51e0be078e0cddab2742156adba7e7a148e73157072fd618cd60942b146bd0"},
		{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffb13f75c0", p, "4f51e0be078e0cddab2742156adba7e7a148e73157072fd618cd60942b146bd0"},
		{"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffefbb982", "fffffffffffffffffffffffffffffffffffffffffffffffffffffffff6d6db1f", "1c92ccdfcf4ac550c28db57cff0c8515cb26936c786584a70114008d6c33a34b"},
	} {
		var got Affine
		u, tt, want := fieldOf(t, v.u), fieldOf(t, v.t), fieldOf(t, v.x)
		if ok := got.FromSwift(&u, &tt); !ok || !got.X.Equal(&want) || got.Y.IsOdd() || !got.IsOnCurve() {
			t.Errorf("%s and %s stand for %x (%v), want %s", v.u, v.t, got.X.Bytes(), ok, v.x)
		}
	}
}

// Any two numbers stand for the x that btcsuite's make of them, also where t has to be doubled.
func TestTwin_FromSwiftIsBtcsuites(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	doubled := 0
	for range rounds(t, 2000) {
		u, tt := drawn(r), drawn(r)
		if r.IntN(8) == 0 {
			u = edges()[r.IntN(len(edges()))]
		}
		var g Field
		g.cubicOf(&u)
		g.Neg(&g)
		if r.IntN(4) == 0 && tt.Sqrt(&g) {
			doubled++
		}
		theirU, theirT := fieldVal(&u), fieldVal(&tt)
		want, err := ellswift.XSwiftEC(&theirU, &theirT)
		if err != nil {
			t.Fatal(err)
		}
		var got Affine
		if ok := got.FromSwift(&u, &tt); !ok || got.X.Bytes() != *want.Bytes() || got.Y.IsOdd() || !got.IsOnCurve() {
			t.Fatalf("%x and %x stand for %x (%v), want %v", u.Bytes(), tt.Bytes(), got.X.Bytes(), ok, want)
		}
	}
	if doubled == 0 {
		t.Error("no t was doubled")
	}
}

// In each case t is btcsuite's or its opposite, if it has one, and with u it stands for x;
// what case 4 finds is the opposite of what case 0 does.
func TestTwin_ToSwiftIsBtcsuites(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	var found [8]int
	for range rounds(t, 500) {
		var q Affine
		for x := drawn(r); !q.Lift(&x, false); x = drawn(r) {
		}
		u := drawn(r)
		switch r.IntN(10) {
		case 0:
			u = q.X // s is zero
		case 1:
			u = edges()[r.IntN(len(edges()))]
		}
		var of [8]Field
		for which := range byte(8) {
			tt := &of[which]
			ok := tt.ToSwift(&u, &q.X, which)
			theirU, theirX := fieldVal(&u), fieldVal(&q.X)
			want := ellswift.XSwiftECInv(&theirU, &theirX, int(which))
			switch {
			case ok != (want != nil):
				t.Fatalf("case %d of u %x for x %x: found %v, want %v", which, u.Bytes(), q.X.Bytes(), ok, want)
			case !ok:
				continue
			case tt.Bytes() != *want.Bytes() && tt.Bytes() != *want.Negate(1).Normalize().Bytes():
				t.Fatalf("case %d of u %x for x %x is %x, want %v", which, u.Bytes(), q.X.Bytes(), tt.Bytes(), want)
			}
			found[which]++
			var back Affine
			if !u.IsZero() && !tt.IsZero() && (!back.FromSwift(&u, tt) || !back.X.Equal(&q.X)) {
				t.Fatalf("case %d: u %x and t %x stand for %x, want %x", which, u.Bytes(), tt.Bytes(), back.X.Bytes(), q.X.Bytes())
			}
			if opposite := new(Field).Neg(tt); which >= 4 && !opposite.Equal(&of[which-4]) {
				t.Fatalf("cases %d and %d of u %x for x %x are %x and %x, want opposites", which-4, which, u.Bytes(), q.X.Bytes(), of[which-4].Bytes(), tt.Bytes())
			}
		}
	}
	for which, n := range found {
		if n == 0 {
			t.Errorf("case %d was never met", which)
		}
	}
}

func BenchmarkSwift(b *testing.B) {
	r := rand.New(rand.NewPCG(25, 26))
	u, x, t := drawn(r), drawn(r), drawn(r)
	var p Affine
	p.FromSwift(&u, &t)
	x = p.X
	b.Run("from", func(b *testing.B) {
		for b.Loop() {
			p.FromSwift(&u, &t)
		}
	})
	b.Run("to", func(b *testing.B) {
		for i := byte(0); b.Loop(); i++ {
			t.ToSwift(&u, &x, i&7)
		}
	})
}
