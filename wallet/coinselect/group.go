package coinselect

import (
	"cmp"
	"math"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
)

// maxGroup is how many coins of one script are spent together at most
// [OUTPUT_GROUP_MAX_ENTRIES].
const maxGroup = 100

// group is an output group: coins that are spent together or not at all (Core: OutputGroup).
type group struct {
	coins    []int
	value    btcutil.Amount // what they count for
	fee      btcutil.Amount // of spending them now
	later    btcutil.Amount // and at the long-term rate
	weight   int
	kind     int
	depth    int32
	mine     bool
	partial  bool // there are more groups of the same script, and these are full
	positive bool // only of coins that count for something; see makeGroups

	ancestors, descendants int
}

func (g *group) add(i int, c *Coin, p *Params) {
	if len(g.coins) == 0 {
		g.depth, g.mine, g.kind = math.MaxInt32, true, c.Type
	}
	g.coins = append(g.coins, i)
	g.value += c.counts(p)
	g.fee += c.fee(p.Rate)
	g.later += p.LongTerm.Fee(c.VSize)
	g.weight += weight(c)
	g.depth = min(g.depth, c.Depth)
	g.mine = g.mine && c.Mine
	g.ancestors += c.Ancestors // of several with common ones it is too many
	g.descendants = max(g.descendants, c.Descendants)
}

// passes says whether a round may spend the group [EligibleForSpending].
func (g *group) passes(f filter) bool {
	need := f.theirs
	if g.mine {
		need = f.mine
	}
	return g.depth >= need && g.ancestors <= f.ancestors && g.descendants <= f.descendants && (f.partial || !g.partial)
}

// makeGroups puts each coin into a group of its own or, with AvoidPartial, all
// coins of a script into one; the latter twice where there are coins that cost more
// than they are worth, once without those [GroupOutputs].
func (s *selection) makeGroups() {
	if !s.AvoidPartial {
		s.groups = make([]group, len(s.list))
		places := make([]int, len(s.list))
		for i := range s.list {
			s.groups[i].coins = places[i : i : i+1]
			s.groups[i].add(i, &s.list[i], s.Params)
		}
		return
	}
	order := make([]int, len(s.list))
	for i := range order {
		order[i] = i
	}
	if len(order) > maxGroup { // which coins stand together is not to be told by their order
		s.Rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	s.groups = s.byScript(order, false)
	worthless := func(c Coin) bool { return c.counts(s.Params) <= 0 }
	if s.split = slices.ContainsFunc(s.list, worthless); s.split {
		s.groups = append(s.groups, s.byScript(order, true)...)
	}
}

func (s *selection) byScript(order []int, positive bool) (groups []group) {
	owners := 0
	for i := range s.list {
		owners = max(owners, s.list[i].Owner+1)
	}
	last := make([]int, owners*maxTypes) // 1 + index of the newest group of a script and type; 0: none
	left := make([]int, owners*maxTypes) // coins that have no place in a group yet
	for i := range s.list {
		left[s.list[i].Owner*maxTypes+s.list[i].Type]++
	}
	for _, i := range order {
		c := &s.list[i]
		if positive && c.counts(s.Params) <= 0 {
			continue
		}
		k := c.Owner*maxTypes + c.Type
		newest := &last[k]
		if *newest == 0 || len(groups[*newest-1].coins) >= maxGroup {
			n := min(left[k], maxGroup)
			left[k] -= n
			groups = append(groups, group{coins: make([]int, 0, n), positive: positive, partial: *newest != 0})
			*newest = len(groups)
		}
		groups[*newest-1].add(i, c, s.Params)
	}
	for i := range groups { // those before the last are full, and may be spent
		g := &groups[i]
		g.partial = g.partial && last[s.list[g.coins[0]].Owner*maxTypes+g.kind] == i+1
	}
	return groups
}

// pool is what one try chooses from.
type pool struct {
	positive []*group // that count for something
	mixed    []*group
	sorted   bool // both are, see sort
}

// sort puts the groups in the order that most ways look at them in: by value, and
// the least dear to spend now of those that are equal.
func (p *pool) sort() {
	if p.sorted {
		return
	}
	dear := func(g *group) int64 { return int64(g.fee - g.later) }
	same := slices.Equal(p.positive, p.mixed)
	p.positive = sortBy(p.positive, dear)
	if same {
		p.mixed = p.positive
	} else {
		p.mixed = sortBy(p.mixed, dear)
	}
	p.sorted = true
}

func (p *pool) put(g *group, split bool) {
	if g.value > 0 && (g.positive || !split) {
		p.positive = append(p.positive, g)
	}
	if !g.positive {
		p.mixed = append(p.mixed, g)
	}
}

func total(groups []*group) (sum btcutil.Amount) {
	for _, g := range groups {
		sum += g.value
	}
	return sum
}

// sortBy sorts a copy by value, the greatest first, equals by what ties says, and
// equals of that by the order that they had.
func sortBy(groups []*group, tie func(*group) int64) []*group {
	type place struct {
		value btcutil.Amount
		tie   int64
		at    int
		g     *group
	}
	places := make([]place, len(groups)) // keys beside each other: a wallet may have 100,000 coins
	for i, g := range groups {
		places[i] = place{g.value, tie(g), i, g}
	}
	slices.SortFunc(places, func(x, y place) int {
		switch { // not by cmp.Or, which works out all of them
		case x.value != y.value:
			return cmp.Compare(y.value, x.value)
		case x.tie != y.tie:
			return cmp.Compare(x.tie, y.tie)
		}
		return cmp.Compare(x.at, y.at)
	})
	sorted := make([]*group, len(groups))
	for i := range places {
		sorted[i] = places[i].g
	}
	return sorted
}

func at(groups []*group, list []int) []*group {
	var found []*group
	for _, i := range list {
		found = append(found, groups[i])
	}
	return found
}
