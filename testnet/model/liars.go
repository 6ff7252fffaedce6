package model

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// lie is a way not to play by the rules.
type lie int

const (
	mute     lie = iota // answers no request for a body or a transaction
	denier              // answers all of them with notfound
	inventor            // announces transactions that do not exist
	forger              // serves bodies that do not fit their headers
	boaster             // says that it holds blocks that it has only heard of
	dawdler             // answers late: bodies and transactions leave when nobody waits for them
	lies                // how many there are

	claimant // says that it fetches all that it lacks, and asks for nothing; only in downloads
)

// liar spoils what its node says.
type liar struct {
	lie lie
	w   *world
	rnd *rand.Rand
}

// newLiar draws a liar.
func newLiar(w *world, rnd *rand.Rand) *liar {
	return &liar{lie: lie(rnd.IntN(int(lies))), w: w, rnd: rnd}
}

// dawdle is how late a dawdler answers: gossip waits for less.
const dawdle = 20 * time.Second

// delay is how long the liar keeps a message back.
func (l *liar) delay(what wire.Message) time.Duration {
	switch what.(type) {
	case *msg.Block, *msg.BlockTxn, *msg.Tx:
		if l.lie == dawdler {
			return dawdle
		}
	}
	return 0
}

// spoil changes what the node was about to do.
func (l *liar) spoil(acts []p2p.Action) []p2p.Action {
	for i, a := range acts {
		if l.lie == mute || l.lie == denier {
			acts[i] = l.refuse(a)
			continue
		}
		s, ok := a.(p2p.Send)
		if !ok {
			continue
		}
		switch m := s.Msg.(type) {
		case *wire.MsgInv:
			if l.lie == inventor {
				s.Msg = l.invent(m)
			}
		case *wire.MsgGetData:
			if l.lie == claimant {
				s = p2p.Send{} // to nobody
			}
		case *msg.Have:
			if l.lie == claimant {
				s.Msg = l.claim()
			}
			if l.lie == boaster {
				last := l.w.Blocks[len(l.w.Blocks)-1]
				s.Msg = msg.NewHave(last.Node.Hash, 0)
			}
		case *msg.BlockTxn:
			if l.lie == forger {
				s.Msg = &msg.BlockTxn{Block: m.Block, Txs: slices.Repeat(m.Txs[:1], len(m.Txs))}
			}
		}
		acts[i] = s
	}
	return acts
}

// claim says that all the chain is being fetched.
func (l *liar) claim() *msg.Have {
	m := msg.NewHave(l.w.Blocks[0].Node.Hash, uint16(min(len(l.w.Blocks)-1, msg.MaxHave)))
	for i := range int(m.Count) {
		m.Fetching.Set(i)
	}
	return m
}

// refuse takes what answers a request, and says nothing or notfound instead.
func (l *liar) refuse(a p2p.Action) p2p.Action {
	none := wire.NewMsgNotFound()
	var id p2p.PeerID
	switch a := a.(type) {
	case p2p.SendBlock:
		id = a.Peer
		none.InvList = append(none.InvList, wire.NewInvVect(wire.InvTypeWitnessBlock, &a.Hash))
	case p2p.Send:
		id = a.Peer
		switch m := a.Msg.(type) {
		case *msg.Tx:
			none.InvList = append(none.InvList, wire.NewInvVect(txs.InvTypeWTx, &m.WID))
		case *msg.BlockTxn:
			none.InvList = append(none.InvList, wire.NewInvVect(wire.InvTypeWitnessBlock, &m.Block))
		default:
			return a
		}
	default:
		return a
	}
	if l.lie == mute {
		return p2p.Send{} // to nobody
	}
	return p2p.Send{Peer: id, Msg: none}
}

// invent adds hashes of nothing to an inv.
func (l *liar) invent(inv *wire.MsgInv) *wire.MsgInv {
	more := &wire.MsgInv{InvList: slices.Clone(inv.InvList)}
	for range 1 + l.rnd.IntN(3) {
		var h chain.Hash
		for i := range h {
			h[i] = byte(l.rnd.Uint32())
		}
		more.InvList = append(more.InvList, wire.NewInvVect(txs.InvTypeWTx, &h))
	}
	return more
}

// body is what the liar serves for a block.
func (l *liar) body(b *chain.Block) *chain.Block {
	if l.lie != forger {
		return b
	}
	forged := *b
	forged.Txs = append(slices.Clone(b.Txs), b.Txs[0])
	return &forged
}
