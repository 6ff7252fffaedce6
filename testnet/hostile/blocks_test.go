package hostile_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/cmd/node"
	"grapevine/p2p"
	"grapevine/p2p/msg"
	"grapevine/p2p/swarm"
	"grapevine/testnet/hostile"
)

func TestT15_TipAnnouncedAndWithheld(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		for i := range 3 { // one liar, two, three
			h.attacker(i)
			most := blockMost + time.Duration(i)*2*time.Second // each may be believed once
			m := h.block(h.tip())
			for _, p := range h.attackers {
				p.Say(hostile.Headers(m.Node), hostile.Inv(wire.InvTypeBlock, m.Node.Hash))
			}
			time.Sleep(200 * time.Millisecond)
			if err := h.honest.Swarm.SubmitBlock(t.Context(), m.Block); err != nil {
				t.Fatal(err)
			}
			h.within(most, "the withheld tip came from the honest node", func() bool { return h.tip().Hash == m.Node.Hash })
		}
	})
}

// twin makes the changed copy of a block under the same header.
func twin(m chaintest.Mined, change func(*wire.MsgBlock)) *msg.Block {
	b := &wire.MsgBlock{Header: m.Block.Header}
	for _, tx := range m.Block.Txs {
		b.Transactions = append(b.Transactions, tx.MsgTx.Copy())
	}
	change(b)
	return &msg.Block{Block: chain.NewBlock(b)}
}

// purse makes n coins that can be spent at once.
func (h *harness) purse(n int) []chaintest.Coin {
	coin := h.coin(0)
	tx := chaintest.SpendWith(h.t, []chaintest.Coin{coin}, func(tx *wire.MsgTx) {
		for range n {
			tx.AddTxOut(chaintest.Pay(coin.Value/btcutil.Amount(n+1), h.key.P2WPKH()))
		}
	})
	h.mine(h.honest, chaintest.With(tx))
	h.within(blockMost, "the purse is everywhere", h.agreed)
	coins := make([]chaintest.Coin, n)
	for i := range coins {
		coins[i] = chaintest.OutputOf(tx, i, h.key)
	}
	return coins
}

// spent pays each of these coins back to its owner.
func (h *harness) spent(coins []chaintest.Coin) []*chain.Tx {
	txs := make([]*chain.Tx, len(coins))
	for i, c := range coins {
		txs[i] = chaintest.SpendOne(h.t, c, h.key.P2WPKH(), 1000)
	}
	return txs
}

// mutants are copies of one block whose body does not fit the header.
func mutants(m chaintest.Mined) map[string]*msg.Block {
	last := len(m.Block.Txs) - 1
	return map[string]*msg.Block{
		"last transaction twice": twin(m, func(b *wire.MsgBlock) { b.Transactions = append(b.Transactions, b.Transactions[last]) }),
		"no witness":             {Block: chain.NewBlock(stripped(m))},
		"another witness":        twin(m, func(b *wire.MsgBlock) { b.Transactions[last].TxIn[0].Witness[0][9] ^= 1 }),
		"a transaction less":     twin(m, func(b *wire.MsgBlock) { b.Transactions = b.Transactions[:last] }),
	}
}

func stripped(m chaintest.Mined) *wire.MsgBlock {
	return twin(m, func(b *wire.MsgBlock) {
		for _, tx := range b.Transactions {
			for _, in := range tx.TxIn {
				in.Witness = nil
			}
		}
	}).MsgBlock()
}

func TestT17_MutatedBlocks(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		// Two payments: with the coinbase three transactions, of which the last
		// may be repeated without changing the merkle root.
		pays := h.spent(h.purse(2))
		m := h.block(h.tip(), chaintest.With(pays...))
		i := 0
		for what, b := range mutants(m) {
			i++
			p := h.attacker(i)
			p.Say(hostile.Headers(m.Node), b)
			h.falls(p, 2*time.Second, what)
			if h.target.Ledger.HaveBody(m.Node.Hash) {
				t.Fatalf("%s: the body was stored", what)
			}
		}
		if err := h.honest.Swarm.SubmitBlock(t.Context(), m.Block); err != nil {
			t.Fatal(err)
		}
		h.within(blockMost, "the honest copy is taken", func() bool { return h.tip().Hash == m.Node.Hash })
	})
}

// While an honest peer is sending a block, copies that do not fit its header
// come from everywhere; the honest one is taken, and its sender kept.
func TestT18_MutatedCopiesWhileTheHonestOneTravels(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		pays := h.spent(h.purse(2))
		m := h.block(h.tip(), chaintest.With(pays...), bulky(400_000))
		h.net.Host(honestIP).SetUpload(200_000)
		if err := h.honest.Swarm.SubmitBlock(t.Context(), m.Block); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
		i := 0
		for _, b := range mutants(m) {
			i++
			p := h.attacker(i)
			p.Say(hostile.Headers(m.Node), b)
		}
		for _, p := range h.attackers {
			h.falls(p, time.Second, "who sends a mutated copy")
		}
		h.within(blockMost, "the honest copy is taken", func() bool { return h.tip().Hash == m.Node.Hash })
		if n := h.honestServed(m); n != 1 {
			t.Errorf("the honest node had to send the block %d times", n)
		}
		h.net.Host(honestIP).SetUpload(0)
		if !slices.ContainsFunc(h.honest.Swarm.Peers(), func(p p2p.PeerInfo) bool { return p.Addr == h.target.addr }) {
			t.Error("the honest sender was dropped")
		}
	})
}

// honestServed is how often the honest node has sent this big block to the target.
func (h *harness) honestServed(m chaintest.Mined) int {
	sent := uint64(0)
	for _, p := range h.honest.Swarm.Peers() {
		if p.Addr == h.target.addr {
			sent = p.BytesSent
		}
	}
	return int(sent) / len(m.Block.Raw)
}

func TestT19_CompactBlocksThatAreNone(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		for i, row := range []struct {
			what         string
			whole, parts int // how often the attacker is asked for them
			make         func(m chaintest.Mined) []byte
		}{
			{"no transactions", 1, 0, func(m chaintest.Mined) []byte { return compact(m, []byte{0, 0}) }},
			{"65,536 short ids", 0, 0, func(m chaintest.Mined) []byte {
				return compact(m, append(append([]byte{0xfe, 0, 0, 1, 0}, make([]byte, 65536*6)...), 0))
			}},
			{"an index beyond 65,535", 0, 0, func(m chaintest.Mined) []byte {
				return compact(m, append([]byte{0, 2, 0}, append(raw(m), append([]byte{0xfd, 0xff, 0xff}, raw(m)...)...)...))
			}},
			{"an index beyond the block", 0, 0, func(m chaintest.Mined) []byte {
				return compact(m, append([]byte{0, 1, 9}, raw(m)...))
			}},
			{"short ids that collide", 1, 0, func(m chaintest.Mined) []byte {
				return compact(m, append(append([]byte{3}, make([]byte, 18)...), append([]byte{1, 0}, raw(m)...)...))
			}},
			{"a coinbase without inputs", 0, 0, func(m chaintest.Mined) []byte {
				return compact(m, append([]byte{1, 1, 2, 3, 4, 5, 6, 1, 0}, make([]byte, 10)...))
			}},
			{"no coinbase at all", 0, 1, func(m chaintest.Mined) []byte {
				return compact(m, []byte{2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0})
			}},
			{"cut off", 0, 0, func(m chaintest.Mined) []byte { return compact(m, []byte{0xfd})[:85] }},
			{"transactions of another block", 1, 0, func(m chaintest.Mined) []byte {
				return compact(m, append([]byte{0, 1, 0}, raw(h.base[3])...))
			}},
		} {
			p := h.attacker(i, &msg.SendCmpct{Announce: true, Version: 2})
			m := h.block(h.tip())
			p.Raw(msg.CmdCmpctBlock, row.make(m))
			time.Sleep(100 * time.Millisecond)
			if whole, parts := p.Heard("getdata"), p.Heard(msg.CmdGetBlockTxn); whole != row.whole || parts != row.parts {
				t.Errorf("%s: the whole was asked for %d times, parts %d times", row.what, whole, parts)
			}
			if h.target.Ledger.HaveBody(m.Node.Hash) {
				t.Errorf("%s: a body was stored", row.what)
			}
			if err := h.honest.Swarm.SubmitBlock(t.Context(), m.Block); err != nil {
				t.Fatal(err)
			}
			h.within(blockMost, row.what+": the block came whole from the honest node", func() bool {
				return h.tip().Hash == m.Node.Hash
			})
		}
	})
}

// compact is a cmpctblock of m's header, a nonce, and what follows.
func compact(m chaintest.Mined, rest []byte) []byte {
	return append(append(m.Block.Raw[:80:80], make([]byte, 8)...), rest...)
}

// raw is the block's coinbase as it travels.
func raw(m chaintest.Mined) []byte { return m.Block.Txs[0].Raw() }

func TestT20_BlockTxnsThatAreNoAnswer(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		coins := h.purse(42)
		three := func(i int) []*chain.Tx { return h.spent(coins[3*i : 3*i+3]) }
		for i, row := range []struct {
			what string
			say  func(m chaintest.Mined) []wire.Message
		}{
			{"never asked for", func(m chaintest.Mined) []wire.Message {
				return []wire.Message{&msg.BlockTxn{Block: h.base[7].Node.Hash, Txs: m.Block.Txs}}
			}},
			{"of an unknown block", func(m chaintest.Mined) []wire.Message {
				return []wire.Message{&msg.BlockTxn{Block: randomHash(1), Txs: m.Block.Txs}}
			}},
			{"wrong transactions", func(m chaintest.Mined) []wire.Message {
				return []wire.Message{short(m), &msg.BlockTxn{Block: m.Node.Hash, Txs: three(11)}}
			}},
			{"too few", func(m chaintest.Mined) []wire.Message {
				return []wire.Message{short(m), &msg.BlockTxn{Block: m.Node.Hash, Txs: m.Block.Txs[1:2]}}
			}},
			{"too many", func(m chaintest.Mined) []wire.Message {
				return []wire.Message{short(m), &msg.BlockTxn{Block: m.Node.Hash, Txs: append(m.Block.Txs[1:], m.Block.Txs...)}}
			}},
			{"none", func(m chaintest.Mined) []wire.Message {
				return []wire.Message{short(m), &msg.BlockTxn{Block: m.Node.Hash}}
			}},
			{"in another order", func(m chaintest.Mined) []wire.Message {
				return []wire.Message{short(m), &msg.BlockTxn{Block: m.Node.Hash, Txs: []*chain.Tx{m.Block.Txs[3], m.Block.Txs[2], m.Block.Txs[1]}}}
			}},
			{"never", func(m chaintest.Mined) []wire.Message { return []wire.Message{short(m)} }},
		} {
			m := h.block(h.tip(), chaintest.With(three(i)...))
			p := h.attacker(i, &msg.SendCmpct{Announce: true, Version: 2})
			p.Say(row.say(m)...)
			time.Sleep(200 * time.Millisecond)
			if err := h.honest.Swarm.SubmitBlock(t.Context(), m.Block); err != nil {
				t.Fatal(err)
			}
			h.within(blockMost, row.what+": the honest copy is taken", func() bool { return h.tip().Hash == m.Node.Hash })
		}
		m := h.block(h.tip(), chaintest.With(three(12)...))
		p := h.attacker(50, &msg.SendCmpct{Announce: true, Version: 2})
		full := &msg.BlockTxn{Block: m.Node.Hash, Txs: m.Block.Txs[1:]}
		p.Say(short(m), full, full, full)
		if err := h.honest.Swarm.SubmitBlock(t.Context(), m.Block); err != nil {
			t.Fatal(err)
		}
		h.within(blockMost, "twice the same: the block is taken", func() bool { return h.tip().Hash == m.Node.Hash })
	})
}

// short is the compact block that carries nothing but the coinbase.
func short(m chaintest.Mined) *msg.CmpctBlock { return msg.Compact(m.Block, 7, []int{0}) }

// An attacker is first with three blocks in a row, whole and at once, so that it
// becomes a favourite; then it announces the next one and says no more.
func TestT21_FavouriteThatStalls(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		p := h.attacker(1, &msg.SendCmpct{Version: 2})
		for range 3 {
			m := h.block(h.tip())
			serve(p, m)
			p.Say(hostile.Headers(m.Node))
			h.within(blockMost, "the attacker's good block is taken", func() bool { return h.tip().Hash == m.Node.Hash })
			h.within(blockMost, "and passed on", h.agreed)
		}
		coins := h.purse(3)
		p.Answer(func(*hostile.Peer, wire.Message) {})
		for i := range 3 {
			m := h.block(h.tip(), chaintest.With(h.spent(coins[i:i+1])...))
			p.Say(short(m))
			time.Sleep(20 * time.Millisecond)
			if err := h.honest.Swarm.SubmitBlock(t.Context(), m.Block); err != nil {
				t.Fatal(err)
			}
			h.within(blockMost, "the block came from the honest node", func() bool { return h.tip().Hash == m.Node.Hash })
		}
	}, chooses)
}

// Four who came to us are first with three blocks each: one of the three who may
// push to us remains a peer that we have dialled ourselves.
func TestT21_FavouritesOfOurOwnChoice(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		l, err := h.net.Host("8.60.1.1").Listen(t.Context(), netip.MustParseAddrPort("8.60.1.1:18444"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		met := make(chan *hostile.Peer, 1)
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p := hostile.New(conn, h.params.Net)
			p.Answer(func(p *hostile.Peer, m wire.Message) {
				if m.Command() == wire.CmdVersion {
					p.Say(hostile.Version(), &wire.MsgVerAck{}, &msg.SendCmpct{Version: 2})
				}
			})
			p.Listen()
			met <- p
		}()
		if err := h.target.Swarm.Open(t.Context(), swarm.Opening{To: "8.60.1.1:18444", Kind: p2p.Manual}); err != nil {
			t.Fatal(err)
		}
		h.within(time.Minute, "the peer of our choice has greeted", func() bool {
			return slices.ContainsFunc(h.target.Swarm.Peers(), func(p p2p.PeerInfo) bool { return p.Addr == "8.60.1.1:18444" })
		})
		chosen := <-met
		h.attackers = append(h.attackers, chosen)
		var pushers []*hostile.Peer
		for i := range 4 {
			p := h.attacker(i, &msg.SendCmpct{Version: 2})
			pushers = append(pushers, p)
			for range 3 {
				m := h.block(h.tip())
				serve(p, m)
				p.Say(hostile.Headers(m.Node))
				h.within(blockMost, "the attacker's good block is taken", func() bool { return h.tip().Hash == m.Node.Hash })
			}
		}
		time.Sleep(time.Second)
		favoured := 0
		for _, p := range pushers {
			if mayPush(p) {
				favoured++
			}
		}
		if favoured != 2 {
			t.Errorf("%d of four who came to us may push, two are to", favoured)
		}
		if !mayPush(chosen) {
			t.Error("nobody whom the node has dialled itself may push")
		}
	}, func(c *node.Config) { c.PlainTransport = true })
}

// mayPush says what the node last told a peer: to push new blocks, or not.
func mayPush(p *hostile.Peer) (may bool) {
	for {
		m, err := p.Await(msg.CmdSendCmpct, time.Millisecond)
		if err != nil {
			return may
		}
		may = m.(*msg.SendCmpct).Announce
	}
}

func TestT22_RequestsThatCostMuch(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		depth := 30
		if full() {
			depth = 1000
		}
		for _, m := range h.branch(h.tip(), depth) {
			if err := h.target.Swarm.SubmitBlock(t.Context(), m.Block); err != nil {
				t.Fatal(err)
			}
		}
		h.within(time.Minute, "the honest node follows", h.agreed)
		many := make([]int, 65535)
		for i := range many {
			many[i] = i
		}
		deep := h.base[len(h.base)-1].Node // depth blocks below the tip
		p := h.attacker(1, &msg.SendCmpct{Version: 2})
		for i := range 200 {
			p.Say(&msg.GetBlockTxn{Block: h.base[i%baseBlocks].Node.Hash, Indexes: []int{0}})
			if i%50 == 0 {
				p.Say(&msg.GetBlockTxn{Block: deep.Hash, Indexes: many})
			}
		}
		h.stays(p, "transactions of deep blocks")
		// Who asks for much is sent as much: whole blocks, and each once for each time.
		if b, x := p.Heard("block"), p.Heard(msg.CmdBlockTxn); b > 204 || x != 0 {
			t.Errorf("asked 204 times for transactions of deep blocks the node sent %d blocks and %d blocktxn", b, x)
		}
		q := h.attacker(2)
		q.Say(&msg.GetBlockTxn{Block: randomHash(1), Indexes: []int{0}})
		h.stays(q, "transactions of an unknown block")
		q.Say(&msg.GetBlockTxn{Block: h.tip().Hash, Indexes: many})
		h.falls(q, time.Second, "65,535 transactions of a block that has one")
		r := h.attacker(3)
		unknown := randomHash(2)
		r.Say(
			&wire.MsgGetHeaders{HashStop: unknown}, &wire.MsgGetBlocks{HashStop: unknown},
		)
		h.stays(r, "what is asked of the unknown")
		h.served()
	})
}
