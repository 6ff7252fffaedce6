package descriptor

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"grapevine/chain/script/secp256k1"
)

// line is the public children of one key (BIP32, CKDpub): what hdkeychain
// derives, but the parent is read only once. A wallet makes thousands of them.
type line struct {
	point secp256k1.Affine
	chain []byte
	key   []byte // the parent's, compressed
}

func newLine(parent *hdkeychain.ExtendedKey) (*line, error) {
	pub, err := parent.ECPubKey()
	if err != nil {
		return nil, fmt.Errorf("extended key: %w", err)
	}
	l := &line{chain: parent.ChainCode(), key: pub.SerializeCompressed()}
	l.point.FromPublic(pub)
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
	child, ok := l.point.Plus(&scalar)
	if !ok {
		return nil, hdkeychain.ErrInvalidChild
	}
	return child.Compressed(), nil
}
