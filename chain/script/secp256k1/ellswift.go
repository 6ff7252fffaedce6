package secp256k1

// BIP324 tells the x of a public key by two numbers u and t that look like chance
// (ElligatorSwift). Many pairs stand for one x: whoever tells it draws u, and one of
// eight cases, until there is a t. All of it is public; the names of the steps are BIP324's.

// rootMinus3 is the square root of -3 that BIP324 calls c.
func rootMinus3() Field {
	return Field{0x7d8d27ae1cd5f852, 0xc61f6d15da14ecd4, 0x233770c2a797962c, 0x0a2d2ba93507f1df}
}

// cubicOf sets z to x³ + 7, which is a square where x is that of a point.
func (z *Field) cubicOf(x *Field) *Field {
	var square Field
	square.Square(x)
	z.Mul(&square, x)
	return z.Add(z, &Field{7})
}

// FromSwift sets p to the point with an even y whose x is that of u and t, which
// may be any numbers [secp256k1_ellswift_xswiftec_var].
//
//	g = u³ + 7
//	x = u - (g+t²)² / 3t²u²   or   (-u ± c·u·(g-t²) / (g+t²)) / 2
//
// The first of these three that is on the curve counts, and one is.
func (p *Affine) FromSwift(u, t *Field) (ok bool) {
	one := Field{1}
	if u.IsZero() {
		u = &one
	}
	if t.IsZero() {
		t = &one
	}
	var g, t2, sum Field
	g.cubicOf(u)
	t2.Square(t)
	if sum.Add(&g, &t2); sum.IsZero() {
		t2.Add(&t2, &t2) // t is doubled
		t2.Add(&t2, &t2)
		sum.Add(&g, &t2)
	}
	// One inversion serves both fractions.
	var below, inverse, u2 Field
	u2.Square(u)
	below.Mul(&t2, &u2)
	below.Mul(&below, &Field{3})
	inverse.Mul(&below, &sum)
	inverse.Inverse(&inverse)

	var x, f Field
	f.Square(&sum)
	f.Mul(&f, &sum)
	f.Mul(&f, &inverse) // (g+t²)² / 3t²u²
	x.Sub(u, &f)
	if p.Lift(&x, false) {
		return true
	}
	c := rootMinus3()
	f.Sub(&g, &t2)
	f.Mul(&f, &c)
	f.Mul(&f, u)
	f.Mul(&f, &below)
	f.Mul(&f, &inverse) // c·u·(g-t²) / (g+t²)
	x.Add(u, &f)
	x.Neg(&x)
	x.halve(&x)
	if p.Lift(&x, false) {
		return true
	}
	x.Sub(&f, u)
	x.halve(&x)
	return p.Lift(&x, false)
}

// ToSwift sets t so that u and t stand for x, of a point of the curve, in one of eight
// cases; ok is false where there is none, as for three of four u
// [secp256k1_ellswift_xswiftec_inv_var]. t and -t stand for one x and come in two cases:
// which is which may differ from BIP324, and both are as likely.
func (t *Field) ToSwift(u, x *Field, which byte) (ok bool) {
	var v, w Field
	if which&2 == 0 {
		v, w, ok = firstRoots(u, x)
	} else {
		v, w, ok = otherRoots(u, x, which&1 == 1)
	}
	if !ok {
		return false
	}
	// t = ±w·(u·(1±c)/2 + v)
	c := rootMinus3()
	if which&1 == 0 {
		c.Neg(&c)
	}
	c.Add(&c, &Field{1})
	c.halve(&c)
	t.Mul(u, &c)
	t.Add(t, &v)
	t.Mul(t, &w)
	if which&5 == 0 || which&5 == 5 {
		t.Neg(t)
	}
	return true
}

// firstRoots are v = x and the root w of s = -(u³+7) / (u²+uv+v²), unless x would be
// found before: where -x-u is on the curve too.
func firstRoots(u, x *Field) (v, w Field, ok bool) {
	var other Affine
	var f Field
	f.Add(x, u)
	f.Neg(&f)
	if other.Lift(&f, false) {
		return v, w, false
	}
	v = *x
	var above, below Field
	above.cubicOf(u)
	above.Neg(&above)
	f.Add(u, &v)
	below.Square(&f)
	f.Mul(u, &v)
	below.Sub(&below, &f) // (u+v)² - uv
	f.Mul(&above, &below)
	if !w.Sqrt(&f) {
		return v, w, false
	}
	below.Inverse(&below)
	w.Mul(&w, &below)
	return v, w, true
}

// otherRoots are v = (r/s - u) / 2 and the root w of s = x - u, where r is that of
// -s·(4(u³+7) + 3u²s).
func otherRoots(u, x *Field, notDouble bool) (v, w Field, ok bool) {
	var s, r, f, u2 Field
	if s.Sub(x, u); s.IsZero() || !w.Sqrt(&s) {
		return v, w, false
	}
	f.cubicOf(u)
	f.Mul(&f, &Field{4})
	u2.Square(u)
	r.Mul(&u2, &s)
	r.Mul(&r, &Field{3})
	f.Add(&f, &r)
	f.Mul(&f, &s)
	f.Neg(&f)
	if !r.Sqrt(&f) || notDouble && r.IsZero() {
		return v, w, false
	}
	f.Inverse(&s)
	r.Mul(&r, &f)
	v.Sub(&r, u)
	v.halve(&v)
	return v, w, true
}
