package coinselect

import (
	"errors"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain/policy"
)

func testRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// randomCoins are n confirmed coins of one type, with some equal ones among them.
func randomCoins(r *rand.Rand, n int) []Coin {
	coins := make([]Coin, n)
	for i := range coins {
		value := btcutil.Amount(1+r.IntN(40)) * 1000
		if r.IntN(2) == 0 {
			value += btcutil.Amount(r.IntN(1000))
		}
		coins[i] = Coin{Value: value, VSize: []int{58, 68, 68, 148}[r.IntN(4)], Owner: i, Depth: 10}
	}
	return coins
}

func params(r *rand.Rand, target btcutil.Amount) *Params {
	p := &Params{
		Target: target, Rate: policy.FeeRate(1000 + r.IntN(60_000)), LongTerm: 10_000, ChangeSize: 31,
		MaxWeight: 400_000, BaseSize: 42, Unconfirmed: true, MaxAncestors: 25, MaxDescendants: 25, Rand: r,
	}
	p.CostOfChange = p.changeFee() + 680
	p.MinChange = 681
	p.ChangeGoal = p.changeFee() + 5000
	return p
}

func sumOf(coins []Coin, p *Params) (sum btcutil.Amount) {
	for i := range coins {
		sum += max(0, coins[i].counts(p))
	}
	return sum
}

// subset is one of all sets of coins, for the slow twins.
type subset struct {
	counted, spend btcutil.Amount
	weight         int
}

func subsets(coins []Coin, p *Params, fn func(subset)) {
	for set := uint(1); set < 1<<len(coins); set++ {
		var sub subset
		for s := set; s != 0; s &= s - 1 {
			c := &coins[bits.TrailingZeros(s)]
			sub.counted += c.counts(p)
			sub.spend += c.fee(p.Rate) - p.LongTerm.Fee(c.VSize)
			sub.weight += weight(c)
		}
		fn(sub)
	}
}

// worth are the coins that count for something.
func worth(coins []Coin, p *Params) []Coin {
	return slices.DeleteFunc(slices.Clone(coins), func(c Coin) bool { return c.counts(p) <= 0 })
}

func newSelection(coins []Coin, p *Params) (*selection, *pool) {
	s := &selection{Params: p, list: coins, target: p.Target}
	s.makeGroups()
	of := &pool{}
	for i := range s.groups {
		of.put(&s.groups[i], s.split)
	}
	of.sort()
	return s, of
}

func TestBranchAndBoundFindsTheLeastWasteOfAll(t *testing.T) {
	hits := 0
	for seed := range uint64(1200) {
		r := testRand(seed)
		coins := randomCoins(r, 1+r.IntN(11))
		p := params(r, 0)
		p.Target = 1 + btcutil.Amount(r.Int64N(int64(sumOf(coins, p))+1000))
		maxWeight := 272 * (1 + r.IntN(12))
		least, there := btcutil.Amount(0), false
		subsets(worth(coins, p), p, func(s subset) {
			if s.counted < p.Target || s.counted > p.Target+p.CostOfChange || s.weight > maxWeight {
				return
			}
			if w := s.spend + s.counted - p.Target; !there || w < least {
				least, there = w, true
			}
		})
		s, of := newSelection(coins, p)
		got, err := s.branchAndBound(of.positive, maxWeight)
		if (got != nil) != there || err != nil && !errors.Is(err, ErrWeight) {
			t.Fatalf("seed %d: found %v, exists %v, %v", seed, got, there, err)
		}
		if !there {
			continue
		}
		hits++
		res := s.resultOf(BnB, got)
		if w := res.spend + res.counted - p.Target; w != least || res.Weight > maxWeight {
			t.Fatalf("seed %d: waste %d, least %d; weight %d of %d", seed, w, least, res.Weight, maxWeight)
		}
	}
	if hits < 200 {
		t.Fatalf("only %d cases had a set without change", hits)
	}
}

func TestTheGrinderFindsTheLightestSetOfAll(t *testing.T) {
	hits := 0
	for seed := range uint64(1200) {
		r := testRand(seed)
		coins := randomCoins(r, 1+r.IntN(11))
		p := params(r, 0)
		p.Target = 1 + btcutil.Amount(r.Int64N(int64(sumOf(coins, p))+1000))
		maxWeight := 272 * (1 + r.IntN(12))
		var best *subset
		subsets(worth(coins, p), p, func(s subset) {
			if s.counted < p.Target+p.ChangeGoal || s.weight > maxWeight {
				return
			}
			if best == nil || s.weight < best.weight || s.weight == best.weight && s.counted < best.counted {
				best = &s
			}
		})
		s, of := newSelection(coins, p)
		got, _ := s.grind(of.positive, maxWeight)
		if (got != nil) != (best != nil) {
			t.Fatalf("seed %d: found %v, exists %v", seed, got, best)
		}
		if best == nil {
			continue
		}
		hits++
		if res := s.resultOf(Grinder, got); res.Weight != best.weight || res.counted != best.counted {
			t.Fatalf("seed %d: weight %d and %d, the lightest has %d and %d", seed, res.Weight, res.counted, best.weight, best.counted)
		}
	}
	if hits < 400 {
		t.Fatalf("only %d cases had a set", hits)
	}
}

// What Select answers pays, conserves money and, where a set without change is
// among the coins of one type, wastes no more than the best of them.
func TestEverySelectionPaysAndWastesNoMoreThanTheTwin(t *testing.T) {
	by := map[Algorithm]int{}
	for seed := range uint64(3000) {
		r := testRand(seed)
		coins, p := anyCase(r)
		res, err := Select(nil, coins, p)
		if err != nil {
			checkNone(t, seed, err, coins, p)
			continue
		}
		by[res.By]++
		checkResult(t, seed, res, coins, p)
		if p.AvoidPartial || p.Subtract {
			continue
		}
		for kind := range 2 {
			one := slices.DeleteFunc(worth(coins, p), func(c Coin) bool { return c.Type != kind || c.Depth < 6 })
			subsets(one, p, func(s subset) {
				if s.counted >= p.Target && s.counted <= p.Target+p.CostOfChange && s.spend+s.counted-p.Target < res.Waste {
					t.Fatalf("seed %d: %s wastes %d, and a set without change %d", seed, res.By, res.Waste, s.spend+s.counted-p.Target)
				}
			})
		}
	}
	for _, a := range []Algorithm{BnB, Grinder, Knapsack, SRD} {
		if by[a] == 0 {
			t.Errorf("%s never won: %v", a, by)
		}
	}
}

func anyCase(r *rand.Rand) ([]Coin, *Params) {
	coins := randomCoins(r, 1+r.IntN(10))
	for i := range coins {
		c := &coins[i]
		c.Type, c.Depth, c.Mine = r.IntN(2), int32([]int{0, 1, 3, 10, 10, 10}[r.IntN(6)]), r.IntN(2) == 0
		c.Owner = r.IntN(4)
		if c.Depth == 0 {
			c.Bump, c.Ancestors, c.Descendants = btcutil.Amount(r.IntN(3)*200), 1+r.IntN(3), 1
		}
	}
	p := params(r, 0)
	p.Subtract, p.AvoidPartial, p.Unsafe = r.IntN(4) == 0, r.IntN(4) == 0, r.IntN(4) == 0
	p.Target = 1 + btcutil.Amount(r.Int64N(int64(sumOf(coins, p))*5/4+1000))
	p.Together = func(list []int) (sum btcutil.Amount, ok bool) { // they all hang on the same one
		for _, i := range list {
			sum = max(sum, coins[i].Bump)
		}
		return sum, true
	}
	return coins, p
}

func checkResult(t *testing.T, seed uint64, res *Result, coins []Coin, p *Params) {
	t.Helper()
	var value, counted btcutil.Amount
	weights, seen := 0, map[int]bool{}
	for _, i := range res.Coins {
		if seen[i] {
			t.Fatalf("seed %d: coin %d twice", seed, i)
		}
		seen[i] = true
		value, counted, weights = value+coins[i].Value, counted+coins[i].counts(p), weights+weight(&coins[i])
		if c := coins[i]; c.Depth == 0 && !c.Mine && !p.Unsafe {
			t.Fatalf("seed %d: an unconfirmed coin of somebody else's", seed)
		}
	}
	change, own := res.Change(p), p.changeFee()
	if p.Subtract {
		own = 0
	}
	switch {
	case value != res.Value || weights != res.Weight || counted != res.counted:
		t.Fatalf("seed %d: value %d, weight %d, counted %d: %+v", seed, value, weights, counted, res)
	case res.excess(p) < 0:
		t.Fatalf("seed %d: %d short of %d", seed, res.excess(p), p.Target)
	case change > 0 && res.excess(p)-own != change:
		t.Fatalf("seed %d: change of %d does not add up", seed, change)
	case change == 0 && res.excess(p) >= own+p.MinChange:
		t.Fatalf("seed %d: %d given away", seed, res.excess(p))
	}
}

// checkNone: when nothing is found, there is too little of what may be spent.
func checkNone(t *testing.T, seed uint64, err error, coins []Coin, p *Params) {
	t.Helper()
	var sum btcutil.Amount
	for i := range coins {
		if c := coins[i]; c.Depth > 0 || c.Mine || p.Unsafe {
			sum += max(0, c.counts(p))
		}
	}
	// Coins that cost more than they are worth may stand in the way of those beside them.
	if sum >= p.Target+p.CostOfChange && !p.AvoidPartial && sumAll(coins, p) >= p.Target {
		t.Fatalf("seed %d: %v, and %d of %d are there", seed, err, sum, p.Target)
	}
}

func sumAll(coins []Coin, p *Params) (sum btcutil.Amount) {
	for i := range coins {
		sum += coins[i].counts(p)
	}
	return sum
}

func TestTypesAreMixedOnlyWhereOneIsNotEnough(t *testing.T) {
	coins := []Coin{{Value: 60_000, VSize: 68, Depth: 10}, {Value: 60_000, VSize: 68, Depth: 10}, {Value: 150_000, VSize: 58, Type: 1, Depth: 10, Owner: 2}}
	for _, c := range []struct {
		target btcutil.Amount
		types  int
	}{{100_000, 1}, {140_000, 1}, {230_000, 2}} {
		for seed := range uint64(20) {
			p := params(testRand(seed), c.target)
			p.Rate = 1000
			res, err := Select(nil, coins, p)
			if err != nil {
				t.Fatal(err)
			}
			kinds := map[int]bool{}
			for _, i := range res.Coins {
				kinds[coins[i].Type] = true
			}
			if len(kinds) != c.types {
				t.Errorf("target %d: %d types: %v", c.target, len(kinds), res.Coins)
			}
		}
	}
}

func TestCoinsOfOneScriptAreSpentTogether(t *testing.T) {
	var coins []Coin
	for i := range 250 {
		coins = append(coins, Coin{Value: 10_000, VSize: 68, Depth: 10, Owner: i / 249})
	}
	p := params(testRand(1), 5000)
	p.Rate, p.AvoidPartial = 1000, true
	res, err := Select(nil, coins, p)
	if err != nil || len(res.Coins) != 1 && len(res.Coins) != maxGroup {
		t.Fatalf("%d coins, %v", len(res.Coins), err)
	}
	// The rest of 49 is spent alone only when nothing else is left.
	p.Target = 249 * 9_900
	if res, err = Select(nil, coins, p); err != nil || len(res.Coins) < 249 {
		t.Fatalf("%d coins, %v", len(res.Coins), err)
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	coin := Coin{Value: 100_000, VSize: 68, Depth: 10}
	chained := Coin{Value: 100_000, VSize: 68, Mine: true, Ancestors: 25, Descendants: 25}
	many := slices.Repeat([]Coin{{Value: 2000, VSize: 148, Depth: 10}}, 700)
	for i := range many {
		many[i].Owner = i
	}
	for _, c := range []struct {
		preset, coins []Coin
		change        func(*Params)
		want          error
	}{
		{nil, nil, func(*Params) {}, ErrFunds},
		{nil, []Coin{coin}, func(p *Params) { p.Target = 100_000 }, ErrFunds},
		{[]Coin{coin}, []Coin{coin}, func(p *Params) { p.Target, p.OnlyPreset = 150_000, true }, ErrPreset},
		{nil, []Coin{coin}, func(p *Params) { p.MaxWeight = 168 }, ErrBase},
		{nil, []Coin{coin}, func(p *Params) { p.MaxWeight = 170 }, ErrNoChange},
		{nil, many, func(p *Params) { p.Target = 1_270_000 }, ErrWeight},
		{[]Coin{coin}, []Coin{coin}, func(p *Params) { p.Target, p.MaxWeight = 150_000, 168+124+272 }, ErrTogether},
		{nil, []Coin{chained}, func(*Params) {}, ErrChain},
		{nil, []Coin{{Value: 100_000, VSize: 68, Mine: true, Ancestors: 25, Descendants: 1}}, func(*Params) {}, ErrChain},
		{nil, []Coin{{Value: 100_000, VSize: 68, Mine: true, Ancestors: 1, Descendants: 25}}, func(*Params) {}, ErrChain},
		{nil, []Coin{{Value: 100_000, VSize: 68, Mine: true, Ancestors: 1, Descendants: 1}}, func(p *Params) {
			p.Together = func([]int) (btcutil.Amount, bool) { return 0, false }
		}, ErrCluster},
	} {
		p := params(testRand(1), 50_000)
		p.Rate = 1000
		c.change(p)
		if _, err := Select(c.preset, c.coins, p); !errors.Is(err, c.want) {
			t.Errorf("%v, want %v", err, c.want)
		}
	}
	p := params(testRand(1), 50_000)
	p.LongChains = true
	if _, err := Select(nil, []Coin{chained}, p); err != nil {
		t.Errorf("long chains are allowed: %v", err)
	}
}

// What the caller wants spent and what is chosen besides may weigh as much as there is room
// for, and not one unit more.
func TestPresetAndChosenWeighAtMostWhatIsAllowed(t *testing.T) {
	coin := Coin{Value: 100_000, VSize: 68, Depth: 10}
	for weight, want := range map[int]error{168 + 2*272: nil, 168 + 2*272 - 1: ErrTogether} {
		p := params(testRand(1), 150_000)
		p.MaxWeight = weight
		if _, err := Select([]Coin{coin}, []Coin{coin}, p); !errors.Is(err, want) {
			t.Errorf("with room for %d: %v", weight, err)
		}
	}
}

// What coins have in common is paid once, and the rest goes to the change.
func TestCommonAncestorsArePaidOnce(t *testing.T) {
	coins := []Coin{
		{Value: 100_000, VSize: 68, Bump: 3000, Mine: true, Ancestors: 1, Descendants: 2},
		{Value: 100_000, VSize: 68, Bump: 3000, Mine: true, Ancestors: 1, Descendants: 2, Owner: 1},
	}
	p := params(testRand(1), 150_000)
	p.Together = func([]int) (btcutil.Amount, bool) { return 3000, true }
	res, err := Select(nil, coins, p)
	if err != nil || len(res.Coins) != 2 || res.Bump != 3000 || res.discount != 3000 {
		t.Fatalf("%+v, %v", res, err)
	}
}
