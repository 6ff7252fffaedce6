package gossip

import (
	"log/slog"
	"math/rand/v2"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/blocks"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/gossip/txs"
)

// Config is what a State starts from.
type Config struct {
	Params  *chain.Params
	Headers []*chain.HeaderNode     // parents first, genesis included; bad ones too
	Stored  func(h chain.Hash) bool // which bodies may be served at the start; nil: those of Tip's chain; what is missing of that is lost
	Pruned  func(h chain.Hash) bool // of those that are not stored, which were deleted and are not to come again; nil: none
	Limited bool                    // old bodies are deleted: only the last ones are served (BIP159)
	Tip     *chain.HeaderNode       // verified tip; nil: genesis
	Invalid []HeaderInvalid         // marked invalid, by a rule or by hand; they need not be in Headers
	MinFee  int64                   // satoshis per 1000 vbytes below which we ask peers not to announce (BIP133)
	Filters bool                    // we keep BIP158 filters, and offer them (BIP157)
	Rand    *rand.Rand              // seeded by the caller, the State's own
	Log     *slog.Logger            // nil discards

	Incremental int64 // satoshis per 1000 vbytes that a replacement pays more: half of it is the first step of what peers hear of our floor; 0: MinFee
	Manners     Manners
}

// State is one node's side of all its conversations. It is not safe for
// concurrent use: one goroutine owns it.
type State struct {
	cfg   Config
	local bool // blocks are made on demand and all peers are ours: no waiting for privacy's sake
	young bool // our tip has been young enough once: the initial block download is over

	now time.Time
	due time.Time // when the next timer is up; zero: none
	out []p2p.Action

	tree    *headers.Tree
	fetch   *blocks.Fetcher
	headers *headers.Sync
	server  *server
	peers   []*peer // in order of joining: never iterate over byID
	byID    map[p2p.PeerID]*peer

	announced *headers.Entry // the tip that peers were told of

	recent    blocks.Recent
	pushers   []*peer // who push new blocks to us, the last chosen last
	queue     *blockQueue
	pool      *txs.Pool
	invs      txs.Timer
	feeFilter feeFilter
	tx        txDownload
	last      time.Time // when a body was last taken or connected
}

// New makes a State.
func New(cfg Config) *State {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if len(cfg.Headers) == 0 {
		cfg.Headers = []*chain.HeaderNode{cfg.Params.Genesis()}
	}
	t := headers.NewTree(cfg.Headers)
	if cfg.Tip != nil {
		t.SetTip(t.Insert(cfg.Tip))
	} else {
		t.SetTip(t.Genesis())
	}
	for _, bad := range cfg.Invalid {
		t.Mark(t.Insert(bad.Node), bad.why())
	}
	local := cfg.Params.Local() && !cfg.Manners.Reserved
	s := &State{
		cfg:       cfg,
		local:     local,
		tree:      t,
		announced: t.Tip(),
		fetch:     blocks.New(t, cfg.Rand, cfg.Params.MinimumChainWork),
		byID:      make(map[p2p.PeerID]*peer),
		queue:     newBlockQueue(),
		pool:      txs.NewPool(),
		invs:      txs.Timer{Rand: cfg.Rand},
		feeFilter: newFeeFilter(cfg, local),
		tx:        newTxDownload(cfg),
		headers:   headers.New(cfg.Params, t, cfg.Rand, cfg.Log),
	}
	s.headers.Local, s.headers.One = local, cfg.Manners.OneSync
	s.pool.Sorted = !local
	s.fetch.Short, s.fetch.Even, s.fetch.Log = s.comesShort, cfg.Manners.Even, cfg.Log
	s.server = &server{Tree: t, Pool: s.pool, Recent: &s.recent, Nonce: cfg.Rand.Uint64, Local: s.local}
	s.server.Limited = cfg.Limited
	if cfg.Stored != nil {
		s.findLost(func(e *headers.Entry) bool { return cfg.Stored(e.Node.Hash) })
	}
	return s
}

// Step takes what happened at the time now and says what to do, in order. Time
// does not run backwards: an earlier now counts as the last one.
func (s *State) Step(now time.Time, ev Event) []p2p.Action {
	if now.After(s.now) {
		s.now = now
	}
	if s.last.IsZero() {
		s.last = s.now
	}
	s.fetch.Now(s.now)
	s.headers.Now(s.now)
	s.handle(ev)
	s.grow()
	if s.up(s.due) {
		s.onTimers()
	}
	s.pumpBlocks()
	s.pumpTxs()
	s.askBodies()
	s.tellFeeFilter()
	s.announceTip()
	s.tellHaves()
	s.askTxs()
	s.flushInvs()
	s.due = s.nextDue()
	out := s.out
	s.out = nil
	return out
}

// Deadline is when the next Tick is needed; zero: none.
func (s *State) Deadline() time.Time { return s.due }

// up says whether the deadline t has passed.
func (s *State) up(t time.Time) bool { return !t.IsZero() && !s.now.Before(t) }

func (s *State) do(a p2p.Action) { s.out = append(s.out, a) }

// perform does what a part wants done, but nothing for who is gone.
func (s *State) perform(acts []p2p.Action) {
	for _, a := range acts {
		switch a := a.(type) {
		case p2p.Send:
			if p := s.byID[a.Peer]; p != nil {
				s.do(a)
			}
		case p2p.Drop:
			if p := s.byID[a.Peer]; p != nil {
				s.drop(p, a.Offence, a.Reason)
			}
		default:
			s.do(a)
		}
	}
}

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
		if p := s.byID[ev.Peer]; p != nil && (p.src.RTT == 0 || ev.RTT < p.src.RTT) {
			p.src.RTT = ev.RTT
		}
	case Tick:
	case SubmitTx:
		s.onSubmitTx(ev)
	case SubmitBlock:
		s.onSubmitBlock(ev)
	case SubmitHeader:
		s.onSubmitHeader(ev)
	case FetchBlock:
		s.answer(ev.Ticket, s.fetchBlock(s.byID[ev.Peer], s.tree.Insert(ev.Node)))
	case TxVerdict:
		s.onTxVerdict(ev)
	case BlockVerdict:
		s.onBlockVerdict(ev)
	case TxIn:
		s.onTxIn(ev)
	case TxsAgain:
		s.onTxsAgain(ev)
	case TxOut:
		s.onTxOut(ev)
	case TipChanged:
		s.onTipChanged(ev.Tip)
	case HeaderInvalid:
		s.onHeaderInvalid(ev)
	case HeaderValid:
		s.onHeaderValid(s.tree.Insert(ev.Node))
	case BodiesPruned:
		s.onBodiesPruned(ev.Nodes)
	case BodyLost:
		s.onBodyLost(s.tree.Insert(ev.Node))
	case BodyStored:
		s.onBodyStored(s.tree.Insert(ev.Node))
	case MinFeeChanged:
		s.feeFilter.set(ev.Rate, s.now)
	case ClockSet:
		s.headers.SetClock(ev.At, ev.Ahead)
		s.fetch.Still = !ev.At.IsZero()
		s.fetch.Changed()
	}
}

// onTimers runs what waits for a time [SendMessages].
func (s *State) onTimers() {
	s.headers.Tick()
	s.actOnHeaders()
	s.perform(s.fetch.Late())
	s.dropPushers()
	s.tx.requests.Expire(s.now)
	s.tx.orphans.Expire(s.now)
}

// nextDue is the earliest time that anything waits for.
func (s *State) nextDue() time.Time {
	due := s.fetch.Due()
	at := func(t time.Time) {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	for _, p := range s.peers {
		at(p.nextInv())
		at(s.feeFilter.dueOf(&p.fee))
	}
	at(s.headers.Due())
	at(s.feeFilter.Due())
	at(s.tx.requests.Due())
	at(s.tx.orphans.Due())
	return due
}

// syncing says whether this is the initial block download [IsInitialBlockDownload]:
// we are far behind what our peers have, so that
// transactions cannot be validated and our tip is no news.
func (s *State) syncing() bool {
	if s.cfg.Manners.Reserved {
		return !s.young
	}
	best, tip := s.tree.Best().Node, s.tree.Tip().Node
	if best.Height-tip.Height >= syncGap && s.now.Sub(s.last) < syncPatience {
		return true
	}
	return !s.local && s.now.Sub(tip.Header.Timestamp) > s.cfg.Manners.maxTipAge()
}

// grow notes that the tip has enough work and is young: where that is remembered, the
// initial block download is over for good.
func (s *State) grow() {
	if tip := s.tree.Tip().Node; !s.young && s.cfg.Manners.Reserved {
		s.young = tip.Work.Cmp(s.cfg.Params.MinimumChainWork) >= 0 &&
			s.headers.Clock().Sub(tip.Header.Timestamp) <= s.cfg.Manners.maxTipAge()
	}
}

// behind says whether e is one of many bodies that we lack. A block beside the way
// to our best header is news even then: that header's bodies may be withheld.
func (s *State) behind(e *headers.Entry) bool {
	return s.syncing() && e.IsAncestorOf(s.tree.Best())
}

// progress notes a body on the way to our best header; others do not show that
// we are syncing.
func (s *State) progress(e *headers.Entry) {
	if e.IsAncestorOf(s.tree.Best()) {
		s.last = s.now
	}
}

// Status is what people ask of the conversation as a whole.
type Status struct {
	Tip        *chain.HeaderNode // verified
	BestHeader *chain.HeaderNode // most work, not known invalid
	Headers    int32             // BestHeader's height; or, if no body comes, how high they go that somebody has
	Syncing    bool              // many bodies are missing, or the tip is old on a public network
	Peers      int
	Orphans    int
	PoolSize   int
}

// headerHeight is how high our headers go. A header whose body does not come and
// that nobody has does not count: it may be made up, and people wait until we have
// as many blocks as headers. Without peers a public chain still goes as high as
// it did.
func (s *State) headerHeight() int32 {
	best, tip := s.tree.Best(), s.tree.Tip().Node.Height
	if best.Stored || s.now.Sub(s.last) < syncPatience || len(s.peers) == 0 && !s.local {
		return best.Node.Height
	}
	return max(s.fetch.Reach(best), tip)
}

// Status describes the conversation now.
func (s *State) Status() Status {
	return Status{
		Tip:        s.tree.Tip().Node,
		BestHeader: s.tree.Best().Node,
		Headers:    s.headerHeight(),
		Syncing:    s.syncing(),
		Peers:      len(s.peers),
		Orphans:    s.tx.orphans.Len(),
		PoolSize:   s.pool.Len(),
	}
}

// TxNamed is the transaction of the pool, or of the validation queue, that goes by this wtxid or txid;
// nil: none.
func (s *State) TxNamed(h chain.Hash) *chain.Tx {
	if in := s.pool.ByWID(h); in != nil {
		return in.Tx
	}
	if in := s.pool.ByTxID(h); in != nil {
		return in.Tx
	}
	if j := s.tx.queue.find(h); j != nil {
		return j.Tx
	}
	return nil
}

// HeaderOf is the candidate header with this hash; nil: none is known.
func (s *State) HeaderOf(h chain.Hash) *chain.HeaderNode {
	if e := s.tree.Find(h); e != nil {
		return e.Node
	}
	return nil
}
