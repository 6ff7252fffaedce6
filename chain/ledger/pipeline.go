package ledger

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/coins"
	"grapevine/chain/script"
)

// slot is one block on its way through the pipeline:
//
//	loading   a worker reads and decodes it, unless it is at hand
//	loaded
//	checking  coins are spent in the overlay, workers run its scripts
//	checked   commits when everything before it has
type slot struct {
	e          *entry
	number     uint64 // in the overlay
	disconnect bool
	// hold: commits only together with the next slot, as one move that readers
	// see at once.
	hold  bool
	stage stage
	err   error // why it failed, once checked; a *chain.RuleError unless it is our own fault

	block   *chain.Block
	spent   [][]chain.Coin
	changes []coins.Change
	undo    []byte // spent, as it is stored
	filter  []byte
}

type stage uint8

const (
	loading stage = iota
	loaded
	checking
	checked
)

// Messages of workers to the writer.
type (
	// loadedMsg: slot's block is decoded, or err says why not.
	loadedMsg struct {
		slot *slot
		err  error
	}
	// checkedMsg: all tasks of slot have ended; err is the first failure in block order.
	checkedMsg struct {
		slot *slot
		err  error
	}
)

// load reads and decodes a stored block on a worker, and its undo record if it
// is to be disconnected.
func (w *writer) load(s *slot) {
	w.running++
	w.workers.soon(func() {
		var err error
		s.block, err = w.l.readBlock(s.e.body)
		if err == nil && s.disconnect {
			s.spent, err = w.l.readUndo(s.e.body)
		}
		w.inbox.put(loadedMsg{s, err})
	})
}

// jobInputs is how many inputs one task checks: some milliseconds of work, so
// that cores share a block evenly and queueing costs nothing beside it.
const jobInputs = 16

// verify is the script check of one block, cut into tasks.
type verify struct {
	slot    *slot
	checker *script.Checker
	flags   txscript.ScriptFlags
	filter  bool
	done    func(error)
	left    atomic.Int32 // tasks not ended
	// failedAt is the lowest place of a failure so far: what comes after it
	// need not be checked, what comes before it decides which error is told.
	failedAt atomic.Int64
	mu       sync.Mutex
	err      error
}

// place orders the inputs of a block.
func place(tx, in int) int64 { return int64(tx)<<32 | int64(in) }

// shared is a transaction whose inputs are spread over tasks.
type shared struct {
	once sync.Once
	p    *script.Prepared
}

func (s *shared) prepare(tx *chain.Tx, spent []chain.Coin) *script.Prepared {
	s.once.Do(func() { s.p = script.Prepare(tx, spent) })
	return s.p
}

// start queues the tasks. done is called once, by the last of them: no task of
// the block runs after that.
func (v *verify) start(ws *workers, skip bool) {
	v.failedAt.Store(int64(^uint64(0) >> 1))
	var tasks []func()
	if !skip {
		tasks = v.cut()
	}
	if len(tasks) == 0 {
		tasks = append(tasks, func() {})
	}
	v.left.Store(int32(len(tasks)))
	for i, task := range tasks {
		tasks[i] = func() {
			task()
			if v.left.Add(-1) == 0 {
				v.finish()
			}
		}
	}
	ws.later(tasks...)
}

// cut makes tasks of about jobInputs inputs each.
func (v *verify) cut() (tasks []func()) {
	txs := v.slot.block.Txs
	for i := 1; i < len(txs); {
		if n := len(txs[i].TxIn); n > jobInputs {
			tasks = append(tasks, v.split(i, n)...)
			i++
			continue
		}
		from, inputs := i, 0
		for i < len(txs) && inputs+len(txs[i].TxIn) <= jobInputs {
			inputs += len(txs[i].TxIn)
			i++
		}
		to := i
		tasks = append(tasks, func() { v.whole(from, to) })
	}
	return tasks
}

// whole checks the transactions from up to to.
func (v *verify) whole(from, to int) {
	for i := from; i < to && place(i, 0) < v.failedAt.Load(); i++ {
		if err := v.checker.CheckTx(v.slot.block.Txs[i], v.slot.spent[i], v.flags); err != nil {
			v.fail(place(i, 0), err)
			return
		}
	}
}

// split spreads the n inputs of one transaction over tasks.
func (v *verify) split(i, n int) (tasks []func()) {
	tx, spent := v.slot.block.Txs[i], v.slot.spent[i]
	if v.checker.Known(tx, v.flags) {
		return nil
	}
	sh := &shared{}
	for from := 0; from < n; from += jobInputs {
		tasks = append(tasks, func() {
			for in := from; in < min(from+jobInputs, n) && place(i, in) < v.failedAt.Load(); in++ {
				if err := v.checker.CheckInput(sh.prepare(tx, spent), in, v.flags); err != nil {
					v.fail(place(i, in), err)
					return
				}
			}
		})
	}
	return tasks
}

func (v *verify) fail(at int64, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if at < v.failedAt.Load() {
		v.failedAt.Store(at)
		v.err = err
	}
}

// finish runs on the worker that ended last.
func (v *verify) finish() {
	s, err := v.slot, v.err
	if err == nil {
		s.undo = coins.AppendUndo(nil, s.spent)
		if v.filter {
			s.filter, err = buildFilter(s.block, s.spent)
		}
	}
	v.done(err)
}

// readBlock reads and decodes a stored body.
func (l *Ledger) readBlock(body uint32) (*chain.Block, error) {
	raw, err := l.archive.Body(body)
	if err != nil {
		return nil, fmt.Errorf("read body %d: %w", body, err)
	}
	b, err := chain.DecodeBlock(raw)
	if err != nil {
		return nil, fmt.Errorf("read body %d: %w", body, err)
	}
	return b, nil
}

func (l *Ledger) readUndo(body uint32) ([][]chain.Coin, error) {
	raw, err := l.archive.Undo(body)
	if err != nil {
		return nil, fmt.Errorf("read undo record %d: %w", body, err)
	}
	spent, err := coins.DecodeUndo(raw)
	if err != nil {
		return nil, fmt.Errorf("read undo record %d: %w", body, err)
	}
	return spent, nil
}

// index saves what the optional indexes keep of a connected block.
func (l *Ledger) index(s *slot, txs, filters bool) error {
	if txs {
		ids := make([]chain.Hash, len(s.block.Txs))
		for i, tx := range s.block.Txs {
			ids[i] = tx.ID
		}
		l.archive.SaveTxs(s.e.num, ids)
	}
	if !filters {
		return nil
	}
	before, err := l.archive.Filter(s.e.parent.num)
	if err != nil {
		return fmt.Errorf("filter before %s: %w", s.e.node.Hash, err)
	}
	l.archive.SaveFilter(s.e.num, archive.Filter{Header: filterHeader(s.filter, before.Header), Bytes: s.filter})
	return nil
}
