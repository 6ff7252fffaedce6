package secp256k1

import "sync"

// base are the odd multiples of G and of 2^128·G.
type base struct{ low, high [baseSize]Affine }

// generator is made when it is first asked for, in some milliseconds.
var generator = sync.OnceValue(func() *base {
	g := Affine{
		Field{0x59f2815b16f81798, 0x029bfcdb2dce28d9, 0x55a06295ce870b07, 0x79be667ef9dcbbac},
		Field{0x9c47d08ffb10d4b8, 0xfd17b448a6855419, 0x5da4fbfc0e1108a8, 0x483ada7726a3c465},
	}
	b := new(base)
	b.low = oddMultiples(&g)
	var p Point
	p.set(&g, nil)
	for range 128 {
		p.double()
	}
	up := [1]Affine{}
	toAffine(up[:], []Point{p})
	b.high = oddMultiples(&up[0])
	return b
})

// oddMultiples are q, 3q, 5q and so on.
func oddMultiples(q *Affine) (table [baseSize]Affine) {
	var p Point
	p.set(q, nil)
	twice := p
	twice.double()
	var step [1]Affine
	toAffine(step[:], []Point{twice})
	points := make([]Point, baseSize)
	for i := range points {
		points[i] = p
		p.add(&step[0], nil)
	}
	toAffine(table[:], points)
	return table
}

// toAffine gives points that are not infinity a Z of 1, with one inversion for
// all of them.
func toAffine(to []Affine, points []Point) {
	before := make([]Field, len(points)) // the product of the Z before each
	product := Field{1}
	for i := range points {
		before[i] = product
		product.Mul(&product, &points[i].Z)
	}
	var after, f Field // after: one over the product of the Z up to i
	after.Inverse(&product)
	for i := len(points) - 1; i >= 0; i-- {
		f.Mul(&after, &before[i])
		after.Mul(&after, &points[i].Z)
		to[i] = Affine{points[i].X, points[i].Y}
		to[i].scale(&f)
	}
}
