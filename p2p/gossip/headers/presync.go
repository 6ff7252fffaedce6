package headers

import (
	"github.com/aead/siphash"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

const (
	presyncPeriod = 600       // headers for one bit of memory [HEADER_COMMITMENT_PERIOD]
	maxRedownload = 15_000    // headers of the second pass that wait for those after them [REDOWNLOAD_BUFFER_SIZE]
	maxPresync    = 3_000_000 // headers in all: 57 years of Bitcoin, 5,000 bits
	slackMul      = 5         // times the work may change at a retarget: four, and rounding
)

// Before a long chain of headers may use memory it is taken twice, as in Bitcoin
// Core (headerssync.h). In the first pass only its work is added up, and one salted
// bit kept for every 600 headers. When the work is enough the same headers are asked
// for again; they must give the same bits, and are let out once so many have
// followed that a chain made to match would have cost more than it is worth. Only
// what needs no memory is validated here: that each header follows the one before and
// that its difficulty may.

// presyncSalt makes the bits unpredictable.
type presyncSalt struct {
	Key   [16]byte
	Phase uint32 // which heights give a bit, modulo the period
}

// presyncNext is what to do after a message.
type presyncNext uint8

const (
	presyncAsk    presyncNext = iota // ask for more, from Locator
	presyncDone                      // the work is there; Out has the last headers
	presyncTooFew                    // its chain ends, or goes on too long, without the work
	presyncBroken                    // the second pass is not the first, or a header cannot be
)

// presync is one chain that is taken so [HeadersSyncState].
type presync struct {
	params *chain.Params
	start  *chain.HeaderNode // the known header it builds on
	least  chain.Work
	salt   presyncSalt
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

// newPresync begins a run on top of start that must come to least work in all.
func newPresync(p *chain.Params, start *chain.HeaderNode, least chain.Work, salt presyncSalt) *presync {
	r := &presync{params: p, start: start, least: least, salt: salt}
	r.restart()
	return r
}

func (r *presync) restart() {
	r.hash, r.bits, r.height, r.work = r.start.Hash, r.start.Header.Bits, r.start.Height, r.start.Work
}

// last is the hash that the next header must build on.
func (r *presync) last() chain.Hash { return r.hash }

// Work is that of the chain so far, in this pass.
func (r *presync) Work() chain.Work { return r.work }

// memory is how many headers and bits it holds.
func (r *presync) memory() (headers, bits int) { return len(r.held) + len(r.out), len(r.marks) }

// locator asks for what follows the last header of the pass, of which nothing
// else may be known [NextHeadersRequestLocator].
func (r *presync) locator() []chain.Hash {
	if r.hash == r.start.Hash {
		return chain.Locator(r.start)
	}
	return append([]chain.Hash{r.hash}, chain.Locator(r.start)...)
}

// Out gives the headers that may enter the tree now, in order [PopHeadersReadyForAcceptance].
func (r *presync) Out() []*wire.BlockHeader {
	out := r.out
	r.out = nil
	return out
}

// Take takes one message of headers that build on Last [HeadersSyncState::ProcessNextHeaders].
func (r *presync) Take(hs []*wire.BlockHeader) presyncNext {
	for _, h := range hs {
		if !r.take(h) {
			return presyncBroken
		}
	}
	enough := r.work.Cmp(r.least) >= 0
	switch {
	case enough && r.again:
		r.out, r.held = append(r.out, r.held...), nil
		return presyncDone
	case enough:
		r.again = true
		r.restart()
	case len(hs) < maxRun || r.height-r.start.Height > maxPresync:
		return presyncTooFew
	default:
		if over := len(r.held) - maxRedownload; over > 0 {
			r.out, r.held = append(r.out, r.held[:over]...), r.held[over:]
		}
	}
	return presyncAsk
}

// take adds one header to the pass; false: it cannot be
// [ValidateAndStoreHeadersCommitments, ValidateAndStoreRedownloadedHeader].
func (r *presync) take(h *wire.BlockHeader) bool {
	r.height++
	if h.PrevBlock != r.hash || !r.bitsPossible(h.Bits) {
		return false
	}
	r.hash, r.bits = chain.HeaderHash(h), h.Bits
	r.work = r.work.Add(chain.WorkOf(h.Bits))
	if r.again {
		r.held = append(r.held, h)
	}
	if uint32(r.height)%presyncPeriod != r.salt.Phase%presyncPeriod {
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
// validated without the headers that the retarget rule would need (Core:
// PermittedDifficultyTransition). Work is inverse to the target, which moves by
// at most a factor of four.
func (r *presync) bitsPossible(bits uint32) bool {
	switch {
	case r.params.ReduceMinDifficulty:
		return true
	case r.params.PoWNoRetargeting || r.height%r.params.RetargetInterval() != 0:
		return bits == r.bits
	}
	old, now := chain.WorkOf(r.bits), chain.WorkOf(bits)
	return now.Cmp(old.Times(slackMul)) <= 0 && old.Cmp(now.Times(slackMul)) <= 0
}
