package secp256k1

import (
	"math/big"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

var p = func() *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), 256)
	return n.Sub(n, big.NewInt(1<<32+977))
}()

// rounds is how many random cases a test has: GRAPEVINE_TEST_FIELD=100000000 in
// the largest proof.
func rounds(t *testing.T, most int) int {
	if s := os.Getenv("GRAPEVINE_TEST_FIELD"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return most
}

// form is the number that a form stands for, not reduced.
func (z *Field) form() *big.Int {
	n := new(big.Int)
	for i := 3; i >= 0; i-- {
		n.Lsh(n, 64)
		n.Or(n, new(big.Int).SetUint64(z[i]))
	}
	return n
}

// edges are forms at the ends of words, of p and of 2^256.
func edges() (list []Field) {
	const ones = ^uint64(0)
	words := []uint64{0, 1, 2, fold - 1, fold, fold + 1, 1 << 63, 1<<63 - 1, ones - fold, ones - fold + 1, ones - fold + 2, ones - 1, ones}
	for _, a := range words {
		for _, b := range []uint64{0, 1, ones} {
			for _, c := range []uint64{0, ones} {
				for _, d := range []uint64{0, 1, 1 << 63, ones} {
					list = append(list, Field{a, b, c, d})
				}
			}
		}
	}
	return list
}

// drawn is a random form with long runs of ones and zeros in half of the words.
func drawn(r *rand.Rand) (f Field) {
	for i := range f {
		f[i] = r.Uint64()
		switch r.IntN(6) {
		case 0:
			f[i] = 0
		case 1:
			f[i] = ^uint64(0)
		case 2:
			f[i] = ^uint64(0) << r.IntN(64)
		case 3:
			f[i] = ^uint64(0) >> r.IntN(64)
		}
	}
	return f
}

// operations are all of two numbers, as math/big does them and as we do.
var operations = map[string]struct {
	want func(z, x, y *big.Int)
	got  func(z, x, y *Field)
}{
	"add":    {func(z, x, y *big.Int) { z.Add(x, y) }, func(z, x, y *Field) { z.Add(x, y) }},
	"sub":    {func(z, x, y *big.Int) { z.Sub(x, y) }, func(z, x, y *Field) { z.Sub(x, y) }},
	"mul":    {func(z, x, y *big.Int) { z.Mul(x, y) }, func(z, x, y *Field) { z.Mul(x, y) }},
	"square": {func(z, x, _ *big.Int) { z.Mul(x, x) }, func(z, x, _ *Field) { z.Square(x) }},
	"neg":    {func(z, x, _ *big.Int) { z.Neg(x) }, func(z, x, _ *Field) { z.Neg(x) }},
	"halve": {func(z, x, _ *big.Int) {
		z.Mul(x, new(big.Int).ModInverse(big.NewInt(2), p))
	}, func(z, x, _ *Field) { z.halve(x) }},
}

func check(t *testing.T, x, y Field) {
	t.Helper()
	bx, by := x.form(), y.form()
	var want big.Int
	for name, op := range operations {
		op.want(&want, bx, by)
		want.Mod(&want, p)
		var z Field
		op.got(&z, &x, &y)
		if got := z.form(); got.Mod(got, p).Cmp(&want) != 0 {
			t.Fatalf("%s of %x and %x is %x, want %x", name, x, y, z, &want)
		}
		// The result may stand in the place of an argument.
		for _, alias := range []func(a, b *Field) *Field{
			func(a, b *Field) *Field { op.got(a, a, b); return a },
			func(a, b *Field) *Field { op.got(b, a, b); return b },
		} {
			a, b := x, y
			if in := alias(&a, &b); *in != z {
				t.Fatalf("%s of %x and %x in place is %x, want %x", name, x, y, *in, z)
			}
		}
	}
}

func TestTwin_FieldIsMathBigs(t *testing.T) {
	list := edges()
	for i, x := range list {
		for j, y := range list {
			if i%5 == j%5 { // each meets every fifth, of all kinds
				check(t, x, y)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range rounds(t, 20_000) {
		check(t, drawn(r), drawn(r))
	}
}

// Products and sums of what is left over at the top, which random numbers never meet.
func TestNumbersOfTwoForms(t *testing.T) {
	for add := range uint64(fold) >> 20 {
		for _, low := range []uint64{add, fold - 1 - add} {
			a, b := Field{low}, Field{prime0, primeN, primeN, primeN}
			var c uint64
			if b[0], c = b[0]+low, 0; c != 0 || b[0] < prime0 {
				t.Fatal("no second form")
			}
			if !a.Equal(&b) || !b.Equal(&a) || a.Bytes() != b.Bytes() || a.IsZero() != b.IsZero() || a.IsOdd() != b.IsOdd() {
				t.Fatalf("%x and %x differ", a, b)
			}
			if a.IsZero() != (low == 0) || a.IsOdd() != (low&1 == 1) {
				t.Fatalf("%x: zero %v, odd %v", a, a.IsZero(), a.IsOdd())
			}
			raw := a.Bytes()
			var again Field
			if !again.SetBytes(&raw) || again != a {
				t.Fatalf("%x is read as %x", a, again)
			}
			for i := range 32 { // the other form is p or more
				raw[31-i] = byte(b[i/8] >> (8 * (i % 8)))
			}
			if again.SetBytes(&raw) || !again.Equal(&a) {
				t.Fatalf("%x is taken", raw)
			}
		}
	}
}

func TestInversesAndRoots(t *testing.T) {
	list := edges()
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		list = append(list, drawn(r))
	}
	var want big.Int
	squares := 0
	for _, x := range list {
		reduced := new(big.Int).Mod(x.form(), p)
		var inverse, root, again Field
		inverse.Inverse(&x)
		if want.ModInverse(reduced, p); reduced.Sign() == 0 {
			want.SetInt64(0)
		}
		if got := inverse.form(); got.Mod(got, p).Cmp(&want) != 0 {
			t.Fatalf("1/%x is %x, want %x", x, inverse, &want)
		}
		ok := root.Sqrt(&x)
		if isSquare := big.Jacobi(reduced, p) >= 0; ok != isSquare {
			t.Fatalf("%x is a square: %v", x, ok)
		}
		if ok {
			squares++
			if again.Square(&root); !again.Equal(&x) {
				t.Fatalf("the root of %x is %x", x, root)
			}
		}
	}
	if squares < len(list)/3 || squares > len(list)*2/3 {
		t.Errorf("%d of %d are squares", squares, len(list))
	}
}

func FuzzField(f *testing.F) {
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 64 {
			return
		}
		var x, y Field
		x.SetBytes((*[32]byte)(b))
		y.SetBytes((*[32]byte)(b[32:]))
		check(t, x, y)
	})
}

func BenchmarkField(b *testing.B) {
	x, y := Field{1, 2, 3, 4}, Field{5, 6, 7, 8}
	b.Run("mul", func(b *testing.B) {
		for b.Loop() {
			x.Mul(&x, &y)
		}
	})
	b.Run("square", func(b *testing.B) {
		for b.Loop() {
			x.Square(&x)
		}
	})
	b.Run("sub", func(b *testing.B) {
		for b.Loop() {
			x.Sub(&x, &y)
		}
	})
	b.Run("inverse", func(b *testing.B) {
		for b.Loop() {
			x.Inverse(&x)
		}
	})
}
