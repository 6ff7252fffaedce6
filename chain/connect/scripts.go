package connect

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/chain/history"
	"grapevine/chain/script"
)

// jobInputs is how many inputs one task checks: some milliseconds of work, so
// that cores share a block evenly and queueing costs nothing beside it.
const jobInputs = 16

// Job is the script check of one block, cut into tasks.
type Job struct {
	Block   *chain.Block
	Spent   [][]chain.Coin
	Checker *script.Checker
	Flags   txscript.ScriptFlags
	Skip    bool // the scripts are known to be good
	Filter  bool // build the block's filter too
	Stats   bool // and its coin statistics
	Scripts bool // and its records by script
	Params  *chain.Params
	Height  int32
	// Done is called once, by the task that ends last: no task of the block
	// runs after that. The error is the first failure in block order.
	Done func(Result, error)

	left atomic.Int32 // tasks not ended
	// failedAt is the lowest place of a failure so far: what comes after it
	// need not be checked, what comes before it decides which error is told.
	failedAt atomic.Int64
	mu       sync.Mutex
	err      error
}

// Result is what is worked out beside the scripts, to spare the caller's goroutine.
type Result struct {
	Undo   []byte // Spent as it is stored
	Filter []byte // nil unless asked for
	Stats  coins.BlockStats
	// Scripts are what the index by script keeps of the block; nil unless asked for.
	Scripts *history.Rows
}

// place orders the inputs of a block.
func place(tx, in int) int64 { return int64(tx)<<32 | int64(in) }

// Start queues the tasks.
func (j *Job) Start(ws *Workers) {
	j.failedAt.Store(math.MaxInt64)
	var tasks []func()
	if !j.Skip {
		tasks = j.cut()
	}
	if len(tasks) == 0 {
		tasks = append(tasks, func() {})
	}
	j.left.Store(int32(len(tasks)))
	for i, task := range tasks {
		tasks[i] = func() {
			task()
			if j.left.Add(-1) == 0 {
				j.finish()
			}
		}
	}
	ws.later(tasks...)
}

// cut makes tasks of about jobInputs inputs each.
func (j *Job) cut() (tasks []func()) {
	txs := j.Block.Txs
	for i := 1; i < len(txs); {
		if n := len(txs[i].TxIn); n > jobInputs {
			tasks = append(tasks, j.split(i, n)...)
			i++
			continue
		}
		from, inputs := i, 0
		for i < len(txs) && inputs+len(txs[i].TxIn) <= jobInputs {
			inputs += len(txs[i].TxIn)
			i++
		}
		to := i
		tasks = append(tasks, func() { j.whole(from, to) })
	}
	return tasks
}

// whole checks the transactions from up to to.
func (j *Job) whole(from, to int) {
	batch := j.Checker.Batch(j.Flags)
	for i := from; i < to && place(i, 0) < j.failedAt.Load(); i++ {
		tx := j.Block.Txs[i]
		if j.Checker.Known(tx, j.Flags) {
			continue
		}
		p := script.Prepare(tx, j.Spent[i])
		j.inputs(batch, p, place(i, 0), place(i, len(tx.TxIn)))
	}
	j.end(batch)
}

// inputs checks inputs of one transaction, those in places from up to to.
func (j *Job) inputs(batch *script.Batch, p *script.Prepared, from, to int64) {
	for at := from; at < to && at < j.failedAt.Load(); at++ {
		if err := batch.CheckInput(p, int(int32(at)), at); err != nil {
			j.fail(at, err)
			return
		}
	}
}

// end judges what a batch has left.
func (j *Job) end(batch *script.Batch) {
	if at, err := batch.End(); err != nil {
		j.fail(at, err)
	}
}

// shared is a transaction whose inputs are spread over tasks.
type shared struct {
	once sync.Once
	p    *script.Prepared
}

func (s *shared) prepare(tx *chain.Tx, spent []chain.Coin) *script.Prepared {
	s.once.Do(func() { s.p = script.Prepare(tx, spent) })
	return s.p
}

// split spreads the n inputs of one transaction over tasks.
func (j *Job) split(i, n int) (tasks []func()) {
	tx, spent := j.Block.Txs[i], j.Spent[i]
	if j.Checker.Known(tx, j.Flags) {
		return nil
	}
	sh := &shared{}
	for from := 0; from < n; from += jobInputs {
		tasks = append(tasks, func() {
			batch := j.Checker.Batch(j.Flags)
			j.inputs(batch, sh.prepare(tx, spent), place(i, from), place(i, min(from+jobInputs, n)))
			j.end(batch)
		})
	}
	return tasks
}

func (j *Job) fail(at int64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if at < j.failedAt.Load() {
		j.failedAt.Store(at)
		j.err = err
	}
}

// finish runs on the worker that ended last.
func (j *Job) finish() {
	var r Result
	err := j.err
	if err == nil {
		r.Undo = coins.AppendUndo(nil, j.Block.Txs, j.Spent)
		if j.Stats {
			r.Stats = coins.StatsOf(j.Params, j.Block, j.Spent, j.Height)
		}
		if j.Scripts {
			r.Scripts = history.RowsOf(j.Block, j.Spent)
		}
		if j.Filter {
			r.Filter, err = Filter(j.Block, j.Spent)
		}
	}
	j.Done(r, err)
}
