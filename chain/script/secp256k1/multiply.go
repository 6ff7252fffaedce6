package secp256k1

import (
	"encoding/binary"

	"github.com/btcsuite/btcd/btcec/v2"
)

// u1·G + u2·Q is computed in one pass from the top digit down (Strauss), so that
// the doublings are shared:
//
//   - u2 is split into two halves of 128 bits with the curve's endomorphism,
//     λ·(x, y) = (β·x, y), and u1 into its lower and upper 128 bits, the upper one
//     times 2^128·G: so 130 doublings do.
//   - The digits of Q's halves have five bits: one addition in six doublings, from a
//     table of eight odd multiples that is made each time: kept with the key it would
//     spare a twentieth of a check, and take ten times the memory. Its points share one
//     Z, as points with Z = 1 of an isomorphic curve: no inversion is needed.
//   - Those of G's halves have thirteen, from a table made once.
const (
	keyWidth  = 5
	keySize   = 1 << (keyWidth - 2) // 1Q, 3Q, … 15Q
	baseWidth = 13
	baseSize  = 1 << (baseWidth - 2) // of two tables: 256 KiB
)

// multiples are the odd multiples of a point Q that is not infinity: (2i+1)·Q is
// the Jacobian point (points[i].X, points[i].Y, z).
type multiples struct {
	points [keySize]Affine
	z      Field
}

// set makes the table of a point of the curve.
func (t *multiples) set(q *Affine) {
	// On the isomorphic curve of its Z, 2Q has a Z of 1.
	var twice, p Point
	twice.set(q, nil)
	twice.double()
	step := Affine{twice.X, twice.Y}
	p.set(q, &twice.Z)
	t.points[0] = Affine{p.X, p.Y}
	var grown [keySize]Field // what each step multiplied Z by
	for i := 1; i < keySize; i++ {
		grown[i] = p.add(&step, nil)
		t.points[i] = Affine{p.X, p.Y}
	}
	// All get the last one's Z.
	t.z.Mul(&p.Z, &twice.Z)
	f := Field{1}
	for i := keySize - 2; i >= 0; i-- {
		f.Mul(&f, &grown[i+1])
		t.points[i].scale(&f)
	}
}

// beta is the cube root of one that λ multiplies x by.
func beta() Field {
	return Field{0xc1396c28719501ee, 0x9cf0497512f58995, 0x6e64479eac3434e9, 0x7ae96a2b657c0710}
}

// Sum is u1·G + u2·Q, for a point Q of the curve. It is not ok if u2 could not be split
// into short halves, of which no u2 is known.
func (q *Affine) Sum(u1, u2 *btcec.ModNScalar) (sum Point, ok bool) {
	k1, k2 := split(u2)
	s1, ok1 := shortOf(&k1)
	s2, ok2 := shortOf(&k2)
	if !ok1 || !ok2 {
		return sum, false
	}
	var t multiples
	t.set(q)
	lower, upper := halves(u1)
	var q1, q2, low, high digits
	n := max(q1.write(s1, keyWidth), q2.write(s2, keyWidth), low.write(lower, baseWidth), high.write(upper, baseWidth))
	g := generator()
	b1 := beta()
	var p Affine
	for i := n - 1; i >= 0; i-- {
		sum.double()
		if d := q1[i]; d != 0 {
			p.pick(t.points[:], d)
			sum.add(&p, nil)
		}
		if d := q2[i]; d != 0 {
			p.pick(t.points[:], d)
			p.X.Mul(&p.X, &b1)
			sum.add(&p, nil)
		}
		if d := low[i]; d != 0 {
			p.pick(g.low[:], d)
			sum.add(&p, &t.z)
		}
		if d := high[i]; d != 0 {
			p.pick(g.high[:], d)
			sum.add(&p, &t.z)
		}
	}
	sum.Z.Mul(&sum.Z, &t.z) // back to the curve itself
	return sum, true
}

// halves are the lower and the upper 128 bits of a number.
func halves(u *btcec.ModNScalar) (lower, upper short) {
	b := u.Bytes()
	lower.words = [3]uint64{binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[16:])}
	upper.words = [3]uint64{binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[:])}
	return lower, upper
}

// pick sets p to the multiple of an odd digit from a table of odd multiples.
func (p *Affine) pick(table []Affine, digit int16) {
	if digit > 0 {
		*p = table[digit>>1]
		return
	}
	*p = table[-digit>>1]
	p.Y.Neg(&p.Y)
}
