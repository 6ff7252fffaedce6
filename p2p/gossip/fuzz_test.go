package gossip

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// babble turns bytes into events of five peers that say anything at any time.
type babble struct {
	w     *world
	s     *State
	r     *backend
	now   time.Time
	data  []byte
	later []Event // verdicts not given yet
	names []string
	n     p2p.Ticket
}

func newBabble(data []byte) *babble {
	w := newWorld()
	b := &babble{w: w, s: newTestState(w, 1), r: newBackend(w), now: w.start, data: data}
	for i := range 6 {
		w.tx(fmt.Sprint("t", i), []string{"t9", "t8", "unknown"}[i%3])
	}
	w.grow("a", "g", 12, 300)
	w.grow("b", "a5", 9, 300)
	w.block("c1", "a12", 300, w.tx("t0"), w.tx("t1"))
	w.block("bad1", "a3", 300)
	w.invalid[w.nodes["a11"].Hash] = true
	b.names = append(append(numbered("a", 12), numbered("b", 9)...), "c1", "bad1", "g")
	return b
}

func (b *babble) next() int {
	if len(b.data) == 0 {
		return 0
	}
	x := b.data[0]
	b.data = b.data[1:]
	return int(x)
}

func (b *babble) name() string { return b.names[b.next()%len(b.names)] }

func (b *babble) invs() (invs []*wire.InvVect) {
	types := []wire.InvType{wire.InvTypeWitnessBlock, wire.InvTypeBlock, txs.InvTypeWTx, wire.InvTypeTx, 4, 99}
	for range 1 + b.next()%5 {
		typ := types[b.next()%len(types)]
		iv := &wire.InvVect{Type: typ, Hash: b.w.nodes[b.name()].Hash}
		if typ == txs.InvTypeWTx || typ == wire.InvTypeTx {
			tx := b.w.tx(fmt.Sprint("t", b.next()%10))
			if iv.Hash = tx.WID; typ == wire.InvTypeTx {
				iv.Hash = tx.ID
			}
		}
		invs = append(invs, iv)
	}
	return invs
}

func (b *babble) block() *chain.Block {
	x := *b.w.blocks[b.w.nodes["a1"].Hash]
	if blk := b.w.blocks[b.w.nodes[b.name()].Hash]; blk != nil {
		x = *blk
	}
	if b.next()%8 == 0 {
		x.Weight = mutated
	}
	return &x
}

func (b *babble) message() wire.Message {
	switch b.next() % 14 {
	case 0:
		m := &wire.MsgHeaders{}
		n := b.w.nodes[b.name()]
		for range b.next() % 12 {
			if n.Height > 0 {
				m.Headers = append([]*wire.BlockHeader{&n.Header}, m.Headers...)
				n = n.Parent
			}
		}
		return m
	case 1, 2:
		return &msg.Block{Block: b.block()}
	case 3:
		return &msg.Tx{Tx: b.w.tx(fmt.Sprint("t", b.next()%10))}
	case 4, 5:
		return &wire.MsgInv{InvList: b.invs()}
	case 6:
		return &wire.MsgGetData{InvList: b.invs()}
	case 7:
		return &wire.MsgNotFound{InvList: b.invs()}
	case 8:
		return &wire.MsgGetHeaders{BlockLocatorHashes: []*chain.Hash{&b.w.nodes[b.name()].Hash}}
	case 9:
		m := msg.NewHave(b.w.nodes[b.name()].Hash, uint16(b.next()%16))
		for i := range int(m.Count) {
			if x := b.next(); x%3 == 0 {
				m.Held.Set(i)
			} else if x%3 == 1 {
				m.Fetching.Set(i)
			}
		}
		return m
	case 10:
		return msg.Compact(b.block(), 1, []int{0})
	case 11:
		return &msg.BlockTxn{Block: b.w.nodes[b.name()].Hash, Txs: []*chain.Tx{b.w.tx("t0"), b.w.tx("t1")}[b.next()%3%2:]}
	case 12:
		return &msg.GetBlockTxn{Block: b.w.nodes[b.name()].Hash, Indexes: []int{b.next() % 4}}
	}
	return &msg.SendCmpct{Version: 2, Announce: b.next()%2 == 0}
}

func (b *babble) event() Event {
	id := p2p.PeerID(1 + b.next()%5)
	switch b.next() % 16 {
	case 0:
		flags := b.next()
		link := p2p.Link{Kind: p2p.FullRelay, Hello: p2p.Hello{
			Relay: flags&2 != 0, WTxIDRelay: flags&4 != 0, Have: flags&8 != 0, Services: wire.SFNodeNetwork | wire.SFNodeWitness,
		}}
		switch {
		case flags&1 != 0:
			link.Kind = p2p.Inbound
		case flags&16 != 0:
			link.Kind = p2p.BlocksOnly
		}
		return joined(id, link)
	case 1:
		return Left{id}
	case 2:
		b.now = b.now.Add(time.Duration(b.next()*b.next()) * 10 * time.Millisecond)
		return Tick{}
	case 3:
		b.n++
		return SubmitTx{b.n, b.w.tx(fmt.Sprint("t", b.next()%10))}
	case 4:
		b.n++
		return SubmitBlock{b.n, b.block()}
	case 5, 6, 7:
		if len(b.later) > 0 {
			ev := b.later[0]
			b.later = b.later[1:]
			return ev
		}
	}
	return Message{id, b.message()}
}

// runBabble plays one history. Whatever peers say, nothing breaks, every bound
// holds, and each Submit is answered once.
func runBabble(t *testing.T, data []byte) {
	b := newBabble(data)
	answers := map[p2p.Ticket]int{}
	run := func(ev Event) {
		for _, a := range b.s.Step(b.now, ev) {
			switch a := a.(type) {
			case p2p.ValidateBlock:
				b.later = append(b.later, b.r.validateBlock(a)...)
			case p2p.ValidateTx:
				b.later = append(b.later, b.r.validateTx(a)...)
			case p2p.Answer:
				answers[a.Ticket]++
			}
		}
		checkInvariants(t, b.s)
	}
	for len(b.data) > 0 {
		run(b.event())
	}
	for len(b.later) > 0 {
		ev := b.later[0]
		b.later = b.later[1:]
		run(ev)
	}
	for i := p2p.Ticket(1); i <= b.n; i++ {
		if answers[i] != 1 {
			t.Fatalf("Submit %d was answered %d times", i, answers[i])
		}
	}
}

func FuzzPeersSayAnything(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) <= 4000 {
			runBabble(t, data)
		}
	})
}

func TestPeersSayAnything(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 9))
		data := make([]byte, 4000)
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) { runBabble(t, data) })
	}
}
