package p2p

import (
	"github.com/btcsuite/btcd/btcutil/v2/bloom"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Ticket ties an Answer to the submission it belongs to.
type Ticket uint64

// Action is something for swarm to do, in order.
type Action interface{ action() }

type (
	// Send queues a message to a peer.
	Send struct {
		Peer PeerID
		Msg  wire.Message
	}
	// SendBlock queues a stored block; the peer's writer reads its bytes.
	SendBlock struct {
		Peer    PeerID
		Hash    chain.Hash
		Witness bool // false: strip witnesses (MSG_BLOCK asked without the flag)
		Old     bool // more than a week older than our best header: an upload target may forbid it
		Short   bool // in short form (BIP152), made by the writer
	}
	// SendParts queues the transactions at these places of a stored block (blocktxn);
	// the peer's writer reads them. A place beyond the block's end is an offence.
	SendParts struct {
		Peer   PeerID
		Hash   chain.Hash
		Places []int
	}
	// SendFilters queues an answer about the BIP158 filters of blocks: cfilter (a
	// message each), cfheaders or cfcheckpt. The peer's writer reads them.
	SendFilters struct {
		Peer    PeerID
		Command string
		Blocks  []chain.Hash
		Before  *chain.Hash // of cfheaders: the block before the first; nil: there is none
		Stop    chain.Hash
	}
	// SendFiltered queues what a bloom filter matches of a stored block (BIP37): a
	// merkleblock, and the transactions. The peer's writer reads the block.
	SendFiltered struct {
		Peer   PeerID
		Hash   chain.Hash
		Filter *bloom.Filter
	}
	// Drop ends a connection. Offence "" means no fault of theirs.
	Drop struct {
		Peer    PeerID
		Reason  string
		Offence Offence
	}
	// ValidateTx asks the pool; answered by TxVerdict.
	ValidateTx struct {
		Peer   PeerID
		Tx     *chain.Tx
		Parent *chain.Tx // which was refused for its fee alone, and which Tx may pay for; nil: Tx comes alone
	}
	// ValidateBlock asks the ledger; answered by BlockVerdict.
	ValidateBlock struct {
		Peer  PeerID
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
		From  PeerID
		Addrs []Addr
	}
	// TellAddrs asks swarm to answer getaddr from the address book.
	TellAddrs struct{ Peer PeerID }
)

func (Send) action()          {}
func (SendBlock) action()     {}
func (SendParts) action()     {}
func (SendFilters) action()   {}
func (SendFiltered) action()  {}
func (Drop) action()          {}
func (ValidateTx) action()    {}
func (ValidateBlock) action() {}
func (StoreHeaders) action()  {}
func (Answer) action()        {}
func (LearnAddrs) action()    {}
func (TellAddrs) action()     {}
