package events

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
)

// Kind says what happened.
type Kind string

const (
	Heard          Kind = "heard"          // a peer told us of a transaction or block, or gave it; By says by which message
	Asked          Kind = "asked"          // we asked a peer for one
	Judged         Kind = "judged"         // our verdict on one
	Relayed        Kind = "relayed"        // we told a peer of one, or gave it
	Removed        Kind = "removed"        // a transaction left the pool; Reason says why
	Tip            Kind = "tip"            // the verified chain ends with another block
	Reorganisation Kind = "reorganisation" // blocks were undone; the Tip event follows
	Connected      Kind = "connected"      // a peer has greeted
	Disconnected   Kind = "disconnected"   // its connection has ended
	OfPeer         Kind = "peer"           // what we found out of a peer: Reason says what
	Lost           Kind = "lost"           // the listener was too slow; Lost says how many events went by
)

// Kinds are all that are published; Lost is told to one listener alone.
func Kinds() []Kind {
	return []Kind{Heard, Asked, Judged, Relayed, Removed, Tip, Reorganisation, Connected, Disconnected, OfPeer}
}

// Verdicts of a Judged event.
const (
	Accepted     = "accepted"     // in the pool, or connected to the chain
	Refused      = "refused"      // Reason is the reject word
	Orphan       = "orphan"       // a transaction whose parents are not known
	Inconclusive = "inconclusive" // a block that is stored, on a branch with no more work than ours
	Duplicate    = "duplicate"    // a block that we had
)

// Listens is Reason of an OfPeer event: where the peer listens is known.
const Listens = "listens"

// Self is By of what this node's own wallet, miner or RPC gave it.
const Self = "self"

// Event is one thing that happened on a node. What does not apply is zero, and left out
// of JSON.
type Event struct {
	// Seq grows by one from event to event. It begins at the time of the start,
	// in microseconds since 1970, so that it is never used twice.
	Seq  uint64    `json:"seq,omitzero"`
	Time time.Time `json:"time"`           // UTC, in microseconds; the machine's clock, also where people set the node's
	Node string    `json:"node,omitempty"` // of a local network, by its number
	Kind Kind      `json:"kind"`
	By   string    `json:"by,omitempty"` // the message: inv, tx, headers, cmpctblock, …; or self

	TxID   chain.Hash `json:"tx,omitzero"`
	WTxID  chain.Hash `json:"wtx,omitzero"` // a peer's inv names it alone
	Block  chain.Hash `json:"block,omitzero"`
	Height int32      `json:"height,omitzero"` // of Block, where it is known
	Count  int        `json:"count,omitzero"`  // so many blocks, of which Block is the last; or transactions of it
	Bytes  int        `json:"bytes,omitzero"`  // of what was given

	Peer *p2p.PeerInfo `json:"-"` // the other end, by what names it; never changed once it is published. In JSON: peer

	named *peerName // its text; nil: it is written for this event alone

	Verdict string `json:"verdict,omitempty"`
	Reason  string `json:"reason,omitempty"` // a reject word of Bitcoin Core's, or why a peer or a transaction left
	Detail  string `json:"detail,omitempty"` // more of it, for people

	Reorg *Reorg `json:"reorganisation,omitempty"`
	Lost  uint64 `json:"lost,omitzero"`
}

// Reorg is what a reorganisation undid.
type Reorg struct {
	Fork   int32      `json:"fork_height"` // of the last block that both chains have
	Left   chain.Hash `json:"left"`        // the tip that was left
	Height int32      `json:"left_height"`
	Undone int        `json:"undone"` // blocks
	New    int        `json:"new"`    // blocks of the new chain above the fork
}

// MarshalJSON writes the members above, and peer: what the connection is for, and what the peer
// says it is, of Connected alone.
func (e Event) MarshalJSON() ([]byte, error) {
	type plain Event
	v := struct {
		plain
		Peer json.Marshaler `json:"peer,omitempty"`
	}{plain: plain(e)}
	switch {
	case e.named != nil:
		v.Peer = e.named.text()
	case e.Peer != nil:
		v.Peer = e.Peer.Brief(e.Kind == Connected)
	}
	return json.Marshal(v)
}

// peerName is a peer's name in JSON, written once for all who listen to what it does.
type peerName struct {
	text func() json.RawMessage
}

func nameOf(p *p2p.PeerInfo) *peerName {
	return &peerName{sync.OnceValue(func() json.RawMessage {
		text, _ := p.Brief(false).MarshalJSON() // nothing in it refuses
		return text
	})}
}

// namesOf are the names of peers that have just done something.
type namesOf map[*p2p.PeerInfo]*peerName

// maxNames is more than a node has peers; then all are forgotten, and soon written again.
const maxNames = 1 << 8

// name gives an event its peer's name. What is said of a peer when it comes is said once, and
// needs none.
func (n namesOf) name(e *Event) {
	if e.named = nil; e.Peer == nil || e.Kind == Connected {
		return
	}
	if e.named = n[e.Peer]; e.named != nil {
		return
	}
	if len(n) >= maxNames {
		clear(n)
	}
	e.named = nameOf(e.Peer)
	n[e.Peer] = e.named
}

// UnmarshalJSON reads what MarshalJSON has written.
func (e *Event) UnmarshalJSON(raw []byte) error {
	type plain Event
	v := struct {
		*plain
		Peer json.RawMessage `json:"peer"`
	}{plain: (*plain)(e)}
	if err := json.Unmarshal(raw, &v); err != nil || v.Peer == nil {
		return err
	}
	e.Peer = new(p2p.PeerInfo)
	return e.Peer.Brief(true).UnmarshalJSON(v.Peer)
}

// ofTx says whether an event is about a transaction: of those there are many more.
func (e *Event) ofTx() bool { return e.TxID != (chain.Hash{}) || e.WTxID != (chain.Hash{}) }

// Filter says which events are wanted; the zero value: all.
type Filter struct {
	Kinds []Kind     // nil: of all kinds
	Tx    chain.Hash // by txid or wtxid; zero: any
	Block chain.Hash // zero: any

	also chain.Hash // the other name of Tx
}

// wants says whether an event passes, and learns the other name of the transaction it
// looks for.
func (f *Filter) wants(e *Event) bool {
	switch {
	case f.Kinds != nil && !slices.Contains(f.Kinds, e.Kind):
		return false
	case f.Block != (chain.Hash{}) && e.Block != f.Block:
		return false
	case f.Tx == (chain.Hash{}):
		return true
	}
	if !e.ofTx() || !f.names(e.TxID) && !f.names(e.WTxID) {
		return false
	}
	for _, name := range []chain.Hash{e.TxID, e.WTxID} {
		if name != f.Tx && name != (chain.Hash{}) {
			f.also = name
		}
	}
	return true
}

// names says whether a hash, if there is one, is a name of the transaction.
func (f *Filter) names(h chain.Hash) bool { return h != (chain.Hash{}) && (h == f.Tx || h == f.also) }
