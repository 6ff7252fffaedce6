package script

import (
	"bytes"
	"slices"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
)

func kindsOfEncodings() []kindOfQuestion {
	return []kindOfQuestion{
		{"DER lax", 8, both, (*maker).laxDER},
		{"DER with bytes changed", 8, both, (*maker).brokenDER},
		{"DER r+n, s+n, s >= n, zero", 3, onlyRefused, (*maker).beyondDER},
	}
}

func kindsOfBIP340() []kindOfQuestion {
	return []kindOfQuestion{
		{"BIP340 as signed", 6, onlyAccepted, (*maker).signed340},
		{"BIP340 with a bit flipped", 4, onlyRefused, (*maker).flipped340},
		{"BIP340 -s, or R of odd y", 2, onlyRefused, (*maker).odd340},
		{"BIP340 r >= p, s >= n, ends", 2, onlyRefused, (*maker).ends340},
		{"BIP340 R at infinity", 2, onlyRefused, (*maker).infinite340},
		{"BIP340 keys at ends, off curve", 2, both, (*maker).edgeKey340},
	}
}

// numbers encodes two numbers, given as digits, without a hash type.
func numbers(r, s []byte) []byte {
	b := der(r, s)
	return b[:len(b)-1]
}

// laxDER is a good signature, or one of another hash, in a form that BIP66
// forbids; half of them with a high s.
func (m *maker) laxDER() *question {
	q := m.question()
	if m.coin() {
		q.s.Negate()
	}
	m.spoil(q)
	q.der = m.laxForm(q.r, q.s)
	return q
}

// laxForm encodes two numbers in a way that BIP66 forbids, or does not.
func (m *maker) laxForm(r, s btcec.ModNScalar) []byte {
	rb, sb := positive(&r), positive(&s)
	pad := func(b []byte) []byte { return append(make([]byte, m.IntN(4)), b...) }
	switch m.IntN(6) {
	case 0:
		return numbers(pad(rb), pad(sb))
	case 1: // without the zero that keeps a number positive
		return numbers(bytes.TrimLeft(rb, "\x00"), bytes.TrimLeft(sb, "\x00"))
	case 2: // bytes after the sequence
		return append(numbers(rb, sb), m.fill(make([]byte, 1+m.IntN(5)))...)
	case 3: // bytes in the sequence, after s
		b := append(numbers(rb, sb), m.fill(make([]byte, 1+m.IntN(5)))...)
		b[1] = byte(len(b) - 2)
		return b
	case 4: // a long sequence length, or a wrong one
		b := numbers(rb, sb)
		if m.coin() {
			b[1] ^= byte(1 + m.IntN(0x7f))
			return b
		}
		return slices.Concat([]byte{0x30, 0x81, b[1]}, b[2:])
	}
	// a long length of r, with zeros or without
	b := numbers(rb, sb)
	length := append(make([]byte, m.IntN(3)), b[3])
	return slices.Concat([]byte{0x30, b[1] + byte(len(length)), 0x02, 0x80 | byte(len(length))}, length, b[4:])
}

// brokenDER has one to three bytes flipped, put in or taken out, half of them
// in the heads of the numbers.
func (m *maker) brokenDER() *question {
	q := m.question()
	b := numbers(positive(&q.r), positive(&q.s))
	for range 1 + m.IntN(3) {
		at := m.IntN(len(b))
		if second := 4 + int(b[3]); m.coin() && second+2 < len(b) {
			at = []int{0, 1, 2, 3, 4, second, second + 1, second + 2, len(b) - 1}[m.IntN(9)]
		}
		switch at = min(at, len(b)-1); m.IntN(4) {
		case 0:
			b = slices.Insert(b, at, byte(m.Uint32()))
		case 1:
			b = slices.Delete(b, at, at+1)
		case 2:
			b[at]++
		case 3:
			b[at] ^= 1 << m.IntN(8)
		}
		if len(b) < 8 {
			break
		}
	}
	q.der, q.want = b, unknown
	return q
}

// beyondDER has a number that is good modulo the order, but not below it; or
// one that is zero.
func (m *maker) beyondDER() *question {
	q := m.question()
	rb, sb := positive(&q.r), positive(&q.s)
	order := btcec.S256().N.Bytes()
	switch m.IntN(6) {
	case 0:
		rb = orderPlus(&q.r)
	case 1:
		sb = orderPlus(&q.s)
	case 2:
		sb = append([]byte{0}, order...)
	case 3:
		sb = append([]byte{0}, bytes.Repeat([]byte{0xff}, 32)...)
	case 4:
		sb = make([]byte, m.IntN(34))
	case 5:
		rb = make([]byte, m.IntN(34))
	}
	q.der, q.want = numbers(rb, sb), refuse
	return q
}

// even is a secret, negated if its point's y is odd, and the point's x.
func even(d btcec.ModNScalar) (btcec.ModNScalar, [32]byte) {
	var p btcec.JacobianPoint
	btcec.ScalarBaseMultNonConst(&d, &p)
	p.ToAffine()
	if p.Y.IsOdd() {
		d.Negate()
	}
	return d, *p.X.Bytes()
}

// challenge is BIP340's e.
func challenge(r, px [32]byte, hash chainhash.Hash) (e btcec.ModNScalar) {
	e.SetBytes((*[32]byte)(chainhash.TaggedHash(chainhash.TagBIP0340Challenge, r[:], px[:], hash[:])))
	return e
}

func (m *maker) signBIP340(secret btcec.ModNScalar, hash chainhash.Hash) (sig [64]byte) {
	d, px := even(secret)
	k, r := even(m.scalar())
	e := challenge(r, px, hash)
	copy(sig[:], r[:])
	copy(sig[32:], bytesOfScalar(*e.Mul(&d).Add(&k)))
	return sig
}

// question340 is the signature at hand.
func (m *maker) question340() *question {
	q := &question{key: bytes.Clone(m.key), hash: m.hash, want: accept}
	q.key[0] = 2
	sig := m.bip340
	q.bip340 = &sig
	return q
}

func (m *maker) signed340() *question {
	q := m.question340()
	m.fill(q.hash[:])
	*q.bip340 = m.signBIP340(m.d, q.hash)
	return q
}

func (m *maker) flipped340() *question {
	q := m.question340()
	m.flip([][]byte{q.hash[:], q.bip340[:32], q.bip340[32:], q.key[1:]}[m.IntN(4)])
	q.want = refuse
	return q
}

// odd340 is signed as if R's y were not looked at, or has its s negated.
func (m *maker) odd340() *question {
	q := m.question340()
	q.want = refuse
	var s btcec.ModNScalar
	if m.coin() {
		s.SetByteSlice(q.bip340[32:])
		s.Negate().PutBytesUnchecked(q.bip340[32:])
		return q
	}
	d, px := even(m.d)
	k, r := even(m.scalar())
	e := challenge(r, px, q.hash)
	s.Mul2(&e, &d).Add(k.Negate())
	copy(q.bip340[:], r[:])
	s.PutBytesUnchecked(q.bip340[32:])
	return q
}

// ends340 has r or s at the field's or the order's size, above it, or at zero.
// r+p or s+n of a good signature would need a number below 2^128, which nobody
// can sign with.
func (m *maker) ends340() *question {
	q := m.question340()
	q.want = refuse
	var edge [32]byte
	half := q.bip340[32*m.IntN(2):][:32]
	switch m.IntN(5) {
	case 0: // zero
	case 1:
		btcec.S256().P.FillBytes(edge[:])
	case 2:
		btcec.S256().N.FillBytes(edge[:])
	case 3:
		copy(edge[:], bytes.Repeat([]byte{0xff}, 32))
	case 4:
		copy(edge[:], orderPlus(new(btcec.ModNScalar).SetInt(m.Uint32()))[1:])
	}
	copy(half, edge[:])
	return q
}

// infinite340 has s·G and e·P cancel each other, for an r of any kind.
func (m *maker) infinite340() *question {
	q := m.question340()
	q.want = refuse
	var r [32]byte
	if m.coin() {
		r[31] = byte(m.IntN(3))
	} else {
		copy(r[:], m.bip340[:32])
	}
	d, px := even(m.d)
	e := challenge(r, px, q.hash)
	copy(q.bip340[:], r[:])
	e.Mul(&d).PutBytesUnchecked(q.bip340[32:])
	return q
}

// edgeKey340 is signed by a key at the ends, or has an x that no point has.
func (m *maker) edgeKey340() *question {
	q := m.question340()
	if m.coin() {
		q.want = refuse
		for {
			x := bytes.Repeat([]byte{0xff}, 32)
			if m.coin() {
				m.fill(x)
			}
			q.key = append([]byte{2}, x...)
			if _, err := btcec.ParsePubKey(q.key); err != nil {
				return q
			}
		}
	}
	list := edgeScalars()
	secret := list[m.IntN(len(list))]
	if secret.IsZero() {
		secret.SetInt(1)
	}
	_, px := even(secret)
	q.key = append([]byte{2}, px[:]...)
	*q.bip340 = m.signBIP340(secret, q.hash)
	return m.spoil(q)
}
