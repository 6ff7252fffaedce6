package peer_test

import (
	"testing"

	"github.com/btcsuite/btcd/btcec/v2/ellswift"
)

// BenchmarkKeyAgreement is what a stranger's 64 bytes cost us.
func BenchmarkKeyAgreement(b *testing.B) {
	_, theirs, err := ellswift.EllswiftCreate()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		private, ours, err := ellswift.EllswiftCreate()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ellswift.V2Ecdh(private, theirs, ours, false); err != nil {
			b.Fatal(err)
		}
	}
}
