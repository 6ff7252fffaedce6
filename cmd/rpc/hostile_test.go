package rpc_test

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// T59 over a whole node: bodies of 100 MB that say no length, from strangers and
// from somebody who may call. They are cut off, and take less than 64 MiB.
func TestT59_HugeBodiesCostLittle(t *testing.T) {
	w := start(t)
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // garbage is not to count
	var most atomic.Uint64
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most.Store(max(most.Load(), m.HeapAlloc))
		return m.HeapAlloc
	}
	runtime.GC()
	before, over, watched := heap(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			select {
			case <-over:
				return
			case <-time.After(time.Millisecond):
				heap()
			}
		}
	}()
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
		begun := time.Now()
		if w.must("getblockcount"); time.Since(begun) > time.Second {
			t.Errorf("another call took %v", time.Since(begun))
		}
	}
	close(over)
	<-watched
	t.Logf("the heap has grown by %d MiB at most", (most.Load()-before)>>20)
	if grown := most.Load() - before; grown > 64<<20 {
		t.Errorf("the heap has grown by %d MiB", grown>>20)
	}
}

// spaces are n bytes whose number nobody knows beforehand.
func spaces(n int64) io.Reader {
	return io.MultiReader(strings.NewReader(" "), io.LimitReader(repeat{}, n-1))
}

type repeat struct{}

func (repeat) Read(b []byte) (int, error) { return copy(b, bytes.Repeat([]byte(" "), len(b))), nil }
