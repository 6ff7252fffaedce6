package secp256k1

// squared sets z to x squared n times.
func (z *Field) squared(x *Field, n int) *Field {
	*z = *x
	for range n {
		z.Square(z)
	}
	return z
}

// powers are x to the power of 2^n - 1 for the n that the exponents below are
// made of: they have 223 ones, a zero, 22 ones and ten more digits.
func (x *Field) powers() (x2, x22, x223 Field) {
	join := func(a *Field, n int, b *Field) (z Field) { // the ones of a, n places up, and those of b
		z.squared(a, n)
		z.Mul(&z, b)
		return z
	}
	x2 = join(x, 1, x)
	x3 := join(&x2, 1, x)
	x6 := join(&x3, 3, &x3)
	x9 := join(&x6, 3, &x3)
	x11 := join(&x9, 2, &x2)
	x22 = join(&x11, 11, &x11)
	x44 := join(&x22, 22, &x22)
	x88 := join(&x44, 44, &x44)
	x176 := join(&x88, 88, &x88)
	x220 := join(&x176, 44, &x44)
	x223 = join(&x220, 3, &x3)
	return x2, x22, x223
}

// Inverse sets z to 1/x, which is x^(p-2); of zero it is zero.
func (z *Field) Inverse(x *Field) *Field {
	first := *x
	x2, x22, t := x.powers()
	t.squared(&t, 23)
	t.Mul(&t, &x22)
	t.squared(&t, 5)
	t.Mul(&t, &first)
	t.squared(&t, 3)
	t.Mul(&t, &x2)
	t.squared(&t, 2)
	return z.Mul(&t, &first)
}

// Sqrt sets z to the root of x that is x^((p+1)/4). ok is false if x is no square.
func (z *Field) Sqrt(x *Field) (ok bool) {
	square := *x
	x2, x22, t := x.powers()
	t.squared(&t, 23)
	t.Mul(&t, &x22)
	t.squared(&t, 6)
	t.Mul(&t, &x2)
	z.squared(&t, 2)
	t.Square(z)
	return t.Equal(&square)
}
