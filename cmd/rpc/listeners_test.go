package rpc_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
	"time"
)

// quiet is a client that keeps nothing but its connection, so that what memory grows by is the server's.
type quiet struct {
	net.Conn
	t *testing.T
}

func (w *testNode) quiet(addr, first string) quiet {
	w.t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		w.t.Fatal(err)
	}
	q := quiet{c, w.t}
	q.say(first)
	return q
}

func (q quiet) say(text string) {
	q.t.Helper()
	if _, err := q.Write([]byte(text)); err != nil {
		q.t.Fatal(err)
	}
}

// hears waits until something was said to it; what came beside that is let go.
func (q quiet) hears(words string, buf []byte) {
	q.t.Helper()
	n := 0
	for !bytes.Contains(buf[:n], []byte(words)) {
		if n == len(buf) {
			q.t.Fatalf("%q was not among %q", words, buf)
		}
		more, err := q.Read(buf[n:])
		if err != nil {
			q.t.Fatalf("%v before %q: %q", err, words, buf[:n])
		}
		n += more
	}
}

// inUse is the memory that lives, stacks too.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// A block reaches all who listen to events and all who watch by Electrum's protocol at once, and none takes much
// memory. With GRAPEVINE_FULL they are a thousand of each, and a second is enough.
func TestABlockReachesListenersOfBothKinds(t *testing.T) {
	const most, within = 64 << 10, time.Second
	each, full := 50, os.Getenv("GRAPEVINE_FULL") != ""
	if full {
		each = 1000
	}
	w, buf := electric(t), make([]byte, 16<<10)
	w.must("generatetoaddress", 1, stranger)
	hash := w.electrumHash(stranger)
	before := inUse()
	streams, lights := make([]quiet, each), make([]quiet, each)
	for i := range each {
		streams[i] = w.quiet(w.node.RPC.Addr().String(), "GET /events?kind=tip HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
		streams[i].hears("retry: ", buf)
		lights[i] = w.quiet(w.node.Electrum.Addrs()[0].String(), `{"jsonrpc":"2.0","id":1,"method":"server.version","params":["q","1.4"]}`+"\n")
		lights[i].hears("grapevine", buf)
		lights[i].say(`{"jsonrpc":"2.0","id":2,"method":"blockchain.headers.subscribe"}` + "\n")
		lights[i].hears(`"id":2`, buf)
		lights[i].say(fmt.Sprintf(`{"jsonrpc":"2.0","id":3,"method":"blockchain.scripthash.subscribe","params":["%s"]}`+"\n", hash))
		lights[i].hears(`"id":3`, buf)
	}
	perHead := (inUse() - before) / int64(2*each)
	best := time.Hour
	for height := 2; height < 12 && best > within/2; height++ {
		begin := time.Now()
		w.must("generatetoaddress", 1, stranger)
		for i := range each {
			streams[i].hears(fmt.Sprintf(`"height":%d`, height), buf)
			lights[i].hears(fmt.Sprintf(`"height":%d`, height), buf)
		}
		best = min(best, time.Since(begin))
	}
	t.Logf("%d and %d listeners: a block reaches all in %v; each takes %d bytes", each, each, best.Round(time.Millisecond), perHead)
	if perHead > most {
		t.Errorf("each listener takes %d bytes, want at most %d", perHead, most)
	}
	if full && best > within {
		t.Errorf("a block reaches all in %v, want %v in the best of ten", best, within)
	}
}
