package testnet_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p/msg"
)

func TestSiegeT1_AnnouncedLengths(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		for i := range 100 {
			h := frame("block", nil)
			binary.LittleEndian.PutUint32(h[16:], []uint32{0xffffffff, 32 << 20, 3_900_000}[i%3])
			s.visit().deaf().raw(h)
		}
		time.Sleep(time.Second)
	})
}

func TestSiegeT1_HalfBlocksOfManyPeers(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		b := frame("block", make([]byte, 3_900_000))
		for range 20 + 60/slower {
			s.visit().deaf().raw(b[:len(b)-1])
		}
	})
}

func TestSiegeT2_MalformedMessages(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		wrong := frame("ping", make([]byte, 8))
		wrong[0] ^= 1
		for what, b := range map[string][]byte{
			"a wrong magic":      wrong,
			"a bad checksum":     append(frame("ping", make([]byte, 8))[:24], 1, 2, 3, 4, 5, 6, 7, 8),
			"trailing bytes":     frame("ping", make([]byte, 9)),
			"a non-minimal size": frame("inv", append([]byte{0xfd, 1, 0}, make([]byte, 36)...)),
			"a count of 2^64-1":  frame("inv", append([]byte{0xff, 255, 255, 255, 255, 255, 255, 255, 255}, make([]byte, 108)...)),
			"half a transaction": frame("tx", []byte{1, 0, 0, 0, 1}),
			"half a block":       frame("block", make([]byte, 80)),
		} {
			x := s.visit()
			x.raw(b)
			x.dropped(what)
		}
		if x := s.visit(); !x.raw(frame("whatever", make([]byte, 1000))) || !x.say(&wire.MsgPing{Nonce: 1}) {
			t.Error("an unknown message ended the connection")
		} else if _, ok := x.await("pong"); !ok {
			t.Error("an unknown message ended the connection")
		}
	})
}

func randomInv(r *rand.Rand, n int, types ...wire.InvType) []*wire.InvVect {
	list := make([]*wire.InvVect, n)
	for i := range list {
		list[i] = &wire.InvVect{Type: types[i%len(types)]}
		for j := 0; j < 32; j += 8 {
			binary.LittleEndian.PutUint64(list[i].Hash[j:], r.Uint64())
		}
	}
	return list
}

func TestSiegeT3_InvFlood(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		x := s.visit().deaf()
		r := rand.New(rand.NewPCG(1, 1))
		for range 1 + 20/slower {
			if !x.say(&wire.MsgInv{InvList: randomInv(r, 50_000, wire.InvTypeTx, wire.InvTypeBlock, 5)}) {
				break
			}
		}
		time.Sleep(time.Second)
	})
}

func TestSiegeT4_GetdataOfEverythingByOneWhoDoesNotRead(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		r := rand.New(rand.NewPCG(2, 2))
		tip := s.nodes[0].Ledger.Tip().Hash
		for range 1 + 10/slower {
			x := s.visit()
			list := randomInv(r, 50_000, wire.InvTypeTx, wire.InvTypeBlock, wire.InvTypeWitnessBlock, 77, 0)
			for i := range list {
				if i%10 == 0 {
					list[i] = &wire.InvVect{Type: wire.InvTypeWitnessBlock, Hash: tip}
				}
			}
			for range 10 {
				if !x.say(&wire.MsgGetData{InvList: list}) {
					break
				}
			}
		}
	})
}

func TestSiegeT6_WhoAsksForHeadersAndBlocksAndReadsNothing(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		tip := s.nodes[0].Ledger.Tip()
		ask := &wire.MsgGetHeaders{ProtocolVersion: 70016}
		for range 1 + 20/slower {
			x := s.visit()
			for range 2000 {
				inv := &wire.MsgGetData{}
				inv.AddInvVect(wire.NewInvVect(wire.InvTypeWitnessBlock, &tip.Hash))
				if !x.say(ask, inv, &wire.MsgGetAddr{}, &wire.MsgMemPool{}) {
					break
				}
			}
		}
		time.Sleep(2 * time.Minute)
	})
}

func TestSiegeT7_DrippedBytes(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		for i := range 20 {
			var x *stranger
			b := frame("version", make([]byte, 100))
			if i%2 == 0 {
				x = s.dial()
			} else {
				x, b = s.visit(), frame("inv", make([]byte, 4000))
			}
			go func() {
				for _, c := range b {
					if !x.raw([]byte{c}) {
						x.Close()
						return
					}
					time.Sleep(time.Second)
				}
			}()
		}
		time.Sleep(150 * time.Second)
		if n := s.net.Connections(); n != 1 {
			t.Errorf("%d connections left, the honest one should be alone", n)
		}
	})
}

func TestSiegeT8_T43_StrangeGreetings(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		old, last := hello(), hello()
		old.ProtocolVersion, last.ProtocolVersion = 0, -2147483648
		for what, ms := range map[string][]wire.Message{
			"a block before version":   {&msg.Block{Block: s.on().Block}},
			"verack before version":    {&wire.MsgVerAck{}},
			"two versions":             {hello(), hello()},
			"protocol version 0":       {old},
			"protocol version -2^31":   {last},
			"headers before verack":    {hello(), &wire.MsgHeaders{}},
			"a version after the rest": {hello(), &wire.MsgVerAck{}, hello()},
		} {
			x := s.dial()
			x.say(ms...)
			x.dropped(what)
		}
		for _, skew := range []time.Duration{70 * 365 * 24 * time.Hour, -70 * 365 * 24 * time.Hour, 2 * time.Hour} {
			x := s.dial()
			v := hello()
			v.Timestamp = v.Timestamp.Add(skew)
			x.say(v, &wire.MsgVerAck{}, &wire.MsgPing{Nonce: 3})
			if _, ok := x.await("pong"); !ok {
				t.Errorf("a clock off by %v was not borne", skew)
			}
		}
		s.dial().say(hello()) // and never verack
	})
}

func TestSiegeT10_T12_HeadersThatLeadNowhere(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		x := s.visit().deaf()
		for range 1000 / slower {
			h := chaintest.Mine(t, chain.RegTest(), s.nodes[0].Ledger.Tip()).Block.Header
			h.PrevBlock[0] ^= 0x55
			chaintest.Solve(t, chain.RegTest(), &h)
			if !x.say(&wire.MsgHeaders{Headers: []*wire.BlockHeader{&h}}) {
				break
			}
		}
		many := make([]byte, 3+2001*81)
		many[0], many[1], many[2] = 0xfd, 0xd1, 0x07
		y := s.visit()
		y.raw(frame("headers", many))
		y.dropped("2001 headers")
		z := s.visit()
		z.raw(frame("getheaders", append([]byte{0, 0, 0, 0, 102}, make([]byte, 103*32)...)))
		z.dropped("a locator of 102")
		w := s.visit()
		unknown := chain.Hash{7}
		w.say(&wire.MsgGetHeaders{ProtocolVersion: 70016, BlockLocatorHashes: []*chain.Hash{&unknown}})
		if m, ok := w.await("headers"); !ok || len(m.(*wire.MsgHeaders).Headers) == 0 {
			t.Error("an unknown locator was not answered from genesis")
		}
	})
}

func TestSiegeT14_BlocksNobodyAskedFor(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		tip := s.nodes[0].Ledger.Tip()
		x := s.visit().deaf()
		p := chain.RegTest()
		side := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(2), chaintest.Extra(5))
		far := chaintest.Grow(t, p, tip, chaintest.Times(20), chaintest.Extra(6))
		for range 50 {
			x.say(&msg.Block{Block: side[1].Block}, &msg.Block{Block: far[19].Block}, &msg.Block{Block: far[10].Block})
		}
		time.Sleep(time.Second)
		for _, m := range []chaintest.Mined{side[1], far[19], far[10]} {
			if s.nodes[0].Ledger.HaveBody(m.Block.Hash) {
				t.Errorf("block %d was stored", m.Node.Height)
			}
		}
	})
}

// duplicateTail repeats the last transaction, which leaves the merkle root as
// it is when their number was odd (CVE-2012-2459).
func duplicateTail(b *chain.Block) *chain.Block {
	m := b.MsgBlock()
	m.Transactions = append(m.Transactions, m.Transactions[len(m.Transactions)-1])
	return chain.NewBlock(m)
}

func TestSiegeT17_T18_MutatedCopiesDoNotPoisonABlock(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		m := s.on(chaintest.Tamper(chaintest.Commit))
		stripped, err := chain.DecodeBlock(m.Block.StripWitness())
		if err != nil {
			t.Fatal(err)
		}
		for what, bad := range map[string]*chain.Block{"duplicate tail": duplicateTail(m.Block), "no witness": stripped} {
			x := s.visit()
			x.say(&wire.MsgHeaders{Headers: []*wire.BlockHeader{&m.Block.Header}})
			if _, ok := x.await("getdata"); !ok {
				t.Fatalf("%s: the block was not asked for", what)
			}
			x.say(&msg.Block{Block: bad})
			x.dropped(what)
		}
		x := s.visit()
		x.say(&wire.MsgHeaders{Headers: []*wire.BlockHeader{&m.Block.Header}})
		if _, ok := x.await("getdata"); !ok {
			t.Fatal("the block was not asked for again")
		}
		x.say(&msg.Block{Block: m.Block})
		s.expectTip(m.Block, "the honest copy is the tip")
	})
}

func TestSiegeT15_T47_TheTipIsAnnouncedAndWithheld(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		m := s.on()
		announce := &wire.MsgHeaders{Headers: []*wire.BlockHeader{&m.Block.Header}}
		liar, honest := s.visit(), s.visit()
		liar.say(announce)
		if _, ok := liar.await("getdata"); !ok {
			t.Fatal("the block was not asked for")
		}
		honest.say(announce)
		begun := time.Now()
		if _, ok := honest.await("getdata"); !ok || time.Since(begun) > 5*time.Second {
			t.Fatalf("asked elsewhere after %v", time.Since(begun))
		}
		honest.say(&msg.Block{Block: m.Block})
		s.expectTip(m.Block, "the withheld block")
	})
}

func TestSiegeT38_T42_AddressesAndGetaddr(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		r := rand.New(rand.NewPCG(3, 3))
		for range 1 + 5/slower {
			x := s.visit().deaf()
			for range 100 {
				m := &wire.MsgAddr{}
				for range 1000 {
					ip := []byte{10, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}
					m.AddrList = append(m.AddrList, wire.NewNetAddressTimestamp(time.Now(), 9, ip, uint16(r.Uint32())|1))
				}
				if !x.say(m, &wire.MsgGetAddr{}) {
					break
				}
			}
		}
		over := s.visit()
		over.raw(frame("addr", append([]byte{0xfd, 0xe9, 0x03}, make([]byte, 1001*30)...)))
		over.dropped("1001 addresses")
	})
}

func TestSiegeT40_SlotsFullOfIdleAttackers(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		for i := range 600 {
			x := s.dial()
			if i%2 == 0 {
				x.say(hello(), &wire.MsgVerAck{})
			}
			x.deaf()
			time.Sleep(time.Millisecond)
		}
		if n := len(s.nodes[0].Swarm.Peers()); n > 125 {
			t.Errorf("%d peers", n)
		}
	})
}

func TestSiegeT45_PingsPongsAndFees(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		for range 1 + 5/slower {
			x := s.visit().deaf()
			for i := range int64(5000 / slower) {
				if !x.say(&wire.MsgPing{Nonce: uint64(i % 3)}, &wire.MsgPong{Nonce: 7}, &wire.MsgFeeFilter{MinFee: i}, &msg.SendCmpct{Version: 2}, &wire.MsgSendHeaders{}) {
					t.Fatal("dropped for it")
				}
			}
		}
	})
}

func TestSiegeT46_Churn(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		m := s.on()
		for i := range 1000 / slower {
			x := s.dial()
			switch i % 4 {
			case 1:
				x.say(hello())
			case 2:
				x.say(hello(), &wire.MsgVerAck{}, &wire.MsgHeaders{Headers: []*wire.BlockHeader{&m.Block.Header}})
			case 3:
				x.say(hello(), &wire.MsgVerAck{}, &wire.MsgHeaders{Headers: []*wire.BlockHeader{&m.Block.Header}})
				x.raw(frame("block", m.Block.Raw)[:60])
			}
			x.Close()
		}
		time.Sleep(leaveBound)
		if st := s.nodes[0].Swarm.Status(); st.Peers != 1 {
			t.Errorf("gossip has %d peers", st.Peers)
		}
	})
}

func TestSiegeT5_PassivePeersWhileManyTransactionsCome(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		s.town.mine(0, 110) // to its wallet
		for range 1 + 100/slower {
			s.visit() // and never reads again
		}
		done := 0
		for range 1 + 40/slower {
			s.pay(0, 1, 100_000)
			done++
		}
		s.within(10*time.Second, "all payments are at the honest peer", func() bool {
			return len(s.nodes[1].Pool.TxIDs()) == done
		})
	})
}

func TestSiegeT37_DoubleSpendsEndWithOneWinner(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		key := chaintest.NewKey(1)
		ctx := t.Context()
		made, err := s.nodes[0].Miner.Generate(ctx, 1, key.P2WPKH(), 0)
		if err != nil {
			t.Fatal(err)
		}
		s.mine(0, 100)
		s.within(time.Minute, "one tip", s.agreed())
		b, err := s.nodes[0].Ledger.Block(made[0])
		if err != nil {
			t.Fatal(err)
		}
		coin := chaintest.OutputOf(b.Txs[0], 0, key)
		one := chaintest.SpendOne(t, coin, chaintest.NewKey(2).P2WPKH(), 10_000)
		two := chaintest.SpendOne(t, coin, chaintest.NewKey(3).P2WPKH(), 10_000)
		s.net.Partition([]string{ip(0)}, []string{ip(1)})
		if err := s.nodes[0].Swarm.SubmitTx(ctx, one); err != nil {
			t.Fatal(err)
		}
		if err := s.nodes[1].Swarm.SubmitTx(ctx, two); err != nil {
			t.Fatal(err)
		}
		s.net.Heal()
		time.Sleep(5 * time.Second)
		s.mine(1, 1)
		s.within(blockBound, "one tip", s.agreed())
		for i, n := range s.nodes {
			if _, there := n.Pool.Entry(one.ID); there {
				t.Errorf("node %d still has the loser in its pool", i)
			}
			if _, _, won, _ := n.Ledger.FindTx(two.ID); !won {
				t.Errorf("node %d does not have the winner in its chain", i)
			}
		}
	})
}
