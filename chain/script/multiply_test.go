package script

import (
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
)

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

func TestTwin_TabledMultiplicationIsTheLibrarys(t *testing.T) {
	m := &maker{chunk: newChunk(5, 0)}
	scalars := edgeScalars()
	for range part(20_000, 100) {
		scalars = append(scalars, m.scalar())
	}
	var q btcec.JacobianPoint
	var table *multiples
	for i, k := range scalars {
		if i%20 == 0 {
			m.own(m.scalar())
			q = m.point
			table = multiplesOf(&q)
		}
		var want, got btcec.JacobianPoint
		btcec.ScalarMultNonConst(&k, &q, &want)
		if !table.times(&k, &got) {
			t.Fatalf("%v: not done", k)
		}
		if !got.EquivalentNonConst(&want) {
			t.Fatalf("%v × %v is %v, want %v", k, q, got, want)
		}
	}
}

// Every digit and sign of the table, on the curve itself.
func TestTableHoldsOddMultiples(t *testing.T) {
	_, pub := btcec.PrivKeyFromBytes([]byte{7})
	var q btcec.JacobianPoint
	pub.AsJacobian(&q)
	table := multiplesOf(&q)
	for digit := int8(-15); digit <= 15; digit += 2 {
		var k btcec.ModNScalar
		k.SetInt(uint32(max(digit, -digit)))
		if digit < 0 {
			k.Negate()
		}
		var want, got btcec.JacobianPoint
		btcec.ScalarMultNonConst(&k, &q, &want)
		table.point(digit, nil, &got)
		got.Z = table.z
		if !got.EquivalentNonConst(&want) {
			t.Errorf("digit %d", digit)
		}
	}
}

func TestHalvesAreShort(t *testing.T) {
	m := &maker{chunk: newChunk(6, 0)}
	scalars := edgeScalars()
	for range part(20_000, 10) {
		scalars = append(scalars, m.scalar())
	}
	for _, k := range scalars {
		k1, k2 := split(&k)
		for _, half := range []btcec.ModNScalar{k1, k2} {
			var d digits
			n, ok := d.write(&half)
			if !ok || n > 130 {
				t.Fatalf("%v splits into %v and %v: %d digits", k, k1, k2, n)
			}
			if back := d.value(); !back.Equals(&half) {
				t.Fatalf("the digits of %v make %v", half, back)
			}
		}
	}
}

// value adds the digits up again.
func (d *digits) value() (sum btcec.ModNScalar) {
	for i := halfBits - 1; i >= 0; i-- {
		sum.Add(&sum)
		var v btcec.ModNScalar
		v.SetInt(uint32(max(d[i], -d[i])))
		if d[i] < 0 {
			v.Negate()
		}
		sum.Add(&v)
	}
	return sum
}

// Longer numbers than the split makes, to the last that digits hold.
func TestDigitsOfTheLongestHalves(t *testing.T) {
	const ones = ^uint64(0)
	for _, k := range []btcec.ModNScalar{scalarOf(0, 0, ones, ones), scalarOf(0, 0, ones, ones-14), scalarOf(0, 1, 0, 1),
		scalarOf(0, 1, ones, ones), scalarOf(0, 1, ones, ones-30)} {
		var d, minus digits
		n, ok := d.write(&k)
		if back := d.value(); !ok || n > halfBits || !back.Equals(&k) {
			t.Errorf("%v: %d digits, %v", k, n, ok)
		}
		k.Negate()
		if _, ok := minus.write(&k); !ok || minus.value() != k {
			t.Errorf("%v: %v", k, ok)
		}
	}
	for _, k := range []btcec.ModNScalar{scalarOf(0, 2, 0, 0), scalarOf(1, 0, 0, 0)} {
		if _, ok := new(digits).write(&k); ok {
			t.Errorf("%v is taken", k)
		}
	}
}
