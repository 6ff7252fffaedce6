package gossip

import (
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

// Event is something that happened. State.Step takes one and says what to do.
type Event interface{ event() }

type (
	// Joined: a peer has finished the handshake.
	Joined struct {
		p2p.Link
		// Origin is where it comes from, by which it is known again when it comes back;
		// "": too many come from there, or nobody cares.
		Origin string
	}
	// Left: a peer's connection has ended, whoever ended it.
	Left struct{ Peer p2p.PeerID }
	// Message: a peer said something; blocks and transactions come as *msg.Block and *msg.Tx.
	Message struct {
		Peer p2p.PeerID
		Msg  wire.Message
	}
	// Tick: time has passed; sent at least every 100 ms while anything waits for a deadline.
	Tick struct{}
	// SubmitTx and SubmitBlock come from Self; each is answered by exactly one Answer.
	SubmitTx struct {
		Ticket p2p.Ticket
		Tx     *chain.Tx
	}
	SubmitBlock struct {
		Ticket p2p.Ticket
		Block  *chain.Block
	}
	// SubmitHeader is a header of our own, answered as they are [submitheader].
	SubmitHeader struct {
		Ticket p2p.Ticket
		Header wire.BlockHeader
	}
	// FetchBlock asks one peer for a body, whoever else was asked for it, and is
	// answered at once: nil, or why that peer cannot be asked [getblockfrompeer].
	FetchBlock struct {
		Ticket p2p.Ticket
		Peer   p2p.PeerID
		Node   *chain.HeaderNode
	}
	// TxVerdict answers a ValidateTx. Err is nil, *chain.RuleError, *chain.PolicyError, *chain.MissingError.
	TxVerdict struct {
		Tx   *chain.Tx
		Err  error
		Cost time.Duration // what its scripts took; 0 when it was validated without
		// ParentErr is what is wrong with the ValidateTx's Parent beyond its fee; then Err is a *chain.MissingError.
		ParentErr error
	}
	// BlockVerdict answers a ValidateBlock, once. Err is nil (connected to the
	// active chain), chain.ErrInconclusive (stored, not connected yet),
	// chain.ErrDuplicate or *chain.RuleError.
	BlockVerdict struct {
		Node *chain.HeaderNode
		Err  error
	}
	// TxIn and TxOut keep the index of the pool.
	TxIn  struct{ chain.PoolTx }
	TxOut struct{ chain.PoolGone }
	// TxsAgain: these of the pool are announced again to who was not told.
	TxsAgain struct{ WTxIDs []chain.Hash }
	// TipChanged: the verified tip moved.
	TipChanged struct{ Tip *chain.HeaderNode }
	// HeaderInvalid: this header and all that build on it are bad (also by invalidateblock).
	HeaderInvalid struct {
		Node *chain.HeaderNode
		Err  error
	}
	// HeaderValid: reconsiderblock took the mark from it, its ancestors and descendants.
	HeaderValid struct{ Node *chain.HeaderNode }
	// Pong: a peer answered a ping of p2p/peer's.
	Pong struct {
		Peer p2p.PeerID
		RTT  time.Duration
	}
	// MinFeeChanged: below this many satoshis per 1000 vbytes we take no transactions (BIP133).
	MinFeeChanged struct{ Rate int64 }
	// ClockSet: headers are validated as if it were At; zero: by the time of each step
	// again, and so much Ahead of it.
	ClockSet struct {
		At    time.Time
		Ahead time.Duration
	}
	// BodyStored: the body may be served.
	BodyStored struct{ Node *chain.HeaderNode }
	// BodiesPruned: stored bodies were deleted; they cannot be served and are not needed.
	BodiesPruned struct{ Nodes []*chain.HeaderNode }
	// BodyLost: a stored body is damaged, or a pruned one is needed again; it cannot be served and is to be
	// fetched again.
	BodyLost struct{ Node *chain.HeaderNode }
)

func (Joined) event()        {}
func (Left) event()          {}
func (Message) event()       {}
func (Tick) event()          {}
func (SubmitTx) event()      {}
func (SubmitBlock) event()   {}
func (SubmitHeader) event()  {}
func (FetchBlock) event()    {}
func (TxVerdict) event()     {}
func (BlockVerdict) event()  {}
func (TxIn) event()          {}
func (TxOut) event()         {}
func (TxsAgain) event()      {}
func (TipChanged) event()    {}
func (HeaderInvalid) event() {}
func (HeaderValid) event()   {}
func (BodyStored) event()    {}
func (BodiesPruned) event()  {}
func (BodyLost) event()      {}
func (Pong) event()          {}
func (MinFeeChanged) event() {}
func (ClockSet) event()      {}
