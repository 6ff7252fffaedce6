package ledger

import (
	"grapevine/chain"
)

// Verdict answers one Submit. Err is nil when the block is in the active
// chain, chain.ErrInconclusive when it is stored only, chain.ErrDuplicate, or a
// *chain.RuleError.
type Verdict struct {
	Node *chain.HeaderNode
	From uint64
	Err  error
}

// BadHeader is a header that was marked invalid, with all that build on it.
// Err is nil when it was marked by hand.
type BadHeader struct {
	Node *chain.HeaderNode
	Err  error
}

// Event is what happened, in order. A follower applies Delta first, then takes
// note of what was lost, stored and marked, and hands the verdicts on last.
type Event struct {
	Seq      uint64              // 1, 2, 3 …
	Delta    *chain.Delta        // nil: the tip did not move
	Lost     []*chain.HeaderNode // their stored bodies are damaged and to come again
	Stored   []*chain.HeaderNode
	Pruned   []*chain.HeaderNode // their bodies were deleted, and are not needed
	Invalid  []BadHeader
	Valid    []*chain.HeaderNode // no longer marked invalid
	Verdicts []Verdict
}

func (e *Event) empty() bool {
	return e.Delta == nil && len(e.Lost)+len(e.Stored)+len(e.Pruned)+len(e.Invalid)+len(e.Valid)+len(e.Verdicts) == 0
}

// outbox is what the follower has not taken yet.
type outbox struct {
	current Event
	ready   []Event
	deltas  int // of ready
	seq     uint64
}

// maxDeltas bounds how far the writer runs ahead of its follower: each Delta
// keeps a decoded block in memory.
const maxDeltas = 8

// eventsAhead wait in the channel, so that a row of small blocks does not wake
// writer and follower in turn for each of them; they hold as much memory.
const eventsAhead = 8

func (o *outbox) full() bool { return o.deltas >= maxDeltas }

// close ends the event that is being put together, if there is anything in it.
func (o *outbox) close() {
	if o.current.empty() {
		return
	}
	o.seq++
	o.current.Seq = o.seq
	if o.current.Delta != nil {
		o.deltas++
	}
	o.ready = append(o.ready, o.current)
	o.current = Event{}
}

// first is the event to send next, and where; a nil channel when there is none.
func (o *outbox) first(to chan<- Event) (chan<- Event, Event) {
	if len(o.ready) == 0 {
		return nil, Event{}
	}
	return to, o.ready[0]
}

func (o *outbox) sent() {
	if o.ready[0].Delta != nil {
		o.deltas--
	}
	o.ready[0] = Event{} // let go of the blocks
	o.ready = o.ready[1:]
}

func (o *outbox) verdict(node *chain.HeaderNode, from uint64, err error) {
	o.current.Verdicts = append(o.current.Verdicts, Verdict{node, from, err})
}
