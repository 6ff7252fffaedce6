package secp256k1

import (
	"sync"

	"github.com/btcsuite/btcd/btcec/v2"
)

// A public key that is derived from another (BIP32) or tweaked (BIP341) is P + k·G with a
// number that whoever knows P may know. A number is 64 digits of four bits, and for each
// there is a table of its multiples of G: 64 additions and no doublings.
const (
	digitBits = 4
	digitsOf  = 256 / digitBits
	digitMost = 1<<digitBits - 1
)

// digitTables are d·16^i·G at [i][d-1]: 60 KiB, made when first asked for, in less than a
// millisecond.
var digitTables = sync.OnceValue(func() *[digitsOf][digitMost]Affine {
	points := make([]Point, 0, digitsOf*digitMost)
	unit := [1]Affine{basePoint()} // 16^i·G
	for range digitsOf {
		var p Point
		for range digitMost {
			p.add(&unit[0], nil)
			points = append(points, p)
		}
		p.add(&unit[0], nil)
		toAffine(unit[:], []Point{p})
	}
	flat := make([]Affine, len(points))
	toAffine(flat, points)
	var tables [digitsOf][digitMost]Affine
	for i := range tables {
		copy(tables[i][:], flat[i*digitMost:])
	}
	return &tables
})

// Plus is p + k·G. It is not ok if that is infinity.
func (p *Affine) Plus(k *btcec.ModNScalar) (sum Affine, ok bool) {
	tables, number := digitTables(), k.Bytes()
	var s Point
	s.set(p, nil)
	for i := range digitsOf {
		d := number[len(number)-1-i/2] >> (digitBits * (i % 2)) & digitMost
		if d != 0 {
			s.add(&tables[i][d-1], nil)
		}
	}
	if s.IsInfinity() {
		return sum, false
	}
	var to [1]Affine
	toAffine(to[:], []Point{s})
	return to[0], true
}

// FromPublic sets p to a public key's point.
func (p *Affine) FromPublic(key *btcec.PublicKey) {
	var j btcec.JacobianPoint
	key.AsJacobian(&j)
	p.X.SetBytes(j.X.Bytes())
	p.Y.SetBytes(j.Y.Bytes())
}

// Public is the point as a public key.
func (p *Affine) Public() *btcec.PublicKey {
	var x, y btcec.FieldVal
	b := p.X.Bytes()
	x.SetBytes(&b)
	b = p.Y.Bytes()
	y.SetBytes(&b)
	return btcec.NewPublicKey(&x, &y)
}

// Compressed is the public key as 33 bytes, by whether y is odd and x.
func (p *Affine) Compressed() []byte {
	x := p.X.Bytes()
	return append(append(make([]byte, 0, 1+len(x)), 2+byte(b2w(p.Y.IsOdd()))), x[:]...)
}
