package rpc_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// places are those of listeners without a password.
const places = 1024

// attend asks for events by hand, and returns the connection and the first line of the answer.
func attend(t *testing.T, w *testNode, query string) (net.Conn, *bufio.Reader, string) {
	t.Helper()
	c := deaf(t, w, "/events"+query)
	in := bufio.NewReaderSize(c, 512)
	line, err := in.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return c, in, line
}

// T69 to T71 for those who listen: all places are taken by some who never read, thousands more come, and who has the
// password calls and listens all the same; a block reaches all who read. With GRAPEVINE_FULL half of all read and half
// read nothing, else one in sixty-four of each, and the others have nothing to hear.
func TestT69_ListenersWhoReadNothingLockNobodyOut(t *testing.T) {
	w := start(t)
	address := w.text("getnewaddress")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	every, more := 64, 20
	if os.Getenv("GRAPEVINE_FULL") != "" {
		every, more = 2, 1000
	}
	readers := make([]*bufio.Reader, places/every)
	for i := range places {
		query := "?kind=reorganisation"
		switch i % every {
		case 0:
			query = "?kind=tip"
		case 1:
			query = "" // hears all, and reads nothing of it
		}
		_, in, status := attend(t, w, query)
		if !strings.Contains(status, "200") {
			t.Fatalf("listener %d: %s", i, status)
		}
		if i%every == 0 {
			readers[i/every] = in
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (after.HeapInuse + after.StackInuse - before.HeapInuse - before.StackInuse) / places
	t.Logf("a listener takes %d bytes, this end of the connection included", each)
	if each > 64<<10 {
		t.Errorf("a listener takes %d bytes", each)
	}
	for range more { // one beyond, and more
		c, _, status := attend(t, w, "")
		if !strings.Contains(status, "503") {
			t.Fatalf("one more: %s", status)
		}
		c.Close()
	}
	known := w.listen("?kind=tip", func(r *http.Request) { r.SetBasicAuth("u", "p") })
	w.must("generatetoaddress", 300, address) // more than the silent take
	if e := known.next(); e.Height != 1 {
		t.Errorf("%+v", e)
	}
	reach := func(height int) {
		var all sync.WaitGroup
		for i, in := range readers {
			all.Go(func() {
				for {
					line, err := in.ReadString('\n')
					if err != nil {
						t.Errorf("listener %d: %v", i, err)
						return
					}
					if strings.Contains(line, fmt.Sprintf(`"height":%d}`, height)) {
						return
					}
				}
			})
		}
		all.Wait()
	}
	reach(300)
	begun := time.Now()
	w.must("generatetoaddress", 1, address)
	reach(301)
	t.Logf("a block reached %d listeners in %v", len(readers), time.Since(begun))
	w.must("getblockcount")
	begun = time.Now()
	w.stop()
	t.Logf("the node stopped in %v", time.Since(begun))
}
