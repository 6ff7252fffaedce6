package secp256k1

import (
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
)

// theirs is a point in btcec's words.
func (p *Point) theirs() (q btcec.JacobianPoint) {
	x, y, z := p.X.Bytes(), p.Y.Bytes(), p.Z.Bytes()
	q.X.SetBytes(&x)
	q.Y.SetBytes(&y)
	q.Z.SetBytes(&z)
	return q
}

// ours is the affine point of one of theirs that is not infinity.
func ours(t *testing.T, q *btcec.JacobianPoint) (a Affine) {
	t.Helper()
	q.ToAffine()
	if !a.X.SetBytes(q.X.Bytes()) || !a.Y.SetBytes(q.Y.Bytes()) || !a.IsOnCurve() {
		t.Fatal("not a point of the curve")
	}
	return a
}

// scalar is a random number with long runs of ones and zeros in some of its words.
func scalar(r *rand.Rand) (k btcec.ModNScalar) {
	f := drawn(r)
	b := f.Bytes()
	k.SetBytes(&b)
	return k
}

// edgeScalars are numbers at the ends of what the split and the digits handle.
func edgeScalars() (list []btcec.ModNScalar) {
	order := scalarOf(0xffffffffffffffff, 0xfffffffffffffffe, 0xbaaedce6af48a03b, 0xbfd25e8cd0364140) // less one
	lambda := scalarOf(0x5363ad4cc05c30e0, 0xa5261c028812645a, 0x122e22ea20816678, 0xdf02967c1b23bd72)
	for _, base := range []btcec.ModNScalar{{}, order, lambda, scalarOf(0, 1, 0, 0), scalarOf(0, 0, 1, 0),
		scalarOf(1<<63, 0, 0, 0), scalarOf(0, 0, 1<<63, 0), scalarOf(0, 0, ^uint64(0), ^uint64(0))} {
		for add := range uint32(40) {
			var up, down btcec.ModNScalar
			up.SetInt(add)
			down.SetInt(add)
			down.Negate()
			list = append(list, *up.Add(&base), *down.Add(&base))
		}
	}
	return list
}

func TestTwin_SumIsBtcecs(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	list := edgeScalars()
	var q btcec.JacobianPoint
	var point Affine
	one := func(i int, u1, u2 btcec.ModNScalar) {
		if i%50 == 0 {
			k := scalar(r)
			for k.IsZero() {
				k = scalar(r)
			}
			btcec.ScalarBaseMultNonConst(&k, &q)
			point = ours(t, &q)
		}
		var a, b, want btcec.JacobianPoint
		btcec.ScalarBaseMultNonConst(&u1, &a)
		btcec.ScalarMultNonConst(&u2, &q, &b)
		btcec.AddNonConst(&a, &b, &want)
		got, ok := point.Sum(&u1, &u2)
		if them := got.theirs(); !ok || !them.EquivalentNonConst(&want) {
			t.Fatalf("%v·G + %v·%v is %v, want %v", u1, u2, q, them, want)
		}
	}
	for i, u1 := range list {
		for j := range list {
			if j%83 == i%83 {
				one(i, u1, list[j])
			}
		}
	}
	for i := range rounds(t, 2_000) {
		one(i, scalar(r), scalar(r))
	}
}

// The keys whose tables meet those of G: sums that pass through equal points, opposite
// ones and infinity on the way.
func TestTwin_SumsOfRelatedPoints(t *testing.T) {
	var small []btcec.ModNScalar
	for i := range uint32(9) {
		var k, minus btcec.ModNScalar
		k.SetInt(i)
		minus.NegateVal(&k)
		small = append(small, k, minus)
	}
	half := new(btcec.ModNScalar).SetInt(2).InverseNonConst()
	up := scalarOf(0, 1, 0, 0)
	lambda := scalarOf(0x5363ad4cc05c30e0, 0xa5261c028812645a, 0x122e22ea20816678, 0xdf02967c1b23bd72)
	for _, by := range append(small[2:], *half, up, lambda) {
		var q btcec.JacobianPoint
		btcec.ScalarBaseMultNonConst(&by, &q)
		point := ours(t, &q)
		for _, u1 := range append(small, up, lambda, *half) {
			for _, u2 := range append(small, up, lambda, *half) {
				var k btcec.ModNScalar
				k.Mul2(&u2, &by).Add(&u1)
				var want btcec.JacobianPoint
				btcec.ScalarBaseMultNonConst(&k, &want)
				got, ok := point.Sum(&u1, &u2)
				if them := got.theirs(); !ok || !them.EquivalentNonConst(&want) || got.IsInfinity() != k.IsZero() {
					t.Fatalf("%v·G + %v·%v·G is %v, want %v", u1, u2, by, them, want)
				}
			}
		}
	}
}

func TestExceptionalAdditions(t *testing.T) {
	_, pub := btcec.PrivKeyFromBytes([]byte{7})
	var q btcec.JacobianPoint
	pub.AsJacobian(&q)
	a := ours(t, &q)
	minus := a
	minus.Y.Neg(&minus.Y)
	for name, z := range map[string]*Field{"one curve": nil, "isomorphic": {5, 6, 7, 8}} {
		var sum Point
		sum.double()
		if !sum.IsInfinity() {
			t.Errorf("%s: twice infinity is %v", name, sum)
		}
		sum.add(&a, z)
		sum.add(&a, z) // equal
		var want btcec.JacobianPoint
		btcec.DoubleNonConst(&q, &want)
		back := sum
		if z != nil {
			back.Z.Mul(&back.Z, z)
		}
		if them := back.theirs(); !them.EquivalentNonConst(&want) {
			t.Errorf("%s: P + P is %v, want %v", name, them, want)
		}
		sum.add(&minus, z)
		sum.add(&minus, z) // opposite
		if !sum.IsInfinity() || sum.HasX(&a.X) || sum.HasX(&Field{}) {
			t.Errorf("%s: P - P is %v", name, sum)
		}
		sum.add(&a, z)
		if z != nil {
			sum.Z.Mul(&sum.Z, z)
		}
		if !sum.HasX(&a.X) || sum.HasOddY() != a.Y.IsOdd() {
			t.Errorf("%s: infinity + P is %v", name, sum)
		}
	}
}

// Every digit of the tables, on the curve itself.
func TestTablesHoldOddMultiples(t *testing.T) {
	_, pub := btcec.PrivKeyFromBytes([]byte{7})
	var q, g, high btcec.JacobianPoint
	pub.AsJacobian(&q)
	a := ours(t, &q)
	var table multiples
	table.set(&a)
	one := new(btcec.ModNScalar).SetInt(1)
	btcec.ScalarBaseMultNonConst(one, &g)
	up := scalarOf(0, 1, 0, 0)
	btcec.ScalarBaseMultNonConst(&up, &high)
	for name, c := range map[string]struct {
		table []Affine
		of    btcec.JacobianPoint
		z     Field
	}{"Q": {table.points[:], q, table.z}, "G": {generator().low[:], g, Field{1}}, "2^128 G": {generator().high[:], high, Field{1}}} {
		for i := range c.table {
			for _, digit := range []int{2*i + 1, -2*i - 1} {
				k := new(btcec.ModNScalar).SetInt(uint32(2*i + 1))
				if digit < 0 {
					k.Negate()
				}
				var want btcec.JacobianPoint
				btcec.ScalarMultNonConst(k, &c.of, &want)
				var p Affine
				p.pick(c.table, int16(digit))
				got := Point{p.X, p.Y, c.z}
				if them := got.theirs(); !them.EquivalentNonConst(&want) {
					t.Fatalf("%s: digit %d", name, digit)
				}
			}
		}
	}
}

// value adds the digits up again.
func (d *digits) value() (sum btcec.ModNScalar) {
	for i := maxDigits - 1; i >= 0; i-- {
		sum.Add(new(btcec.ModNScalar).Set(&sum))
		v := new(btcec.ModNScalar).SetInt(uint32(max(d[i], -d[i])))
		if d[i] < 0 {
			v.Negate()
		}
		sum.Add(v)
	}
	return sum
}

// digitsHold checks what write promises of a number's digits.
func digitsHold(t *testing.T, k *btcec.ModNScalar, width uint) {
	t.Helper()
	s, ok := shortOf(k)
	if !ok {
		t.Fatalf("%v is too long", k)
	}
	var d digits
	n := d.write(s, width)
	if back := d.value(); !back.Equals(k) {
		t.Fatalf("the digits of %v make %v", k, back)
	}
	last := -int(width)
	for i, digit := range d {
		if digit == 0 {
			continue
		}
		if digit&1 == 0 || digit >= 1<<(width-1) || digit <= -1<<(width-1) || i-last < int(width) || i >= n {
			t.Fatalf("%v: digit %d is %d, the one before at %d, %d in all", k, i, digit, last, n)
		}
		last = i
	}
}

func TestHalvesAreShort(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	list := edgeScalars()
	for range rounds(t, 5_000) {
		list = append(list, scalar(r))
	}
	lambda := scalarOf(0x5363ad4cc05c30e0, 0xa5261c028812645a, 0x122e22ea20816678, 0xdf02967c1b23bd72)
	for _, k := range list {
		k1, k2 := split(&k)
		if back := *new(btcec.ModNScalar).Mul2(&k2, &lambda).Add(&k1); !back.Equals(&k) {
			t.Fatalf("%v splits into %v and %v", k, k1, k2)
		}
		digitsHold(t, &k1, keyWidth)
		digitsHold(t, &k2, keyWidth)
	}
}

// Longer numbers than the split makes, to the last that digits hold.
func TestDigitsOfTheLongestHalves(t *testing.T) {
	const ones = ^uint64(0)
	for _, k := range []btcec.ModNScalar{{}, scalarOf(0, 0, ones, ones), scalarOf(0, 0, ones, ones-14), scalarOf(0, 1, 0, 1),
		scalarOf(0, 1, ones, ones), scalarOf(0, 1, ones, ones-30), scalarOf(0, 1, ones, ones-1<<13)} {
		minus := *new(btcec.ModNScalar).NegateVal(&k)
		for _, width := range []uint{keyWidth, baseWidth} {
			digitsHold(t, &k, width)
			digitsHold(t, &minus, width)
		}
	}
	for _, k := range []btcec.ModNScalar{scalarOf(0, 2, 0, 0), scalarOf(1, 0, 0, 0), scalarOf(1<<62, 0, 0, 0)} {
		if _, ok := shortOf(&k); ok {
			t.Errorf("%v is taken", k)
		}
	}
}

func TestLift(t *testing.T) {
	on := 0
	for x := range uint64(400) {
		var even, odd Affine
		raw := (&Field{x}).Bytes()
		_, err := btcec.ParsePubKey(append([]byte{2}, raw[:]...))
		if ok := even.Lift(&Field{x}, false); ok != (err == nil) || ok != odd.Lift(&Field{x}, true) {
			t.Fatalf("x %d is on the curve: %v", x, ok)
		} else if !ok {
			continue
		}
		on++
		if even.Y.IsOdd() || !odd.Y.IsOdd() || !even.IsOnCurve() || !odd.IsOnCurve() {
			t.Fatalf("x %d: y %x and %x", x, even.Y, odd.Y)
		}
		even.Y.Add(&even.Y, &Field{1})
		if even.IsOnCurve() {
			t.Fatalf("x %d: another y", x)
		}
	}
	if on < 100 || on > 300 {
		t.Errorf("%d of 400", on)
	}
}

func BenchmarkSum(b *testing.B) {
	_, pub := btcec.PrivKeyFromBytes([]byte{7})
	var q btcec.JacobianPoint
	pub.AsJacobian(&q)
	var a Affine
	a.X.SetBytes(q.X.Bytes())
	a.Y.SetBytes(q.Y.Bytes())
	u1, u2 := scalarOf(1<<63|5, 6, 7, 8), scalarOf(1<<63|9, 10, 11, 12)
	u1.Mul(&u2)
	u2.Mul(&u1)
	a.Sum(&u1, &u2)
	b.Run("sum", func(b *testing.B) {
		for b.Loop() {
			a.Sum(&u1, &u2)
		}
	})
	b.Run("table", func(b *testing.B) {
		for b.Loop() {
			new(multiples).set(&a)
		}
	})
}
