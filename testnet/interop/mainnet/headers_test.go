package mainnet

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Mainnet's first headers follow each other by every rule, changes of
// difficulty included, and a header with other bits is refused at each of them.
func TestFirstHeadersAndTheirRetargets(t *testing.T) {
	raw := fromModule(t, neutrino, "testdata/block-headers-mainnet-1-100_000.bz2")
	raw = raw[len(raw)%80:] // a few bytes of neutrino's own, then headers
	p := chain.MainNet()
	tip := p.Genesis()
	changes := 0
	for ; len(raw) >= 80; raw = raw[80:] {
		var h wire.BlockHeader
		if err := h.Deserialize(bytes.NewReader(raw[:80])); err != nil {
			t.Fatal(err)
		}
		if h.BlockHash() == tip.Hash {
			continue
		}
		if err := chain.CheckHeader(p, tip, &h, h.Timestamp.Add(time.Hour)); err != nil {
			t.Fatalf("height %d: %v", tip.Height+1, err)
		}
		if h.Bits != tip.Header.Bits {
			changes++
			wrong := h
			wrong.Bits = tip.Header.Bits
			if err := chain.CheckHeaderContext(p, tip, &wrong, h.Timestamp); !errors.Is(err, chain.ErrBadBits) {
				t.Fatalf("height %d with the bits of before: %v", tip.Height+1, err)
			}
		}
		tip = chain.NewHeaderNode(tip, h)
		if tip.Height == lastBlock && tip.Hash.String() != lastHash {
			t.Fatalf("block %d is %s here", lastBlock, tip.Hash)
		}
	}
	if tip.Height < lastHeader-1 || changes < 30 {
		t.Fatalf("height %d, %d changes of difficulty", tip.Height, changes)
	}
	t.Logf("height %d, %d changes of difficulty, work %s", tip.Height, changes, tip.Work)
}
