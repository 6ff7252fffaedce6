package chainapi

import (
	"errors"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// The cases of Bitcoin Core's own test of CalculatePercentilesByWeight.
func TestPercentilesByWeight(t *testing.T) {
	var halves []feeShare
	for i := range 200 {
		halves = append(halves, feeShare{1 + int64(i/100), 1})
	}
	for _, c := range []struct {
		shares []feeShare
		want   [5]int64
	}{
		{halves, [5]int64{1, 1, 1, 2, 2}},
		{[]feeShare{{1, 9}, {2, 16}, {4, 50}, {5, 10}, {9, 15}}, [5]int64{2, 2, 4, 4, 9}},
		{[]feeShare{{1, 9}, {2, 11}, {2, 5}, {4, 50}, {5, 10}, {9, 15}}, [5]int64{2, 2, 4, 4, 9}},
		{[]feeShare{{1, 100}, {2, 1}, {3, 1}, {3, 1}, {999999, 1}}, [5]int64{1, 1, 1, 1, 1}},
	} {
		total := int64(0)
		for _, s := range c.shares {
			total += s.weight
		}
		if got := percentiles(c.shares, total); got != c.want {
			t.Errorf("%v: got %v, want %v", c.shares, got, c.want)
		}
	}
	if median([]int64{1, 2, 9}) != 2 || median([]int64{1, 2, 5, 9}) != 3 {
		t.Error("median")
	}
}

func TestHashRateIsWorkByTime(t *testing.T) {
	n := chain.RegTest().Genesis()
	start := n.Header.Timestamp
	for i := range 10 { // two hashes of work every ten seconds, the fifth block with a clock that lags
		at := start.Add(time.Duration(i+1) * 10 * time.Second)
		if i == 4 {
			at = at.Add(-15 * time.Second)
		}
		n = chain.NewHeaderNode(n, wire.BlockHeader{PrevBlock: n.Hash, Bits: 0x207fffff, Timestamp: at})
	}
	if got := hashRate(n, 120); got != 0.2 {
		t.Errorf("all blocks: %v", got)
	}
	if got := hashRate(n, 5); got != 10/65. { // the lagging block counts from its own time
		t.Errorf("five blocks: %v", got)
	}
	if got := hashRate(n.Ancestor(0), 120); got != 0 {
		t.Errorf("genesis: %v", got)
	}
}

func TestVerdictsAreBIP22Words(t *testing.T) {
	ours := errors.New("disk full")
	for _, c := range []struct {
		err  error
		want any
	}{
		{nil, nil}, {chain.ErrDuplicate, "duplicate"}, {chain.ErrInconclusive, "inconclusive"},
		{chain.ErrUnknownParent, "prev-blk-not-found"}, {chain.ErrTimeTooNew, "time-too-new"},
		{chain.Broken(chain.ErrHighHash, "work %d", 1), "high-hash"},
		{chain.Broken("bad-version(0x00000001)", ""), "bad-version(0x00000001)"},
	} {
		if got, err := bip22(c.err); got != c.want || err != nil {
			t.Errorf("%v: got %v, %v", c.err, got, err)
		}
	}
	if _, err := bip22(ours); !errors.Is(err, ours) {
		t.Errorf("our own fault became %v", err)
	}
}

func TestOneCheckAtATime(t *testing.T) {
	var s checkState
	if !s.begin() || s.begin() {
		t.Fatal("two checks run at once")
	}
	s.at(5, 10, "blocks")
	if p := s.now(); p != (checkProgress{true, 5, 10, "blocks"}) {
		t.Errorf("progress %+v", p)
	}
	if done := s.end(); done != 5 || s.now().Running || !s.begin() {
		t.Error("a check does not end")
	}
}

// As in Core, a coin is made of every output but of those that begin with OP_RETURN or are too long: also of one whose
// script ends too early, though nobody can spend it.
func TestCoinsThatABlockMakes(t *testing.T) {
	for _, c := range []struct {
		script []byte
		coins  int64
	}{{nil, 1}, {[]byte{0x51}, 1}, {[]byte{0x4c}, 1}, {[]byte{0x6a}, 0}, {make([]byte, 10_000), 1}, {make([]byte, 10_001), 0}} {
		msg := wire.NewMsgTx(2)
		msg.AddTxOut(wire.NewTxOut(1, c.script))
		var st blockStats
		if st.addOutputs(chain.NewTx(msg), false, false); st.CoinsGrownAct != c.coins || (st.BytesGrownAct == st.BytesGrown) != (c.coins == 1) {
			t.Errorf("%d bytes: %d coins, %d bytes of %d", len(c.script), st.CoinsGrownAct, st.BytesGrownAct, st.BytesGrown)
		}
	}
}
