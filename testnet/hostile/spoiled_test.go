package hostile_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/cmd/node"
	"grapevine/p2p/msg"
	"grapevine/testnet/hostile"
)

// inLine runs n nodes, each of which is connected to the one before and the one
// after it only.
func inLine(t *testing.T, n int, params *chain.Params, story func(t *testing.T, w *network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, params, n)
		for i := range n {
			before := "8.200.1.1:18444" // nobody lives there
			if i > 0 {
				before = live(i-1) + ":18444"
			}
			w.all[i] = w.open(live(i), func(c *node.Config) { c.DataDir, c.Connect = w.dirs[i], []string{before} })
		}
		w.play(story)
	})
}

// spoil is a copy of a block whose coinbase has another witness of so many bytes:
// the header does not commit to it, and its transactions' ids are the same.
func spoil(m chaintest.Mined, size int) *msg.Block {
	return twin(m, func(b *wire.MsgBlock) { b.Transactions[0].TxIn[0].Witness = wire.TxWitness{make([]byte, size)} })
}

// spoiledBy are the ways to send such copies.
var spoiledBy = []struct {
	what string
	make func(m chaintest.Mined) wire.Message
}{
	{"short form, 245 B", func(m chaintest.Mined) wire.Message { return msg.Compact(spoil(m, 245).Block, 7, []int{0}) }},
	{"whole, 245 B", func(m chaintest.Mined) wire.Message { return spoil(m, 245) }},
	{"short form, 3.9 MB", func(m chaintest.Mined) wire.Message { return msg.Compact(spoil(m, 3_900_000).Block, 7, []int{0}) }},
	{"whole, 3.9 MB", func(m chaintest.Mined) wire.Message { return spoil(m, 3_900_000) }},
	{"whole, other transactions", func(m chaintest.Mined) wire.Message {
		return twin(m, func(b *wire.MsgBlock) { b.Transactions[1].TxOut[0].Value-- })
	}},
}

// spoiler sends copies to every node, each time from new addresses.
type spoiler struct {
	*network
	used int
	coin chaintest.Coin
}

func (s *spoiler) senders() (ps []*hostile.Peer) {
	s.everybodyLeaves()
	for _, r := range s.all {
		s.target = r
		ps = append(ps, s.attacker(s.used, &msg.SendCmpct{Announce: true, Version: 2}))
		s.used++
	}
	s.target = s.all[0]
	time.Sleep(200 * time.Millisecond)
	return ps
}

// next makes a block with a payment that all pools have, and another that none has.
func (s *spoiler) next() chaintest.Mined {
	s.t.Helper()
	known := chaintest.SpendOne(s.t, s.coin, s.key.P2WPKH(), 1000)
	if err := s.all[0].Swarm.SubmitTx(s.t.Context(), known); err != nil {
		s.t.Fatal(err)
	}
	s.within(blockMost, "all pools have the payment", func() bool {
		return !slices.ContainsFunc(s.all, func(r *runningNode) bool { _, ok := r.Pool.Entry(known.ID); return !ok })
	})
	s.coin = chaintest.OutputOf(known, 0, s.key)
	hidden := chaintest.SpendOne(s.t, s.coin, s.key.P2WPKH(), 1000)
	s.coin = chaintest.OutputOf(hidden, 0, s.key)
	return s.block(s.all[0].Ledger.Tip(), chaintest.With(known, hidden))
}

func (s *spoiler) submit(m chaintest.Mined) {
	if err := s.all[0].Swarm.SubmitBlock(s.t.Context(), m.Block); err != nil {
		s.t.Errorf("the good copy is refused: %v", err)
	}
}

func (s *spoiler) have(m chaintest.Mined) func() bool {
	return func() bool {
		return !slices.ContainsFunc(s.all, func(r *runningNode) bool { return r.Ledger.Tip().Hash != m.Node.Hash })
	}
}

// round gives one block to the network while attackers send copies of it.
func (s *spoiler) round(i int) {
	way := spoiledBy[i%len(spoiledBy)]
	ps, m := s.senders(), s.next()
	send := func() {
		for _, p := range ps {
			_ = p.Say(way.make(m)) // who is dropped in the middle of it has said enough
		}
	}
	switch when := i % 3; when {
	case 0:
		send()
		time.Sleep(300 * time.Millisecond)
		s.submit(m)
	case 1:
		go s.submit(m)
		send()
	case 2:
		s.submit(m)
		s.within(blockMost, "the good copy is everywhere", s.have(m))
		send()
		time.Sleep(time.Second)
	}
	s.within(blockMost, fmt.Sprintf("round %d (%s): the good copy is everywhere", i, way.what), s.have(m))
	s.serves(m)
}

// serves fails unless every node gives the good copy, and nothing else, in every form.
func (s *spoiler) serves(m chaintest.Mined) {
	s.t.Helper()
	for i, p := range s.senders() {
		s.within(blockMost, "the good copy is served", func() bool { // or has the node not done with its verdict
			p.Say(hostile.GetData(wire.InvTypeWitnessBlock, m.Node.Hash), &msg.GetBlockTxn{Block: m.Node.Hash, Indexes: []int{0}})
			got, err := p.Await("block", time.Second)
			return err == nil && bytes.Equal(got.(*msg.Block).Raw, m.Block.Raw)
		})
		if got, err := p.Await("blocktxn", time.Second); err != nil || got.(*msg.BlockTxn).Txs[0].WID != m.Block.Txs[0].WID {
			s.t.Errorf("node %d gives another coinbase: %v", i, err)
		}
	}
}

// honestPairs names who is connected to whom, and since when.
func (w *network) honestPairs() (pairs []string) {
	for _, r := range w.all {
		for _, p := range r.Swarm.Peers() {
			host, _, _ := net.SplitHostPort(fmt.Sprint(p.Addr))
			if slices.ContainsFunc(w.all, func(q *runningNode) bool { return strings.HasPrefix(q.addr, host+":") }) {
				pairs = append(pairs, fmt.Sprint(r.addr, " ", host, " since ", p.Connected.Unix()))
			}
		}
	}
	slices.Sort(pairs)
	return pairs
}

func spoilAll(t *testing.T, w *network) {
	time.Sleep(10 * time.Second)
	s := &spoiler{network: w, coin: w.coin(0)}
	before := w.honestPairs()
	if len(before) < len(w.all) {
		t.Fatalf("honest nodes are connected so: %v", before)
	}
	for i := range 20 {
		s.round(i)
	}
	s.everybodyLeaves()
	time.Sleep(time.Second)
	w.stillPaired(before)
}

// stillPaired fails if one of these connections has ended.
func (w *network) stillPaired(before []string) {
	w.t.Helper()
	after := w.honestPairs()
	for _, pair := range before {
		if !slices.Contains(after, pair) {
			w.t.Errorf("honest nodes dropped each other: %s is no longer there, but %v", pair, after)
		}
	}
}

func TestT61_SpoiledCopiesInALineOfThree(t *testing.T) {
	inLine(t, 3, chain.RegTest(), spoilAll)
}

func TestT61_SpoiledCopiesInAMeshOfFive(t *testing.T) { inNetwork(t, 5, spoilAll) }

// Before segwit is active a block with any witness is not its header's.
func TestT61_SpoiledCopiesBeforeSegwit(t *testing.T) {
	params := chain.RegTest()
	params.SegwitHeight = 1000
	inLine(t, 3, params, func(t *testing.T, w *network) {
		w.key = chaintest.NewKey(1)
		for i := range 6 {
			m := w.block(w.all[0].Ledger.Tip())
			s := &spoiler{network: w, used: 10 * i}
			for _, p := range s.senders() {
				_ = p.Say(spoiledBy[i%2].make(m))
			}
			time.Sleep(300 * time.Millisecond)
			s.submit(m)
			w.within(2*time.Second, "the good copy is everywhere", s.have(m))
			s.everybodyLeaves()
		}
	})
}

// The spoiled copies come first, and the good one three seconds later at one end.
func TestT62_TheGoodCopyComesLate(t *testing.T) {
	inLine(t, 3, chain.RegTest(), func(t *testing.T, w *network) {
		s := &spoiler{network: w, coin: w.coin(0)}
		for i, way := range spoiledBy {
			ps, m := s.senders(), s.next()
			for _, p := range ps {
				_ = p.Say(way.make(m))
				if i%2 == 0 { // who is asked for more says that it has it not
					p.Answer(func(p *hostile.Peer, heard wire.Message) {
						if gd, ok := heard.(*wire.MsgGetData); ok {
							_ = p.Say(&wire.MsgNotFound{InvList: gd.InvList})
						}
					})
				}
			}
			time.Sleep(3 * time.Second)
			s.submit(m)
			s.within(2*time.Second, way.what+": the good copy is at the other end", s.have(m))
		}
	})
}

// A block is submitted with a body that is not its header's: nothing of it is left,
// or who waits for as many blocks as headers waits for ever.
func TestASubmittedBodyOfAnotherBlockLeavesNoHeader(t *testing.T) {
	inLine(t, 1, chain.RegTest(), func(t *testing.T, w *network) {
		s := &spoiler{network: w, coin: w.coin(0)}
		m := s.next()
		for _, c := range []struct {
			rule chain.Rule
			edit func(*wire.MsgBlock)
		}{
			{chain.ErrBadMerkleRoot, func(b *wire.MsgBlock) { b.Transactions = b.Transactions[:2] }},
			{chain.ErrDuplicateTx, func(b *wire.MsgBlock) { b.Transactions = append(b.Transactions, b.Transactions[2]) }},
			{chain.ErrBadWitnessCommitment, func(b *wire.MsgBlock) { b.Transactions[1].TxIn[0].Witness[0][9] ^= 1 }},
			{chain.ErrBadWitnessNonce, func(b *wire.MsgBlock) { b.Transactions[0].TxIn[0].Witness = nil }},
		} {
			err := w.all[0].Swarm.SubmitBlock(t.Context(), twin(m, c.edit).Block)
			if !errors.Is(err, c.rule) {
				t.Errorf("answered %v, want %v", err, c.rule)
			}
			if best, st := w.all[0].Ledger.BestHeader(), w.all[0].Swarm.Status(); best != w.tip() || st.Headers != w.tip().Height {
				t.Errorf("%s: best header %d, %d told, tip %d", c.rule, best.Height, st.Headers, w.tip().Height)
			}
		}
		s.submit(m)
		s.within(time.Second, "the good copy is taken", s.have(m))
	})
}
