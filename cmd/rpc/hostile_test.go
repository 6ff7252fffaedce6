package rpc_test

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// T59 over a whole node: bodies of 100 MB that say no length, from strangers and
// from somebody who may call. They are cut off, and take less than 64 MiB.
func TestT59_HugeBodiesCostLittle(t *testing.T) {
	w := start(t)
	grown := watchHeap(t)
	for _, c := range []struct {
		password string
		status   int
	}{{"", 401}, {"wrong", 401}, {"p", 413}, {"p", 413}} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", w.url, spaces(100_000_000))
		if err != nil {
			t.Fatal(err)
		}
		if c.password != "" {
			r.SetBasicAuth("u", c.password)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil { // cut off while it was still sending
			t.Logf("password %q: %v", c.password, err)
		} else {
			resp.Body.Close()
			if resp.StatusCode != c.status {
				t.Errorf("password %q: status %d, want %d", c.password, resp.StatusCode, c.status)
			}
		}
		w.must("getblockcount")
	}
	if n := grown(); n > 64 {
		t.Errorf("the heap has grown by %d MiB", n)
	}
}

// watchHeap looks at the heap until the function it returns is called, which
// says by how many MiB it had grown at most.
func watchHeap(t *testing.T) (grown func() uint64) {
	percent := debug.SetGCPercent(20) // garbage is not to count
	t.Cleanup(func() { debug.SetGCPercent(percent) })
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	before := heap()
	most := before
	over, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			select {
			case <-over:
				return
			case <-time.After(time.Millisecond):
				most = max(most, heap())
			}
		}
	}()
	return func() uint64 {
		close(over)
		<-watched
		t.Logf("the heap has grown by %d MiB at most", (most-before)>>20)
		return (most - before) >> 20
	}
}

// spaces are n bytes whose number nobody knows beforehand.
func spaces(n int64) io.Reader {
	return io.MultiReader(strings.NewReader(" "), io.LimitReader(repeat{}, n-1))
}

type repeat struct{}

func (repeat) Read(b []byte) (int, error) { return copy(b, bytes.Repeat([]byte(" "), len(b))), nil }
