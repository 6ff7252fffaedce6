package model

import (
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// Each liar spoils what it is there to spoil, and nothing else.
func TestEachLiesInItsWay(t *testing.T) {
	w := newWorld(false)
	tx := w.spend(tx{Parent: -1}, 250)
	b := w.Mine(w.Blocks[1], 0, 0, []int32{tx})
	ahead := w.Mine(b, 0, 0, nil)
	inv := &wire.MsgInv{InvList: []*wire.InvVect{wire.NewInvVect(txs.InvTypeWTx, &w.Txs[tx].Tx.WID)}}
	said := func(l *liar, m wire.Message) p2p.Send {
		return l.spoil([]p2p.Action{p2p.Send{Peer: 3, Msg: m}})[0].(p2p.Send)
	}
	ping := wire.NewMsgFeeFilter(5)
	for way := range lies {
		l := &liar{lie: way, w: w, rnd: rand.New(rand.NewPCG(1, 1))}
		serve := l.spoil([]p2p.Action{p2p.SendBlock{Peer: 3, Hash: b.Node.Hash}})[0]
		give := said(l, &msg.Tx{Tx: w.Txs[tx].Tx})
		have := said(l, msg.NewHave(b.Node.Hash, 0)).Msg.(*msg.Have)
		_, honest := serve.(p2p.SendBlock)
		_, denied := give.Msg.(*wire.MsgNotFound)
		for what, is := range map[string][2]bool{
			"refuses blocks":        {!honest, way == mute || way == denier},
			"says nothing":          {give.Peer == 0, way == mute},
			"says notfound":         {denied, way == denier},
			"invents":               {len(said(l, inv).Msg.(*wire.MsgInv).InvList) > 1, way == inventor},
			"forges":                {!b.same(l.body(b.Body)), way == forger},
			"boasts":                {have.Last == ahead.Node.Hash, way == boaster},
			"is late":               {l.delay(&msg.Block{Block: b.Body}) > 0, way == dawdler},
			"is late with anything": {l.delay(ping) > 0, false},
			"spoils the rest":       {said(l, ping).Msg != wire.Message(ping), false},
		} {
			if is[0] != is[1] {
				t.Errorf("liar %d %s: %v", way, what, is[0])
			}
		}
	}
	if len(inv.InvList) != 1 || !b.same(b.Body) {
		t.Error("what others share was changed")
	}
}
