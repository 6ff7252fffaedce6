package hostile_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain/chaintest"
	"grapevine/testnet/hostile"
)

// T60: seeded mixes of faults over whole nodes. GRAPEVINE_SEEDS says how many.
func TestT60_RandomFaults(t *testing.T) {
	seeds := 2
	if s := os.Getenv("GRAPEVINE_SEEDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		seeds = max(1, n)
	}
	for seed := range uint64(seeds) {
		if !t.Run(fmt.Sprint("seed", seed), func(t *testing.T) { history(t, seed) }) {
			t.FailNow()
		}
	}
}

// A seed that fails can be run again: all that nodes draw comes from it, and on
// no two links does anything happen at one instant. What the scheduler does
// within an instant remains; it moves a few bytes between messages, never the
// blocks, pools and peers of the diary.
func TestT60_ASeedTellsItsStoryTwice(t *testing.T) {
	seeds := uint64(1)
	if full() {
		seeds = 50
	}
	for seed := range seeds {
		first, again := history(t, 7+seed), history(t, 7+seed)
		if !slices.Equal(first, again) {
			t.Errorf("two stories of seed %d:\n%s\n\n%s", 7+seed, strings.Join(first, "\n"), strings.Join(again, "\n"))
		}
	}
}

// history is what a seed makes of a network of four nodes. The system's randomness, of
// the encrypted transport's keys, comes from the seed too.
func history(t *testing.T, seed uint64) (diary []string) {
	cryptotest.SetGlobalRandom(t, seed)
	inSeededNetwork(t, 4, seed, func(t *testing.T, w *network) {
		defer func() {
			if diary = w.diary; t.Failed() {
				t.Logf("seed %d:\n%s", seed, strings.Join(diary, "\n"))
			}
		}()
		w.suffer(rand.New(rand.NewPCG(seed, 60)))
	})
	return diary
}

// note writes down where everybody stands: height:block/pool/peers.
func (w *network) note(what string) {
	line := fmt.Sprint(time.Since(firstDay), " ", what)
	for _, r := range w.all {
		if r == nil {
			line += " -"
			continue
		}
		tip := r.Ledger.Tip()
		line += fmt.Sprintf(" %d:%v/%d/%d", tip.Height, tip.Hash.String()[60:], r.Swarm.Status().PoolSize, len(r.Swarm.Peers()))
	}
	w.diary = append(w.diary, line)
}

// suffer is a story of 25 events.
func (w *network) suffer(r *rand.Rand) {
	coins := w.spendable(8)
	for k := range 25 {
		what := w.event(r, &coins, k)
		time.Sleep(time.Duration(r.Int64N(int64(3 * time.Second))))
		w.note(what)
	}
	w.net.Heal()
	for i := range w.all {
		if w.all[i] == nil {
			w.begin(i)
		}
	}
	w.everybodyLeaves()
	time.Sleep(30 * time.Second)
	w.mine(w.all[0])
	w.mine(w.all[0])
	w.within(2*time.Minute, "one tip in the end", w.oneTip())
}

// event is the k-th of a story; it says what was done.
func (w *network) event(r *rand.Rand, coins *[]chaintest.Coin, k int) string {
	i := r.IntN(len(w.all))
	v := w.all[i]
	switch what := r.IntN(9); {
	case what == 4:
		w.net.Partition(ips(i))
		return fmt.Sprintf("%d is cut off:", i)
	case what == 5:
		w.net.Heal()
		return "healed:"
	case what == 6:
		w.net.Reset(live(i))
		return fmt.Sprintf("%d loses its connections:", i)
	case what == 7 && v == nil:
		w.begin(i)
		return fmt.Sprintf("%d begins:", i)
	case what == 7 && w.running() > 2:
		w.end(i)
		return fmt.Sprintf("%d ends:", i)
	case v == nil || what == 7 || what == 3 && len(*coins) == 0:
		return "nothing:"
	case what == 3:
		tx := chaintest.SpendOne(w.t, (*coins)[0], w.key.P2WPKH(), 1000)
		_ = v.Swarm.SubmitTx(w.t.Context(), tx) // a node that is behind may refuse
		*coins = (*coins)[1:]
		return fmt.Sprintf("%d pays:", i)
	case what == 8:
		return fmt.Sprintf("%d is told %s:", i, w.harass(v, r, k))
	}
	w.mine(v)
	return fmt.Sprintf("%d mines:", i)
}

func (w *network) running() (n int) {
	for _, r := range w.all {
		if r != nil {
			n++
		}
	}
	return n
}

// harass is an attacker with one of a few bad habits.
func (w *network) harass(v *runningNode, r *rand.Rand, k int) string {
	p, err := hostile.Dial(w.t.Context(), w.net.Host(attackerIP(k)), v.addr, w.params.Net)
	if err != nil {
		return "nothing"
	}
	w.t.Cleanup(func() { p.Close() })
	w.attackers = append(w.attackers, p)
	if p.Greet(hostile.Version()) != nil {
		return "nothing"
	}
	switch r.IntN(4) {
	case 0:
		p.Say(hostile.Headers(nodes(w.branch(v.Ledger.Tip(), 1+r.IntN(30)))...)) // withheld
		return "of blocks that never come"
	case 1:
		p.Raw("inv", vectors(3000, k, wire.InvTypeBlock, wtx))
		return "of three thousand hashes"
	case 2:
		p.Say(short(w.block(v.Ledger.Tip(), bulky(10_000))))
		return "a part of a block"
	}
	b := p.Frame("block", w.block(v.Ledger.Tip()).Block.Raw)
	p.Write(b[:100])
	p.Close()
	return "the head of a block"
}
