package miner

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
)

// made is a pool transaction with this weight that spends these others.
func made(n int, weight int, fee btcutil.Amount, from ...mempool.Candidate) mempool.Candidate {
	tx := &chain.Tx{MsgTx: wire.NewMsgTx(2), Weight: weight}
	binary.LittleEndian.PutUint32(tx.ID[:], uint32(n)+1)
	for _, f := range from {
		op := wire.OutPoint{Hash: f.Tx.ID, Index: uint32(n)}
		tx.AddTxIn(wire.NewTxIn(&op, nil, nil))
	}
	return mempool.Candidate{Tx: tx, Fee: fee, Modified: fee, VSize: (weight + 3) / 4}
}

// related says of which of them others are the relatives, as a pool does.
func related(txs []mempool.Candidate) []mempool.Candidate {
	at := map[chain.Hash]int{}
	for i := range txs {
		for _, in := range txs[i].Tx.TxIn {
			if parent, ok := at[in.PreviousOutPoint.Hash]; ok {
				txs[i].Related, txs[parent].Related = true, true
			}
		}
		at[txs[i].Tx.ID] = i
	}
	return txs
}

func usual() terms { return terms{chain.MaxBlockWeight, reserved, 1} }

// slowly chooses by looking at every package anew each time.
func slowly(txs []mempool.Candidate) []mempool.Candidate {
	var chosen []mempool.Candidate
	done, failed := map[chain.Hash]bool{}, map[chain.Hash]bool{}
	weight, sigOps := reserved, reservedSigOps
	for {
		var best []mempool.Candidate
		var bestRate policy.Paid
		for _, tx := range txs {
			if done[tx.Tx.ID] || failed[tx.Tx.ID] {
				continue
			}
			group := needs(tx, txs, done)
			rate := sum(group)
			if own := sum([]mempool.Candidate{tx}); policy.CmpRate(own, rate) < 0 {
				rate = own
			}
			if best == nil || policy.CmpRate(rate, bestRate) > 0 {
				best, bestRate = group, rate
			}
		}
		if best == nil || policy.CmpRate(bestRate, policy.Paid{Fee: 1, VSize: 1000}) < 0 {
			return chosen
		}
		w, s := 0, 0
		for _, tx := range best {
			w, s = w+tx.Tx.Weight, s+tx.SigOpCost
		}
		if weight+w > chain.MaxBlockWeight || sigOps+s > chain.MaxSigOpCost {
			failed[best[len(best)-1].Tx.ID] = true
			continue
		}
		weight, sigOps = weight+w, sigOps+s
		for _, tx := range best {
			done[tx.Tx.ID] = true
			chosen = append(chosen, tx)
		}
	}
}

// needs is tx with its ancestors that are not done, in the order of txs.
func needs(tx mempool.Candidate, txs []mempool.Candidate, done map[chain.Hash]bool) []mempool.Candidate {
	want := map[chain.Hash]bool{tx.Tx.ID: true}
	for _, other := range slices.Backward(txs) {
		if want[other.Tx.ID] {
			for _, in := range other.Tx.TxIn {
				want[in.PreviousOutPoint.Hash] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(txs), func(o mempool.Candidate) bool { return !want[o.Tx.ID] || done[o.Tx.ID] })
}

func sum(group []mempool.Candidate) (p policy.Paid) {
	for _, tx := range group {
		p.Fee += tx.Fee
		p.VSize += tx.VSize
	}
	return p
}

func TestChoiceIsWhatTheSlowOneChooses(t *testing.T) {
	tip := chain.RegTest().Genesis()
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		var txs []mempool.Candidate
		for i := range 120 {
			var from []mempool.Candidate
			for len(txs) > 0 && r.IntN(2+int(seed%4)) == 0 && len(from) < 3 {
				from = append(from, txs[max(0, len(txs)-1-r.IntN(15))])
			}
			weight := 400 + r.IntN(4000)
			if seed%2 == 0 { // about twice what a block holds
				weight = 10_000 + r.IntN(100_000)
			}
			tx := made(i, weight, btcutil.Amount(r.IntN(20_000)), from...)
			if seed%3 == 0 {
				tx.SigOpCost = r.IntN(2000)
				tx.VSize = policy.Core31().VSize(weight, tx.SigOpCost)
			}
			txs = append(txs, tx)
		}
		got, want := choose(related(txs), tip, usual()), slowly(txs)
		if !slices.EqualFunc(got, want, func(a, b mempool.Candidate) bool { return a.Tx == b.Tx }) {
			t.Fatalf("seed %d: chose %s\nwant  %s", seed, names(got), names(want))
		}
	}
}

func names(txs []mempool.Candidate) (s string) {
	for _, tx := range txs {
		s += fmt.Sprint(binary.LittleEndian.Uint32(tx.Tx.ID[:])-1, " ")
	}
	return s
}

func TestRichChildPaysForItsParent(t *testing.T) {
	lowFee := made(0, 400, 100)
	middle := made(1, 400, 500)
	rich := made(2, 400, 5000, lowFee)
	lazy := made(3, 400, 1, rich)
	free := made(4, 400, 0)
	got := choose(related([]mempool.Candidate{lowFee, middle, rich, lazy, free}), chain.RegTest().Genesis(), usual())
	if names(got) != "0 2 1 3 " {
		t.Fatalf("chose %s", names(got))
	}
}

func TestNotFinalStaysOutWithWhatBuildsOnIt(t *testing.T) {
	wait := made(0, 400, 9000, made(9, 400, 0))
	wait.Tx.LockTime, wait.Tx.TxIn[0].Sequence = 1, 0
	child := made(1, 400, 9000, wait)
	ready := made(2, 400, 1000)
	got := choose(related([]mempool.Candidate{wait, child, ready}), chain.RegTest().Genesis(), usual())
	if names(got) != "2 " {
		t.Fatalf("chose %s", names(got))
	}
}

func BenchmarkChooseFrom5000(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var txs []mempool.Candidate
	for i := range 5000 {
		var from []mempool.Candidate
		if i > 0 && r.IntN(3) == 0 {
			from = append(from, txs[r.IntN(len(txs))])
		}
		txs = append(txs, made(i, 561, btcutil.Amount(200+r.IntN(20_000)), from...))
	}
	tip := chain.RegTest().Genesis()
	txs = related(txs)
	for b.Loop() {
		choose(txs, tip, usual())
	}
}

// What most pools are: transactions that have nothing to do with each other.
func BenchmarkChooseFrom20000Alone(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var txs []mempool.Candidate
	for i := range 20_000 {
		txs = append(txs, made(i, 440, btcutil.Amount(200+r.IntN(5000))))
	}
	tip := chain.RegTest().Genesis()
	b.ReportAllocs()
	for b.Loop() {
		choose(txs, tip, usual())
	}
}
