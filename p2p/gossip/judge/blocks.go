package judge

import (
	"fmt"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/headers"
)

// Block is a body that waits or is judged.
type Block struct {
	Entry   *headers.Entry
	Block   *chain.Block
	From    p2p.PeerID
	Tickets []p2p.Ticket // Submits that this very body answers
	Joined  []Joined     // Submits of the same block while another copy was judged
	Asked   bool         // who sent it had been asked for it
	Compact bool         // put together from short ids: that it does not fit is nobody's offence
	sent    bool
}

// Joined is our own copy of a block whose other copy is in judgement: it has
// its turn should that one not match its header.
type Joined struct {
	Ticket p2p.Ticket
	Block  *chain.Block
}

// Blocks is all of them. It keeps Entry.Busy.
type Blocks struct {
	byEntry map[*headers.Entry]*Block
	queue   []*Block
	own     int // of the queue, with a ticket
	waiting int // bytes in queue
	judged  int // bytes in judgement
}

// NewBlocks makes an empty desk.
func NewBlocks() *Blocks { return &Blocks{byEntry: make(map[*headers.Entry]*Block)} }

// Room says whether a body of so many bytes from a peer would be taken.
func (d *Blocks) Room(size int) bool { return d.waiting+size <= maxBlockBytes }

// Add queues a body of a block that has none here.
func (d *Blocks) Add(j *Block) {
	j.Entry.Busy = true
	d.byEntry[j.Entry] = j
	d.queue = append(d.queue, j)
	d.waiting += len(j.Block.Raw)
	if len(j.Tickets) > 0 {
		d.own++
	}
}

// Join lets a Submit wait for the verdict of a copy that is here; there is none:
// joined is false. full: too many wait.
func (d *Blocks) Join(e *headers.Entry, t p2p.Ticket, b *chain.Block) (joined, full bool) {
	j := d.byEntry[e]
	switch {
	case j == nil:
		return false, d.own >= maxOwnBlocks
	case len(j.Tickets)+len(j.Joined) >= maxOwnBlocks:
		return false, true
	case j.From == p2p.Self && j.Block == b:
		j.Tickets = append(j.Tickets, t)
	default:
		j.Joined = append(j.Joined, Joined{t, b})
	}
	return true, false
}

// Next takes credit for the next to be judged; nil: nothing waits, or not enough
// credit is left.
func (d *Blocks) Next() *Block {
	if len(d.queue) == 0 {
		d.queue = nil
		return nil
	}
	j := d.queue[0]
	size := len(j.Block.Raw)
	if d.judged > 0 && d.judged+size > MaxBytes {
		return nil
	}
	d.queue[0] = nil
	d.queue = d.queue[1:]
	d.waiting -= size
	d.judged += size
	if len(j.Tickets) > 0 {
		d.own--
	}
	j.sent = true
	return j
}

// Done gives the credit back and the body that was judged, nil when none was.
func (d *Blocks) Done(e *headers.Entry) *Block {
	j := d.byEntry[e]
	if j == nil || !j.sent {
		return nil
	}
	delete(d.byEntry, e)
	e.Busy = false
	d.judged -= len(j.Block.Raw)
	return j
}

// Again is the judgement of the first joined copy after the one that was judged
// turned out not to match its header; nil: none had joined.
func (j *Block) Again() *Block {
	if len(j.Joined) == 0 {
		return nil
	}
	return &Block{
		Entry: j.Entry, Block: j.Joined[0].Block, From: p2p.Self,
		Tickets: []p2p.Ticket{j.Joined[0].Ticket}, Joined: j.Joined[1:],
	}
}

// Bytes says how many wait and how many are judged; Len how many blocks wait.
func (d *Blocks) Bytes() (waiting, judged int) { return d.waiting, d.judged }

// Len counts the blocks that wait.
func (d *Blocks) Len() int { return len(d.queue) }

// Check proves that the counts are right and the credits kept.
func (d *Blocks) Check() error {
	judged, waiting, largest, own := 0, 0, 0, 0
	for e, j := range d.byEntry {
		size := len(j.Block.Raw)
		switch {
		case j.Entry != e || !e.Busy:
			return fmt.Errorf("judgement of another block at %s", e.Node.Hash)
		case j.sent:
			judged += size
			largest = max(largest, size)
		default:
			waiting += size
			if len(j.Tickets) > 0 {
				own++
			}
		}
	}
	if judged != d.judged || waiting != d.waiting || own > d.own+len(d.queue) || judged > MaxBytes && judged != largest {
		return fmt.Errorf("%d bytes judged, counted %d; %d wait, counted %d", judged, d.judged, waiting, d.waiting)
	}
	return nil
}
