package model

import (
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/msg"
)

// bug spoils what goes into a machine and what comes out of it: the faults
// that a change to gossip could bring.
type bug struct {
	machine
	in   func(gossip.Event) bool                    // false: it is not heard
	out  func(p2p.Action) []p2p.Action              // what is done instead
	step func(time.Time, gossip.Event) []p2p.Action // all of it instead
	deaf bool                                       // no deadlines
}

func (b *bug) Step(now time.Time, ev gossip.Event) []p2p.Action {
	if b.in != nil && !b.in(ev) {
		return nil
	}
	var acts []p2p.Action
	if b.step != nil {
		acts = b.step(now, ev)
	} else {
		acts = b.machine.Step(now, ev)
	}
	if b.out == nil {
		return acts
	}
	var spoiled []p2p.Action
	for _, a := range acts {
		spoiled = append(spoiled, b.out(a)...)
	}
	return spoiled
}

func (b *bug) Deadline() time.Time {
	if b.deaf {
		return time.Time{}
	}
	return b.machine.Deadline()
}

func heard[M wire.Message](ev gossip.Event) bool {
	m, ok := ev.(gossip.Message)
	if !ok {
		return false
	}
	_, ok = m.Msg.(M)
	return ok
}

func sent[M wire.Message](a p2p.Action) (m M, ok bool) {
	if s, is := a.(p2p.Send); is {
		m, ok = s.Msg.(M)
	}
	return m, ok
}

// keep is an action as it is.
func keep(a p2p.Action) []p2p.Action { return []p2p.Action{a} }

// unless drops the actions of which it is true.
func unless(bad func(p2p.Action) bool) func(p2p.Action) []p2p.Action {
	return func(a p2p.Action) []p2p.Action {
		if bad(a) {
			return nil
		}
		return keep(a)
	}
}

// every is true every n-th time.
func every(n int) func() bool {
	k := 0
	return func() bool { k++; return k%n == 0 }
}

func bugs() map[string]func(m machine) machine {
	return map[string]func(m machine) machine{
		"the stall timer is dropped": func(m machine) machine {
			// Other events would still look at the clock: no time passes for it.
			var now time.Time
			b := &bug{machine: m, deaf: true}
			b.step = func(at time.Time, ev gossip.Event) []p2p.Action {
				if now.IsZero() {
					now = at
				}
				return m.Step(now, ev)
			}
			return b
		},
		"a second request is forgotten": func(m machine) machine {
			asked := map[chain.Hash]bool{}
			return &bug{machine: m, out: func(a p2p.Action) []p2p.Action {
				get, ok := sent[*wire.MsgGetData](a)
				if !ok {
					return keep(a)
				}
				first := wire.NewMsgGetData()
				for _, iv := range get.InvList {
					if !asked[iv.Hash] {
						first.InvList = append(first.InvList, iv)
					}
					asked[iv.Hash] = true
				}
				if len(first.InvList) == 0 {
					return nil
				}
				return keep(p2p.Send{Peer: a.(p2p.Send).Peer, Msg: first})
			}}
		},
		"a peer that left is never forgotten": func(m machine) machine {
			return &bug{machine: m, in: func(ev gossip.Event) bool {
				_, left := ev.(gossip.Left)
				return !left
			}}
		},
		"the index of the pool never shrinks": func(m machine) machine {
			return &bug{machine: m, in: func(ev gossip.Event) bool {
				_, out := ev.(gossip.TxOut)
				return !out
			}}
		},
		"own transactions are not announced": func(m machine) machine {
			own := map[chain.Hash]bool{}
			return &bug{machine: m,
				in: func(ev gossip.Event) bool {
					if s, ok := ev.(gossip.SubmitTx); ok {
						own[s.Tx.WID] = true
					}
					return true
				},
				out: unless(func(a p2p.Action) bool {
					inv, ok := sent[*wire.MsgInv](a)
					return ok && own[inv.InvList[0].Hash]
				})}
		},
		"a new tip is not announced": func(m machine) machine {
			fresh := false
			return &bug{machine: m,
				in: func(ev gossip.Event) bool { _, fresh = ev.(gossip.TipChanged); return true },
				out: unless(func(a p2p.Action) bool {
					_, hs := sent[*wire.MsgHeaders](a)
					_, inv := sent[*wire.MsgInv](a)
					return fresh && (hs || inv)
				})}
		},
		"notfound is ignored": func(m machine) machine {
			return &bug{machine: m, in: func(ev gossip.Event) bool { return !heard[*wire.MsgNotFound](ev) }}
		},
		"the credit of a refused transaction is not given back": func(m machine) machine {
			return &bug{machine: m, in: func(ev gossip.Event) bool {
				v, ok := ev.(gossip.TxVerdict)
				return !ok || v.Err == nil
			}}
		},
		"the credit of a side block is not given back": func(m machine) machine {
			return &bug{machine: m, in: func(ev gossip.Event) bool {
				v, ok := ev.(gossip.BlockVerdict)
				return !ok || v.Err == nil
			}}
		},
		"an orphan is never validated again": func(m machine) machine {
			orphan := map[chain.Hash]bool{}
			b := &bug{machine: m}
			b.step = func(now time.Time, ev gossip.Event) []p2p.Action {
				if v, ok := ev.(gossip.TxVerdict); ok && v.Err != nil {
					orphan[v.Tx.WID] = true
				}
				acts := m.Step(now, ev)
				var rest []p2p.Action
				for _, a := range acts {
					if j, ok := a.(p2p.ValidateTx); ok && orphan[j.Tx.WID] {
						rest = append(rest, m.Step(now, gossip.TxVerdict{Tx: j.Tx, Err: chain.Refused("forgotten", "")})...)
						continue
					}
					rest = append(rest, a)
				}
				return rest
			}
			return b
		},
		"who joins is not asked for headers": func(m machine) machine {
			return &bug{machine: m, out: unless(func(a p2p.Action) bool {
				_, get := sent[*wire.MsgGetHeaders](a)
				return get
			})}
		},
		"everything is asked from two peers": func(m machine) machine {
			var last p2p.PeerID
			return &bug{machine: m, out: func(a p2p.Action) []p2p.Action {
				get, ok := sent[*wire.MsgGetData](a)
				if !ok {
					return keep(a)
				}
				s := a.(p2p.Send)
				twice := []p2p.Action{a}
				if last != 0 && last != s.Peer {
					twice = append(twice, p2p.Send{Peer: last, Msg: get})
				}
				last = s.Peer
				return twice
			}}
		},
		"the same is asked again and again": func(m machine) machine {
			return &bug{machine: m, out: func(a p2p.Action) []p2p.Action {
				if _, ok := sent[*wire.MsgGetData](a); ok {
					return slices.Repeat([]p2p.Action{a}, 40)
				}
				return keep(a)
			}}
		},
		"one request in ten is not answered": func(m machine) machine {
			tenth := every(10)
			return &bug{machine: m, out: unless(func(a p2p.Action) bool {
				_, tx := sent[*msg.Tx](a)
				return tx && tenth()
			})}
		},
		"an honest peer is dropped for an offence": func(m machine) machine {
			hundredth := every(100)
			return &bug{machine: m, out: func(a p2p.Action) []p2p.Action {
				if s, ok := a.(p2p.Send); ok && hundredth() {
					return []p2p.Action{a, p2p.Drop{Peer: s.Peer, Offence: "says too much"}}
				}
				return keep(a)
			}}
		},
		"the node waits for a time that has passed": func(m machine) machine {
			return &late{machine: m}
		},
	}
}

// late has a deadline that no tick takes away.
type late struct {
	machine
	at time.Time
}

func (l *late) Step(now time.Time, ev gossip.Event) []p2p.Action {
	l.at = now
	return l.machine.Step(now, ev)
}

func (l *late) Deadline() time.Time { return l.at }

// Each planted bug is found within 200 seeds though one node alone has it; the
// same seeds without a bug pass. What one node does not tell, others do: that
// bug all nodes have.
func TestPlantedBugsAreFound(t *testing.T) {
	const seeds = 200
	for name, plant := range bugs() {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(seeds) {
				cfg := mix(seed)
				cfg.spoil = func(n int, m machine) machine {
					if n == int(seed)%cfg.Nodes || name == "a new tip is not announced" {
						return plant(m)
					}
					return m
				}
				if r := mustRun(t, cfg); len(r.Wrong) > 0 {
					t.Logf("found by seed %d: %s", seed, r.Wrong[0])
					return
				}
			}
			t.Errorf("not found by %d seeds", seeds)
		})
	}
}
