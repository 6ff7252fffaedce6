package descriptor

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
)

// line is the public children of one key (BIP32, CKDpub): what hdkeychain
// derives, but the parent is read only once. A wallet makes thousands of them.
type line struct {
	point btcec.JacobianPoint
	chain []byte
	key   []byte // the parent's, compressed
}

func newLine(parent *hdkeychain.ExtendedKey) (*line, error) {
	pub, err := parent.ECPubKey()
	if err != nil {
		return nil, fmt.Errorf("extended key: %w", err)
	}
	l := &line{chain: parent.ChainCode(), key: pub.SerializeCompressed()}
	pub.AsJacobian(&l.point)
	return l, nil
}

// at is the child at an index that is not hardened.
func (l *line) at(index uint32) ([]byte, error) {
	mac := hmac.New(sha512.New, l.chain)
	mac.Write(l.key)
	mac.Write(binary.BigEndian.AppendUint32(nil, index))
	var scalar btcec.ModNScalar
	if overflow := scalar.SetByteSlice(mac.Sum(nil)[:32]); overflow {
		return nil, hdkeychain.ErrInvalidChild
	}
	var own, sum btcec.JacobianPoint
	btcec.ScalarBaseMultNonConst(&scalar, &own)
	btcec.AddNonConst(&l.point, &own, &sum)
	if sum.Z.IsZero() {
		return nil, hdkeychain.ErrInvalidChild
	}
	sum.ToAffine()
	return btcec.NewPublicKey(&sum.X, &sum.Y).SerializeCompressed(), nil
}
