package peer

import (
	"encoding/hex"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ellswift"
)

// theirsToo is the same private key for btcsuite.
func (k *key) theirsToo() *btcec.PrivateKey { return &btcec.PrivateKey{Key: k.private} }

// Both ends have one secret, which is btcsuite's, whoever of the two makes the key and whoever
// dialled.
func TestTwin_KeysAgreeWithBtcsuites(t *testing.T) {
	for range 50 {
		ours, oursTold, err := freshKey()
		if err != nil {
			t.Fatal(err)
		}
		other, otherTold, err := freshKey()
		if err != nil {
			t.Fatal(err)
		}
		private, theirTold, err := ellswift.EllswiftCreate()
		if err != nil {
			t.Fatal(err)
		}
		for _, dialled := range []bool{true, false} {
			a, errA := ours.agree(otherTold, oursTold, dialled)
			b, errB := other.agree(oursTold, otherTold, !dialled)
			c, errC := ellswift.V2Ecdh(ours.theirsToo(), otherTold, oursTold, dialled)
			if errA != nil || errB != nil || errC != nil || *a != *b || *a != *c {
				t.Fatalf("the secrets are %v, %v and btcsuite's %v (%v, %v, %v)", a, b, c, errA, errB, errC)
			}
			a, errA = ours.agree(theirTold, oursTold, dialled)
			b, errB = ellswift.V2Ecdh(private, oursTold, theirTold, !dialled)
			if errA != nil || errB != nil || *a != *b {
				t.Fatalf("the secrets are %v and btcsuite's %v (%v, %v)", a, b, errA, errB)
			}
		}
	}
}

// The first of BIP324's packet_encoding_test_vectors.
func TestSecretIsBIP324s(t *testing.T) {
	var k key
	read := func(s string) []byte {
		raw, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	k.private.SetByteSlice(read("61062ea5071d800bbfd59e2e8b53d47d194b095ae5a4df04936b49772ef0d4d7"))
	ours := told(read("ec0adff257bbfe500c188c80b4fdd640f6b45a482bbc15fc7cef5931deff0aa186f6eb9bba7b85dc4dcc28b28722de1e3d9108b985e2967045668f66098e475b"))
	theirs := told(read("a4a94dfce69b4a2a0a099313d10f9f7e7d649d60501c9e1d274c300e0d89aafaffffffffffffffffffffffffffffffffffffffffffffffffffffffff8faf88d5"))
	const want = "c6992a117f5edbea70c3f511d32d26b9798be4b81a62eaee1a5acaa8459a3592"
	got, err := k.agree(theirs, ours, true)
	if err != nil || hex.EncodeToString(got[:]) != want {
		t.Errorf("the secret is %x (%v), want %s", got[:], err, want)
	}
}

// BenchmarkKeyAgreement is what a stranger's 64 bytes cost us.
func BenchmarkKeyAgreement(b *testing.B) {
	_, theirs, err := freshKey()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		k, ours, err := freshKey()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := k.agree(theirs, ours, false); err != nil {
			b.Fatal(err)
		}
	}
}
