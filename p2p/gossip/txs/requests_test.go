package txs

import (
	"math/rand/v2"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
)

// join makes a peer known that we dialled ourselves, or that came to us.
func join(tr *Requests, preferred bool) *Peer {
	kind := p2p.Inbound
	if preferred {
		kind = p2p.FullRelay
	}
	return joinLink(tr, p2p.Link{ID: p2p.PeerID(len(tr.peers) + 1), Kind: kind})
}

func joinLink(tr *Requests, l p2p.Link) *Peer {
	p := NewPeer(&l, 0)
	tr.Join(p)
	return p
}

// asksOf takes what is to be asked of a peer now.
func asksOf(p *Peer) []Name {
	asks := p.asks
	p.asks = nil
	return asks
}

func hash(i int) chain.Hash { return chain.Hash{byte(i), byte(i >> 8), 1} }

// Random offers, answers, failures and lost peers: each transaction is asked
// from one peer at a time, and from everybody in the end.
func TestEachWantHasOneOwner(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 0))
		tr, now := NewRequests(Pace{Delays: seed%2 == 1}), time.Unix(1000, 0)
		var peers []*Peer
		asked := map[chain.Hash]*Peer{} // who we think was asked
		for range 400 {
			switch k := r.IntN(12); {
			case k == 0 || len(peers) == 0:
				peers = append(peers, join(tr, r.IntN(2) == 0))
			case k == 1:
				i := r.IntN(len(peers))
				for h, p := range asked {
					if p == peers[i] {
						delete(asked, h)
					}
				}
				if r.IntN(2) == 0 { // it stays, but owes too much
					peers[i] = tr.Forget(peers[i])
					continue
				}
				tr.Leave(peers[i])
				peers = append(peers[:i], peers[i+1:]...)
			case k < 8:
				tr.Offer(peers[r.IntN(len(peers))], Name{hash(r.IntN(60)), true}, now)
			case k == 8:
				h := hash(r.IntN(60))
				tr.Settle(h)
				delete(asked, h)
			case k == 9:
				h, p := hash(r.IntN(60)), peers[r.IntN(len(peers))]
				if tr.Fail(p, h); asked[h] == p {
					delete(asked, h)
				}
			default:
				now = now.Add(time.Duration(r.IntN(4000)*int(1+seed%2*5)) * time.Millisecond)
				before := tr.flights
				if tr.Expire(now); tr.flights < before {
					for h := range asked {
						if w := tr.wants[h]; w == nil || w.asked == nil {
							delete(asked, h)
						}
					}
				}
			}
			tr.choose(now, 20)
			for _, p := range peers {
				for _, a := range asksOf(p) {
					if other := asked[a.Hash]; other != nil {
						t.Fatalf("seed %d: %v asked again while somebody was asked", seed, a.Hash)
					}
					asked[a.Hash] = p
				}
			}
			if err := tr.Check(); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if tr.flights > 20 || tr.flights != len(asked) {
				t.Fatalf("seed %d: %d requests, we count %d", seed, tr.flights, len(asked))
			}
		}
	}
}

// T29: whoever announced first, after a timeout a peer of our choice is asked.
func TestT29_PreferredPeersAreAskedFirstAfterATimeout(t *testing.T) {
	tr, now := NewRequests(Pace{}), time.Unix(1000, 0)
	var silent []*Peer
	for range 50 {
		p := join(tr, false)
		silent = append(silent, p)
		tr.Offer(p, Name{Hash: hash(1)}, now)
	}
	honest := join(tr, true)
	tr.Offer(honest, Name{Hash: hash(1)}, now)
	tr.choose(now, 100)
	if len(asksOf(silent[0])) != 1 {
		t.Fatal("the first to announce was not asked first")
	}
	now = now.Add(requestTimeout)
	tr.Expire(now)
	tr.choose(now, 100)
	if len(asksOf(honest)) != 1 {
		t.Error("the peer of our choice was not asked next")
	}
}

func TestOffersOfOnePeerAreBounded(t *testing.T) {
	tr := NewRequests(Pace{})
	p := join(tr, false)
	for i := range 3 * MaxOffers {
		tr.Offer(p, Name{Hash: hash(i)}, time.Unix(1000, 0))
	}
	if wants, _, _, queued := tr.Counts(); wants != 5000 || queued != 5000 {
		t.Errorf("%d wants, %d queued", wants, queued)
	}
	tr.choose(time.Unix(1, 0), 1_000_000)
	if n := len(asksOf(p)); n != 100 {
		t.Errorf("%d asked from one peer", n)
	}
	tr.Leave(p)
	if wants, flights, _, _ := tr.Counts(); wants != 0 || flights != 0 {
		t.Errorf("%d wants and %d requests are left of a peer that left", wants, flights)
	}
}
