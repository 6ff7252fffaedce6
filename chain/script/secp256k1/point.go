package secp256k1

// Affine is a point of the curve y² = x³ + 7 that is not infinity.
type Affine struct{ X, Y Field }

// Lift sets p to the point with this x whose y is odd, or even. ok is false if
// there is none.
func (p *Affine) Lift(x *Field, odd bool) (ok bool) {
	p.X = *x
	var y2 Field
	y2.Square(x)
	y2.Mul(&y2, x)
	y2.Add(&y2, &Field{7})
	if !p.Y.Sqrt(&y2) {
		return false
	}
	if p.Y.IsOdd() != odd {
		p.Y.Neg(&p.Y)
	}
	return true
}

// IsOnCurve says whether it is a point of the curve.
func (p *Affine) IsOnCurve() bool {
	var y2, x3 Field
	y2.Square(&p.Y)
	x3.Square(&p.X)
	x3.Mul(&x3, &p.X)
	x3.Add(&x3, &Field{7})
	return y2.Equal(&x3)
}

// Point is (X/Z², Y/Z³), or infinity if Z is zero (Jacobian coordinates).
type Point struct{ X, Y, Z Field }

// IsInfinity says whether it is infinity.
func (p *Point) IsInfinity() bool { return p.Z.IsZero() }

// HasX says whether x is the point's, without an inversion: x·Z² is compared.
// Infinity has none.
func (p *Point) HasX(x *Field) bool {
	var z2 Field
	z2.Square(&p.Z)
	z2.Mul(&z2, x)
	return !p.IsInfinity() && z2.Equal(&p.X)
}

// HasOddY says whether the point's y is odd. It costs an inversion.
func (p *Point) HasOddY() bool {
	var inverse, y Field
	inverse.Inverse(&p.Z)
	y.Square(&inverse)
	y.Mul(&y, &inverse)
	return y.Mul(&y, &p.Y).IsOdd()
}

// double sets p to 2·p. No point of the curve has a y of zero, for the order is
// odd; so only infinity doubles to infinity, of itself.
func (p *Point) double() {
	var l, s, t, y Field
	s.Square(&p.Y)
	l.Square(&p.X)
	t.Add(&l, &l)
	l.Add(&l, &t)
	l.halve(&l)     // L = 3/2·X²
	t.Mul(&p.X, &s) // T = X·Y²
	p.Z.Mul(&p.Z, &p.Y)
	p.X.Square(&l)
	p.X.Sub(&p.X, &t)
	p.X.Sub(&p.X, &t) // X' = L² - 2T
	y.Sub(&t, &p.X)
	y.Mul(&y, &l)
	s.Square(&s)
	p.Y.Sub(&y, &s) // Y' = L·(T - X') - Y⁴
}

// add sets p to p + q. zFactor is 1, written nil, where p and q are on one curve. Else
// p is on the isomorphic curve that the points of this one get to with it:
// (x·z², y·z³). The Z of two that are neither equal nor opposite gets multiplied
// by h.
func (p *Point) add(q *Affine, zFactor *Field) (h Field) {
	z := p.Z
	if zFactor != nil {
		z.Mul(&z, zFactor)
	}
	if p.IsInfinity() {
		p.set(q, zFactor)
		return h
	}
	var z2, r Field
	z2.Square(&z)
	h.Mul(&q.X, &z2)
	h.Sub(&h, &p.X)
	r.Mul(&z2, &z)
	r.Mul(&r, &q.Y)
	r.Sub(&r, &p.Y)
	if h.IsZero() {
		if r.IsZero() {
			p.double()
		} else {
			*p = Point{}
		}
		return h
	}
	var h2, h3, v, x Field
	h2.Square(&h)
	h3.Mul(&h2, &h)
	v.Mul(&p.X, &h2)
	p.Z.Mul(&p.Z, &h)
	x.Square(&r)
	x.Sub(&x, &h3)
	x.Sub(&x, &v)
	p.X.Sub(&x, &v)
	v.Sub(&v, &p.X)
	v.Mul(&v, &r)
	h3.Mul(&h3, &p.Y)
	p.Y.Sub(&v, &h3)
	return h
}

// set sets p to q, on the isomorphic curve of zFactor.
func (p *Point) set(q *Affine, zFactor *Field) {
	at := *q
	if zFactor != nil {
		at.scale(zFactor)
	}
	*p = Point{at.X, at.Y, Field{1}}
}

// scale takes the point to the isomorphic curve of f.
func (q *Affine) scale(f *Field) {
	var f2 Field
	f2.Square(f)
	q.X.Mul(&q.X, &f2)
	f2.Mul(&f2, f)
	q.Y.Mul(&q.Y, &f2)
}
