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
	Rand    *rand.Rand              // seeded by the caller
	Log     *slog.Logger            // nil discards
}

// State is one node's side of all its conversations. It is not safe for
// concurrent use: one goroutine owns it.
type State struct {
	cfg Config
}

// New makes a State.
func New(cfg Config) *State { return &State{cfg: cfg} }

// Step takes what happened at the time now and says what to do, in order. The
// time must not run backwards.
func (s *State) Step(now time.Time, ev Event) []Action { return nil }

// Deadline is when the next Tick is needed; zero: none.
func (s *State) Deadline() time.Time { return time.Time{} }

// Status is what people ask of the conversation as a whole.
type Status struct {
	Tip        *chain.HeaderNode // verified
	BestHeader *chain.HeaderNode // most work, not known invalid
	Headers    int32             // BestHeader's height
	Syncing    bool              // bodies are missing by the window full, or the tip is old on a public network
	Peers      int
	Orphans    int
	PoolSize   int
}

// Status describes the conversation now.
func (s *State) Status() Status { return Status{} }

// PeerStats is what gossip knows of one peer.
type PeerStats struct {
	Height     int32   // of the best block it is known to have; -1: not known
	Headers    int32   // of the best header we share; -1: not known
	InFlight   []int32 // heights of the blocks asked from it, in order of asking
	LastBlock  time.Time
	LastTx     time.Time
	BlocksFrom int64
	TxsFrom    int64
	BlocksTo   int64
	TxsTo      int64
	Ping       time.Duration // shortest measured; 0: not known
	FeeFilter  int64         // satoshis per 1000 vbytes
}

// PeerStats describes one peer now; ok is false when it is not here.
func (s *State) PeerStats(id p2p.PeerID) (st PeerStats, ok bool) { return PeerStats{}, false }
