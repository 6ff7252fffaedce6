package wallet

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
)

// Every signature is good, short and the same each time; where the first nonce
// gives a low R it is the one of RFC 6979.
func TestSignaturesHaveLowR(t *testing.T) {
	ground := 0
	for i := range uint32(200) {
		seed := sha256.Sum256(binary.LittleEndian.AppendUint32(nil, i))
		key, pub := btcec.PrivKeyFromBytes(seed[:])
		hash := sha256.Sum256(seed[:])
		raw := SignLowR(key, hash[:])
		sig, err := ecdsa.ParseDERSignature(raw)
		if err != nil || !sig.Verify(hash[:], pub) {
			t.Fatalf("%d: not good: %v", i, err)
		}
		if len(raw) > 70 || raw[3] > 32 {
			t.Errorf("%d: %d bytes, R of %d", i, len(raw), raw[3])
		}
		if string(SignLowR(key, hash[:])) != string(raw) {
			t.Errorf("%d: signed differently a second time", i)
		}
		plain := ecdsa.Sign(key, hash[:]).Serialize()
		switch low := plain[3] <= 32; {
		case low && string(plain) != string(raw):
			t.Errorf("%d: not RFC 6979's though its R is low", i)
		case !low:
			ground++
		}
	}
	if ground < 60 {
		t.Errorf("only %d of 200 needed another nonce", ground)
	}
}
