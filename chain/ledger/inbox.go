package ledger

import "sync"

// inbox is the writer's queue. Putting never blocks: what comes from outside is
// bounded by the callers' credits, what comes from the workers by the pipeline.
type inbox struct {
	wake chan struct{} // capacity 1: there is something

	mu     sync.Mutex
	items  []any
	closed bool
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// put adds an item; false when the writer has ended.
func (b *inbox) put(item any) bool {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return false
	}
	b.items = append(b.items, item)
	b.mu.Unlock()
	b.poke()
	return true
}

// poke wakes the writer to look around.
func (b *inbox) poke() {
	select {
	case b.wake <- struct{}{}:
	default: // one is waiting already
	}
}

func (b *inbox) take() []any {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items = nil
	return items
}

// close refuses further items and returns what was left.
func (b *inbox) close() []any {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	items := b.items
	b.items = nil
	return items
}
