package hostile_test

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p/msg"
	"grapevine/testnet/hostile"
)

// What Bitcoin Core and its functional tests expect of a neighbour.

// NODE_BLOOM is not offered: who uses it all the same is hung up on, and may come again.
func TestBloomMessagesEndTheConnection(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		for range 2 { // from the same address: it is no offence
			for i, command := range []string{wire.CmdMemPool, wire.CmdFilterLoad, wire.CmdFilterAdd, wire.CmdFilterClear} {
				p := h.attacker(i)
				payload := []byte{1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0}
				if command == wire.CmdMemPool || command == wire.CmdFilterClear {
					payload = nil
				}
				_ = p.Raw(command, payload)
				h.falls(p, time.Second, command)
			}
		}
	})
}

func TestBlocksOfNoUseEndTheConnection(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		orphan := h.branch(h.tip(), 2)[1]
		p := h.attacker(1)
		_ = p.Say(&msg.Block{Block: orphan.Block})
		h.falls(p, time.Second, "a block without a known parent")

		pays := h.spent(h.purse(2))
		m := h.mine(h.target, chaintest.With(pays...))
		for what, b := range mutants(m) { // we have the good one
			q := h.attacker(2 + len(what))
			_ = q.Say(b)
			h.falls(q, time.Second, "an unrequested mutated block, "+what)
		}
		genesis, err := chain.DecodeBlock(rawGenesis(t, h.params))
		if err != nil {
			t.Fatal(err)
		}
		r := h.attacker(100)
		_ = r.Say(&msg.Block{Block: m.Block}, &msg.Block{Block: genesis})
		h.stays(r, "blocks that we have")
	})
}

func rawGenesis(t *testing.T, p *chain.Params) []byte {
	t.Helper()
	return chain.NewBlock(p.GenesisBlock).Raw
}

// asked says whether a peer is asked for this block within a second.
func asked(p *hostile.Peer, m chaintest.Mined) bool {
	for {
		got, err := p.Await("getdata", time.Second)
		if err != nil {
			return false
		}
		for _, iv := range got.(*wire.MsgGetData).InvList {
			if iv.Hash == m.Node.Hash {
				return true
			}
		}
	}
}

// A sibling of the tip has as much work: it is asked for, and its next block makes it
// the tip at once. So is what somebody announces who serves no blocks.
func TestBlocksOfEqualWorkAreAskedFor(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		parent := h.tip()
		ours := h.mine(h.target)
		row, other := h.branch(parent, 2), h.block(parent)
		p := h.attacker(1)
		_ = p.Say(hostile.Headers(ours.Node)) // it has ours as well
		_ = p.Say(hostile.Headers(other.Node))
		if !asked(p, other) {
			t.Fatal("a sibling of the tip is not asked for")
		}
		_ = p.Say(&msg.Block{Block: other.Block})
		_ = p.Say(hostile.Headers(row[0].Node))
		if !asked(p, row[0]) {
			t.Fatal("a second sibling is not asked for")
		}
		_ = p.Say(&msg.Block{Block: row[0].Block})
		time.Sleep(time.Second)
		if h.tip().Hash == row[0].Node.Hash || !h.target.Ledger.HaveBody(row[0].Node.Hash) {
			t.Fatal("the first seen of two tips stays, and the other is kept")
		}
		_ = p.Say(hostile.Headers(row[1].Node))
		if !asked(p, row[1]) {
			t.Fatal("its next block is not asked for")
		}
		_ = p.Say(&msg.Block{Block: row[1].Block})
		h.within(blockMost, "the branch is the chain", func() bool { return h.tip().Hash == row[1].Node.Hash })

		light := h.connectFrom(attackerIP(2))
		v := hostile.Version()
		v.Services = wire.SFNodeWitness
		if err := light.Greet(v); err != nil {
			t.Fatal(err)
		}
		m := h.block(h.tip())
		_ = light.Say(hostile.Headers(m.Node))
		if !asked(light, m) {
			t.Error("who serves no blocks is not asked for the one it announces")
		}
		_ = light.Say(&msg.Block{Block: m.Block})
		h.within(blockMost, "the announced block is the tip", func() bool { return h.tip().Hash == m.Node.Hash })
	})
}

// getblocktxn of the last ten blocks is answered by blocktxn, also after a start, and
// of a deeper one by the block.
func TestTransactionsOfTheLastBlocksAreGivenAfterAStart(t *testing.T) {
	inNetwork(t, 2, func(t *testing.T, w *network) {
		w.end(0)
		w.begin(0)
		w.target = w.all[0]
		p := w.attacker(1)
		tip := w.tip()
		for _, depth := range []int32{0, 1, 9, 10, 11, 50} {
			n := tip.Ancestor(tip.Height - depth)
			_ = p.Say(&msg.GetBlockTxn{Block: n.Hash, Indexes: []int{0}}, &msg.GetBlockTxn{Block: n.Hash})
			want, other := msg.CmdBlockTxn, wire.CmdBlock
			if depth > 10 {
				want, other = other, want
			}
			for range 2 {
				got, err := p.Await(want, time.Second)
				if err != nil {
					t.Fatalf("%d blocks deep: %v", depth, err)
				}
				if parts, ok := got.(*msg.BlockTxn); ok && len(parts.Txs) == 1 && !parts.Txs[0].IsCoinbase() {
					t.Errorf("%d blocks deep: another transaction", depth)
				}
			}
			if _, err := p.Await(other, 10*time.Millisecond); err == nil {
				t.Errorf("%d blocks deep: %s as well", depth, other)
			}
		}
		_ = p.Say(&msg.GetBlockTxn{Block: tip.Hash, Indexes: []int{1}})
		w.falls(p, time.Second, "a place beyond the block's end")
	})
}

// A payment has just been mined. Who was told of it before and asks now still gets it.
func TestATransactionOfTheNewestBlockIsStillGiven(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		pay := h.spent(h.purse(1))[0]
		p := h.attacker(1)
		if err := h.target.Swarm.SubmitTx(t.Context(), pay); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		h.mine(h.target, chaintest.With(pay))
		time.Sleep(time.Second)
		for _, iv := range []wire.InvVect{{Type: wire.InvTypeWitnessTx, Hash: pay.ID}, {Type: 5, Hash: pay.WID}, {Type: wire.InvTypeTx, Hash: pay.ID}} {
			_ = p.Say(&wire.MsgGetData{InvList: []*wire.InvVect{&iv}})
			got, err := p.Await("tx", time.Second)
			if err != nil {
				t.Fatalf("asked by type %d: %v", iv.Type, err)
			}
			if tx := got.(*msg.Tx); tx.ID != pay.ID || tx.HasWitness() != (iv.Type != wire.InvTypeTx) {
				t.Errorf("asked by type %d: another transaction", iv.Type)
			}
		}
		h.mine(h.target)
		time.Sleep(time.Second)
		_ = p.Say(hostile.GetData(wire.InvTypeWitnessTx, pay.ID))
		if _, err := p.Await("notfound", time.Second); err != nil {
			t.Errorf("one block later: %v", err)
		}
	})
}

// A pong says that all before the ping is dealt with: everybody's tests rely on it.
func TestAPongComesWhenAllBeforeItIsDealtWith(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		p := h.attacker(1)
		for round := range 3 {
			row := h.branch(h.tip(), 100)
			for _, m := range row {
				_ = p.Say(hostile.Headers(m.Node))
			}
			time.Sleep(time.Second) // what it is asked for is of no interest
			for _, m := range row {
				_ = p.Say(&msg.Block{Block: m.Block})
			}
			if err := ping(p, time.Minute); err != nil {
				t.Fatal(err)
			}
			if h.tip().Hash != row[99].Node.Hash {
				t.Fatalf("round %d: at the pong the tip is %d, %d blocks came before the ping", round, h.tip().Height, row[99].Node.Height)
			}
			pay := h.spent([]chaintest.Coin{h.coin(round)})[0]
			_ = p.Say(&msg.Tx{Tx: pay}, hostile.GetData(wire.InvTypeWitnessBlock, h.base[3].Node.Hash))
			if err := ping(p, time.Minute); err != nil {
				t.Fatal(err)
			}
			if _, known := h.target.Pool.Entry(pay.ID); !known {
				t.Errorf("round %d: at the pong the pool lacks the transaction", round)
			}
			if n := p.Heard("block"); n != round+1 {
				t.Errorf("round %d: %d blocks came before the pong", round, n)
			}
		}
	})
}
