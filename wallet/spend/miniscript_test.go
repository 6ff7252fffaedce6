package spend

import (
	"math/rand/v2"
	"testing"

	"grapevine/chain/policy"
)

// An input whose way nobody knows counts for so much that the heaviest is still relayed,
// and for no more than that one.
func TestTheHeaviestWayIsRelayed(t *testing.T) {
	k := keyring{rand.New(rand.NewPCG(1, 1)), t, 0}
	other := func() string { return k.any(true) }
	script, public, _ := expanded(t, "tr("+other()+",multi_a(1,"+k.keys(300, other)+"))")
	s := Weigh(script, public, false)
	if s.Weight > 300 || s.Most < 300*34 {
		t.Fatalf("%+v", s)
	}
	const relay policy.FeeRate = 1000
	for _, rate := range []policy.FeeRate{1, 999, 1000, 1001, 20_000, 100_000, 10_000_000} {
		at := s.At(rate, relay)
		pays, needs := int64(at.Weight)*int64(rate), int64(s.Most)*int64(min(rate, relay))
		if at.Weight < s.Weight || at.Weight > s.Most || pays < needs {
			t.Errorf("at %s: weight %d of %d to %d pays %d, needs %d", rate, at.Weight, s.Weight, s.Most, pays, needs)
		}
	}
	if at := s.At(10_000_000, relay); at.Weight != s.Weight {
		t.Errorf("at a high rate it counts for %d, not %d", at.Weight, s.Weight)
	}
}

// Miniscript weighs what its heaviest witness does, behind a witness script hash, nested,
// and in a tree.
func TestMiniscriptWeighsItsHeaviestWitness(t *testing.T) {
	k := keyring{rand.New(rand.NewPCG(2, 1)), t, 0}
	a, b := k.own(), k.own()
	policy := "or_d(pk(" + a + "),and_v(v:pkh(" + b + "),older(10)))"
	const (
		code    = 35 + 2 + 25 + 2 + 1 // its script
		heavy   = 1 + 73 + 34 + 1     // an empty signature, a signature and its key
		outside = 41*4 + 1
	)
	for desc, nested := range map[string]int{"wsh(" + policy + ")": 0, "sh(wsh(" + policy + "))": 35 * 4} {
		script, public, private := expanded(t, desc)
		for _, known := range []Shape{Weigh(script, public, false), Weigh(script, private, false)} {
			if least := outside + nested + heavy + code; !known.Solved || !known.Segwit || known.Weight < least || known.Weight > least+20 {
				t.Errorf("%s: %+v, at least %d", desc, known, least)
			}
		}
	}
	script, _, private := expanded(t, "tr("+nobodysKey+",and_v(v:pk("+a+"),older(10)))")
	if s := Weigh(script, private, false); !s.Solved || s.Weight < outside+66+36+34 || s.Weight > outside+66+40+40 {
		t.Errorf("in a tree: %+v", s)
	}
}
