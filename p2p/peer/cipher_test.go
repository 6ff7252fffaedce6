package peer

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/v2transport"
)

// Packets of three keys, with room for the tag and without, against btcsuite's cipher in both directions.
func TestPacketsAreSealedInPlaceAsElsewhere(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(rnd.Uint32())
	}
	ours, err := newPacketCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	back, _ := newPacketCipher(key)
	theirs, _ := v2transport.NewFSChaCha20Poly1305(key)
	for i := range 3*rekeyEvery + 1 {
		clear := make([]byte, rnd.IntN(300), 300+rnd.IntN(30))
		for j := range clear {
			clear[j] = byte(rnd.Uint32())
		}
		aad := clear[:rnd.IntN(len(clear)+1)]
		aad = bytes.Clone(aad)
		before := bytes.Clone(clear)
		want, err := theirs.Encrypt(aad, clear)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ours.encrypt(clear, aad)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("packet %d of %d bytes: %v, or other bytes than theirs", i, len(before), err)
		}
		opened, err := back.decrypt(got, aad)
		if err != nil || !bytes.Equal(opened, before) {
			t.Fatalf("packet %d is not opened: %v", i, err)
		}
	}
	spoilt, _ := ours.encrypt(make([]byte, 10), nil)
	spoilt[3] ^= 1
	if _, err := back.decrypt(spoilt, nil); err == nil {
		t.Error("a forged packet is opened")
	}
}
