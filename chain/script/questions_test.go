package script

import (
	"bytes"
	"encoding/hex"
	"math/big"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/chainhash/v2"
)

// kindOfQuestion is a family of questions with a name, a share in hundredths,
// and the verdicts that are possible.
type kindOfQuestion struct {
	name     string
	share    int
	verdicts verdicts
	make     func(*maker) *question
}

type verdicts byte

const (
	both verdicts = iota
	onlyAccepted
	onlyRefused
)

func kindsOfQuestions() []kindOfQuestion {
	return append(kindsOfECDSA(), append(kindsOfEncodings(), kindsOfBIP340()...)...)
}

func kindsOfECDSA() []kindOfQuestion {
	return []kindOfQuestion{
		{"ECDSA as signed", 8, onlyAccepted, (*maker).signed},
		{"ECDSA with a bit flipped", 8, onlyRefused, (*maker).flipped},
		{"ECDSA high s", 6, both, (*maker).highS},
		{"ECDSA of -key and -hash", 3, both, (*maker).negated},
		{"ECDSA r below p-n, r+n", 6, both, (*maker).wrapped},
		{"ECDSA r, s, hash at their ends", 6, both, (*maker).ends},
		{"ECDSA u1, u2 at their ends", 6, both, (*maker).factorsAtEnds},
		{"ECDSA u1·G = u2·Q", 3, both, (*maker).doubled},
		{"ECDSA sum at infinity", 3, onlyRefused, (*maker).infinite},
		{"ECDSA small and edge keys", 5, both, (*maker).edgeKey},
		{"ECDSA keys hybrid, uncompressed", 6, both, (*maker).longKey},
		{"ECDSA keys at infinity, off curve", 3, onlyRefused, (*maker).noKey},
	}
}

// maker makes questions of one key; most are changed from what it signed.
type maker struct {
	*chunk
	d     btcec.ModNScalar // the secret
	key   []byte
	point btcec.JacobianPoint // its point, Z = 1

	hash   chainhash.Hash
	r, s   btcec.ModNScalar // a signature of hash, s low
	bip340 [64]byte         // another of the same hash
}

// renew takes another key.
func (m *maker) renew() {
	m.own(m.scalar())
	priv, _ := btcec.PrivKeyFromBytes(bytesOfScalar(m.d))
	m.fill(m.hash[:])
	sig := ecdsa.Sign(priv, m.hash[:])
	m.r, m.s = sig.R(), sig.S()
	m.bip340 = m.signBIP340(m.d, m.hash)
}

// own sets the key.
func (m *maker) own(secret btcec.ModNScalar) {
	priv, pub := btcec.PrivKeyFromBytes(bytesOfScalar(secret))
	m.d, m.key = priv.Key, pub.SerializeCompressed()
	pub.AsJacobian(&m.point)
}

// scalar is a random number, not zero.
func (m *maker) scalar() (n btcec.ModNScalar) {
	var b [32]byte
	n.SetByteSlice(m.fill(b[:]))
	return n
}

func bytesOfScalar(n btcec.ModNScalar) []byte {
	b := n.Bytes()
	return b[:]
}

func compressed(p *btcec.JacobianPoint) []byte {
	p.ToAffine()
	return btcec.NewPublicKey(&p.X, &p.Y).SerializeCompressed()
}

// xOf is a point's x as a signature has it.
func xOf(p *btcec.JacobianPoint) (r btcec.ModNScalar) {
	p.ToAffine()
	r.SetBytes(p.X.Bytes())
	return r
}

// question is the signature at hand.
func (m *maker) question() *question {
	return &question{key: bytes.Clone(m.key), hash: m.hash, r: m.r, s: m.s, want: accept}
}

// spoil makes a good question bad as often as not.
func (m *maker) spoil(q *question) *question {
	if m.coin() {
		m.flip(q.hash[:])
		q.want = refuse
	}
	return q
}

// signed signs another hash with the same key: s = (e + r·d) / k.
func (m *maker) signed() *question { return m.signWith(m.scalar(), m.scalar(), unknownS) }

// unknownS says that s follows from the hash.
var unknownS *btcec.ModNScalar

// signWith makes a signature of the nonce k: of the hash e, or, with s given,
// of the hash that follows.
func (m *maker) signWith(k, e btcec.ModNScalar, s *btcec.ModNScalar) *question {
	var R btcec.JacobianPoint
	btcec.ScalarBaseMultNonConst(&k, &R)
	q := &question{key: m.key, r: xOf(&R), want: accept}
	var rd btcec.ModNScalar
	rd.Mul2(&q.r, &m.d)
	if s != nil {
		q.s = *s
		e.Mul2(s, &k).Add(rd.Negate())
	} else {
		q.s.InverseValNonConst(&k)
		q.s.Mul(rd.Add(&e))
		if q.s.IsOverHalfOrder() {
			q.s.Negate()
		}
	}
	if q.s.IsZero() {
		q.want = refuse
	}
	e.PutBytesUnchecked(q.hash[:])
	return q
}

// flipped has one bit wrong: of the hash, r, s, or the key.
func (m *maker) flipped() *question {
	q := m.question()
	r, s := bytesOfScalar(q.r), bytesOfScalar(q.s)
	m.flip([][]byte{q.hash[:], r, s, q.key[1:]}[m.IntN(4)])
	q.r.SetByteSlice(r)
	q.s.SetByteSlice(s)
	q.want = refuse
	return q
}

func (m *maker) highS() *question {
	q := m.question()
	q.s.Negate()
	return m.spoil(q)
}

// negated is a signature of the negated hash by the negated key: its point is
// the negative one, of the same x.
func (m *maker) negated() *question {
	q := m.question()
	q.key[0] ^= 1
	q.want = refuse
	if m.coin() {
		var e btcec.ModNScalar
		e.SetByteSlice(q.hash[:])
		e.Negate().PutBytesUnchecked(q.hash[:])
		q.want = accept
	}
	return q
}

// wrapped has a nonce point with an x below p-n, or between n and p, of which
// r is x-n: one that forgets to add n again refuses. Such points are not found
// by chance, but a key can be made for one.
func (m *maker) wrapped() *question {
	q := new(question)
	var R, minus, sum btcec.JacobianPoint
	R.Z.SetInt(1)
	for {
		var small [32]byte
		m.fill(small[16:]) // p-n is above 2^128
		q.r.SetBytes(&small)
		x := small[:]
		if m.coin() {
			x = orderPlus(&q.r)[1:]
		}
		if !R.X.SetByteSlice(x) && !q.r.IsZero() && btcec.DecompressY(&R.X, m.coin(), &R.Y) {
			break
		}
	}
	R.Y.Normalize()
	// Q = (R - u1·G) / u2, s = r / u2, e = u1·s.
	u1, inv := m.scalar(), m.scalar() // inv is 1 / u2
	var e btcec.ModNScalar
	q.s.Mul2(&q.r, &inv)
	e.Mul2(&u1, &q.s).PutBytesUnchecked(q.hash[:])
	btcec.ScalarBaseMultNonConst(u1.Negate(), &minus)
	btcec.AddNonConst(&R, &minus, &sum)
	btcec.ScalarMultNonConst(&inv, &sum, &minus)
	q.key, q.want = compressed(&minus), accept
	switch m.IntN(4) {
	case 0:
		q.r.Add(new(btcec.ModNScalar).SetInt(1))
		q.want = refuse
	case 1:
		return m.wrappedTwice()
	}
	return q
}

// wrappedTwice is signed with r = x + p - n: good only for one that adds n
// where the sum goes over p.
func (m *maker) wrappedTwice() *question {
	k, e := m.scalar(), m.scalar()
	var R btcec.JacobianPoint
	btcec.ScalarBaseMultNonConst(&k, &R)
	q := &question{key: m.key, r: xOf(&R), want: refuse}
	var gap, rd btcec.ModNScalar
	gap.SetByteSlice(new(big.Int).Sub(btcec.S256().P, btcec.S256().N).Bytes())
	rd.Mul2(q.r.Add(&gap), &m.d)
	q.s.InverseValNonConst(&k)
	q.s.Mul(rd.Add(&e))
	e.PutBytesUnchecked(q.hash[:])
	return q
}

// ends has r, s or the hash at an end of its range, signed all the same where
// that can be.
func (m *maker) ends() *question {
	list := edgeScalars()
	edge := list[m.IntN(len(list))]
	q := m.question()
	switch m.IntN(5) {
	case 0:
		q.r, q.want = edge, refuse
	case 1:
		q.s, q.want = edge, refuse
	case 2:
		q = m.spoil(m.signWith(m.scalar(), edge, unknownS))
	case 3:
		q = m.signWith(m.scalar(), btcec.ModNScalar{}, &edge)
	case 4: // as hash its number plus the order, if 32 bytes can hold it
		small := m.scalar()
		var b [32]byte
		copy(b[16:], bytesOfScalar(small))
		small.SetBytes(&b)
		q = m.signWith(m.scalar(), small, unknownS)
		if sum := orderPlus(&small); sum[0] == 0 {
			copy(q.hash[:], sum[1:])
		}
	}
	return q
}

// ofFactors makes the signature whose verification is u1·G + u2·Q.
func (m *maker) ofFactors(u1, u2 btcec.ModNScalar) *question {
	q := &question{key: m.key}
	var k, e btcec.ModNScalar // the sum is k·G
	k.Mul2(&u2, &m.d).Add(&u1)
	var R btcec.JacobianPoint
	btcec.ScalarBaseMultNonConst(&k, &R)
	q.r = xOf(&R)
	q.s.InverseValNonConst(&u2)
	q.s.Mul(&q.r)
	e.Mul2(&u1, &q.s).PutBytesUnchecked(q.hash[:])
	q.want = wantIf(!k.IsZero() && !u2.IsZero())
	return q
}

func (m *maker) factorsAtEnds() *question {
	list := edgeScalars()
	u1, u2 := list[m.IntN(len(list))], list[m.IntN(len(list))]
	if m.coin() {
		u1 = m.scalar()
	}
	return m.spoil(m.ofFactors(u1, u2))
}

// doubled has both products equal, so that their sum is a doubling.
func (m *maker) doubled() *question {
	u2 := m.scalar()
	var u1 btcec.ModNScalar
	u1.Mul2(&u2, &m.d)
	return m.spoil(m.ofFactors(u1, u2))
}

// infinite has both products cancel each other: e + r·d = 0.
func (m *maker) infinite() *question {
	q := &question{key: m.key, r: m.scalar(), s: m.scalar(), want: refuse}
	var e btcec.ModNScalar
	e.Mul2(&q.r, &m.d).Negate().PutBytesUnchecked(q.hash[:])
	return q
}

// edgeKey is of a key whose multiples meet those of G, or the table's ends.
func (m *maker) edgeKey() *question {
	list := edgeScalars()
	secret := list[m.IntN(len(list))]
	if secret.IsZero() {
		secret.SetInt(1)
	}
	other := &maker{chunk: m.chunk}
	other.own(secret)
	return m.spoil(other.signWith(m.scalar(), m.scalar(), unknownS))
}

// longKey has the key in 65 bytes: uncompressed, hybrid, or hybrid and of the
// other parity.
func (m *maker) longKey() *question {
	q := m.question()
	pub := btcec.NewPublicKey(&m.point.X, &m.point.Y)
	q.key = pub.SerializeUncompressed()
	switch m.IntN(4) {
	case 0:
	case 1:
		q.key[0] = 6 | q.key[64]&1 ^ 1
		q.want = refuse
	default:
		q.key[0] = 6 | q.key[64]&1
	}
	if q.want == accept {
		m.spoil(q)
	}
	return q
}

// noKey is no key: infinity in its forms, a point beside the curve, an x above
// the field, a wrong mark or size.
func (m *maker) noKey() *question {
	q := m.question()
	q.want = refuse
	long := btcec.NewPublicKey(&m.point.X, &m.point.Y).SerializeUncompressed()
	switch m.IntN(8) {
	case 0:
		q.key = nil
	case 1:
		q.key = []byte{0}
	case 2:
		q.key = make([]byte, 33)
	case 3:
		q.key = append([]byte{byte(2 + m.IntN(6))}, make([]byte, 64)...)
	case 4:
		m.flip(long[33:])
		q.key = long
	case 5:
		q.key = append([]byte{byte(2 + m.IntN(2))}, bytes.Repeat([]byte{0xff}, 32)...)
	case 6:
		q.key[0] = []byte{0, 1, 4, 5, 6, 7, 8, 0x82}[m.IntN(8)]
	case 7:
		q.key = append(q.key, 0)[:32+2*m.IntN(2)]
	}
	return q
}

// edgeScalars are numbers at the ends of what a curve's halves and digits handle.
func edgeScalars() (list []btcec.ModNScalar) {
	for _, base := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72", // λ
		"0000000000000000000000000000000100000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000010000000000000000",
		"8000000000000000000000000000000000000000000000000000000000000000",
		"000000000000000000000000000000008000000000000000ffffffffffffffff",
		"00000000000000000000000000000000ffffffffffffffffffffffffffffffff",
	} {
		raw, _ := hex.DecodeString(base)
		for add := range uint32(40) {
			var k, up, down btcec.ModNScalar
			k.SetByteSlice(raw)
			up.SetInt(add)
			down.NegateVal(&up)
			list = append(list, *up.Add(&k), *down.Add(&k))
		}
	}
	return list
}
