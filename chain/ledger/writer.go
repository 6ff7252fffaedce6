package ledger

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/coins"
	"grapevine/chain/connect"
)

const (
	// pipelineBytes of raw blocks are worked on at once; decoded they take about
	// four times as much.
	pipelineBytes = 8 << 20
	// pipelineBlocks bounds the same for small blocks; so many are enough to
	// keep all cores busy.
	pipelineBlocks = 16
	// tailBytes of bodies may wait for the disk before submitted ones wait too.
	tailBytes = 32 << 20
	// moveBytes is the largest reorganisation that readers see as one move. A
	// larger one goes block by block, as memory would not hold it.
	moveBytes = 64 << 20
	// moveBlock is what each block of a move counts besides its bytes.
	moveBlock = 4 << 10
)

// writer is the goroutine that changes the record, and what only it touches [cs_main].
type writer struct {
	l       *Ledger
	log     *slog.Logger
	tree    *tree
	set     *coins.Set
	archive *archive.Archive
	inbox   *inbox
	workers *connect.Workers

	rules   connect.Connector // spends in the overlay, above set
	queue   []*slot           // the pipeline, in the order of commit
	head    *entry            // where the chain stands once the queue is through
	number  uint64            // of the last slot
	bytes   int64             // of the queue's blocks
	running int               // slots that workers are busy with
	blocked bool              // the way to the goal leads over a damaged body: nothing moves until it has come
	stopped bool              // a block of Config.StopAt was connected: no further ones are
	failing bool              // a slot failed: nothing new is begun until workers are through

	held     []submitMsg         // wait until the tail has room
	checks   []*bodyCheck        // being checked, in order
	awaiting []*entry            // stored, somebody waits for the verdict
	waiting  map[*entry][]uint64 // who
	queued   map[*entry]bool     // in the pipeline
	arrived  arrived             // what is known of bodies that wait for their turn

	commands []*command
	flush    flushState
	prune    pruning

	activation *activation // a loaded snapshot that waits to become the coin set
	proved     bool        // the proof of a snapshot has come to its good end: see settleProof

	rebuilding bool // Config.Rebuild is under way
	out        outbox
}

// flushState says when to flush.
type flushState struct {
	when    time.Time
	blocks  int            // moved since
	height  int32          // of the tip that was last frozen: the durable tip's once that is written
	waiting []chan<- error // to answer when the flush under way has ended
	wanted  []chan<- error // not begun
}

func newWriter(l *Ledger) *writer {
	w := &writer{l: l, log: l.cfg.Log, tree: l.tree, set: l.set, archive: l.archive, inbox: l.inbox,
		waiting: map[*entry][]uint64{}, queued: map[*entry]bool{}, arrived: newArrived(l.assumed)}
	w.rules = connect.Connector{Params: l.cfg.Params, Overlay: coins.NewOverlay()}
	w.head = w.entryOf(l.set.Tip())
	w.flush.when, w.flush.height = l.cfg.Now(), l.set.Tip().Height
	w.tree.proposeAll()
	w.prune.begin(l)
	w.rebuilding = l.cfg.Rebuild != RebuildNothing
	return w
}

// run is the writer's loop. It returns nil when ctx ends.
func (w *writer) run(ctx context.Context) error {
	for {
		err := w.advance()
		if err == nil {
			err = w.settleProof(ctx)
		}
		if err != nil {
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
		if len(m) > 0 {
			old := w.l.cfg.Now().Sub(w.tree.Tip().Header.Timestamp) > 24*time.Hour
			w.log.Debug("headers taken", "height", m[len(m)-1].Height, "initial", old)
		}
	case submitMsg:
		w.held = append(w.held, m)
	case bodyMsg:
		w.onBody(m)
	case loadedMsg:
		w.running--
		m.slot.stage = loaded
		if m.err != nil {
			m.slot.stage, m.slot.err = checked, m.err
		}
	case lostMsg:
		w.lose(m.e)
	case checkedMsg:
		w.running--
		m.slot.stage, m.slot.result, m.slot.err = checked, m.result, m.err
	case *command:
		w.commands = append(w.commands, m)
	case flushMsg:
		w.flush.wanted = append(w.flush.wanted, m)
	case seqMsg:
		w.out.close()
		m <- w.out.seq // capacity 1
	case *pruneCommand:
		w.prune.asked = append(w.prune.asked, m)
	case *activation:
		w.activation = m
	case wantMsg, provenMsg, proofMsg:
		return w.onProof(m)
	default:
		return fmt.Errorf("unreachable: the writer was sent a %T", item)
	}
	return nil
}

// step makes one move, if there is one to make.
func (w *writer) step() (moved bool, err error) {
	for _, try := range []func() (bool, error){w.commit, w.drop, w.spend, w.fill, w.obey, w.activate, w.settle, w.flushSome, w.pruneSome, w.endRebuild} {
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
			if !isRule(s.err) && !isGone(s.err) {
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
		linked := chain.Linked{Node: s.e.Node, Block: s.block, Spent: s.spent}
		if s.disconnect {
			delta.Disconnected = append(delta.Disconnected, linked)
			delta.Tip = s.e.Node.Parent
			continue
		}
		delta.Connected = append(delta.Connected, linked)
		delta.Tip = s.e.Node
		if err := w.keep(s); err != nil {
			return err
		}
	}
	w.tree.setActive(w.entryOf(delta.Tip), func() { w.set.Apply(delta.Tip, changes...) })
	for _, s := range move {
		w.settled(s)
	}
	if w.out.current.Delta != nil {
		w.out.close()
	}
	w.out.current.Delta = delta
	for _, l := range delta.Connected {
		w.answer(w.entryOf(l.Node), nil)
	}
	w.flush.blocks += n
	w.stopped = w.stopped || w.stopsAt(delta.Tip.Height)
	return nil
}

// keep saves what belongs to a connected block.
func (w *writer) keep(s *slot) error {
	w.archive.SaveUndo(s.e.Body, s.result.Undo)
	return w.l.index(s, w.l.kept())
}

// settled notes in the tree that a slot is through.
func (w *writer) settled(s *slot) {
	w.rules.Overlay.Forget(s.changes, s.number)
	w.leave(s)
	if s.disconnect {
		w.wentBack(s.e)
	} else if w.tree.setValid(s.e) {
		w.archive.SaveHeader(s.e.Num, s.e.record())
	}
	if !s.e.has() && !s.e.pruned { // it was read, and lost while the move was under way
		w.tree.lose(s.e)
	}
}

func (w *writer) leave(s *slot) {
	delete(w.queued, s.e)
	w.bytes -= int64(s.e.Size)
	w.arrived.forget(s.e)
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
			if isRule(s.err) {
				w.markFailed(s.e, s.err)
			}
			break
		}
	}
	w.queue, w.bytes = nil, 0
	w.rules.Overlay.Reset()
	w.head = w.entryOf(w.tree.Tip())
	w.tree.proposeAll()
	return true, nil
}
