package model

import "time"

type entry[T any] struct {
	at   time.Duration
	seq  uint64 // among equals, the order of making
	what T
}

func (a *entry[T]) before(b *entry[T]) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

// agenda is what will happen, the earliest first, and of one moment what was
// put in first. It is a heap of values, four children to a parent: half as deep as
// a binary one, and each level is one cache line or two.
type agenda[T any] struct {
	seq uint64
	row []entry[T]
}

// Len is how much there is to come.
func (t *agenda[T]) Len() int { return len(t.row) }

// Push puts in what happens at a time since the start.
func (t *agenda[T]) Push(at time.Duration, what T) {
	t.seq++
	e := entry[T]{at, t.seq, what}
	t.row = append(t.row, e)
	i := len(t.row) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(&t.row[up]) {
			break
		}
		t.row[i] = t.row[up]
		i = up
	}
	t.row[i] = e
}

// Pop takes the earliest; there must be one.
func (t *agenda[T]) Pop() (at time.Duration, what T) {
	top := t.row[0]
	n := len(t.row) - 1
	last := t.row[n]
	t.row[n] = entry[T]{}
	t.row = t.row[:n]
	if n == 0 {
		return top.at, top.what
	}
	i := 0
	for {
		first := 4*i + 1
		if first >= n {
			break
		}
		child := first
		for c := first + 1; c < min(first+4, n); c++ {
			if t.row[c].before(&t.row[child]) {
				child = c
			}
		}
		if !t.row[child].before(&last) {
			break
		}
		t.row[i] = t.row[child]
		i = child
	}
	t.row[i] = last
	return top.at, top.what
}
