package presync

import (
	"github.com/aead/siphash"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

const (
	period   = 600       // headers for one bit of memory [HEADER_COMMITMENT_PERIOD]
	maxHeld  = 15_000    // headers of the second pass that wait for those after them [REDOWNLOAD_BUFFER_SIZE]
	maxRun   = 3_000_000 // headers in all: 57 years of Bitcoin, 5,000 bits
	fullRun  = 2000      // headers in a message that may be followed by more [MAX_HEADERS_RESULTS]
	slackMul = 5         // times the work may change at a retarget: four, and rounding
)

// Salt makes the bits unpredictable.
type Salt struct {
	Key   [16]byte
	Phase uint32 // which heights give a bit, modulo the period
}

// Next is what to do after a message.
type Next uint8

const (
	Ask    Next = iota // ask for more, from Locator
	Done               // the work is there; Out has the last headers
	TooFew             // its chain ends, or goes on too long, without the work
	Broken             // the second pass is not the first, or a header cannot be
)

// Run is one chain under presync.
type Run struct {
	params *chain.Params
	start  *chain.HeaderNode // the known header it builds on
	least  chain.Work
	salt   Salt
	again  bool // second pass

	hash   chain.Hash // of the last header of this pass
	bits   uint32
	height int32
	work   chain.Work

	marks []bool // of the first pass
	seen  int    // marks compared in the second
	held  []*wire.BlockHeader
	out   []*wire.BlockHeader
}

// New begins a run on top of start that must come to least work in all.
func New(p *chain.Params, start *chain.HeaderNode, least chain.Work, salt Salt) *Run {
	r := &Run{params: p, start: start, least: least, salt: salt}
	r.restart()
	return r
}

func (r *Run) restart() {
	r.hash, r.bits, r.height, r.work = r.start.Hash, r.start.Header.Bits, r.start.Height, r.start.Work
}

// Last is the hash that the next header must build on.
func (r *Run) Last() chain.Hash { return r.hash }

// Work is that of the chain so far, in this pass.
func (r *Run) Work() chain.Work { return r.work }

// Memory is how many headers and bits it holds.
func (r *Run) Memory() (headers, bits int) { return len(r.held) + len(r.out), len(r.marks) }

// Locator asks for what follows the last header of the pass, of which nothing
// else may be known.
func (r *Run) Locator() []chain.Hash {
	if r.hash == r.start.Hash {
		return chain.Locator(r.start)
	}
	return append([]chain.Hash{r.hash}, chain.Locator(r.start)...)
}

// Out gives the headers that may enter the tree now, in order.
func (r *Run) Out() []*wire.BlockHeader {
	out := r.out
	r.out = nil
	return out
}

// Take takes one message of headers that build on Last.
func (r *Run) Take(hs []*wire.BlockHeader) Next {
	for _, h := range hs {
		if !r.take(h) {
			return Broken
		}
	}
	enough := r.work.Cmp(r.least) >= 0
	switch {
	case enough && r.again:
		r.out, r.held = append(r.out, r.held...), nil
		return Done
	case enough:
		r.again = true
		r.restart()
	case len(hs) < fullRun || r.height-r.start.Height > maxRun:
		return TooFew
	default:
		if over := len(r.held) - maxHeld; over > 0 {
			r.out, r.held = append(r.out, r.held[:over]...), r.held[over:]
		}
	}
	return Ask
}

// take adds one header to the pass; false: it cannot be.
func (r *Run) take(h *wire.BlockHeader) bool {
	r.height++
	if h.PrevBlock != r.hash || !r.bitsPossible(h.Bits) {
		return false
	}
	r.hash, r.bits = chain.HeaderHash(h), h.Bits
	r.work = r.work.Add(chain.WorkOf(h.Bits))
	if r.again {
		r.held = append(r.held, h)
	}
	if uint32(r.height)%period != r.salt.Phase%period {
		return true
	}
	mark := siphash.Sum64(r.hash[:], &r.salt.Key)&1 == 1
	switch {
	case !r.again:
		r.marks = append(r.marks, mark)
	case r.seen < len(r.marks):
		r.seen++
		return r.marks[r.seen-1] == mark
	}
	return true
}

// bitsPossible says whether a header's difficulty may follow the one before,
// judged without the headers that the retarget rule would need (Core:
// PermittedDifficultyTransition). Work is inverse to the target, which moves by
// at most a factor of four.
func (r *Run) bitsPossible(bits uint32) bool {
	switch {
	case r.params.ReduceMinDifficulty:
		return true
	case r.params.PoWNoRetargeting || r.height%r.params.RetargetInterval() != 0:
		return bits == r.bits
	}
	old, now := chain.WorkOf(r.bits), chain.WorkOf(bits)
	return now.Cmp(old.Times(slackMul)) <= 0 && old.Cmp(now.Times(slackMul)) <= 0
}
