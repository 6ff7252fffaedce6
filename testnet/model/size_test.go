package model

import (
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p/msg"
)

// What is reckoned is what is sent.
func TestSizesAreThoseOfTheWire(t *testing.T) {
	w := newWorld(false)
	one := w.spend(tx{Parent: -1}, 250)
	two := w.spend(tx{Parent: one}, 400)
	b := w.Mine(w.Blocks[1], 0, 0, []int32{one, two})
	inv := wire.NewMsgInv()
	get := wire.NewMsgGetData()
	none := wire.NewMsgNotFound()
	hs := wire.NewMsgHeaders()
	ask := wire.NewMsgGetHeaders()
	for i := range 300 {
		iv := wire.NewInvVect(wire.InvTypeBlock, &b.Node.Hash)
		inv.InvList, get.InvList, none.InvList = append(inv.InvList, iv), append(get.InvList, iv), append(none.InvList, iv)
		hs.Headers = append(hs.Headers, &b.Body.Header)
		if i < 20 {
			ask.BlockLocatorHashes = append(ask.BlockLocatorHashes, &b.Node.Hash)
		}
	}
	for _, m := range []wire.Message{
		inv, get, none, hs, ask, &msg.Block{Block: b.Body}, &msg.Tx{Tx: w.Txs[one].Tx}, &msg.Tx{Tx: w.Txs[two].Tx},
		&msg.BareTx{Tx: w.Txs[one].Tx}, wire.NewMsgFeeFilter(1000), msg.NewHave(b.Node.Hash, 9),
	} {
		_, raw, err := msg.Encode(m)
		if err != nil || sizeOf(m) != frameSize+len(raw) {
			t.Errorf("%s: reckoned %d, sent %d (%v)", m.Command(), sizeOf(m), frameSize+len(raw), err)
		}
	}
}

// Blocks and transactions have real ids and pass the rules that need no coins.
func TestBlocksAreReal(t *testing.T) {
	w := newWorld(false)
	one := w.spend(tx{Parent: -1}, 250)
	a := w.Mine(w.Blocks[1], 0, 0, []int32{one})
	b := w.Mine(w.Blocks[1], 1, 0, []int32{one})
	if a.Node.Hash == b.Node.Hash {
		t.Error("two blocks are the same")
	}
	for _, x := range []*block{a, b} {
		if err := chain.CheckBlock(w.Params, x.Body); err != nil {
			t.Error(err)
		}
		if err := chain.CheckBlockContext(w.Params, x.Parent.Node, x.Body); err != nil {
			t.Error(err)
		}
		again, err := chain.DecodeBlock(x.Body.Raw)
		if err != nil || !x.same(again) {
			t.Errorf("it does not survive its own bytes: %v", err)
		}
	}
	if tx := w.Txs[one].Tx; tx.ID == tx.WID || tx.Size < 200 || tx.Size > 260 {
		t.Errorf("transaction of %d bytes", tx.Size)
	}
}
