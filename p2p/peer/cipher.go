package peer

import (
	"crypto/cipher"
	"encoding/binary"
	"math"

	"golang.org/x/crypto/chacha20poly1305"
)

// rekeyEvery is after how many packets the key changes (BIP324's REKEY_INTERVAL).
const rekeyEvery = 224

// packetCipher seals or opens the packets of one direction, one after the other
// (BIP324's FSChaCha20Poly1305 [FSChaCha20Poly1305]). It does so in their place: btcsuite's makes a
// copy of each, and a block is copied often enough.
type packetCipher struct {
	aead    cipher.AEAD
	packets uint32 // by this key
	keys    uint64 // before this one
}

func newPacketCipher(key []byte) (*packetCipher, error) {
	aead, err := chacha20poly1305.New(key)
	return &packetCipher{aead: aead}, err
}

// encrypt overwrites clear, and stays in its place if it has room for the tag.
func (c *packetCipher) encrypt(clear, aad []byte) ([]byte, error) {
	sealed := c.aead.Seal(clear[:0], c.nonce(c.packets), clear, aad)
	return sealed, c.next()
}

// decrypt overwrites sealed.
func (c *packetCipher) decrypt(sealed, aad []byte) ([]byte, error) {
	clear, err := c.aead.Open(sealed[:0], c.nonce(c.packets), sealed, aad)
	if err != nil {
		return nil, err
	}
	return clear, c.next()
}

// nonce is the packet's number by this key, and the key's.
func (c *packetCipher) nonce(packet uint32) []byte {
	n := binary.LittleEndian.AppendUint32(make([]byte, 0, chacha20poly1305.NonceSize), packet)
	return binary.LittleEndian.AppendUint64(n, c.keys)
}

// next makes the next key out of this one when its packets are used up.
func (c *packetCipher) next() (err error) {
	if c.packets++; c.packets < rekeyEvery {
		return nil
	}
	key := c.aead.Seal(nil, c.nonce(math.MaxUint32), make([]byte, chacha20poly1305.KeySize), nil)
	c.aead, err = chacha20poly1305.New(key[:chacha20poly1305.KeySize])
	c.packets, c.keys = 0, c.keys+1
	return err
}
