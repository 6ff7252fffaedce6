package blocks

import (
	"errors"
	"slices"
	"testing"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p/msg"
)

// made is a block of a coinbase and three transactions.
func made(t *testing.T) *chain.Block {
	p := chain.RegTest()
	base := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(103))
	var txs []*chain.Tx
	for i := range 3 {
		txs = append(txs, chaintest.SpendOne(t, base[i].Coinbase(nil), chaintest.OpTrue(), 1000))
	}
	return chaintest.Mine(t, p, base[102].Node, chaintest.With(txs...), chaintest.Fees(3000)).Block
}

func known(txs ...*chain.Tx) Known { return Known(slices.Values(txs)) }

func TestABlockIsTheSameWhicheverWayItCame(t *testing.T) {
	b := made(t)
	other := chaintest.Mine(t, chain.RegTest(), chain.RegTest().Genesis()).Block.Txs[0]
	m := msg.Compact(b, 7, []int{0})
	for name, pool := range map[string]Known{
		"all":                known(b.Txs[3], other, b.Txs[1], b.Txs[2]),
		"some":               known(b.Txs[2], other),
		"none":               nil,
		"the same one again": known(b.Txs[1], b.Txs[1], b.Txs[1]),
	} {
		f, err := NewPartial(m, pool)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var rest []*chain.Tx
		for _, i := range f.Missing() {
			rest = append(rest, b.Txs[i])
		}
		if err := f.Fill(rest); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := f.Block(chain.RegTest(), 104)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.Hash != b.Hash || string(got.Raw) != string(b.Raw) || got.Weight != b.Weight {
			t.Errorf("%s: another block came out", name)
		}
	}
}

func TestT19_WhatCannotBePutTogether(t *testing.T) {
	b := made(t)
	good := msg.Compact(b, 7, []int{0})
	twice := *good
	twice.ShortIDs = []uint64{good.ShortIDs[0], good.ShortIDs[0], good.ShortIDs[2]}
	if _, err := NewPartial(&twice, nil); !errors.Is(err, errCollision) {
		t.Errorf("one short id for two places: %v", err)
	}
	if _, err := NewPartial(&msg.CmpctBlock{Header: b.Header}, nil); !errors.Is(err, errEmpty) {
		t.Errorf("no transactions: %v", err)
	}
	wrong := *good
	wrong.ShortIDs = slices.Clone(good.ShortIDs)
	slices.Reverse(wrong.ShortIDs)
	f, err := NewPartial(&wrong, known(b.Txs...))
	if err != nil || len(f.Missing()) != 0 {
		t.Fatalf("%v, %d missing", err, len(f.Missing()))
	}
	if _, err := f.Block(chain.RegTest(), 104); !errors.Is(err, errMisfit) {
		t.Errorf("transactions in another order: %v", err)
	}
	many := &msg.CmpctBlock{Header: b.Header}
	for i := range 65_536 {
		many.ShortIDs = append(many.ShortIDs, uint64(i))
	}
	if f, err := NewPartial(many, known(b.Txs...)); err != nil || len(f.Missing()) != 65_536 {
		t.Errorf("65,536 unknown transactions: %v", err)
	}
}

func TestT20_PartsThatWereNotAskedFor(t *testing.T) {
	b := made(t)
	f, err := NewPartial(msg.Compact(b, 7, []int{0}), known(b.Txs[1]))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.Missing(), []int{2, 3}) {
		t.Fatalf("missing %v", f.Missing())
	}
	if _, err := f.Block(chain.RegTest(), 104); !errors.Is(err, errParts) {
		t.Errorf("a block with holes: %v", err)
	}
	for _, txs := range [][]*chain.Tx{nil, b.Txs[2:3], b.Txs[1:]} {
		if err := f.Fill(txs); !errors.Is(err, errParts) {
			t.Errorf("%d parts: %v", len(txs), err)
		}
	}
	if err := f.Fill([]*chain.Tx{b.Txs[3], b.Txs[2]}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Block(chain.RegTest(), 104); !errors.Is(err, errMisfit) {
		t.Errorf("parts in the wrong order: %v", err)
	}
}

func TestOnlyTheLastBlocksAreKept(t *testing.T) {
	p := chain.RegTest()
	var r Recent
	blocks := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(10))
	for _, m := range blocks {
		r.Add(m.Block, nil)
	}
	for i, m := range blocks {
		if kept := r.Find(m.Block.Hash) != nil; kept != (i >= 6) {
			t.Errorf("block %d kept: %v", i+1, kept)
		}
	}
	b := made(t)
	k := r.Add(b, []int{2})
	if s := k.Short(1); len(s.Prefilled) != 2 || s.Prefilled[1].Index != 2 || k.Short(2) != s {
		t.Errorf("short form with %d in full", len(s.Prefilled))
	}
	if k.Parts([]int{1, 4}) != nil || len(k.Parts([]int{1, 3})) != 2 {
		t.Error("parts beyond the end")
	}
	r.Remove(b.Hash)
	if r.Find(b.Hash) != nil || r.Find(blocks[9].Block.Hash) == nil {
		t.Error("another block was forgotten than was said")
	}
}
