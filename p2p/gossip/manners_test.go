package gossip

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// mannered is a State with other manners than grapevine's.
func mannered(w *world, m Manners) *State {
	return New(Config{
		Params: w.params, Headers: []*chain.HeaderNode{w.nodes["g"]}, MinFee: 1000, Rand: rand.New(rand.NewPCG(1, 0)),
		Manners: m,
	})
}

// Who is trusted is not dropped for an offence, and neither are those whom people have
// asked for where that is the manner; the conversation goes on, about headers too.
func TestWhoIsForgiven(t *testing.T) {
	for _, c := range []struct {
		what   string
		link   p2p.Link
		manual bool
		kept   bool
	}{
		{"anybody", p2p.Link{Kind: p2p.Inbound, Hello: hello()}, true, false},
		{"with noban", p2p.Link{Kind: p2p.Inbound, Hello: hello(), Permissions: p2p.MayStay}, false, true},
		{"by hand", p2p.Link{Kind: p2p.Manual, Hello: hello()}, false, false},
		{"by hand, kept", p2p.Link{Kind: p2p.Manual, Hello: hello()}, true, true},
	} {
		w := newWorld()
		w.grow("a", "g", 1, 100)
		s := mannered(w, Manners{KeepManual: c.manual})
		s.Step(w.start, joined(1, c.link))
		acts := s.Step(w.start, Message{1, &wire.MsgHeaders{Headers: make([]*wire.BlockHeader, 2001)}})
		if _, gone := dropped(acts, 1); gone == c.kept {
			t.Errorf("%s: dropped %v", c.what, gone)
		}
		good := &wire.MsgHeaders{Headers: []*wire.BlockHeader{&w.nodes["a1"].Header}}
		if n := count(s.Step(w.start, Message{1, good}), 1, wire.CmdGetData); (n == 1) != c.kept {
			t.Errorf("%s: asked for a block %d times afterwards", c.what, n)
		}
	}
}

func TestBlocksOnlyTakesTransactionsOfPermittedPeers(t *testing.T) {
	for permission, taken := range map[p2p.Permissions]bool{0: false, p2p.MayRelay: true, p2p.MayForceRelay: true, p2p.MayStay: false} {
		w := newWorld()
		s := mannered(w, Manners{BlocksOnly: true})
		for id := p2p.PeerID(1); id <= 2; id++ {
			s.Step(w.start, Joined{Link: p2p.Link{ID: id, Kind: p2p.Inbound, Hello: hello(), Permissions: permission}})
		}
		s.Step(w.start, Message{1, &msg.Tx{Tx: w.tx("a")}})
		s.Step(w.start, Message{2, &wire.MsgInv{InvList: invOf(1, 0, 5)}})
		if here := s.byID[1] != nil && s.byID[2] != nil; here != taken {
			t.Errorf("permissions %b: kept %v", permission, here)
		}
	}
}

// The initial download is over for good when the tip has been young once.
func TestTheInitialDownloadEndsOnce(t *testing.T) {
	w := newWorld()
	s := mannered(w, Manners{Reserved: true, MaxTipAge: time.Hour})
	g := w.nodes["g"].Header.Timestamp
	for _, c := range []struct {
		at   time.Time
		sync bool
	}{{g.Add(time.Hour + time.Second), true}, {g.Add(time.Hour), false}, {g.Add(time.Hour * 1000), false}} {
		s.Step(w.start, ClockSet{At: c.at})
		if s.Status().Syncing != c.sync {
			t.Errorf("with the tip %v old, syncing is %v", c.at.Sub(g), !c.sync)
		}
	}
}

// Where that is the manner, who sends what breaks a rule of consensus commits an offence,
// but not who sends what breaks a rule of relay.
func TestWhichTransactionsArePunished(t *testing.T) {
	for _, c := range []struct {
		err    error
		punish bool
		want   bool
	}{
		{chain.Broken(chain.ErrBlockScript, "input 0"), true, true},
		{chain.Broken(chain.ErrBlockScript, "input 0"), false, false},
		{chain.Refused(policy.ErrMandatoryScript+" (reason)", "input 0"), true, true},
		{chain.Refused(policy.ErrMandatoryScript+" (reason)", ""), false, false},
		{chain.Refused(policy.ErrOptionalScript+" (reason)", ""), true, false},
		{policy.ErrInputs, true, false},
	} {
		w := newWorld()
		s := mannered(w, Manners{PunishTxs: c.punish})
		s.Step(w.start, Joined{Link: p2p.Link{ID: 1, Kind: p2p.Inbound, Hello: hello()}})
		s.Step(w.start, Message{1, &msg.Tx{Tx: w.tx("a")}})
		d, gone := dropped(s.Step(w.start, TxVerdict{Tx: w.tx("a"), Err: c.err}), 1)
		if gone != c.want || gone && d.Offence == "" {
			t.Errorf("%v, punished %v: dropped %v %+v", c.err, c.punish, gone, d)
		}
	}
}

func TestOrphansByCoresRules(t *testing.T) {
	for most, want := range map[int]int{NoOrphans: 0, 3: 3, 0: 5} {
		w := newWorld()
		s := mannered(w, Manners{MaxOrphans: most})
		s.Step(w.start, Joined{Link: p2p.Link{ID: 1, Kind: p2p.Inbound, Hello: hello()}})
		for i := range 5 {
			tx := w.tx(fmt.Sprint("o", i), fmt.Sprint("p", i))
			s.Step(w.start, Message{1, &msg.Tx{Tx: tx}})
			s.Step(w.start, TxVerdict{Tx: tx, Err: &chain.MissingError{Parents: w.parents[tx.ID]}})
			checkInvariants(t, s)
		}
		if n := s.Status().Orphans; n != want {
			t.Errorf("%d orphans of at most %d", n, most)
		}
	}
}
