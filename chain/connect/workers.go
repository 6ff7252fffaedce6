package connect

import "sync"

// Workers are the goroutines that decode and check [CCheckQueue]. Tasks that let new blocks
// in go before those that check scripts, so that peers' credits come back.
type Workers struct {
	mu      sync.Mutex
	some    sync.Cond // on mu: a task came, or closed
	first   []func()
	then    []func()
	closed  bool
	running sync.WaitGroup
}

// StartWorkers starts n goroutines; Close ends them.
func StartWorkers(n int) *Workers {
	w := &Workers{}
	w.some.L = &w.mu
	for range n {
		w.running.Go(w.run)
	}
	return w
}

func (w *Workers) run() {
	for task := w.next(); task != nil; task = w.next() {
		task()
	}
}

func (w *Workers) next() (task func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		switch {
		case w.closed:
			return nil
		case len(w.first) > 0:
			task, w.first = pop(w.first)
			return task
		case len(w.then) > 0:
			task, w.then = pop(w.then)
			return task
		}
		w.some.Wait()
	}
}

func pop(list []func()) (func(), []func()) {
	task := list[0]
	list[0] = nil // let go of what it holds
	return task, list[1:]
}

// Soon queues a task before all that later queued.
func (w *Workers) Soon(task func()) {
	w.mu.Lock()
	w.first = append(w.first, task)
	w.mu.Unlock()
	w.some.Signal()
}

// later queues tasks, in order.
func (w *Workers) later(tasks ...func()) {
	w.mu.Lock()
	w.then = append(w.then, tasks...)
	w.mu.Unlock()
	w.some.Broadcast()
}

// Close drops the tasks not begun and waits for those that are.
func (w *Workers) Close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.some.Broadcast()
	w.running.Wait()
}
