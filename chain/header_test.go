package chain_test

import (
	"errors"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

func TestT11_HeadersAtTheEdgesOfTheirRules(t *testing.T) {
	p := chain.RegTest()
	rows := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(20))
	parent := rows[19].Node
	mtp := parent.MedianTimePast()
	now := parent.Header.Timestamp.Add(time.Hour)
	for _, tc := range []struct {
		name string
		edit func(h *wire.BlockHeader)
		want error
	}{
		{"good", func(h *wire.BlockHeader) {}, nil},
		{"at the median time", func(h *wire.BlockHeader) { h.Timestamp = time.Unix(mtp, 0) }, chain.ErrTimeTooOld},
		{"a second after it", func(h *wire.BlockHeader) { h.Timestamp = time.Unix(mtp+1, 0) }, nil},
		{"two hours ahead", func(h *wire.BlockHeader) { h.Timestamp = now.Add(7200 * time.Second) }, nil},
		{"a second more", func(h *wire.BlockHeader) { h.Timestamp = now.Add(7201 * time.Second) }, chain.ErrTimeTooNew},
		{"other bits", func(h *wire.BlockHeader) { h.Bits = 0x207ffffe }, chain.ErrBadBits},
		{"easier than allowed", func(h *wire.BlockHeader) { h.Bits = 0x217fffff }, chain.ErrHighHash},
		{"no target at all", func(h *wire.BlockHeader) { h.Bits = 0 }, chain.ErrHighHash},
		{"negative target", func(h *wire.BlockHeader) { h.Bits = 0x20ffffff }, chain.ErrHighHash},
		{"version 4", func(h *wire.BlockHeader) { h.Version = 4 }, nil},
		{"version 3", func(h *wire.BlockHeader) { h.Version = 3 }, chain.ErrBadVersion},
		{"version 1", func(h *wire.BlockHeader) { h.Version = 1 }, chain.ErrBadVersion},
		{"negative version", func(h *wire.BlockHeader) { h.Version = -1 }, chain.ErrBadVersion},
		{"on another block", func(h *wire.BlockHeader) { h.PrevBlock[0]++ }, chain.ErrUnknownParent},
	} {
		h := chaintest.Mine(t, p, parent).Node.Header
		tc.edit(&h)
		for chain.CheckWork(p, &h) != nil && !errors.Is(tc.want, chain.ErrHighHash) && h.Nonce < 1000 {
			h.Nonce++
		}
		if err := chain.CheckHeader(p, parent, &h, now); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestBadVersionsSayWhichAsCoreDoes(t *testing.T) {
	p := chain.RegTest()
	h := wire.BlockHeader{Version: 3, PrevBlock: *p.GenesisHash, Bits: 0x207fffff,
		Timestamp: p.GenesisBlock.Header.Timestamp.Add(time.Second)}
	err := chain.CheckHeaderContext(p, p.Genesis(), &h, h.Timestamp)
	if err == nil || err.Error() != "bad-version(0x00000003)" {
		t.Fatalf("got %v", err)
	}
}

func TestBIP94RefusesToWarpTime(t *testing.T) {
	p := chain.RegTest()
	p.EnforceBIP94 = true
	interval := int(p.TargetTimespan / p.TargetTimePerBlock)
	rows := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(interval-1))
	// The parent is far ahead of its ancestors' median.
	late := chaintest.Mine(t, p, rows[interval-3].Node, chaintest.At(rows[interval-3].Node.Header.Timestamp.Add(3*time.Hour)))
	for _, tc := range []struct {
		name   string
		parent *chain.HeaderNode
		back   time.Duration
		want   error
	}{
		{"600 s back at a boundary", late.Node, 600 * time.Second, nil},
		{"601 s back at a boundary", late.Node, 601 * time.Second, chain.ErrTimewarp},
		{"601 s back elsewhere", late.Node.Parent, 601 * time.Second, nil},
	} {
		h := wire.BlockHeader{Version: 4, PrevBlock: tc.parent.Hash, Bits: 0x207fffff, Timestamp: tc.parent.Header.Timestamp.Add(-tc.back)}
		if (tc.parent.Height+1)%int32(interval) != 0 && tc.name != "601 s back elsewhere" {
			t.Fatalf("height %d is no boundary", tc.parent.Height+1)
		}
		if err := chain.CheckHeaderContext(p, tc.parent, &h, tc.parent.Header.Timestamp); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
}
