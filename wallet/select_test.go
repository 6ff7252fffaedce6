package wallet

import (
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
)

func testRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// randomChoices are n coins with some equal ones among them.
func randomChoices(r *rand.Rand, n int) []choice {
	coins := make([]choice, n)
	for i := range coins {
		value := btcutil.Amount(1+r.IntN(40)) * 1000
		if r.IntN(2) == 0 {
			value += btcutil.Amount(r.IntN(1000))
		}
		coins[i] = choice{at: i, value: value, fee: 680, later: 680}
	}
	return coins
}

func randomAim(r *rand.Rand, coins []choice) aim {
	later := btcutil.Amount(r.IntN(1400))
	for i := range coins {
		coins[i].later = later // below, at or above today's fee
	}
	a := aim{
		target:    1 + btcutil.Amount(r.Int64N(int64(sum(coins))+1000)),
		changeFee: 310, changeSpend: 680, minChange: 681,
		maxWeight: 1 << 30, weight: func(int) int { return 272 },
	}
	a.changeTarget = a.changeFee + 5000
	return a
}

// exhaust is the slow twin of branchAndBound: the least waste of all subsets
// that need no change.
func exhaust(coins []choice, a aim) (waste btcutil.Amount, found bool) {
	for set := uint(1); set < 1<<len(coins); set++ {
		var value, w btcutil.Amount
		for s := set; s != 0; s &= s - 1 {
			c := coins[bits.TrailingZeros(s)]
			value += c.value
			w += c.fee - c.later
		}
		if value < a.target || value > a.target+a.changeFee+a.changeSpend {
			continue
		}
		if w += value - a.target; !found || w < waste {
			waste, found = w, true
		}
	}
	return waste, found
}

func sorted(coins []choice) []choice {
	out := append([]choice(nil), coins...)
	for i := range out {
		for j := i; j > 0 && out[j].value > out[j-1].value; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

func TestBranchAndBoundFindsTheLeastWasteOfAll(t *testing.T) {
	hits := 0
	for seed := range uint64(800) {
		r := testRand(seed)
		coins := randomChoices(r, 1+r.IntN(11))
		a := randomAim(r, coins)
		want, there := exhaust(coins, a)
		got := branchAndBound(sorted(coins), a, r)
		if (got != nil) != there {
			t.Fatalf("seed %d: found %v, exists %v", seed, got, there)
		}
		if !there {
			continue
		}
		hits++
		if p := a.score(got); p.waste != want || a.change(p.value) != 0 {
			t.Fatalf("seed %d: waste %d, least %d, change %d", seed, p.waste, want, a.change(p.value))
		}
	}
	if hits < 160 {
		t.Fatalf("only %d cases had a changeless answer", hits)
	}
}

func TestEverySelectionReachesItsTarget(t *testing.T) {
	ways := map[string]func([]choice, aim, *rand.Rand) []choice{
		"branch and bound": branchAndBound, "knapsack": knapsack, "random draw": randomDraw,
	}
	found := map[string]int{}
	for seed := range uint64(800) {
		r := testRand(seed)
		coins := sorted(randomChoices(r, 1+r.IntN(60)))
		a := randomAim(r, coins)
		for name, way := range ways {
			got := way(coins, a, r)
			if got == nil {
				if name == "knapsack" && sum(coins) >= a.target {
					t.Fatalf("seed %d: the knapsack found nothing, and the coins are enough", seed)
				}
				continue
			}
			found[name]++
			seen := map[int]bool{}
			for _, c := range got {
				if seen[c.at] {
					t.Fatalf("seed %d: %s took coin %d twice", seed, name, c.at)
				}
				seen[c.at] = true
			}
			if sum(got) < a.target {
				t.Fatalf("seed %d: %s reached %d of %d", seed, name, sum(got), a.target)
			}
		}
	}
	for name := range ways {
		if found[name] < 50 {
			t.Errorf("%s found only %d", name, found[name])
		}
	}
}

func TestTheSelectionWithLeastWasteWins(t *testing.T) {
	for seed := range uint64(500) {
		r := testRand(seed)
		coins := randomChoices(r, 1+r.IntN(20))
		a := randomAim(r, coins)
		best, ok := selectCoins(coins, a, testRand(seed))
		if ok != (sum(coins) >= a.target) {
			t.Fatalf("seed %d: ok %v with %d of %d", seed, ok, sum(coins), a.target)
		}
		twin := testRand(seed) // the same chance in the same order
		list := sorted(coins)
		for _, way := range []func([]choice, aim, *rand.Rand) []choice{branchAndBound, knapsack, randomDraw} {
			if got := way(list, a, twin); got != nil && a.score(got).waste < best.waste {
				t.Fatalf("seed %d: waste %d, and %d was to be had", seed, best.waste, a.score(got).waste)
			}
		}
	}
}

func TestCoinsThatCostMoreThanTheyAreWorthStay(t *testing.T) {
	a := aim{target: 1000, maxWeight: 1 << 30, weight: func(int) int { return 272 }, minChange: 1}
	coins := []choice{{at: 0, value: -5}, {at: 1, value: 0}, {at: 2, value: 1500}}
	best, ok := selectCoins(coins, a, testRand(1))
	if !ok || len(best.coins) != 1 || best.coins[0].at != 2 {
		t.Fatalf("%+v", best)
	}
}

func TestSelectionKeepsTheWeightLimit(t *testing.T) {
	coins := make([]choice, 50)
	for i := range coins {
		coins[i] = choice{at: i, value: 100}
	}
	a := aim{target: 4000, maxWeight: 39 * 272, weight: func(int) int { return 272 }, minChange: 1}
	if got, ok := selectCoins(coins, a, testRand(1)); ok {
		t.Fatalf("took %d coins", len(got.coins))
	}
	a.maxWeight++
	a.maxWeight += 271
	if _, ok := selectCoins(coins, a, testRand(1)); !ok {
		t.Fatal("40 coins fit")
	}
}

// A wallet of many coins: what one send costs.
func BenchmarkSelect10000(b *testing.B) {
	r := testRand(1)
	coins := make([]choice, 10_000)
	for i := range coins {
		coins[i] = choice{at: i, value: btcutil.Amount(1 + r.IntN(1e8)), fee: 1360, later: 680}
	}
	a := randomAim(r, coins)
	a.target = 5e9
	for b.Loop() {
		if _, ok := selectCoins(coins, a, r); !ok {
			b.Fatal("nothing found")
		}
	}
}
