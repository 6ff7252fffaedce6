package jsonrpc

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// free is what each request may hold beside the budget, so that no small
	// call ever waits for a large one: 1,024 connections hold 64 MiB of it.
	free = 64 << 10
	// smallAnswer and largeAnswer are what a call reserves before it runs,
	// when the size of its answer is not yet known.
	smallAnswer = 16 << 10
	largeAnswer = 4 << 20
	// memoryTime is how long a request waits for memory.
	memoryTime = 30 * time.Second
)

var (
	errTooLarge = errors.New("larger than the memory for one request")
	errNoMemory = errors.New("the memory for requests is used up")
)

// Budget bounds the bytes that all requests together hold in memory: bodies as
// they arrive, answers as they are gathered and until they are sent.
//
// Who finds none left waits for it, holding what it has. So that they cannot all
// wait for each other, the request that came first of those that hold or wait
// may hold up to most, whatever the others hold. An answer that is larger than
// what was reserved for it (Settle) makes the next ones wait.
type Budget struct {
	limit, most int
	stall       time.Duration // who sends and is not read for so long is cut while others wait

	mu      sync.Mutex
	used    int      // of limit
	shares  []*Share // in the order they came
	waiting []*wanted
}

// wanted is a share that waits for n bytes more.
type wanted struct {
	share *Share
	n     int
	given chan struct{} // closed when it has them
}

// NewBudget makes a budget of limit bytes for all and most bytes for one.
func NewBudget(limit, most int, stall time.Duration) *Budget {
	return &Budget{limit: limit, most: most, stall: stall}
}

// Share is what one request holds.
type Share struct {
	budget *Budget
	held   int
	vain   bool // it has waited for memory in vain, and does not wait again
	// Of a writer that waits for its reader: since when, and how it is cut.
	since time.Time
	cut   func()
	gone  bool // it was cut
	// step is how much a reader must take, within the time that it may stall for, while others wait; 0: a
	// piece. taken is what it has taken of one.
	step, taken int
}

// Begin gives a request its share; End gives it back.
func (b *Budget) Begin() *Share {
	s := &Share{budget: b}
	b.mu.Lock()
	b.shares = append(b.shares, s)
	b.mu.Unlock()
	return s
}

// End gives back all that the request holds.
func (s *Share) End() {
	b := s.budget
	b.mu.Lock()
	b.used -= counted(s.held)
	s.held = 0
	b.shares = slices.DeleteFunc(b.shares, func(o *Share) bool { return o == s })
	b.give()
	b.mu.Unlock()
}

// counted is the part of what a request holds that the budget sees.
func counted(held int) int { return max(0, held-free) }

// Take waits until the request may hold n bytes more.
func (s *Share) Take(ctx context.Context, n int) error {
	w, err := s.ask(n)
	if w == nil {
		return err
	}
	return s.budget.await(ctx, w)
}

// ask takes n bytes if they are there; else it says why not, or what to wait for.
func (s *Share) ask(n int) (*wanted, error) {
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.held+n > b.most {
		return nil, errTooLarge
	}
	if more := counted(s.held+n) - counted(s.held); more == 0 || b.used+more <= b.limit {
		b.used += more
		s.held += n
		return nil, nil
	}
	if s.vain {
		return nil, errNoMemory
	}
	w := &wanted{share: s, n: n, given: make(chan struct{})}
	b.waiting = append(b.waiting, w)
	b.give()
	return w, nil
}

// Settle says what became of n bytes that were taken: the request holds is of
// them in truth, which may be more. It never waits.
func (s *Share) Settle(n, is int) error {
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	held, err := s.held-n+is, error(nil)
	if held > b.most {
		held, err = s.held-n, errTooLarge
	}
	b.used += counted(held) - counted(s.held)
	s.held = held
	b.give()
	return err
}

// await waits for memory, and cuts off the writers that nobody reads meanwhile.
func (b *Budget) await(ctx context.Context, w *wanted) error {
	patience := time.NewTimer(memoryTime)
	defer patience.Stop()
	poll := time.NewTicker(b.stall / 4)
	defer poll.Stop()
	for {
		var err error
		select {
		case <-w.given:
			return nil
		case now := <-poll.C:
			b.cutStalled(now)
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-patience.C:
			err = errNoMemory
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		select {
		case <-w.given: // it came in this very moment, and End gives it back
			return nil
		default:
		}
		b.waiting = slices.DeleteFunc(b.waiting, func(o *wanted) bool { return o == w })
		w.share.vain = true
		return err
	}
}

// give lets go on those for whom there is memory: who came first of all, then the
// newest, since who waits longest is the likeliest to have gone. Under mu.
func (b *Budget) give() {
	if len(b.waiting) == 0 {
		return
	}
	first := b.first()
	for i := len(b.waiting) - 1; i >= 0; i-- {
		w := b.waiting[i]
		more := counted(w.share.held+w.n) - counted(w.share.held)
		if b.used+more > b.limit && w.share != first {
			continue
		}
		b.used += more
		w.share.held += w.n
		b.waiting = slices.Delete(b.waiting, i, i+1)
		close(w.given)
	}
}

// first is the oldest share that holds something or waits; nil if none does.
func (b *Budget) first() *Share {
	for _, s := range b.shares {
		if counted(s.held) > 0 || slices.ContainsFunc(b.waiting, func(w *wanted) bool { return w.share == s }) {
			return s
		}
	}
	return nil
}

// writing says that the request waits for its reader, who has taken so many bytes more, and how it can be
// cut; nil that it no longer does. False: it was cut.
func (s *Share) writing(taken int, cut func()) bool {
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	if s.taken += taken; s.since.IsZero() || s.taken >= s.step {
		s.since, s.taken = time.Now(), 0
	}
	s.cut = cut
	return !s.gone
}

// cutStalled cuts every writer whose reader has taken nothing for too long and
// who holds what others wait for.
func (b *Budget) cutStalled(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.shares {
		if s.cut != nil && counted(s.held) > 0 && now.Sub(s.since) > b.stall {
			s.cut() // sets a deadline: it neither waits nor locks
			s.cut, s.gone = nil, true
		}
	}
}

// refusal says in words that there is no memory for an answer.
func (b *Budget) refusal(err error) *Error {
	if errors.Is(err, errTooLarge) {
		return Errorf(CodeMisc, "the answer takes more than %d MiB: ask for less at once", b.most>>20)
	}
	return Errorf(CodeMisc, "other answers fill the %d MiB of memory for them: try again, or ask for less at once", b.limit>>20)
}
