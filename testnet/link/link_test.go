package link

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"grapevine/testnet"
	"grapevine/testnet/simnet"
)

// ends are a gate with a connection that it has dialled, and the other end of that.
type ends struct {
	t     *testing.T
	g     *Gate
	to    netip.AddrPort
	l     net.Listener
	near  net.Conn
	far   net.Conn
	dials time.Duration
}

// connected runs a test on a connection, in virtual time.
func connected(t *testing.T, p testnet.Pair, test func(*ends)) {
	synctest.Test(t, func(t *testing.T) {
		network := simnet.New(simnet.Config{})
		e := &ends{t: t, g: newGate(network.Host("10.0.0.1")), to: netip.MustParseAddrPort("10.0.0.2:18444")}
		var err error
		if e.l, err = network.Host("10.0.0.2").Listen(t.Context(), e.to); err != nil {
			t.Fatal(err)
		}
		defer e.l.Close()
		e.set(p)
		e.dial()
		defer func() { e.near.Close(); e.far.Close() }()
		test(e)
	})
}

func (e *ends) dial() {
	e.t.Helper()
	begun := time.Now()
	var err error
	if e.near, err = e.g.Dial(e.t.Context(), e.to); err != nil {
		e.t.Fatal(err)
	}
	e.dials = time.Since(begun)
	if e.far, err = e.l.Accept(); err != nil {
		e.t.Fatal(err)
	}
}

func (e *ends) set(p testnet.Pair) (opened []netip.AddrPort) {
	e.t.Helper()
	p.Node = e.to.String()
	raw, err := json.Marshal([]testnet.Pair{p})
	if err == nil {
		opened, err = e.g.SetLinks(raw)
	}
	if err != nil {
		e.t.Fatal(err)
	}
	return opened
}

// takes is how long n bytes take from one end to the other.
func (e *ends) takes(from, to net.Conn, n int) time.Duration {
	e.t.Helper()
	begun := time.Now()
	go from.Write(make([]byte, n))
	if _, err := io.ReadFull(to, make([]byte, n)); err != nil {
		e.t.Fatal(err)
	}
	return time.Since(begun)
}

func ms(n int) testnet.Span { return testnet.Span(time.Duration(n) * time.Millisecond) }

func TestLatencyIsAddedEachWayAndToTheDial(t *testing.T) {
	connected(t, testnet.Pair{Out: testnet.Way{Latency: ms(80)}, In: testnet.Way{Latency: ms(30)}}, func(e *ends) {
		if e.dials != 110*time.Millisecond {
			t.Errorf("the dial took %v", e.dials)
		}
		if d := e.takes(e.near, e.far, 100); d != 80*time.Millisecond {
			t.Errorf("out: %v", d)
		}
		if d := e.takes(e.far, e.near, 100); d != 30*time.Millisecond {
			t.Errorf("in: %v", d)
		}
		// What is sent one after the other arrives so: nobody waits for what is on its way.
		begun := time.Now()
		go func() {
			for range 5 {
				e.far.Write([]byte{1})
				time.Sleep(10 * time.Millisecond)
			}
		}()
		if _, err := io.ReadFull(e.near, make([]byte, 5)); err != nil || time.Since(begun) != 70*time.Millisecond {
			t.Errorf("five bytes, 10 ms apart: %v, %v", time.Since(begun), err)
		}
	})
}

func TestARateHoldsEachWayByItself(t *testing.T) {
	connected(t, testnet.Pair{Out: testnet.Way{Rate: 1e6}, In: testnet.Way{Rate: 1e5, Latency: ms(50)}}, func(e *ends) {
		if d := e.takes(e.near, e.far, 2e6); d != 2*time.Second {
			t.Errorf("2 MB at 1 MB/s: %v", d)
		}
		if d := e.takes(e.far, e.near, 1e5); d != 1050*time.Millisecond {
			t.Errorf("100 kB at 100 kB/s: %v", d)
		}
	})
}

func TestJitterKeepsTheOrderAndItsBounds(t *testing.T) {
	connected(t, testnet.Pair{Out: testnet.Way{Latency: ms(50), Jitter: ms(50)}}, func(e *ends) {
		begun := time.Now()
		go func() {
			for i := range 100 {
				e.near.Write([]byte{byte(i)})
			}
		}()
		got := make([]byte, 100)
		if _, err := io.ReadFull(e.far, got); err != nil {
			t.Fatal(err)
		}
		for i, b := range got {
			if int(b) != i {
				t.Fatalf("byte %d is %d", i, b)
			}
		}
		if d := time.Since(begun); d < 50*time.Millisecond || d > 100*time.Millisecond {
			t.Errorf("100 bytes at 0 to 100 ms took %v", d)
		}
	})
}

// Rules change in a connection that stands, also while somebody waits in it.
func TestRulesChangeWhileAConnectionStands(t *testing.T) {
	connected(t, testnet.Pair{}, func(e *ends) {
		if d := e.takes(e.near, e.far, 1e6) + e.takes(e.far, e.near, 1e6) + e.dials; d != 0 {
			t.Errorf("without rules: %v", d)
		}
		arrived := make(chan time.Time, 2)
		go func() {
			for range 2 {
				e.near.Read(make([]byte, 1))
				arrived <- time.Now()
			}
		}()
		synctest.Wait() // it reads
		e.set(testnet.Pair{In: testnet.Way{Latency: ms(100)}})
		begun := time.Now()
		for range 2 {
			e.far.Write([]byte{1})
		}
		for range 2 {
			if d := (<-arrived).Sub(begun); d != 100*time.Millisecond {
				t.Errorf("a byte took %v", d)
			}
		}
		e.set(testnet.Pair{})
		if d := e.takes(e.near, e.far, 1e6) + e.takes(e.far, e.near, 1e6); d != 0 {
			t.Errorf("without rules again: %v", d)
		}
	})
}

func TestACutEndsConnectionsAndAHealLetsThemBeMade(t *testing.T) {
	connected(t, testnet.Pair{}, func(e *ends) {
		cut := testnet.Way{Cut: true}
		e.set(testnet.Pair{Out: cut, In: cut})
		for _, end := range []net.Conn{e.near, e.far} {
			if n, err := end.Read(make([]byte, 1)); err == nil {
				t.Errorf("%d bytes after the cut", n)
			}
		}
		if _, err := e.g.Dial(t.Context(), e.to); !errors.Is(err, syscall.EHOSTUNREACH) {
			t.Errorf("dialled through a cut: %v", err)
		}
		if opened := e.set(testnet.Pair{Out: cut}); len(opened) != 0 {
			t.Errorf("half open: %v", opened)
		}
		if _, err := e.g.Dial(t.Context(), e.to); !errors.Is(err, syscall.EHOSTUNREACH) {
			t.Errorf("dialled where no answer comes back: %v", err)
		}
		if opened := e.set(testnet.Pair{}); len(opened) != 1 || opened[0] != e.to {
			t.Errorf("healed: %v", opened)
		}
		e.far.Close()
		e.dial()
		e.takes(e.near, e.far, 10)
	})
}

// What goes the way that is cut waits and arrives after the heal; the other way is open,
// and deadlines hold.
func TestACutOneWayHoldsWhatGoesThatWay(t *testing.T) {
	for _, out := range []bool{true, false} {
		connected(t, testnet.Pair{}, func(e *ends) {
			from, to, pair := e.near, e.far, testnet.Pair{Out: testnet.Way{Cut: true}}
			if !out {
				from, to, pair = e.far, e.near, testnet.Pair{In: testnet.Way{Cut: true}}
			}
			e.set(pair)
			if _, err := from.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			if d := e.takes(to, from, 10); d != 0 {
				t.Errorf("the open way took %v", d)
			}
			to.SetReadDeadline(time.Now().Add(time.Second))
			if n, err := to.Read(make([]byte, 9)); !errors.Is(err, os.ErrDeadlineExceeded) || n > 0 {
				t.Errorf("through the cut came %d bytes, %v", n, err)
			}
			to.SetReadDeadline(time.Time{})
			time.AfterFunc(time.Minute, func() { e.set(testnet.Pair{}) })
			begun := time.Now()
			b := make([]byte, 5)
			if _, err := io.ReadFull(to, b); err != nil || string(b) != "hello" || time.Since(begun) != time.Minute {
				t.Errorf("after the heal %q, %v, %v", b, time.Since(begun), err)
			}
		})
	}
}

// A writer waits when the window is full, until its deadline.
func TestASlowLinkHoldsNoMoreThanItsWindow(t *testing.T) {
	connected(t, testnet.Pair{}, func(e *ends) {
		e.set(testnet.Pair{Out: testnet.Way{Cut: true}})
		e.near.SetWriteDeadline(time.Now().Add(time.Second))
		if n, err := e.near.Write(make([]byte, 2*testnet.Window)); n != testnet.Window || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wrote %d, %v", n, err)
		}
		e.set(testnet.Pair{In: testnet.Way{Cut: true}})
		e.near.SetReadDeadline(time.Now().Add(time.Second))
		e.near.Read(make([]byte, 1)) // from now on what comes is carried
		e.far.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := e.far.Write(make([]byte, 3*testnet.Window))
		if most := 2*testnet.Window + testnet.Packet; n != most || !errors.Is(err, os.ErrDeadlineExceeded) { // the network's, ours, and one in hand
			t.Errorf("%d bytes were taken of one who cannot reach us, not %d (%v)", n, most, err)
		}
	})
}

func TestLossBreaksConnectionsNowAndThen(t *testing.T) {
	connected(t, testnet.Pair{}, func(e *ends) {
		var sum time.Duration
		const tries = 400
		for range tries {
			e.set(testnet.Pair{Out: testnet.Way{Loss: 60}})
			begun := time.Now()
			if _, err := e.far.Read(make([]byte, 1)); err == nil {
				t.Fatal("a byte")
			}
			sum += time.Since(begun)
			e.far.Close()
			e.dial()
		}
		if mean := sum / tries; mean < 45*time.Second || mean > 75*time.Second {
			t.Errorf("a loss of 60 an hour breaks them after %v on average", mean)
		}
		e.set(testnet.Pair{})
		time.Sleep(24 * time.Hour)
		e.takes(e.near, e.far, 10)
	})
}

func TestBadRulesAreRefusedAndChangeNothing(t *testing.T) {
	connected(t, testnet.Pair{Out: testnet.Way{Latency: ms(5)}}, func(e *ends) {
		before, _ := json.Marshal(e.g.Links())
		for raw, says := range map[string]string{
			`{}`:                   "cannot unmarshal",
			`[{"node":"nowhere"}]`: "want where it listens",
			`[{"node":"1.2.3.4:5"},{"node":"1.2.3.4:5"}]`:        "stands twice",
			`[{"node":"127.0.0.1:5"},{"node":"127.0.0.9:5"}]`:    "stands twice",
			`[{"node":"1.2.3.4:5","out":{"latency":"-1s"}}]`:     "latency",
			`[{"node":"1.2.3.4:5","out":{"latency":"31s"}}]`:     "latency",
			`[{"node":"1.2.3.4:5","in":{"jitter":"1ms"}}]`:       "jitter",
			`[{"node":"1.2.3.4:5","in":{"rate":-1}}]`:            "rate",
			`[{"node":"1.2.3.4:5","in":{"loss":36001}}]`:         "loss",
			`[` + strings.Repeat(`{},`, maxRules) + `{}]`:        "more than",
			`[{"node":"1.2.3.4:5","out":{"latency":"30ducks"}}]`: "unknown unit",
		} {
			if _, err := e.g.SetLinks([]byte(raw)); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%.60s: %v, want %q", raw, err, says)
			}
		}
		if after, _ := json.Marshal(e.g.Links()); string(after) != string(before) {
			t.Errorf("the rules are now %s", after)
		}
	})
}

func TestRulesOfAFileHoldFromTheStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "links.json")
	if g, err := Open(nil, path); err != nil || len(g.rules) != 0 {
		t.Errorf("without a file: %v", err)
	}
	if err := os.WriteFile(path, []byte(`[{"node":"127.0.0.1:5","out":{"cut":true},"in":{"cut":true}}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := Open(nil, path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Dial(t.Context(), netip.MustParseAddrPort("[::1]:5")); !errors.Is(err, syscall.EHOSTUNREACH) {
		t.Errorf("a node on this machine is known by its port: %v", err)
	}
	if err := os.WriteFile(path, []byte(`[{`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(nil, path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a damaged file: %v", err)
	}
}

// Whatever rules come at once, while connections are made: in the end all stand under
// those that the gate has.
func TestTheNewestRulesStayOnEachConnection(t *testing.T) {
	for round := range 1000 {
		connected(t, testnet.Pair{}, func(e *ends) {
			var wg sync.WaitGroup
			for i := range 4 {
				wg.Go(func() { e.set(testnet.Pair{Out: testnet.Way{Rate: int64(1000 * (i + 1))}}) })
			}
			var others []net.Conn
			for range 4 {
				wg.Go(func() {
					c, err := e.g.Dial(e.t.Context(), e.to)
					if err != nil {
						t.Error(err)
						return
					}
					e.g.mu.Lock()
					others = append(others, c)
					e.g.mu.Unlock()
				})
			}
			wg.Wait()
			want := e.g.pair(e.to).Out
			for _, c := range append(others, e.near) {
				line := c.(*conn).out
				line.mu.Lock()
				if line.way != want {
					t.Errorf("round %d: %+v, want %+v", round, line.way, want)
				}
				line.mu.Unlock()
				c.Close()
			}
		})
	}
}
