package headers

import (
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// run of n headers on genesis; work is not validated here.
func headerRun(p *chain.Params, n int, version int32) []*wire.BlockHeader {
	var hs []*wire.BlockHeader
	prev := *p.GenesisHash
	for i := range n {
		h := &wire.BlockHeader{Version: version, PrevBlock: prev, Bits: p.PowLimitBits, Timestamp: time.Unix(int64(1_600_000_000+i), 0)}
		hs = append(hs, h)
		prev = h.BlockHash()
	}
	return hs
}

func workOf(p *chain.Params, n int) (w chain.Work) {
	for range n {
		w = w.Add(chain.WorkOf(p.PowLimitBits))
	}
	return w
}

// feed gives the chain as a peer would, from where the run asks, until it does
// not ask any more; out is what it lets out.
func feed(r *presync, hs []*wire.BlockHeader, again func([]*wire.BlockHeader)) (next presyncNext, out []*wire.BlockHeader, most int) {
	passes, at := 0, 0
	for {
		next = r.Take(hs[at:min(at+2000, len(hs))])
		out = append(out, r.Out()...)
		held, _ := r.memory()
		most = max(most, held)
		if next != presyncAsk {
			return next, out, most
		}
		last := r.last()
		if at = 0; last != hs[0].PrevBlock {
			for hs[at].PrevBlock != last {
				at++
			}
		} else if passes++; again != nil {
			again(hs)
		}
		if passes > 1 {
			return next, out, most
		}
	}
}

func TestAChainWithWorkIsLetOutWholeAndInOrder(t *testing.T) {
	p := chain.RegTest()
	hs := headerRun(p, 24_000, 4)
	r := newPresync(p, p.Genesis(), workOf(p, 23_000), presyncSalt{Phase: 17})
	next, out, most := feed(r, hs, nil)
	if next != presyncDone || len(out) < 23_000 {
		t.Fatalf("ended with %v after %d headers", next, len(out))
	}
	for i, h := range out {
		if h != hs[i] {
			t.Fatalf("header %d is not the one that was sent", i)
		}
	}
	if most > 15_000 {
		t.Errorf("held %d headers", most)
	}
}

// T9: below the work, a million headers would leave 1,700 bits.
func TestT9_AChainWithoutWorkLeavesBitsOnly(t *testing.T) {
	p := chain.RegTest()
	r := newPresync(p, p.Genesis(), chain.Work{1}, presyncSalt{})
	next, out, most := feed(r, headerRun(p, 12_500, 4), nil)
	if _, bits := r.memory(); next != presyncTooFew || len(out) != 0 || most != 0 || bits > 21 {
		t.Errorf("ended with %v: %d let out, %d held, %d bits", next, len(out), most, bits)
	}
}

// Who shows one chain for its work and another for the tree is found out with
// all but one chance in 2^(headers/600), before any is let out.
func TestAnotherChainInTheSecondPassIsRefused(t *testing.T) {
	p := chain.RegTest()
	refused := 0
	const runs = 12
	first, other := headerRun(p, 12_000, 4), headerRun(p, 12_000, 5)
	for i := range runs {
		r := newPresync(p, p.Genesis(), workOf(p, 11_000), presyncSalt{Key: [16]byte{byte(i), 1}, Phase: uint32(i)})
		next, out, _ := feed(r, slices.Clone(first), func(hs []*wire.BlockHeader) { copy(hs, other) })
		if next == presyncBroken {
			refused++
			if len(out) > 0 {
				t.Fatalf("%d headers of another chain were let out", len(out))
			}
		}
	}
	if refused < runs-2 {
		t.Errorf("%d of %d liars were refused", refused, runs)
	}
}

func TestDifficultyThatCannotFollowIsRefused(t *testing.T) {
	p := chain.RegTest()
	hs := headerRun(p, 2000, 4)
	hs[1500].Bits--
	if next := newPresync(p, p.Genesis(), chain.Work{1}, presyncSalt{}).Take(hs); next != presyncBroken {
		t.Errorf("ended with %v", next)
	}
	main, err := chain.ForNetwork("mainnet")
	if err != nil {
		t.Fatal(err)
	}
	r := newPresync(main, main.Genesis(), chain.Work{1}, presyncSalt{})
	for _, c := range []struct {
		height    int32
		old, bits uint32
		want      bool
	}{
		{2015, 0x1d00ffff, 0x1d00ffff, true},
		{2015, 0x1d00ffff, 0x1d00fffe, false},
		{2016, 0x1d00ffff, 0x1c3fffc0, true},  // four times the work
		{2016, 0x1d00ffff, 0x1c0fffff, false}, // sixteen times
		{2016, 0x1c0fffff, 0x1d00ffff, false},
	} {
		r.height, r.bits = c.height, c.old
		if got := r.bitsPossible(c.bits); got != c.want {
			t.Errorf("at %d %08x after %08x: %v", c.height, c.bits, c.old, got)
		}
	}
}
