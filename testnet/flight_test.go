package testnet

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// flown is a Flight with its owner's lock held.
func flown(t *testing.T, test func(*Flight)) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		mu.Lock()
		defer mu.Unlock()
		test(NewFlight(&mu))
	})
}

// No more is on its way than a window, and no more comes at once than a packet.
func TestAFlightHoldsAWindowAndNoMore(t *testing.T) {
	flown(t, func(f *Flight) {
		sum := 0
		for n := f.Free(2 * Window); n > 0; n = f.Free(2 * Window) {
			if n > Packet {
				t.Fatalf("%d bytes at once", n)
			}
			f.Put(make([]byte, n), time.Now())
			sum += n
		}
		if sum != Window || f.Free(1) != 0 {
			t.Fatalf("%d bytes, and place for %d more", sum, f.Free(1))
		}
		if n := f.Read(make([]byte, 1)); n != 1 || f.Free(2) != 1 {
			t.Fatalf("read %d, place for %d", n, f.Free(2))
		}
		f.Drop()
		if n := f.Free(2 * Window); n != Packet {
			t.Fatalf("dropped all, and there is room for %d", n)
		}
		f.Put(make([]byte, Window+1), time.Now()) // of one who has not asked
		if n := f.Free(1); n != 0 {
			t.Fatalf("a byte more than a window, and room for %d", n)
		}
	})
}

// Bytes come in their order, in pieces as the reader has room.
func TestAFlightLandsInOrder(t *testing.T) {
	flown(t, func(f *Flight) {
		first, last := time.Now().Add(time.Second), time.Now().Add(time.Minute)
		if _, there := f.First(); there || !f.Last().IsZero() {
			t.Fatal("something is on its way")
		}
		f.Put([]byte("abc"), first)
		f.Put([]byte("de"), last)
		if at, there := f.First(); !there || !at.Equal(first) || !f.Last().Equal(last) {
			t.Fatalf("from %v, %t, to %v", at, there, f.Last())
		}
		b := make([]byte, 2)
		if n := f.Read(b); n != 2 || string(b) != "ab" {
			t.Fatalf("read %q", b[:n])
		}
		if n := f.Read(b); n != 1 || string(b[:n]) != "c" {
			t.Fatalf("read %q", b[:n])
		}
		if at, _ := f.First(); !at.Equal(last) {
			t.Fatalf("the next arrives at %v", at)
		}
		f.Land()
		if at, there := f.First(); !there || at.After(time.Now()) {
			t.Fatalf("landed at %v, %t", at, there)
		}
		if p := f.Pop(); string(p) != "de" {
			t.Fatalf("took %q", p)
		}
		if _, there := f.First(); there {
			t.Fatal("something is left")
		}
	})
}

// Who waits is woken by the earliest time that counts, or by a change before it.
func TestWhoWaitsForAFlightIsWoken(t *testing.T) {
	flown(t, func(f *Flight) {
		begun := time.Now()
		f.Wait(time.Time{}, begun.Add(time.Hour), begun.Add(time.Minute))
		if d := time.Since(begun); d != time.Minute || !Past(begun.Add(time.Minute)) || Past(time.Time{}) || Past(begun.Add(time.Hour)) {
			t.Fatalf("woken after %v", d)
		}
		for i, change := range []func(){
			func() { f.Put([]byte{1, 2, 3}, begun) }, func() { f.Read(make([]byte, 1)) }, func() { f.Pop() }, f.Land, f.Drop, f.Wake,
		} {
			go func() {
				time.Sleep(time.Second)
				f.l.Lock()
				defer f.l.Unlock()
				change()
			}()
			begun := time.Now()
			if f.Wait(); time.Since(begun) != time.Second {
				t.Fatalf("change %d: woken after %v", i, time.Since(begun))
			}
		}
	})
}
