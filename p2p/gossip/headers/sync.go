package headers

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/headertree"
	"grapevine/p2p"
)

const (
	// maxRun is how many headers a message holds at most [MAX_HEADERS_RESULTS].
	maxRun = 2000
	// MaxLocator is how many hashes a locator has at most [MAX_LOCATOR_SZ].
	MaxLocator = 101

	maxUnconnecting = 10               // headers messages that lead nowhere, without one that does not [MAX_NUM_UNCONNECTING_HEADERS_MSGS of Core before 28]
	maxSide         = 20_000           // headers of one peer beside our best chain that are stored before they outweigh it: bounds the tree where work is cheap
	askAgain        = 2 * time.Minute  // before an unanswered getheaders is repeated [HEADERS_RESPONSE_TIME]
	leaderTimeout   = 20 * time.Second // before another peer leads; 162 kB need 64 kbit/s
	leaderTurn      = 15 * time.Minute // before another who has more may lead, however diligent the leader [HEADERS_DOWNLOAD_TIMEOUT_BASE]
	lowWorkBlocks   = 144              // how far, in blocks' work, a chain may be behind our tip to be worth memory [GetAntiDoSWorkThreshold]
)

// Talk is what one peer and we have said of headers.
type Talk struct {
	*p2p.Link
	Forgiven bool // it is not dropped for an offence; the owner of the conversation says so
	known    Known
	gone     bool

	unknown      chain.Hash // of a block it spoke of whose header we lack
	asked        time.Time  // of an unanswered getheaders; zero: none
	again        bool       // something was announced while a getheaders was unanswered
	progress     chain.Work // of the last header that made us ask for more
	deferred     bool       // has more headers than we took while another peer led
	unconnecting int        // headers messages in a row without a known parent, those that follow each other as one
	side         int        // stored headers of its that were not on our best chain

	first   initial
	sync    chainSync
	pre     *presync // a chain of which we do not know yet whether it has work
	lowWork bool     // it had none
}

// Known keeps what a peer is known to have.
type Known interface {
	Has(*Entry)   // the peer has this header, and all before it
	Best() *Entry // of those the one with the most work, nil: none is known
}

// Sync is the talk with all peers.
type Sync struct {
	params *chain.Params
	tree   *Tree
	rand   *rand.Rand
	log    *slog.Logger
	now    time.Time
	clock  time.Time // what headers are validated by; zero: now, and ahead
	ahead  time.Duration
	talks  []*Talk   // in order of joining
	leader *Talk     // sends us the long run of headers: the sync peer [fSyncStarted]
	since  time.Time // when it began to lead
	acts   []p2p.Action

	Local bool // all peers are ours: none is dropped for staying behind
	One   bool // one peer is asked while our best header is old

	lastInv chain.Hash // of the last announced block for which one peer more was asked
}

// New makes a Sync over a tree.
func New(p *chain.Params, t *Tree, r *rand.Rand, log *slog.Logger) *Sync {
	return &Sync{params: p, tree: t, rand: r, log: log, Local: p.Local()}
}

// Now tells the time; it comes before all else of a step.
func (s *Sync) Now(now time.Time) { s.now = now }

// SetClock lets headers be validated as if it were at; zero: by Now, and so much ahead of
// it. Timers do not follow it.
func (s *Sync) SetClock(at time.Time, ahead time.Duration) { s.clock, s.ahead = at, ahead }

// Actions takes what is to be done, in order.
func (s *Sync) Actions() []p2p.Action {
	acts := s.acts
	s.acts = nil
	return acts
}

// Join asks a new peer for headers.
func (s *Sync) Join(link *p2p.Link, known Known) *Talk {
	t := &Talk{Link: link, known: known}
	s.talks = append(s.talks, t)
	if s.start(); !s.One && link.Kind != p2p.AddrFetch {
		s.ask(t, s.from())
	}
	if s.watched(t) {
		s.watchChains() // perhaps our tip does not move, for nobody tells us of blocks
	}
	return t
}

// Leave forgets a peer.
func (s *Sync) Leave(t *Talk) {
	t.gone = true
	s.talks = slices.DeleteFunc(slices.Clone(s.talks), func(u *Talk) bool { return u == t })
	if s.leader == t {
		s.nextLeader()
	}
	s.start()
}

func (s *Sync) drop(t *Talk, offence p2p.Offence, reason string) {
	if !t.gone {
		s.acts = append(s.acts, p2p.Drop{Peer: t.ID, Reason: reason, Offence: offence})
		if offence == "" || !t.Forgiven {
			s.Leave(t)
		}
	}
}

// from is where to ask from: one before our best, so that a peer at the same
// tip still answers with it and we learn that it is there.
func (s *Sync) from() *Entry {
	if p := s.tree.Best().Parent; p != nil {
		return p
	}
	return s.tree.Best()
}

// ask sends getheaders; while one is unanswered it asks again after the answer [MaybeSendGetHeaders].
func (s *Sync) ask(t *Talk, from *Entry) {
	if !t.asked.IsZero() && s.now.Sub(t.asked) < askAgain {
		t.again = true
		return
	}
	t.again = false
	s.askFor(t, chain.Locator(from.Node))
}

func (s *Sync) askFor(t *Talk, locator []chain.Hash) {
	if !t.gone {
		t.asked = s.now
		m := &wire.MsgGetHeaders{ProtocolVersion: wire.AddrV2Version}
		for i := range locator[:min(len(locator), MaxLocator)] {
			m.BlockLocatorHashes = append(m.BlockLocatorHashes, &locator[i])
		}
		s.acts = append(s.acts, p2p.Send{Peer: t.ID, Msg: m})
	}
}

// AskAll asks all peers for what follows our best header: a branch that was invalid
// by hand may be followed again, and what they said of it was not taken. Whose chain
// is being presynced is led on anyway, and an answer beside that would confuse it.
func (s *Sync) AskAll() {
	locator := chain.Locator(s.from().Node)
	for _, t := range s.talks {
		if t.pre == nil {
			s.askFor(t, locator)
		}
	}
}

// OnHeaders takes a headers message.
func (s *Sync) OnHeaders(t *Talk, hs []*wire.BlockHeader) {
	switch {
	case len(hs) > maxRun:
		s.drop(t, "too many headers", "headers message is too long")
		return
	case len(hs) == 0:
		t.asked = time.Time{}
		if t.pre != nil {
			s.endPresync(t, "its chain has too little work")
		} else {
			s.done(t)
		}
		return
	case !s.checkRun(t, hs):
		return
	}
	parent := s.tree.Find(hs[0].PrevBlock)
	presyncs := t.pre != nil && hs[0].PrevBlock == t.pre.last()
	if parent == nil && !presyncs {
		s.onUnconnecting(t, hs)
		return
	}
	t.asked, t.unconnecting = time.Time{}, 0 // no other headers could be the answer
	switch {
	case presyncs:
		s.onPresync(t, hs)
		return
	case !s.worthMemory(t, parent, hs):
		s.onLowWork(t, parent, hs)
		return
	}
	last, ok := s.take(t, parent, hs)
	if !ok {
		s.done(t)
		return
	}
	t.known.Has(last)
	s.watchChain(t) // at our tip when it says so: that counts, however our tip moves then
	s.taken(t, last, len(hs) == maxRun && last.Node.Hash == chain.HeaderHash(hs[maxRun-1]))
}

// taken goes on when there is more where that came from. Each time the peer must
// have led us further, so that no loop of headers goes on for ever.
func (s *Sync) taken(t *Talk, last *Entry, more bool) {
	switch {
	case !more || last.Node.Work.Cmp(t.progress) <= 0:
		s.done(t)
	case s.leads(t):
		t.progress = last.Node.Work
		s.ask(t, last)
	default:
		t.deferred = true
	}
}

// checkRun validates what needs no tree: each header builds on the one before and
// has done the work it claims [CheckHeadersAreContinuous, CheckHeadersPoW].
func (s *Sync) checkRun(t *Talk, hs []*wire.BlockHeader) bool {
	for i, h := range hs {
		if err := chain.CheckWork(s.params, h); err != nil {
			s.drop(t, "bad header", err.Error())
			return false
		}
		if i > 0 && h.PrevBlock != chain.HeaderHash(hs[i-1]) {
			s.drop(t, "headers do not follow each other", "headers message is not a chain")
			return false
		}
	}
	return true
}

// onUnconnecting: the run starts at a header we lack. Ask for what lies
// between, but not for ever [HandleUnconnectingHeaders]. Announcements that follow
// each other do not count: after a partition those of a thousand blocks may come
// at once, before the answer can.
func (s *Sync) onUnconnecting(t *Talk, hs []*wire.BlockHeader) {
	if hs[0].PrevBlock != t.unknown {
		t.unconnecting++
	}
	if t.unconnecting > maxUnconnecting {
		s.drop(t, "headers that lead nowhere", "too many headers messages without a known parent")
		return
	}
	t.speaksOf(chain.HeaderHash(hs[len(hs)-1]))
	s.ask(t, s.tree.Best())
}

// take adds a run of headers to the tree and gives the last good one. A header
// from the future and what follows is left for another time; a bad one drops
// the peer and ok is false.
func (s *Sync) take(t *Talk, parent *Entry, hs []*wire.BlockHeader) (last *Entry, ok bool) {
	last, ok = parent, true
	var fresh []*chain.HeaderNode
	for _, h := range hs {
		e := s.tree.Find(chain.HeaderHash(h))
		if e == nil {
			var err error
			if e, err = s.insert(last, h); err != nil {
				s.log.Debug("header refused", "peer", t.Number, "hash", chain.HeaderHash(h), "err", err)
				ok = s.onBad(t, err)
				break
			}
			fresh = append(fresh, e.Node)
		}
		last = e
	}
	s.store(fresh)
	t.aside(s.tree.Best(), last, len(fresh))
	return last, ok
}

// aside counts new headers of a peer that are not on our best chain, but those that
// were presynced, which have shown their work before they were stored.
func (t *Talk) aside(best, last *Entry, fresh int) {
	if t.pre == nil && !last.IsAncestorOf(best) {
		t.side += fresh
	}
}

var errByHand = errors.New("builds on a block made invalid by hand")

// insert validates a header and adds it to the tree.
func (s *Sync) insert(parent *Entry, h *wire.BlockHeader) (*Entry, error) {
	switch parent.Bad {
	case headertree.ByHand:
		return nil, errByHand
	case headertree.ByRule:
		return nil, chain.Broken(chain.ErrBadParent, "block %s is invalid", parent.Node.Hash)
	}
	if err := chain.CheckHeader(s.params, parent.Node, h, s.Clock()); err != nil {
		return nil, err
	}
	known := func(h chain.Hash) bool { return s.tree.Find(h) != nil }
	if err := chain.CheckFork(s.params, parent.Node.Height+1, known); err != nil {
		return nil, err
	}
	return s.tree.Insert(chain.NewHeaderNode(parent.Node, *h)), nil
}

// Clock is the time that headers are validated by.
func (s *Sync) Clock() time.Time {
	if s.clock.IsZero() {
		return s.now.Add(s.ahead)
	}
	return s.clock
}

func (s *Sync) store(nodes []*chain.HeaderNode) {
	if len(nodes) > 0 {
		s.acts = append(s.acts, p2p.StoreHeaders{Nodes: nodes})
	}
}

// onBad says whether what the peer sent before the bad header counts: it does
// when that was from the future, which is no verdict for ever. What was made
// invalid by hand is only our own opinion; all else is an offence, and whoever sent an
// invalid header is discouraged [MaybePunishNodeForBlock].
func (s *Sync) onBad(t *Talk, err error) bool {
	switch {
	case errors.Is(err, chain.ErrTimeTooNew):
		s.log.Info("header from the future", "peer", t.Number)
		return true
	case errors.Is(err, errByHand):
	case errors.Is(err, chain.ErrBadParent):
		s.drop(t, "builds on an invalid block", err.Error())
	default:
		s.drop(t, "bad header", err.Error())
	}
	return false
}

// done: the peer has told us what it had when it was asked. What it announced
// since then is asked for once.
func (s *Sync) done(t *Talk) {
	if s.leader == t {
		s.nextLeader()
	}
	s.watchInitial()
	if t.again {
		t.again = false
		if s.Resolve(t); t.unknown != (chain.Hash{}) {
			s.ask(t, s.tree.Best())
		}
	}
}

// leads lets a peer lead unless another one does. Who came to us gives way to a
// peer of our own choice, for anybody may come first.
func (s *Sync) leads(t *Talk) bool {
	if s.leader == nil || t.Kind.Chosen() && !s.leader.Kind.Chosen() {
		s.leader, s.since = t, s.now
	}
	return s.leader == t
}

// nextLeader asks those who had more for us while the last leader talked.
func (s *Sync) nextLeader() {
	s.leader = nil
	for _, t := range s.talks {
		if t.deferred {
			t.deferred = false
			s.ask(t, s.from())
		}
	}
}

// Due is when Tick is needed; zero: never.
func (s *Sync) Due() time.Time {
	return sooner(sooner(s.leaderDue(), s.chainsDue()), s.initialDue())
}

// leaderDue is when the leader has been silent for too long, or others have waited
// for it long enough; zero: never.
func (s *Sync) leaderDue() (due time.Time) {
	if s.leader == nil {
		return time.Time{}
	}
	if slices.ContainsFunc(s.talks, func(t *Talk) bool { return t.deferred }) {
		due = s.since.Add(leaderTurn)
	}
	if asked := s.leader.asked; !asked.IsZero() && (due.IsZero() || asked.Add(leaderTimeout).Before(due)) {
		due = asked.Add(leaderTimeout)
	}
	return due
}

// Tick lets others go on when the leader has nothing to say, or its turn is over
// (in that case what it says still counts), and looks after the peers of our own
// choice.
func (s *Sync) Tick() {
	if due := s.chainsDue(); !due.IsZero() && !s.now.Before(due) {
		s.watchChains()
	}
	s.watchInitial()
	due := s.leaderDue()
	if due.IsZero() || s.now.Before(due) {
		return
	}
	if asked := s.leader.asked; !asked.IsZero() && !s.now.Before(asked.Add(leaderTimeout)) {
		s.leader.pre = nil
	}
	s.nextLeader()
}
