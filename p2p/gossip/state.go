package gossip

import (
	"log/slog"
	"math/rand/v2"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
)

// Config is what a State starts from.
type Config struct {
	Params  *chain.Params
	Headers []*chain.HeaderNode     // all good headers, parents first, genesis included
	Stored  func(h chain.Hash) bool // which bodies may be served at the start; nil: only Tip's chain
	Tip     *chain.HeaderNode       // verified tip; nil: genesis
	Invalid []*chain.HeaderNode     // known to break a rule; they need not be in Headers
	MinFee  int64                   // satoshis per 1000 vbytes below which we ask peers not to announce (BIP133)
	Rand    *rand.Rand              // seeded by the caller, the State's own
	Log     *slog.Logger            // nil discards
}

// State is one node's side of all its conversations. It is not safe for
// concurrent use: one goroutine owns it.
type State struct {
	cfg   Config
	local bool // blocks are made on demand and all peers are ours: no waiting for privacy's sake

	now time.Time
	due time.Time // when the next timer is up; zero: none
	out []Action

	tree  tree
	peers []*peer // in order of joining: never iterate over byID
	byID  map[p2p.PeerID]*peer

	leader    *peer  // sends us the long run of headers
	announced *entry // the tip that peers were told of

	bodies bodies
	have   haveTalk
	pool   poolIndex
	txs    txDesk
}

// New makes a State.
func New(cfg Config) *State {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &State{
		cfg:   cfg,
		local: cfg.Params.GenerateSupported,
		byID:  make(map[p2p.PeerID]*peer),
		tree:  tree{byHash: make(map[chain.Hash]*entry, len(cfg.Headers))},
		pool:  newPoolIndex(),
		txs:   newTxDesk(),
	}
	if len(cfg.Headers) == 0 {
		s.tree.insert(cfg.Params.Genesis())
	}
	for _, n := range cfg.Headers {
		s.tree.insert(n)
	}
	s.tree.tip = s.tree.all[0]
	if cfg.Tip != nil {
		s.tree.tip = s.tree.insert(cfg.Tip)
	}
	for e := s.tree.tip; e != nil; e = e.parent {
		e.stored, e.valid = true, true
	}
	if cfg.Stored != nil {
		for _, e := range s.tree.all {
			e.stored = e.stored || cfg.Stored(e.node.Hash)
		}
	}
	for _, n := range cfg.Invalid {
		s.tree.mark(s.tree.insert(n), badByRule)
	}
	s.tree.chooseBest()
	s.announced = s.tree.tip
	s.bodies.late = lateAfter
	return s
}

// Step takes what happened at the time now and says what to do, in order. Time
// does not run backwards: an earlier now counts as the last one.
func (s *State) Step(now time.Time, ev Event) []Action {
	if now.After(s.now) {
		s.now = now
	}
	if s.bodies.last.IsZero() {
		s.bodies.last = s.now
	}
	s.handle(ev)
	if s.up(s.due) {
		s.onTimers()
	}
	s.pumpBlocks()
	s.pumpTxs()
	s.plan()
	s.announceTip()
	s.tellHaves()
	s.flush()
	s.due = s.nextDue()
	out := s.out
	s.out = nil
	return out
}

// Deadline is when the next Tick is needed; zero: none.
func (s *State) Deadline() time.Time { return s.due }

// up says whether the deadline t has passed.
func (s *State) up(t time.Time) bool { return !t.IsZero() && !s.now.Before(t) }

func (s *State) do(a Action) { s.out = append(s.out, a) }

func (s *State) handle(ev Event) {
	switch ev := ev.(type) {
	case Joined:
		s.onJoined(ev)
	case Left:
		s.onLeft(ev.Peer)
	case Message:
		if p := s.byID[ev.Peer]; p != nil {
			s.onMessage(p, ev.Msg)
		}
	case Pong:
		if p := s.byID[ev.Peer]; p != nil && (p.rtt == 0 || ev.RTT < p.rtt) {
			p.rtt = ev.RTT
		}
	case Tick:
	case SubmitTx:
		s.onSubmitTx(ev)
	case SubmitBlock:
		s.onSubmitBlock(ev)
	case TxVerdict:
		s.onTxVerdict(ev)
	case BlockVerdict:
		s.onBlockVerdict(ev)
	case TxIn:
		s.onTxIn(ev)
	case TxOut:
		s.onTxOut(ev)
	case TipChanged:
		s.onTipChanged(ev.Tip)
	case HeaderInvalid:
		s.onHeaderInvalid(ev)
	case HeaderValid:
		s.tree.unmark(s.tree.insert(ev.Node))
		s.bodies.replan()
	case BodyStored:
		s.onBodyStored(s.tree.insert(ev.Node))
	case MinFeeChanged:
		s.onMinFee(ev.Rate)
	}
}

// onTimers runs what waits for a time.
func (s *State) onTimers() {
	for _, p := range s.peers {
		s.checkHeadersTimeout(p)
		if !p.gone {
			s.checkLate(p)
		}
	}
	s.checkTxTimeouts()
	s.expireOrphans()
}

// nextDue is the earliest time that anything waits for.
func (s *State) nextDue() time.Time {
	var due time.Time
	at := func(t time.Time) {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	for _, p := range s.peers {
		at(p.lateAt)
		at(p.nextInv(s))
		if p == s.leader {
			at(p.asked.Add(headersTimeout))
		}
	}
	at(s.have.at)
	at(s.txs.nextTimeout())
	at(s.txs.orphans.nextExpiry())
	return due
}

// Syncing says whether we are far behind what our peers have, so that
// transactions cannot be judged and our tip is no news.
func (s *State) syncing() bool {
	best, tip := s.tree.best.node, s.tree.tip.node
	if best.Height-tip.Height >= syncGap && s.now.Sub(s.bodies.last) < syncPatience {
		return true
	}
	return !s.local && s.now.Sub(tip.Header.Timestamp) > maxTipAge
}

// Status is what people ask of the conversation as a whole.
type Status struct {
	Tip        *chain.HeaderNode // verified
	BestHeader *chain.HeaderNode // most work, not known invalid
	Headers    int32             // BestHeader's height
	Syncing    bool              // many bodies are missing, or the tip is old on a public network
	Peers      int
	Orphans    int
	PoolSize   int
}

// Status describes the conversation now.
func (s *State) Status() Status {
	return Status{
		Tip:        s.tree.tip.node,
		BestHeader: s.tree.best.node,
		Headers:    s.tree.best.node.Height,
		Syncing:    s.syncing(),
		Peers:      len(s.peers),
		Orphans:    len(s.txs.orphans.byWID),
		PoolSize:   len(s.pool.byWID),
	}
}
