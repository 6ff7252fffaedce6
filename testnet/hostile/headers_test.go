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

func TestT9_HeadersOfLittleWork(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		// Far more work than 144 blocks has to be behind a chain that is worth
		// memory: our tip is 400 higher than where the attacker's branches begin.
		for _, m := range h.branch(h.tip(), 400) {
			if err := h.target.Swarm.SubmitBlock(h.t.Context(), m.Block); err != nil {
				t.Fatal(err)
			}
		}
		h.within(time.Minute, "the honest node follows", h.agreed)
		p := h.attacker(1)
		before := len(h.target.Ledger.Headers())
		for range 40 {
			p.Say(hostile.Headers(nodes(h.branch(h.params.Genesis(), 100))...))
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if n := len(h.target.Ledger.Headers()) - before; n != 0 {
			t.Errorf("%d headers of little work were stored", n)
		}
	})
}

// steep is a network whose difficulty rises by four every interval blocks when
// they come fast: a hundred blocks have more work than a million of the least.
func steep(interval int) *chain.Params {
	p := chain.RegTest()
	std := *p.Params
	std.PoWNoRetargeting, std.ReduceMinDifficulty = false, false
	std.TargetTimePerBlock = 4 * chaintest.BlockInterval
	std.TargetTimespan = time.Duration(interval) * std.TargetTimePerBlock
	p.Params = &std
	return p
}

// ladder endlessly makes headers of the least work on top of each other, a
// message full at a time.
func ladder(t *testing.T, p *chain.Params) func() *wire.MsgHeaders {
	last := chain.HeaderHash(&p.Genesis().Header)
	at := p.Genesis().Header.Timestamp
	return func() *wire.MsgHeaders {
		m := &wire.MsgHeaders{Headers: make([]*wire.BlockHeader, 2000)}
		for i := range m.Headers {
			at = at.Add(time.Minute)
			m.Headers[i] = &wire.BlockHeader{Version: 0x20000000, PrevBlock: last, Bits: p.PowLimitBits, Timestamp: at}
			chaintest.Solve(t, p, m.Headers[i])
			last = chain.HeaderHash(m.Headers[i])
		}
		return m
	}
}

// A node that knows how much work there must be keeps nothing of a long chain
// that has less, however long it is, and serves honest peers meanwhile.
func TestT9_LongChainBelowTheMinimumWork(t *testing.T) {
	n, interval := 10_000, 16
	if full() {
		n, interval = 1_000_000, 11
	}
	params := steep(interval)
	for range n + n/100 {
		params.MinimumChainWork = params.MinimumChainWork.Add(chain.WorkOf(params.PowLimitBits))
	}
	underAttackOn(t, params, func(t *testing.T, h *harness) {
		if h.tip().Work.Cmp(params.MinimumChainWork) < 0 {
			t.Fatal("the honest chain has too little work")
		}
		next, p := ladder(t, params), h.attacker(1)
		known, asked := len(h.target.Ledger.Headers()), 0
		before := measure(h.net)
		for range n / 2000 {
			p.Say(next())
			if _, err := p.Await("getheaders", 5*time.Second); err == nil {
				asked++
			}
		}
		if asked < n/2000 {
			t.Errorf("%d of %d messages made the node ask for more: it did not count their work", asked, n/2000)
		}
		if k := len(h.target.Ledger.Headers()); k != known {
			t.Errorf("%d headers of a chain without work are stored", k-known)
		}
		grown := measure(h.net).heap - before.heap
		t.Logf("%d headers made the heap grow by %d KiB", n, grown>>10)
		if grown > min(4<<20, 50*int64(n)) {
			t.Errorf("%d headers made the heap grow by %d KiB", n, grown>>10)
		}
		p.Say(&wire.MsgHeaders{})
		h.stays(p, "who has no more to say") // it may be syncing itself
		more := p.Heard("getheaders")
		p.Say(ladder(t, params)())
		time.Sleep(time.Second)
		if p.Heard("getheaders") != more {
			t.Error("a chain that was worth nothing is asked for again")
		}
	})
}

func TestT10_HeadersThatLeadNowhere(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		p := h.attacker(1)
		time.Sleep(time.Second)
		before, said := p.Heard("getheaders"), 0
		far := h.branch(h.base[50].Node, 3)[2:]
		for range 1000 {
			if p.Say(hostile.Headers(nodes(far)...)) != nil {
				break
			}
			said++
			time.Sleep(10 * time.Millisecond)
		}
		h.falls(p, time.Second, "headers without a parent")
		if said > 50 {
			t.Errorf("%d messages of headers without a parent were heard", said)
		}
		if n := p.Heard("getheaders") - before; n > 1 {
			t.Errorf("%d getheaders within seconds", n)
		}
		q := h.attacker(2)
		time.Sleep(time.Second)
		before = q.Heard("getheaders")
		for range 200 {
			q.Say(hostile.Headers(nodes(h.base)...))
			q.Say(hostile.Headers(nodes(h.base)[50:]...))
		}
		h.stays(q, "who repeats what we know")
		loop := nodes(h.base)[:3]
		r := h.attacker(3)
		r.Say(hostile.Headers(append(loop, loop...)...))
		h.falls(r, time.Second, "headers that begin again")
		if n := q.Heard("getheaders") - before; n > 2 {
			t.Errorf("%d getheaders for the same headers", n)
		}
	})
}

func TestT11_BadHeaders(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		next := func(edit func(*wire.BlockHeader)) *wire.MsgHeaders {
			hd := h.block(h.tip()).Node.Header
			edit(&hd)
			chaintest.Solve(t, h.params, &hd)
			return &wire.MsgHeaders{Headers: []*wire.BlockHeader{&hd}}
		}
		workless := next(func(*wire.BlockHeader) {})
		for chain.CheckWork(h.params, workless.Headers[0]) == nil {
			workless.Headers[0].Nonce++
		}
		for i, row := range []struct {
			what string
			say  *wire.MsgHeaders
		}{
			{"wrong bits", next(func(hd *wire.BlockHeader) { hd.Bits-- })},
			{"as old as the median", next(func(hd *wire.BlockHeader) { hd.Timestamp = time.Unix(h.tip().MedianTimePast(), 0) })},
			{"version 1", next(func(hd *wire.BlockHeader) { hd.Version = 1 })},
			{"no work", workless},
		} {
			before := len(h.target.Ledger.Headers())
			p := h.attacker(i)
			p.Say(row.say)
			h.falls(p, time.Second, row.what)
			if len(h.target.Ledger.Headers()) != before {
				t.Errorf("%s: the header was stored", row.what)
			}
		}
		m := h.block(h.tip(), chaintest.At(time.Now().Add(2*time.Hour+time.Minute).Truncate(time.Second)))
		p := h.attacker(50)
		serve(p, m)
		p.Say(hostile.Headers(m.Node))
		h.stays(p, "a header from the future")
		if _, _, ok := h.target.Ledger.Lookup(m.Node.Hash); ok {
			t.Error("a header from the future was stored")
		}
		time.Sleep(2 * time.Minute)
		p.Say(hostile.Headers(m.Node))
		h.within(blockMost, "the header from the future, when its time has come, is the tip", func() bool {
			return h.tip().Hash == m.Node.Hash
		})
	})
}

// serve answers getheaders by all of these headers, and getdata by the blocks.
func serve(p *hostile.Peer, ms ...chaintest.Mined) {
	p.Answer(func(p *hostile.Peer, m wire.Message) {
		switch m := m.(type) {
		case *wire.MsgPing:
			p.Say(wire.NewMsgPong(m.Nonce))
		case *wire.MsgGetHeaders:
			p.Say(hostile.Headers(nodes(ms)...))
		case *wire.MsgGetData:
			for _, iv := range m.InvList {
				for _, b := range ms {
					if b.Node.Hash == iv.Hash {
						p.Say(&msg.Block{Block: b.Block})
					}
				}
			}
		}
	})
}

func TestT12_TooManyHeadersAndHashes(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		p := h.attacker(1)
		climb := ladder(t, h.params)
		good, known := climb(), len(h.target.Ledger.Headers())
		_, payload, _ := msg.Encode(&wire.MsgHeaders{Headers: good.Headers})
		_, last, _ := msg.Encode(&wire.MsgHeaders{Headers: climb().Headers[:1]})
		p.Raw("headers", append(append([]byte{0xfd, 0xd1, 0x07}, payload[3:]...), last[1:]...))
		h.falls(p, time.Second, "2,001 good headers")
		if n := len(h.target.Ledger.Headers()) - known; n != 0 {
			t.Errorf("%d of 2,001 headers are stored", n)
		}
		locator := func(n int) *wire.MsgGetHeaders {
			m := &wire.MsgGetHeaders{ProtocolVersion: 70016}
			for i := range n {
				hash := randomHash(i)
				m.BlockLocatorHashes = append(m.BlockLocatorHashes, &hash)
			}
			return m
		}
		q := h.attacker(2)
		q.Say(locator(101))
		m, err := q.Await("headers", 2*time.Second)
		if hs, ok := m.(*wire.MsgHeaders); !ok || len(hs.Headers) != int(h.tip().Height) || hs.Headers[0].PrevBlock != h.params.Genesis().Hash {
			t.Errorf("a locator of unknown hashes is not answered from genesis: %T, %v", m, err)
		}
		_, payload, _ = msg.Encode(locator(101))
		hash := randomHash(101)
		payload[4] = 102
		payload = append(payload[:5], append(hash[:], payload[5:]...)...)
		q.Raw("getheaders", payload)
		h.falls(q, time.Second, "a locator of 102 hashes")
	})
}

func TestT13_ForksByTheThousand(t *testing.T) {
	forks := 1500
	if full() {
		forks = 10_000
	}
	underAttack(t, func(t *testing.T, h *harness) {
		for _, m := range h.branch(h.tip(), 100) {
			if err := h.target.Swarm.SubmitBlock(h.t.Context(), m.Block); err != nil {
				t.Fatal(err)
			}
		}
		h.within(time.Minute, "the honest node follows", h.agreed)
		tip, before := h.tip(), len(h.target.Ledger.Headers())
		p := h.attacker(1)
		for range forks { // of one block, at low depth
			p.Say(hostile.Headers(h.block(h.base[10].Node).Node))
		}
		time.Sleep(time.Second)
		if n := len(h.target.Ledger.Headers()) - before; n != 0 {
			t.Errorf("%d headers of forks near genesis are stored", n)
		}
		h.stays(p, "who knows many forks")
		for range forks { // and near the tip
			p.Say(hostile.Headers(h.block(h.base[len(h.base)-1].Node).Node))
		}
		rivals := []chaintest.Mined{h.block(tip.Parent), h.block(tip.Parent), h.block(tip.Parent)}
		q := h.attacker(2)
		serve(q, rivals...)
		q.Say(hostile.Headers(rivals[0].Node), hostile.Headers(rivals[1].Node), hostile.Headers(rivals[2].Node))
		for range 20 {
			time.Sleep(200 * time.Millisecond)
			if h.tip().Hash != tip.Hash {
				t.Fatal("the tip moves between blocks of equal work")
			}
		}
	})
}

func TestT14_BlocksNobodyAskedFor(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		ahead := h.branch(h.tip(), 400)
		low := h.block(h.base[5].Node)
		side := h.block(h.base[len(h.base)-3].Node)
		p := h.attacker(1)
		p.Say(&msg.Block{Block: ahead[399].Block}, &msg.Block{Block: low.Block}, &msg.Block{Block: side.Block})
		time.Sleep(2 * time.Second)
		for what, m := range map[string]chaintest.Mined{"far ahead": ahead[399], "of low work": low, "of an old side branch": side} {
			if h.target.Ledger.HaveBody(m.Node.Hash) {
				t.Errorf("a block %s that nobody asked for is stored", what)
			}
		}
	})
}

// A chain of much more work than ours is announced, and nobody has its bodies:
// while we wait for them, honest blocks and transactions must travel as ever.
func TestT14_LongChainWithheld(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		ahead := h.branch(h.tip(), 400)
		p := h.attacker(1)
		p.Say(hostile.Headers(nodes(ahead)...))
		q := h.attacker(2)
		time.Sleep(100 * time.Millisecond)
		q.Say(hostile.Headers(nodes(ahead)...), &msg.Block{Block: ahead[399].Block})
		time.Sleep(2 * time.Second)
		if h.target.Ledger.HaveBody(ahead[399].Node.Hash) {
			t.Error("a block far ahead that nobody asked for is stored")
		}
		time.Sleep(12 * time.Second)
	})
}
