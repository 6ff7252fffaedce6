package coins

import (
	"crypto/sha256"
	"math/big"
	"math/bits"

	"golang.org/x/crypto/chacha20"

	"grapevine/chain"
)

// MuHash3072 works in the multiplicative group modulo 2^3072 - primeGap, the
// largest safe prime of that length.
const (
	muBits   = 3072
	muBytes  = muBits / 8
	muWords  = muBits / bits.UintSize
	primeGap = 1103717
)

// MuHash is a hash over a set that does not depend on the order in which
// things came and went [MuHash3072]. The zero value is not ready: see
// NewMuHash. It is not safe for concurrent use.
type MuHash struct {
	top, bottom   *big.Int // product of what was inserted, of what was removed
	product, high *big.Int // scratch; high is in product's memory
	gap, mask     *big.Int
	num           *big.Int
	buf           [muBytes]byte
}

// NewMuHash is the hash of the empty set.
func NewMuHash() *MuHash {
	one := big.NewInt(1)
	return &MuHash{
		top: big.NewInt(1), bottom: big.NewInt(1),
		product: new(big.Int), high: new(big.Int), num: new(big.Int),
		gap:  big.NewInt(primeGap),
		mask: new(big.Int).Sub(new(big.Int).Lsh(one, muBits), one),
	}
}

// Insert adds a thing.
func (m *MuHash) Insert(thing []byte) { m.mul(m.top, m.element(thing)) }

// Remove takes a thing out.
func (m *MuHash) Remove(thing []byte) { m.mul(m.bottom, m.element(thing)) }

// Join adds everything that o holds.
func (m *MuHash) Join(o *MuHash) {
	m.mul(m.top, o.top)
	m.mul(m.bottom, o.bottom)
}

// element is the group's element that stands for a thing: 3072 bits of
// ChaCha20 under its SHA-256, little-endian.
func (m *MuHash) element(thing []byte) *big.Int {
	key := sha256.Sum256(thing)
	var nonce [chacha20.NonceSize]byte
	stream, _ := chacha20.NewUnauthenticatedCipher(key[:], nonce[:]) // sizes are right
	clear(m.buf[:])
	stream.XORKeyStream(m.buf[:], m.buf[:])
	reverse(m.buf[:])
	return m.num.SetBytes(m.buf[:])
}

// mul sets acc to acc × x, folding what is above 3072 bits back in: 2^3072 is
// primeGap modulo the prime.
func (m *MuHash) mul(acc, x *big.Int) {
	m.product.Mul(acc, x)
	for m.product.BitLen() > muBits {
		words := m.product.Bits() // nothing is copied: both parts stay where they are
		acc.Mul(m.high.SetBits(words[muWords:]), m.gap)
		m.product.SetBits(words[:muWords])
		m.product.Add(m.product, acc)
	}
	acc.Set(m.product)
}

// Sum is the hash of the set, as Bitcoin Core prints it.
func (m *MuHash) Sum() chain.Hash {
	number := m.number()
	return sha256.Sum256(number[:])
}

// number is what was inserted over what was removed, fully reduced, little-endian.
func (m *MuHash) number() (buf [muBytes]byte) {
	prime := new(big.Int).Sub(m.mask, m.gap)
	prime.Add(prime, big.NewInt(1))
	v := new(big.Int).ModInverse(m.bottom, prime)
	v.Mod(v.Mul(v, m.top), prime)
	v.FillBytes(buf[:])
	reverse(buf[:])
	return buf
}

func reverse(b []byte) {
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
}
