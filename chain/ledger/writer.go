package ledger

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/coins"
)

const (
	// pipelineBytes of raw blocks are worked on at once; decoded they take about
	// four times as much.
	pipelineBytes = 8 << 20
	// pipelineBlocks bounds the same for small blocks; so many are enough to
	// keep all cores busy.
	pipelineBlocks = 64
	// freshBytes of submitted blocks are kept decoded until their turn; those
	// beyond are read and decoded again.
	freshBytes = 8 << 20
	// tailBytes of bodies may wait for the disk before submitted ones wait too.
	tailBytes = 32 << 20
	// moveBytes is the largest reorganisation that readers see as one move. A
	// larger one goes block by block, as memory would not hold it.
	moveBytes = 64 << 20
)

// writer is the goroutine that changes the record, and what only it touches.
type writer struct {
	l       *Ledger
	log     *slog.Logger
	tree    *tree
	set     *coins.Set
	archive *archive.Archive
	inbox   *inbox
	workers *workers

	rules   connector // spends in the overlay, above set
	queue   []*slot   // the pipeline, in the order of commit
	head    *entry    // where the chain stands once the queue is through
	number  uint64    // of the last slot
	bytes   int64     // of the queue's blocks
	running int       // slots that workers are busy with
	failing bool      // a slot failed: nothing new is begun until workers are through

	candidates map[*entry]struct{} // linked, not bad, perhaps more work than the tip
	best       *entry              // of candidates; see goal
	held       []submitMsg         // wait for room in the tail
	checks     []*bodyCheck        // being checked, in order
	awaiting   []*entry            // stored, somebody waits for the verdict
	fresh      int64               // bytes of blocks kept decoded in entries

	commands []*command
	flush    flushState
	out      outbox
}

// flushState says when to flush.
type flushState struct {
	at      *chain.HeaderNode // the tip of the last flush begun
	when    time.Time
	blocks  int            // moved since
	waiting []chan<- error // flush commands to answer when at is durable
	wanted  []chan<- error // not begun
}

func newWriter(l *Ledger) *writer {
	w := &writer{l: l, log: l.cfg.Log, tree: l.tree, set: l.set, archive: l.archive, inbox: l.inbox,
		candidates: map[*entry]struct{}{}}
	w.rules = connector{params: l.cfg.Params, overlay: coins.NewOverlay(), fetch: l.set.Fetch}
	tip := l.set.Tip()
	w.head = w.tree.byHash[tip.Hash]
	w.flush.at, w.flush.when = tip, l.cfg.Now()
	w.reproposeAll()
	return w
}

// run is the writer's loop. It returns nil when ctx ends.
func (w *writer) run(ctx context.Context) error {
	for {
		if err := w.advance(); err != nil {
			return err
		}
		w.out.close()
		to, event := w.out.first(w.l.events)
		select {
		case <-ctx.Done():
			return nil
		case <-w.inbox.wake:
		case to <- event:
			w.out.sent()
		}
	}
}

// advance takes what came in and moves everything as far as it goes.
func (w *writer) advance() error {
	for _, item := range w.inbox.take() {
		if err := w.receive(item); err != nil {
			return err
		}
	}
	w.admit()
	for {
		moved, err := w.step()
		if err != nil || !moved {
			return err
		}
	}
}

func (w *writer) receive(item any) error {
	switch m := item.(type) {
	case headersMsg:
		for _, n := range m {
			w.addHeader(n)
		}
	case submitMsg:
		w.held = append(w.held, m)
	case bodyMsg:
		w.onBody(m)
	case loadedMsg:
		w.running--
		if m.err != nil {
			return m.err
		}
		m.slot.stage = loaded
	case checkedMsg:
		w.running--
		m.slot.stage, m.slot.err = checked, m.err
	case *command:
		w.commands = append(w.commands, m)
	case flushMsg:
		w.flush.wanted = append(w.flush.wanted, m)
	default:
		return fmt.Errorf("unreachable: the writer was sent a %T", item)
	}
	return nil
}

// step makes one move, if there is one to make.
func (w *writer) step() (moved bool, err error) {
	for _, try := range []func() (bool, error){w.commit, w.drop, w.spend, w.fill, w.obey, w.settle, w.flushSome} {
		if moved, err = try(); moved || err != nil {
			return moved, err
		}
	}
	return false, nil
}

// spend gives the next loaded block its coins and its scripts to the workers.
func (w *writer) spend() (bool, error) {
	if w.failing || w.flushPressure() {
		return false, nil
	}
	for _, s := range w.queue {
		switch s.stage {
		case loading:
			return false, nil
		case loaded:
			return true, w.check(s)
		}
		if s.err != nil {
			return false, nil // nothing above a failure counts
		}
	}
	return false, nil
}

func (w *writer) check(s *slot) error {
	if s.disconnect {
		changes, err := w.rules.disconnect(s.block, s.spent, s.number)
		s.changes, s.stage = changes, checked
		return err
	}
	effect, err := w.rules.connect(s.e.node, s.block, s.number)
	if err != nil {
		if !isRule(err) {
			return err
		}
		s.stage, s.err = checked, err
		return nil
	}
	s.spent, s.changes, s.stage = effect.spent, effect.changes, checking
	w.running++
	v := &verify{slot: s, checker: w.l.cfg.Script, flags: effect.flags, filter: w.l.cfg.FilterIndex,
		done: func(err error) { w.inbox.put(checkedMsg{s, err}) }}
	v.start(w.workers, w.assumed(s.e))
	return nil
}

// commit makes the first move of the queue true for everybody, if it is through.
func (w *writer) commit() (bool, error) {
	if w.out.full() {
		return false, nil
	}
	for i, s := range w.queue {
		switch {
		case s.stage != checked:
			return false, nil
		case s.err != nil:
			if !isRule(s.err) {
				return false, s.err
			}
			w.failing = true
			return false, nil
		case !s.hold:
			return true, w.apply(i + 1)
		}
	}
	return false, nil
}

// apply commits the first n slots as one move.
func (w *writer) apply(n int) error {
	move := w.queue[:n:n]
	w.queue = w.queue[n:]
	delta := &chain.Delta{}
	changes := make([][]coins.Change, 0, n)
	for _, s := range move {
		changes = append(changes, s.changes)
		linked := chain.Linked{Node: s.e.node, Block: s.block, Spent: s.spent}
		if s.disconnect {
			delta.Disconnected = append(delta.Disconnected, linked)
			delta.Tip = s.e.node.Parent
			continue
		}
		delta.Connected = append(delta.Connected, linked)
		delta.Tip = s.e.node
		if err := w.keep(s); err != nil {
			return err
		}
	}
	before := w.tree.tip()
	w.tree.mu.Lock()
	w.set.Apply(delta.Tip, changes...)
	w.tree.setActive(delta.Tip)
	for _, s := range move {
		w.settled(s)
	}
	w.tree.mu.Unlock()
	if delta.Tip.Work.Cmp(before.Work) < 0 {
		w.reproposeAll() // branches that were too short may win now
	}
	if w.out.current.Delta != nil {
		w.out.close()
	}
	w.out.current.Delta = delta
	for _, l := range delta.Connected {
		w.answer(w.entryOf(l.Node), nil)
	}
	w.flush.blocks += n
	return nil
}

// keep saves what belongs to a connected block.
func (w *writer) keep(s *slot) error {
	w.archive.SaveUndo(s.e.body, s.undo)
	return w.l.index(s, w.l.cfg.TxIndex, w.l.cfg.FilterIndex)
}

// settled notes in the tree that a slot is through.
func (w *writer) settled(s *slot) {
	w.rules.overlay.Forget(s.changes, s.number)
	w.leave(s)
	if s.disconnect {
		w.propose(s.e)
		return
	}
	delete(w.candidates, s.e)
	if s.e.flags&flagValid == 0 {
		s.e.flags |= flagValid
		w.archive.SaveHeader(s.e.num, s.e.record())
	}
}

func (w *writer) leave(s *slot) {
	s.e.queued = false
	w.bytes -= int64(s.e.size)
	w.forget(s.e)
}

// forget lets go of an entry's decoded block.
func (w *writer) forget(e *entry) {
	if e.fresh != nil {
		w.fresh -= int64(e.size)
		e.fresh = nil
	}
}

// drop throws the rest of the pipeline away after a failure, once no worker is
// busy with it any more.
func (w *writer) drop() (bool, error) {
	if !w.failing || w.running > 0 {
		return false, nil
	}
	w.failing = false
	for _, s := range w.queue {
		w.leave(s)
	}
	for _, s := range w.queue {
		if s.err != nil {
			w.log.Warn("block is invalid", "block", s.e.node.Hash, "height", s.e.node.Height, "err", s.err)
			w.markFailed(s.e, s.err)
			break
		}
	}
	w.queue, w.bytes = nil, 0
	w.rules.overlay.Reset()
	w.head = w.entryOf(w.tree.tip())
	w.reproposeAll()
	return true, nil
}
