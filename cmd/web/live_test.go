package web

import (
	"testing"
	"time"
)

// Strangers who hold every place for those who only read take none from who is signed in, nor theirs for ever.
func TestStrangersTakeNoPlaceFromWhoIsSignedIn(t *testing.T) {
	v, now := newLive(), time.Unix(1, 0)
	var first *listener
	for i := range maxListeners {
		l, _ := v.enter(false, now.Add(time.Duration(i)))
		if l == nil {
			t.Fatalf("listener %d has no place", i)
		}
		if first == nil {
			first = l
		}
	}
	if l, _ := v.enter(false, now.Add(listenStay-1)); l != nil {
		t.Error("who has just come must go")
	}
	if l, _ := v.enter(true, now); l == nil {
		t.Error("who is signed in has no place")
	}
	l, _ := v.enter(false, now.Add(listenStay))
	select {
	case <-first.gone:
	default:
		t.Error("who came first stays for ever")
	}
	if l == nil || v.listening() != maxListeners+1 {
		t.Errorf("%d listen; the newcomer: %v", v.listening(), l)
	}
}

// All who come are told what has happened in the same bytes: who does not read them holds none of its own.
func TestTheBacklogStandsInMemoryOnce(t *testing.T) {
	v := newLive()
	v.heard("0", []byte(`{"time":"2020-01-01T00:00:00Z","kind":"tip"}`))
	_, a := v.enter(false, time.Now())
	_, b := v.enter(false, time.Now())
	if &a[0].data[0] != &b[0].data[0] {
		t.Error("each newcomer has a copy")
	}
	v.heard("0", []byte(`{"time":"2020-01-01T00:00:01Z","kind":"tip"}`))
	if _, c := v.enter(false, time.Now()); len(c[0].data) <= len(a[0].data) {
		t.Errorf("what is new is not told: %s", c[0].data)
	}
}
