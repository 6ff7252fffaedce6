package chain

import (
	"math/big"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// The rows are those of Bitcoin Core's arith_uint256_tests and the header of
// genesis.
func TestCompactTargetsExpandAndContract(t *testing.T) {
	for _, tc := range []struct {
		bits   uint32
		target string // hex; "" when no header may claim it
		again  uint32
	}{
		{0x00000000, "", 0}, {0x00123456, "", 0}, {0x01003456, "", 0}, {0x02000056, "", 0}, {0x03000000, "", 0},
		{0x04000000, "", 0}, {0x00923456, "", 0}, {0x01803456, "", 0}, {0x02800056, "", 0}, {0x03800000, "", 0},
		{0x01fedcba, "", 0}, {0x04923456, "", 0}, {0xff123456, "", 0}, {0x23000001, "", 0}, {0x22000100, "", 0}, {0x21010000, "", 0},
		{0x01123456, "12", 0x01120000},
		{0x02123456, "1234", 0x02123400},
		{0x03123456, "123456", 0x03123456},
		{0x04123456, "12345600", 0x04123456},
		{0x05009234, "92340000", 0x05009234},
		{0x20123456, "1234560000000000000000000000000000000000000000000000000000000000", 0x20123456},
		{0x207fffff, "7fffff0000000000000000000000000000000000000000000000000000000000", 0x207fffff},
		{0x1d00ffff, "ffff0000000000000000000000000000000000000000000000000000", 0x1d00ffff},
	} {
		target, ok := targetOf(tc.bits)
		if !ok || tc.target == "" {
			if ok || tc.target != "" {
				t.Errorf("%08x: ok is %v", tc.bits, ok)
			}
			continue
		}
		want, _ := new(big.Int).SetString(tc.target, 16)
		if target.Cmp(want) != 0 {
			t.Errorf("%08x: got %x, want %s", tc.bits, target, tc.target)
		}
		if again := compactOf(target); again != tc.again {
			t.Errorf("%08x: contracts to %08x, want %08x", tc.bits, again, tc.again)
		}
	}
}

func TestWorkOfKnownDifficulties(t *testing.T) {
	for bits, want := range map[uint32]string{
		0x207fffff: "0000000000000000000000000000000000000000000000000000000000000002",
		0x1d00ffff: "0000000000000000000000000000000000000000000000000000000100010001",
		0x00000000: "0000000000000000000000000000000000000000000000000000000000000000",
		0x01010000: "8000000000000000000000000000000000000000000000000000000000000000",
	} {
		if got := WorkOf(bits).String(); got != want {
			t.Errorf("%08x: got %s, want %s", bits, got, want)
		}
	}
}

// mainLike is a mainnet without the fields that these tests do not need.
func mainLike() *Params {
	p := chaincfg.MainNetParams
	return &Params{Params: &p}
}

// row makes n headers in a row, the first at that height; the times of the
// first and the last are given.
func row(height int32, n int, bits uint32, first, last int64) *HeaderNode {
	var node *HeaderNode
	for i := range n {
		at := first
		if i == n-1 {
			at = last
		}
		h := wire.BlockHeader{Bits: bits, Timestamp: time.Unix(at, 0)}
		node = &HeaderNode{Header: h, Height: height + int32(i), Parent: node}
	}
	return node
}

// The rows are mainnet's own, as in Bitcoin Core's pow_tests.
func TestRetargetsOfMainnet(t *testing.T) {
	for _, tc := range []struct {
		name        string
		height      int32
		first, last int64
		bits, want  uint32
	}{
		{"first change", 32255, 1261130161, 1262152739, 0x1d00ffff, 0x1d00d86a},
		{"not above the limit", 2015, 1231006505, 1233061996, 0x1d00ffff, 0x1d00ffff},
		{"at most four times harder", 68543, 1279008237, 1279297671, 0x1c05a3f4, 0x1c0168fd},
		{"at most four times easier", 46367, 1263163443, 1269211443, 0x1c387f6f, 0x1d00e1fd},
	} {
		last := row(tc.height-2015, 2016, tc.bits, tc.first, tc.last)
		if got := NextBits(mainLike(), last, time.Time{}); got != tc.want {
			t.Errorf("%s: got %08x, want %08x", tc.name, got, tc.want)
		}
		if got := NextBits(mainLike(), last.Parent, time.Time{}); got != tc.bits {
			t.Errorf("%s: the block before gets %08x, want %08x", tc.name, got, tc.bits)
		}
	}
}

// testLike allows minimum difficulty after twenty minutes, as testnets do,
// with periods of ten blocks.
func testLike(bip94 bool) *Params {
	p := chaincfg.TestNet4Params
	p.TargetTimespan = 10 * p.TargetTimePerBlock
	p.EnforceBIP94 = bip94
	return &Params{Params: &p}
}

func TestMinimumDifficultyOfTestNetworks(t *testing.T) {
	const limit, real = 0x1d00ffff, 0x1c05a3f4
	p := testLike(false)
	tip := row(10, 5, real, 0, 4000) // heights 10 to 14
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	if got := NextBits(p, tip, at(4000+1200)); got != real {
		t.Errorf("after 20 minutes: got %08x", got)
	}
	if got := NextBits(p, tip, at(4000+1201)); got != limit {
		t.Errorf("after more than 20 minutes: got %08x", got)
	}
	easy := &HeaderNode{Header: wire.BlockHeader{Bits: limit, Timestamp: at(6000)}, Height: 15, Parent: tip}
	if got := NextBits(p, easy, at(6001)); got != real {
		t.Errorf("after an easy block: got %08x, want the last real one", got)
	}
	// The walk back ends at the first block of the period.
	first := &HeaderNode{Header: wire.BlockHeader{Bits: limit, Timestamp: at(0)}, Height: 20, Parent: tip}
	if got := NextBits(p, first, at(1)); got != limit {
		t.Errorf("a period that begins easy: got %08x", got)
	}
}

func TestBIP94RetargetsFromThePeriodsFirstBlock(t *testing.T) {
	const limit, real = 0x1d00ffff, 0x1c05a3f4
	last := row(10, 10, real, 0, 10*600)
	last.Header.Bits = limit // an easy block ends the period
	if got := NextBits(testLike(true), last, time.Time{}); got != real {
		t.Errorf("with BIP94: got %08x, want %08x", got, real)
	}
	if got := NextBits(testLike(false), last, time.Time{}); got != limit {
		t.Errorf("without: got %08x, want %08x", got, limit)
	}
}

func TestRegtestNeverChangesDifficulty(t *testing.T) {
	p := RegTest()
	node := p.Genesis()
	for range 4200 {
		node = &HeaderNode{Header: wire.BlockHeader{Bits: 0x207fffff, Timestamp: node.Header.Timestamp.Add(time.Hour)}, Height: node.Height + 1, Parent: node}
		if got := NextBits(p, node, node.Header.Timestamp); got != 0x207fffff {
			t.Fatalf("height %d: got %08x", node.Height, got)
		}
	}
}

// Bitcoin Core's sum over all heights: the most there can ever be.
func TestSubsidiesAddUpToTheSupply(t *testing.T) {
	p := mainLike()
	var sum int64
	for h := int32(0); h < 14_000_000; h += 1000 {
		sum += int64(Subsidy(p, h)) * 1000
	}
	if sum != 2_099_999_997_690_000 {
		t.Fatalf("got %d", sum)
	}
	for height, want := range map[int32]int64{
		0: 5_000_000_000, 209_999: 5_000_000_000, 210_000: 2_500_000_000, 840_000: 312_500_000,
		32*210_000 + 209_999: 1, 33 * 210_000: 0, 63 * 210_000: 0, 64 * 210_000: 0, 2_000_000_000: 0,
	} {
		if got := Subsidy(p, height); int64(got) != want {
			t.Errorf("height %d: got %d, want %d", height, got, want)
		}
	}
	if got := Subsidy(RegTest(), 150); got != 2_500_000_000 {
		t.Errorf("regtest halves at 150: got %d", got)
	}
}
