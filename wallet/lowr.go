package wallet

import (
	"encoding/binary"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
)

// SignLowR is an ECDSA signature whose R is below 2^255, so that it is never
// longer than 70 bytes, as everybody's are [SigHasLowR]. The nonce is that of
// RFC 6979; while R comes out high, a counter goes in as its extra data, as in
// Core, so that the same key signs the same hash with the same bytes [CanGrindR].
func SignLowR(key *btcec.PrivateKey, hash []byte) []byte {
	secret := key.Key.Bytes()
	var extra []byte
	for counter := uint32(1); ; counter++ {
		nonce := btcec.NonceRFC6979(secret[:], hash, extra, nil, 0)
		if r, s, ok := signWith(key, hash, nonce); ok && r.Bytes()[0] < 0x80 {
			return ecdsa.NewSignature(&r, &s).Serialize()
		}
		extra = make([]byte, 32)
		binary.LittleEndian.PutUint32(extra, counter)
	}
}

// signWith signs with a nonce: r is the x of nonce*G, s is (hash + r*key)/nonce,
// the lower of the two that are good (BIP146).
func signWith(key *btcec.PrivateKey, hash []byte, nonce *btcec.ModNScalar) (r, s btcec.ModNScalar, ok bool) {
	var point btcec.JacobianPoint
	btcec.ScalarBaseMultNonConst(nonce, &point)
	point.ToAffine()
	x := point.X.Bytes()
	r.SetByteSlice(x[:])
	var e btcec.ModNScalar
	e.SetByteSlice(hash)
	s.Mul2(&key.Key, &r).Add(&e).Mul(new(btcec.ModNScalar).InverseValNonConst(nonce))
	if s.IsOverHalfOrder() {
		s.Negate()
	}
	return r, s, !r.IsZero() && !s.IsZero()
}
