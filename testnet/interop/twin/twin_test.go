package twin

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
)

const (
	defaultBlocks = 1500 // a few seconds; make conformance offers 10,000
	deepest       = 50   // reorganisations are tried at every depth up to here
)

func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// comparison is both validators before one generator.
type comparison struct {
	*grower
	t      *testing.T
	we, by validator
	top    *place // the tip that both must have
	offers int
	twists []twist
	tried  map[string]int // by name
	depths map[int]int    // reorganisations
	differ map[string]int // verdicts that were known to differ
	rules  map[chain.Rule]int
	honest int // good copies of blocks that were refused as mutated
}

func newComparison(t *testing.T, p *chain.Params) *comparison {
	t.Helper()
	return newComparisonAt(t, p, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
}

func newComparisonAt(t *testing.T, p *chain.Params, now time.Time) *comparison {
	t.Helper()
	seed := number(t, "TWIN_SEED", 1)
	t.Logf("seed %d", seed)
	c := &comparison{grower: newGrower(t, p, now, seed), t: t, we: newOurs(t, p, now), by: newTheirs(t, p, now),
		tried: map[string]int{}, depths: map[int]int{}, differ: map[string]int{}, rules: map[chain.Rule]int{}}
	c.top = &place{node: p.Genesis()}
	for range chain.CoinbaseMaturity + 20 {
		c.extend(c.top)
	}
	return c
}

func TestTwin(t *testing.T) {
	blocks := int(number(t, "TWIN_BLOCKS", defaultBlocks))
	c := newComparison(t, chain.RegTest())
	c.twists = slices.Concat(headerTwists(), blockTwists(), commitmentTwists(), bytesTwists(), txTwists(), lockTwists(), scriptTwists(), witnessTwists())
	var depths, twists []int
	for c.offers < blocks {
		switch n := c.rand.IntN(25); {
		case n < 10:
			c.extend(c.top)
		case n < 22:
			if len(twists) == 0 {
				twists = c.rand.Perm(len(c.twists))
			}
			c.tryTwist(c.twists[twists[0]])
			twists = twists[1:]
		case n < 24:
			c.leaf()
		default:
			if len(depths) == 0 {
				depths = c.rand.Perm(deepest)
			}
			if !c.overtake(depths[0] + 1) {
				depths = append(depths, depths[0])
			}
			depths = depths[1:]
		}
	}
	c.compareCoins()
	c.report()
}

// offer gives a block to both. want is the rule that we must say, if we refuse.
func (c *comparison) offer(p *place, raw []byte, tw twist) verdict {
	c.t.Helper()
	c.offers++
	mine, why := c.we.offer(raw)
	theirs, their := c.by.offer(raw)
	name := fmt.Sprintf("block %d (%q, height %d)", c.offers, tw.name, p.node.Height)
	if mine == refused && tw.rule != "" {
		if !errors.Is(why, tw.rule) && !strings.HasPrefix(why.Error(), string(tw.rule)) {
			c.t.Fatalf("%s: we say %v, not %s", name, why, tw.rule)
		}
		c.rules[tw.rule]++
	}
	if mine == refused && tw.rule == "" {
		c.t.Fatalf("%s: we refuse it: %v", name, why)
	}
	if mine != theirs {
		if tw.why == "" {
			c.t.Fatalf("%s: we say %s (%v), btcd %s (%v)", name, mine, why, theirs, their)
		}
		c.differ[tw.name]++
		if mine == refused {
			c.by.forget(p.node.Hash)
		} else {
			c.we.forget(p.node.Hash)
			mine = refused
		}
	}
	if mine == connected {
		c.top = p
	}
	if us, them := c.we.tip(), c.by.tip(); us != them || us != c.top.node.Hash {
		c.t.Fatalf("%s: we said %s (%v), btcd %s (%v);\nour tip is %s\nbtcd's   %s\nwant     %s at %d",
			name, mine, why, theirs, their, us, them, c.top.node.Hash, c.top.node.Height)
	}
	return mine
}

// extend offers an ordinary valid block on at.
func (c *comparison) extend(at *place) *place {
	c.t.Helper()
	b := c.begin(at)
	b.fill(c.rand.IntN(4))
	p, raw := b.mine()
	c.offer(p, raw, twist{name: "ordinary"})
	return p
}

// back is the place that many blocks below p.
func back(p *place, n int) *place {
	for range n {
		p = p.parent
	}
	return p
}

// leaf offers a valid block somewhere beside the chain.
func (c *comparison) leaf() {
	at := back(c.top, 1+c.rand.IntN(deepest))
	b := c.begin(at)
	b.fill(2)
	p, raw := b.mine()
	if v := c.offer(p, raw, twist{name: "beside"}); v != stored {
		c.t.Fatalf("a block beside the chain is %s", v)
	}
}

// overtake grows a branch from that depth until it wins. Now and then one of
// its blocks breaks a rule that only connecting it shows: then it must not.
func (c *comparison) overtake(depth int) (won bool) {
	at := back(c.top, depth)
	trap := -1
	if c.rand.IntN(4) == 0 {
		trap = c.rand.IntN(depth)
	}
	from := c.top
	var bad *twist
	for i := 0; ; i++ {
		b := c.begin(at)
		b.fill(2)
		if i == trap {
			bad = c.spring(b)
		}
		p, raw := b.mine()
		switch {
		case i < depth:
			if v := c.offer(p, raw, twist{name: "on a branch"}); v != stored {
				c.t.Fatalf("a block of a shorter branch is %s", v)
			}
		case bad != nil:
			if v := c.offer(p, raw, twist{name: "wins, but for " + bad.name, rule: chain.ErrBadParent}); v != refused || c.top != from {
				c.t.Fatalf("a branch with a bad block (%s) is %s", bad.name, v)
			}
			return false
		default:
			if v := c.offer(p, raw, twist{name: "wins"}); v != connected {
				c.t.Fatalf("a longer branch from depth %d is %s", depth, v)
			}
			c.depths[depth]++
			return true
		}
		at = p
	}
}

// spring makes a block break a rule that only connecting it shows.
func (c *comparison) spring(b *block) *twist {
	for _, i := range c.rand.Perm(len(c.twists)) {
		tw := c.twists[i]
		if tw.late && !tw.rare && tw.why == "" && tw.make(b) {
			c.tried[tw.name]++
			return &tw
		}
		*b = *c.begin(b.at)
	}
	return nil
}

// tryTwist offers a twisted block at the tip and, when it is refused, one on top of it.
func (c *comparison) tryTwist(tw twist) {
	if tw.rare && c.tried[tw.name] > 0 && c.rand.IntN(20) > 0 {
		return
	}
	b := c.begin(c.top)
	b.fill(2)
	if !tw.make(b) {
		return
	}
	c.tried[tw.name]++
	p, raw := b.mine()
	v := c.offer(p, raw, tw)
	if tw.rule != "" && v != refused || tw.rule == "" && v == refused {
		c.t.Fatalf("%q is %s", tw.name, v)
	}
	if v == refused {
		c.afterwards(b, p)
	}
}

// afterwards offers an honest copy of a block whose body was changed, and a
// child of one that is bad itself.
func (c *comparison) afterwards(b *block, p *place) {
	harm := b.harm
	b.harm, b.raw = nil, nil
	if len(harm) > 0 {
		if good, raw := b.again(); good.node.Hash == p.node.Hash {
			if v := c.offer(good, raw, twist{name: "an honest copy"}); v != connected {
				c.t.Fatalf("an honest copy is %s", v)
			}
			c.honest++
			return
		}
	}
	if _, st, ok := c.we.(*ours).l.Lookup(p.node.Hash); ok && st&ledger.Invalid != 0 {
		child := c.begin(p)
		on, raw := child.mine()
		c.offer(on, raw, twist{name: "on a bad block", rule: chain.ErrBadParent})
	}
}

// compareCoins asks both for every output that was ever made.
func (c *comparison) compareCoins() {
	coins := 0
	for _, op := range c.made {
		us, ok := c.we.coin(op)
		them, theirs := c.by.coin(op)
		if ok != theirs || us.Value != them.Value || us.Height != them.Height || us.Coinbase != them.Coinbase ||
			string(us.PkScript) != string(them.PkScript) {
			c.t.Fatalf("%v: we have %+v (%v), btcd %+v (%v)", op, us, ok, them, theirs)
		}
		if ok {
			coins++
		}
	}
	c.t.Logf("%d outputs were made, both know the same %d coins", len(c.made), coins)
}

// report says what was tried, and fails if something never was.
func (c *comparison) report() {
	for _, tw := range c.twists {
		if c.tried[tw.name] == 0 {
			c.t.Errorf("%q was never tried", tw.name)
		}
		if tw.why != "" && c.differ[tw.name] == 0 {
			c.t.Errorf("btcd does as we do about %q: it need not be named as different", tw.name)
		}
	}
	missing := 0
	for d := 1; d <= deepest; d++ {
		if c.depths[d] == 0 {
			missing++
		}
	}
	if missing > 0 && c.offers >= 10_000 {
		c.t.Errorf("%d depths of reorganisation were never tried", missing)
	}
	for _, r := range everyRule() {
		if c.rules[r] == 0 {
			c.t.Errorf("rule %s was never broken", r)
		}
	}
	c.t.Logf("%d blocks, tip at %d, %d twists, %d rules broken, %d honest copies, %d depths of reorganisation, known differences %v",
		c.offers, c.top.node.Height, len(c.twists), len(c.rules), c.honest, len(c.depths), c.differ)
}

// spentIn says whether the block at p spent op.
func spentIn(p *place, op wire.OutPoint) bool { return p.spent[op] }

// everyRule is what blocks of regtest with all soft forks can break. Beside
// these there are: BIP30's (TestTwinBeforeBIP34), signet's and BIP94's (of other
// networks), and what no block can show, because something else refuses it
// first: bad-txns-vin-empty (btcd cannot read such bytes), bad-txns-oversize
// (a block with it is too long), and amounts out of range among inputs and fees
// (outputs were in range when they were made).
func everyRule() []chain.Rule {
	return []chain.Rule{
		"high-hash", "bad-diffbits", "time-too-old", "time-too-new", "bad-version", "bad-prevblk",
		"bad-txnmrklroot", "bad-txns-duplicate", "bad-blk-length", "bad-blk-weight", "bad-blk-sigops",
		"bad-cb-missing", "bad-cb-multiple", "bad-cb-height", "bad-cb-amount", "bad-cb-length",
		"bad-witness-nonce-size", "bad-witness-merkle-match", "unexpected-witness",
		"block-script-verify-flag-failed",
		"bad-txns-vout-empty", "bad-txns-vout-negative", "bad-txns-vout-toolarge", "bad-txns-txouttotal-toolarge",
		"bad-txns-inputs-duplicate", "bad-txns-prevout-null", "bad-txns-premature-spend-of-coinbase",
		"bad-txns-in-belowout", "bad-txns-nonfinal", "bad-txns-inputs-missingorspent", undecodable,
	}
}
