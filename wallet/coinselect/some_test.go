package coinselect

import (
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
)

// purse is many coins of 2,000 scripts, some of them large, some worthless, some not yet
// deep enough.
func purse(r *rand.Rand, n int) []Coin {
	coins := make([]Coin, n)
	for i := range coins {
		coins[i] = Coin{Value: btcutil.Amount(r.IntN(1_000_000)), VSize: 68, Owner: r.IntN(2000), Depth: int32(r.IntN(100)), Type: r.IntN(2)}
		if r.IntN(100) == 0 {
			coins[i].Value *= 1000
		}
	}
	return coins
}

// TestSomeOfManyPayAsAllDo: whatever all coins together can pay is paid, by coins that
// are there once, may be spent, and are enough.
func TestSomeOfManyPayAsAllDo(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		coins := purse(r, manyCoins-1+int(seed)%3*1500)
		var sum btcutil.Amount
		for i := range coins {
			sum += coins[i].Value
		}
		for _, target := range []btcutil.Amount{1000, 777_777, 50_000_000, sum / 10, sum / 2, sum * 9 / 10, sum} {
			p := &Params{
				Target: target, Rate: 5000, LongTerm: 10_000, ChangeSize: 31, CostOfChange: 1000, MinChange: 300, ChangeGoal: 100_000,
				MaxWeight: 400_000, BaseSize: 60, AvoidPartial: seed%2 == 1, Rand: r,
			}
			found, err := Select(nil, coins, p)
			all := &selection{Params: p, list: coins, target: target}
			all.makeGroups()
			can := all.attempt(p.filters()[0]) != nil || all.attempt(p.filters()[1]) != nil
			if err == nil != can {
				t.Fatalf("seed %d, %s: %v, but all of them can %t", seed, target, err, can)
			}
			if err == nil {
				checkSome(t, coins, p, found)
			}
		}
	}
}

func checkSome(t *testing.T, coins []Coin, p *Params, found *Result) {
	t.Helper()
	var counted btcutil.Amount
	chosen, of := map[int]bool{}, map[[2]int]int{}
	for _, i := range found.Coins {
		if chosen[i] {
			t.Fatalf("coin %d is there twice", i)
		}
		chosen[i] = true
		counted += coins[i].counts(p)
		of[[2]int{coins[i].Owner, coins[i].Type}]++
		if coins[i].Depth < 1 {
			t.Errorf("coin %d is not deep enough", i)
		}
	}
	if counted < p.Target || counted != found.counted || found.Weight > p.MaxWeight {
		t.Errorf("%s of %s, weight %d", counted, p.Target, found.Weight)
	}
	if !p.AvoidPartial {
		return
	}
	for i := range coins { // a script's coins go together, but for those that cost more than they bring
		if of[[2]int{coins[i].Owner, coins[i].Type}] > 0 && !chosen[i] && coins[i].counts(p) > 0 {
			t.Fatalf("coin %d is left of its script", i)
		}
	}
}

// A few less than many are all looked at.
func TestFewCoinsAreAllLookedAt(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n, want := range map[int]bool{manyCoins: false, manyCoins + 1: true} {
		s := &selection{Params: &Params{Target: 1000, Rate: 1000, MaxWeight: 400_000, ChangeGoal: 50_000, Rand: r}, list: purse(r, n), target: 1000}
		if got := s.fromSome() != nil; got != want {
			t.Errorf("%d coins: from some of them %t", n, got)
		}
	}
}
