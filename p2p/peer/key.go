package peer

import (
	"crypto/rand"
	"errors"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"

	"grapevine/chain/script/secp256k1"
)

// key is a private key for one connection, and told what the other side is told of it
// (BIP324). What is public is reckoned by our own field, three times as fast as btcsuite's
// ellswift package; what is private by btcec.
type key struct{ private btcec.ModNScalar }

// told is a public key's x as two numbers that look like chance.
type told = [keySize]byte

// freshKey is BIP324's ellswift_create. btcec's ScalarBaseMultNonConst would unpack a table
// of the base point's multiples first, which costs a node that starts as much as a hundred
// keys without it.
func freshKey() (*key, told, error) {
	var public told
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return nil, public, err
	}
	var k key
	if over := k.private.SetBytes(&secret); over != 0 || k.private.IsZero() {
		return freshKey() // not one of the curve's numbers: nobody will ever see it
	}
	base := basePoint()
	xBytes := k.times(&base)
	var x, u, t secp256k1.Field
	x.SetBytes(&xBytes)
	for {
		var chance [33]byte
		if _, err := rand.Read(chance[:]); err != nil {
			return nil, public, err
		}
		u.SetBytes((*[32]byte)(chance[:]))
		if t.ToSwift(&u, &x, chance[32]&7) {
			break
		}
	}
	b := u.Bytes()
	copy(public[:], b[:])
	b = t.Bytes()
	copy(public[32:], b[:])
	return &k, public, nil
}

// agree is the secret of both sides, BIP324's v2_ecdh.
func (k *key) agree(theirs, ours told, dialled bool) (*chainhash.Hash, error) {
	var u, t secp256k1.Field
	u.SetBytes((*[32]byte)(theirs[:]))
	t.SetBytes((*[32]byte)(theirs[32:]))
	var p secp256k1.Affine
	if !p.FromSwift(&u, &t) {
		return nil, errors.New("the other's key is no point of the curve")
	}
	x, y := p.X.Bytes(), p.Y.Bytes()
	point := jacobian(x[:], y[:])
	shared := k.times(&point)
	first, second := theirs, ours
	if dialled {
		first, second = ours, theirs
	}
	return chainhash.TaggedHash([]byte("bip324_ellswift_xonly_ecdh"), first[:], second[:], shared[:]), nil
}

// times is the x of the key's multiple of a point.
func (k *key) times(p *btcec.JacobianPoint) [32]byte {
	var product btcec.JacobianPoint
	btcec.ScalarMultNonConst(&k.private, p, &product)
	product.ToAffine()
	return *product.X.Bytes()
}

// basePoint is the curve's generator.
func basePoint() btcec.JacobianPoint {
	curve := btcec.S256().Params()
	return jacobian(curve.Gx.Bytes(), curve.Gy.Bytes())
}

// jacobian is the point with these coordinates.
func jacobian(xBytes, yBytes []byte) btcec.JacobianPoint {
	var x, y, one btcec.FieldVal
	x.SetByteSlice(xBytes)
	y.SetByteSlice(yBytes)
	return btcec.MakeJacobianPoint(&x, &y, one.SetInt(1))
}
