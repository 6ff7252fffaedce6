package gossip

import (
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/judge"
)

// Event is something that happened. State.Step takes one and says what to do.
type Event interface{ event() }

// Ticket ties an answer to the Submit it belongs to.
type Ticket = judge.Ticket

type (
	// Joined: a peer has finished the handshake.
	Joined struct {
		Peer p2p.PeerID
		p2p.Link
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
		Ticket Ticket
		Tx     *chain.Tx
	}
	SubmitBlock struct {
		Ticket Ticket
		Block  *chain.Block
	}
	// TxVerdict answers a JudgeTx. Err is nil, *chain.RuleError, *chain.PolicyError, *chain.MissingError.
	TxVerdict struct {
		Tx   *chain.Tx
		Err  error
		Cost time.Duration // what its scripts took; 0 when it was judged without
	}
	// BlockVerdict answers a JudgeBlock, once. Err is nil (connected to the
	// active chain), chain.ErrInconclusive (stored, not connected yet),
	// chain.ErrDuplicate or *chain.RuleError.
	BlockVerdict struct {
		Node *chain.HeaderNode
		Err  error
	}
	// TxIn and TxOut keep the index of the pool.
	TxIn  struct{ chain.PoolTx }
	TxOut struct{ chain.PoolGone }
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
	// ClockSet: headers are judged as if it were At; zero: by the time of each step again.
	ClockSet struct{ At time.Time }
	// BodyStored: the body may be served.
	BodyStored struct{ Node *chain.HeaderNode }
	// BodyLost: a stored body is damaged; it cannot be served and is to be
	// fetched again.
	BodyLost struct{ Node *chain.HeaderNode }
)

func (Joined) event()        {}
func (Left) event()          {}
func (Message) event()       {}
func (Tick) event()          {}
func (SubmitTx) event()      {}
func (SubmitBlock) event()   {}
func (TxVerdict) event()     {}
func (BlockVerdict) event()  {}
func (TxIn) event()          {}
func (TxOut) event()         {}
func (TipChanged) event()    {}
func (HeaderInvalid) event() {}
func (HeaderValid) event()   {}
func (BodyStored) event()    {}
func (BodyLost) event()      {}
func (Pong) event()          {}
func (MinFeeChanged) event() {}
func (ClockSet) event()      {}

// Action is something for swarm to do, in order.
type Action interface{ action() }

type (
	// Send queues a message to a peer.
	Send struct {
		Peer p2p.PeerID
		Msg  wire.Message
	}
	// SendBlock queues a stored block; the peer's writer reads its bytes.
	SendBlock struct {
		Peer    p2p.PeerID
		Hash    chain.Hash
		Witness bool // false: strip witnesses (MSG_BLOCK asked without the flag)
	}
	// Drop ends a connection. Offence "" means no fault of theirs.
	Drop struct {
		Peer    p2p.PeerID
		Reason  string
		Offence p2p.Offence
	}
	// JudgeTx asks the pool; answered by TxVerdict.
	JudgeTx struct {
		Peer p2p.PeerID
		Tx   *chain.Tx
	}
	// JudgeBlock asks the ledger; answered by BlockVerdict.
	JudgeBlock struct {
		Peer  p2p.PeerID
		Node  *chain.HeaderNode
		Block *chain.Block
	}
	// StoreHeaders tells the ledger of new good headers, parents first.
	StoreHeaders struct{ Nodes []*chain.HeaderNode }
	// Answer ends a Submit. Err as in TxVerdict and BlockVerdict, or chain.ErrUnknownParent.
	Answer struct {
		Ticket Ticket
		Err    error
	}
	// LearnAddrs gives heard addresses to the address book.
	LearnAddrs struct {
		From  p2p.PeerID
		Addrs []p2p.Addr
	}
	// TellAddrs asks swarm to answer getaddr from the address book.
	TellAddrs struct{ Peer p2p.PeerID }
)

func (Send) action()         {}
func (SendBlock) action()    {}
func (Drop) action()         {}
func (JudgeTx) action()      {}
func (JudgeBlock) action()   {}
func (StoreHeaders) action() {}
func (Answer) action()       {}
func (LearnAddrs) action()   {}
func (TellAddrs) action()    {}
