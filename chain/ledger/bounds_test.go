package ledger

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/db"
)

// The writer's bounds, each at its limit and one beyond. What would come after a
// wrong answer is a race or a file that grows, and seldom a wrong coin, so they are
// asked of the writer itself.

// After a failure nothing is thrown away while a worker is still busy with it.
func TestAFailedPipelineIsDroppedWhenNoWorkerIsBusy(t *testing.T) {
	b := newByHand(t)
	row := chaintest.Grow(t, b.cfg.Params, b.cfg.Params.Genesis(), chaintest.Times(2))
	for i, m := range row {
		e := b.w.addHeader(m.Node)
		b.w.queue = append(b.w.queue, &slot{e: e, number: uint64(i + 1), stage: checking, block: m.Block})
		b.w.queued[e] = true
	}
	b.w.queue[0].stage, b.w.queue[0].err = checked, chain.Broken(chain.ErrCoinbaseAmount, "")
	b.w.running = 1 // the second one's scripts
	if _, err := b.w.commit(); err != nil || !b.w.failing {
		t.Fatalf("failing %v, %v", b.w.failing, err)
	}
	if moved, _ := b.w.drop(); moved || len(b.w.queue) != 2 || !b.w.failing {
		t.Fatal("the pipeline was dropped under a busy worker")
	}
	if moved, _ := b.w.obey(); moved {
		t.Error("a command was obeyed")
	}
	if moved, err := b.w.fill(); moved || err != nil {
		t.Error("something new was begun")
	}
	b.w.running = 0
	if moved, err := b.w.drop(); !moved || err != nil || len(b.w.queue) != 0 || b.w.failing {
		t.Errorf("not dropped when all have ended: %v, %v", moved, err)
	}
	if _, st, _ := b.Lookup(row[0].Node.Hash); st&Invalid == 0 {
		t.Error("the bad block is not marked")
	}
}

// A command waits until the pipeline is empty and no worker is busy.
func TestACommandWaitsForThePipeline(t *testing.T) {
	b := newByHand(t)
	m := chaintest.Mine(t, b.cfg.Params, b.cfg.Params.Genesis())
	e := b.w.addHeader(m.Node)
	c := &command{hash: m.Node.Hash, invalid: true, reply: make(chan reply, 1)}
	b.w.commands = append(b.w.commands, c)
	b.w.queue = []*slot{{e: e, stage: loading}}
	if moved, _ := b.w.obey(); moved {
		t.Error("obeyed with a block in the pipeline")
	}
	b.w.queue, b.w.running = nil, 1
	if moved, _ := b.w.obey(); moved {
		t.Error("obeyed while a worker is busy")
	}
	b.w.running = 0
	if moved, _ := b.w.obey(); !moved || !e.bad() {
		t.Error("not obeyed")
	}
}

// While a flush is under way and the next one is due, no block is given its coins:
// else memory grows as fast as the disk is slow.
func TestThePipelineWaitsForAFlushWhenTheNextIsDue(t *testing.T) {
	b := newByHand(t)
	row := chaintest.Grow(t, b.cfg.Params, b.cfg.Params.Genesis(), chaintest.Times(2))
	if err := b.Submit(row[0]); err != nil {
		t.Fatal(err)
	}
	m := row[1]
	e := b.w.addHeader(m.Node)
	b.w.queue = []*slot{{e: e, number: 99, stage: loaded, block: m.Block}}
	spends := func(blocks int) bool {
		t.Helper()
		b.w.flush.blocks = blocks
		moved, err := b.w.spend()
		if err != nil {
			t.Fatal(err)
		}
		return moved
	}
	b.w.freeze() // nobody writes it
	if !b.archive.Flushing() {
		t.Fatal("no flush is under way")
	}
	if b.cfg.DBCache/2 <= 1<<20 {
		t.Fatal("the cache is so small that the next flush is due by its size")
	}
	if spends(flushBlocks) {
		t.Fatal("the pipeline goes on though the next flush is due")
	}
	if err := b.archive.Flush(); err != nil {
		t.Fatal(err)
	}
	if !spends(flushBlocks) {
		t.Error("the pipeline waits though no flush is under way")
	}
	b.w.queue[0].stage = loaded
	b.w.rules.Overlay.Reset()
	b.w.freeze()
	if !spends(flushBlocks - 1) {
		t.Error("the pipeline waits though the next flush is not due")
	}
}

// A flush is due at the first of four limits.
func TestAFlushIsDueAtItsLimits(t *testing.T) {
	b := newByHand(t)
	now := b.cfg.Now()
	b.w.l.cfg.Now = func() time.Time { return now }
	due := func(blocks int, after time.Duration) bool {
		b.w.flush.blocks, b.w.flush.when = blocks, now.Add(-after)
		return b.w.flushDue()
	}
	for _, c := range []struct {
		what   string
		blocks int
		after  time.Duration
		want   bool
	}{
		{"nothing to write", 0, 2 * flushAge, false},
		{"a block, young", 1, flushAge - 1, false},
		{"a block, old", 1, flushAge, true},
		{"blocks below the limit", flushBlocks - 1, 0, false},
		{"blocks at the limit", flushBlocks, 0, true},
	} {
		if due(c.blocks, c.after) != c.want {
			t.Errorf("%s: due is %v", c.what, !c.want)
		}
	}
	_, bytes := b.set.Pending()
	b.w.l.cfg.DBCache = 2 * (bytes + b.archive.BatchBytes() + 1)
	if due(1, 0) {
		t.Error("due a byte below half the cache")
	}
	b.w.l.cfg.DBCache -= 2
	if !due(1, 0) {
		t.Error("not due at half the cache")
	}
}

// What waits for flushes, and what they write, stays within DBCache and a tenth of it.
func TestDBCacheBoundsWhatWaitsForTheDisk(t *testing.T) {
	const limit, outputs = 4 << 20, 2_500
	r := newRig(t, withIndexes(true), func(c *Config, _ *db.Options) { c.DBCache = limit })
	tip, most := r.cfg.Params.Genesis(), int64(0)
	for n := range uint32(25) {
		m := chaintest.Mine(t, r.cfg.Params, tip, chaintest.Tamper(func(b *wire.MsgBlock) {
			for i := range uint32(outputs) {
				script := binary.BigEndian.AppendUint32([]byte{0, 20}, n*outputs+i)
				b.Transactions[0].AddTxOut(wire.NewTxOut(0, append(script, make([]byte, 16)...)))
			}
		}))
		if err := r.Submit(m); err != nil {
			t.Fatal(err)
		}
		tip = m.Node
		held := r.set.Bytes() + r.archive.HeldBytes()
		most = max(most, held)
		if held > limit+limit/10 {
			t.Fatalf("block %d: %d bytes wait for the disk, DBCache is %d", n, held, limit)
		}
	}
	if most < limit/2 {
		t.Errorf("never more than %d bytes waited, DBCache is %d", most, limit)
	}
}

// Bodies wait outside when those that wait for the disk fill the tail.
func TestBodiesWaitWhenTheTailIsFull(t *testing.T) {
	for _, c := range []struct {
		tail int64
		room bool
	}{{tailBytes - 1, true}, {tailBytes, false}} {
		b := newByHand(t)
		b.archive.SaveBody(1000, make([]byte, c.tail)) // nobody writes it
		m := chaintest.Mine(t, b.cfg.Params, b.cfg.Params.Genesis())
		b.w.held = []submitMsg{{m.Node, m.Block, 1}}
		b.w.admit()
		if taken := len(b.w.held) == 0; taken != c.room {
			t.Errorf("with %d bytes in the tail a body is taken: %v", c.tail, taken)
		}
	}
}

// The writer runs so many moves ahead of its follower, and no further.
func TestTheWriterWaitsForItsFollower(t *testing.T) {
	b := newByHand(t)
	o := &b.w.out
	for range maxDeltas {
		if o.full() {
			t.Fatalf("full after %d moves", o.deltas)
		}
		o.current.Delta = &chain.Delta{}
		o.close()
		o.verdict(b.cfg.Params.Genesis(), 1, nil) // does not count
		o.close()
	}
	if !o.full() {
		t.Fatalf("not full after %d moves", o.deltas)
	}
	m := chaintest.Mine(t, b.cfg.Params, b.cfg.Params.Genesis())
	e := b.w.addHeader(m.Node)
	b.w.store(e, submitMsg{m.Node, m.Block, 1})
	if moved, _ := b.w.fill(); moved {
		t.Error("a block enters the pipeline though the follower is behind")
	}
	b.w.queue = []*slot{{e: e, stage: checked, block: m.Block}}
	if moved, _ := b.w.commit(); moved {
		t.Error("a block is committed though the follower is behind")
	}
	b.w.queue = nil
	o.sent()
	if o.full() {
		t.Error("full after one was taken")
	}
	if moved, err := b.w.fill(); !moved || err != nil {
		t.Errorf("no block enters the pipeline: %v", err)
	}
}

// The pipeline holds so many blocks, and so many bytes.
func TestThePipelineIsBounded(t *testing.T) {
	b := newByHand(t)
	row := chaintest.Grow(t, b.cfg.Params, b.cfg.Params.Genesis(), chaintest.Times(pipelineBlocks+2))
	for _, m := range row {
		b.w.store(b.w.addHeader(m.Node), submitMsg{m.Node, m.Block, 1})
	}
	for range pipelineBlocks {
		if moved, err := b.w.fill(); !moved || err != nil {
			t.Fatalf("%d in the pipeline, and no more: %v", len(b.w.queue), err)
		}
	}
	if moved, _ := b.w.fill(); moved {
		t.Error("one block too many is in the pipeline")
	}
	first := b.w.queue[0]
	b.w.queue = b.w.queue[1:]
	b.w.bytes -= int64(first.e.Size)
	bytes := b.w.bytes
	b.w.bytes = pipelineBytes
	if moved, _ := b.w.fill(); moved {
		t.Error("a block enters a pipeline full of bytes")
	}
	b.w.bytes = pipelineBytes - 1
	if moved, _ := b.w.fill(); !moved {
		t.Error("no block enters a pipeline that has room for a byte")
	}
	b.w.bytes = bytes
}

// What could not be read for a reason of our own ends the ledger; it says nothing
// of a block.
func TestAFailureOfOurOwnMarksNoBlock(t *testing.T) {
	b := newByHand(t)
	m := chaintest.Mine(t, b.cfg.Params, b.cfg.Params.Genesis())
	e := b.w.addHeader(m.Node)
	disk := errors.New("disk")
	b.w.queue = []*slot{{e: e, stage: checked, block: m.Block, err: disk}}
	if _, err := b.w.commit(); !errors.Is(err, disk) || e.bad() {
		t.Errorf("%v, marked %v", err, e.bad())
	}
}

// A way down that is too large for one move is queued as far as the pipeline holds.
func TestAWayDownHoldsNoMoreThanThePipeline(t *testing.T) {
	b := newByHand(t)
	f := newDeepFork(t, pipelineBlocks+5)
	for _, m := range f.a {
		if err := b.Submit(m); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range f.b {
		b.w.store(b.w.addHeader(m.Node), submitMsg{m.Node, m.Block, 2})
	}
	b.w.l.cfg.moveBytes = 1
	if moved, err := b.w.reorganise(b.w.tree.Goal()); !moved || err != nil || len(b.w.queue) != pipelineBlocks {
		t.Errorf("%d blocks are on their way down at once, want %d", len(b.w.queue), pipelineBlocks)
	}
}

// Bodies are kept decoded until their turn up to a limit of bytes.
func TestDecodedBodiesAreBounded(t *testing.T) {
	for _, over := range []int64{0, 1} {
		b := newByHand(t)
		m := chaintest.Mine(t, b.cfg.Params, b.cfg.Params.Genesis())
		b.w.arrived.bytes = freshLimit - int64(len(m.Block.Raw)) + over
		e := b.w.addHeader(m.Node)
		b.w.store(e, submitMsg{m.Node, m.Block, 1})
		if kept := b.w.arrived.fresh[e] != nil; kept != (over == 0) {
			t.Errorf("%d bytes over the limit the block is kept decoded: %v", over, kept)
		}
	}
}

// The ids of bodies whose turn does not come soon are kept up to a limit of transactions; those that are too
// many are computed again when their block is read.
func TestKnownIDsAreBounded(t *testing.T) {
	for _, over := range []int{0, 1} {
		b := newByHand(t)
		first := chaintest.Mine(t, b.cfg.Params, b.cfg.Params.Genesis())
		second := chaintest.Mine(t, b.cfg.Params, first.Node)
		e, later := b.w.addHeader(first.Node), b.w.addHeader(second.Node)
		a := &b.w.arrived
		a.ids[later], a.txs = make([]chain.IDs, idsLimit-1+over), idsLimit-1+over
		a.identify(e, first.Block)
		if a.ids[e] == nil || (a.ids[later] != nil) != (over == 0) || a.txs > idsLimit {
			t.Errorf("%d over the limit: %d transactions of %d blocks are known", over, a.txs, len(a.ids))
		}
		a.forget(e)
		a.forget(later)
		if a.txs != 0 || len(a.ids) != 0 {
			t.Errorf("%d transactions of %d blocks are still known", a.txs, len(a.ids))
		}
	}
}

// A block of more transactions than are kept at all leaves those of others alone.
func TestTooManyIDsPushNoOthersOut(t *testing.T) {
	for _, over := range []int{0, 1} {
		a, small, large := newArrived(func(*entry) bool { return true }), &entry{}, &entry{}
		tx := &chain.Tx{}
		a.identify(small, &chain.Block{Txs: []*chain.Tx{tx}})
		a.identify(large, &chain.Block{Txs: slices.Repeat([]*chain.Tx{tx}, idsLimit+over)})
		if kept := a.ids[large] != nil; kept != (over == 0) || (a.ids[small] != nil) == kept || a.txs != len(a.ids[small])+len(a.ids[large]) {
			t.Errorf("%d over the limit: %d transactions of %d blocks are known", over, a.txs, len(a.ids))
		}
	}
}

// What signatures sign of the outputs is hashed early too, but for a block whose signatures are assumed to be good.
func TestOutputsAreHashedEarlyIfTheirSignaturesAreVerified(t *testing.T) {
	key, p := chaintest.NewKey(1), chain.RegTest()
	coin := chaintest.Coin{Op: wire.OutPoint{Hash: chain.Hash{1}}, Value: 5000, Script: key.P2WPKH(), Key: key}
	tx := chaintest.SpendOne(t, coin, chaintest.OpTrue(), 1000)
	m := chaintest.Mine(t, p, p.Genesis(), chaintest.With(tx))
	for _, assumed := range []bool{true, false} {
		e := &entry{}
		a := newArrived(func(asked *entry) bool { return assumed && asked == e })
		a.identify(e, m.Block)
		want := tx.HashOutputs()
		if assumed {
			want = chain.Hash{}
		}
		if ids := a.ids[e]; len(ids) != 2 || ids[1] != (chain.IDs{ID: tx.ID, WID: tx.WID, Outputs: want}) {
			t.Errorf("assumed to be good: %v: %v, want outputs %s", assumed, ids, want)
		}
	}
}

// A block that came before its turn is connected with the ids that it was stored with, which are let go of then; so is
// one for which there was no room to keep it decoded, or whose turn did not come after all.
func TestABlockThatCameEarlyIsNotHashedAgain(t *testing.T) {
	for name, store := range map[string]func(w *writer, m, parent chaintest.Mined){
		"before its parent": func(w *writer, m, _ chaintest.Mined) {
			w.store(w.entryOf(m.Node), submitMsg{m.Node, m.Block, 1})
		},
		"no room": func(w *writer, m, parent chaintest.Mined) {
			w.arrived.bytes = freshLimit
			w.store(w.entryOf(parent.Node), submitMsg{parent.Node, parent.Block, 1})
			w.store(w.entryOf(m.Node), submitMsg{m.Node, m.Block, 1})
		},
		"its turn does not come": func(w *writer, m, parent chaintest.Mined) {
			w.store(w.entryOf(parent.Node), submitMsg{parent.Node, parent.Block, 1})
			w.store(w.entryOf(m.Node), submitMsg{m.Node, m.Block, 1})
			w.arrived.wait(w.entryOf(m.Node))
		},
	} {
		b := newByHand(t)
		parent := chaintest.Mine(t, b.cfg.Params, b.cfg.Params.Genesis())
		m := chaintest.Mine(t, b.cfg.Params, parent.Node)
		b.w.addHeader(parent.Node)
		e := b.w.addHeader(m.Node)
		store(b.w, m, parent)
		if b.w.arrived.fresh[e] != nil || b.w.arrived.ids[e] == nil {
			t.Fatalf("%s: decoded: %v, ids: %v", name, b.w.arrived.fresh[e] != nil, b.w.arrived.ids[e])
		}
		mark := chain.Hash{1}
		b.w.arrived.ids[e][0].WID = mark
		queued := b.w.enqueue(e, false)
		s := &slot{e: queued.e, ids: queued.ids} // the queued one is the worker's
		if err := b.w.l.loadSlot(s); err != nil || s.block.Txs[0].WID != mark || s.block.Txs[0].ID != m.Block.Txs[0].ID {
			t.Errorf("%s: %v, %v", name, s.block, err)
		}
		b.w.leave(s)
		if b.w.arrived.ids[e] != nil {
			t.Errorf("%s: the ids are kept", name)
		}
	}
}

// Who submits a block that is stored and has not had its turn yet waits for the
// same verdict.
func TestASecondSubmitWaitsForTheFirstOnesVerdict(t *testing.T) {
	b := newByHand(t)
	m := chaintest.Mine(t, b.cfg.Params, b.cfg.Params.Genesis())
	e := b.w.addHeader(m.Node)
	b.w.store(e, submitMsg{m.Node, m.Block, 1})
	if !b.w.known(e, 2) || len(b.w.waiting[e]) != 2 || len(b.w.out.current.Verdicts) != 0 {
		t.Errorf("%d wait, %d verdicts", len(b.w.waiting[e]), len(b.w.out.current.Verdicts))
	}
}

// A block of another network has no parent here, whatever its own headers say.
func TestABlockOnAnotherGenesisHasNoParent(t *testing.T) {
	tr, r := plant(t)
	other := r.cfg.Params.GenesisBlock.Header
	other.Nonce++
	m := chaintest.Mine(t, r.cfg.Params, chain.NewHeaderNode(nil, other))
	if err := r.Submit(m); !errors.Is(err, chain.ErrUnknownParent) {
		t.Error(err)
	}
	tr.Block(chaintest.Genesis, "a1")
	tr.Accept("a1")
}

// That a body is lost is told after whatever was said of it before.
func TestALossIsToldAfterTheStoring(t *testing.T) {
	b := newByHand(t)
	m := chaintest.Mine(t, b.cfg.Params, b.cfg.Params.Genesis())
	e := b.w.addHeader(m.Node)
	b.w.store(e, submitMsg{m.Node, m.Block, 1})
	b.w.lose(e)
	b.w.out.close()
	var told []string
	for _, ev := range b.w.out.ready {
		for range ev.Lost { // a follower looks at what was lost first
			told = append(told, "lost")
		}
		for range ev.Stored {
			told = append(told, "stored")
		}
	}
	if !slices.Equal(told, []string{"stored", "lost"}) {
		t.Errorf("told: %v", told)
	}
}
