package jsonrpc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// owner calls a method over a connection of its own and wants an answer.
func owner(t *testing.T, addr string) {
	t.Helper()
	c, r := dial(t, addr)
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	body := `{"id":1,"method":"count"}`
	fmt.Fprintf(c, "POST / HTTP/1.1\n%s\nContent-Length: %d\n\n%s", authLine, len(body), body)
	if status, answer := readByHand(t, r); answer != `{"result":7,"error":null,"id":1}` {
		t.Errorf("the owner is answered %s %s", status, answer)
	}
	c.Close()
}

// crowd opens n connections and lets each do what strangers do.
func crowd(t *testing.T, addr string, n int, each func(net.Conn)) {
	t.Helper()
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		go each(c)
	}
}

// Nobody leaves the owner without a place: the server has 64 of them here.
func TestT69_StrangersNeverHoldTheOwnersPlace(t *testing.T) {
	for name, each := range map[string]func(net.Conn){
		"silent": func(net.Conn) {},
		"a byte a second": func(c net.Conn) {
			for b := range strings.SplitSeq("POST / HTTP/1.1", "") {
				if _, err := io.WriteString(c, b); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		},
		"wrong passwords": func(c net.Conn) {
			_, _ = io.WriteString(c, "POST / HTTP/1.1\nAuthorization: Basic dTp4\nContent-Length: 0\n\n")
		},
		"no password, and the rest of the body never": func(c net.Conn) {
			_, _ = io.WriteString(c, "POST / HTTP/1.1\nContent-Length: 100\n\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			addr := serve(t)
			crowd(t, addr, 300, each)
			for range 5 {
				owner(t, addr)
			}
		})
	}
}

func TestT69_AnIdleStrangerGoesBeforeWhoIsAtWork(t *testing.T) {
	set := &conns{most: 2, strangers: map[*conn]struct{}{}, known: map[*conn]struct{}{}}
	come := func() *conn {
		a, b := net.Pipe()
		t.Cleanup(func() { b.Close() })
		c := &conn{Conn: a, set: set}
		set.admit(c)
		return c
	}
	gone := func(c *conn) bool { _, is := set.strangers[c]; _, known := set.known[c]; return !is && !known }
	busy, idle := come(), come()
	busy.turn(true)
	third := come()
	if !gone(idle) || gone(busy) || gone(third) {
		t.Error("the idle one should have gone, and it alone")
	}
	third.turn(true)
	fourth := come()
	if !gone(busy) || gone(third) || gone(fourth) {
		t.Error("of busy ones the first should have gone, and it alone")
	}
	for _, c := range []*conn{third, fourth} {
		if !set.trust(c) {
			t.Error("not trusted though there is a place")
		}
	}
	fifth := come()
	fifth.turn(true)
	if !set.trust(fifth) || !gone(fourth) {
		t.Error("a trusted one that is idle should have made place")
	}
	if sixth := come(); set.trust(sixth) {
		t.Error("trusted though all places are at work")
	}
	third.Close()
	if !gone(third) || len(set.known) != 1 {
		t.Error("a closed connection keeps its place")
	}
}

func TestT69_AllWrongPasswordsWaitInOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g guesses
		var refused atomic.Int64
		for range 300 {
			go func() {
				g.wait(t.Context())
				refused.Add(1)
			}()
		}
		gaveUp, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 { // who hangs up has cost its delay all the same
			g.wait(gaveUp)
		}
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		if n := refused.Load(); n > 40 {
			t.Errorf("%d wrong passwords were refused in 10 s", n)
		}
		time.Sleep(guessTime)
		synctest.Wait()
		if n := refused.Load(); n != 300 {
			t.Errorf("%d of 300 were refused after %v", n, guessTime)
		}
		begin := time.Now()
		if g.wait(t.Context()); time.Since(begin) != guessDelay {
			t.Errorf("a wrong one alone waits %v", time.Since(begin))
		}
	})
}

// waiting is a server whose method waits until release is closed.
func waiting(t *testing.T, release chan struct{}) (addr string, begun *atomic.Int64) {
	t.Helper()
	begun = new(atomic.Int64)
	cfg := testConfig()
	cfg.Methods = append(cfg.Methods, Method{Name: "waitfor", Do: func(ctx context.Context, c *Call) (any, error) {
		defer c.Aside()()
		begun.Add(1)
		select {
		case <-release:
		case <-ctx.Done():
		}
		return "over", nil
	}}, Method{Name: "busy", Do: func(ctx context.Context, _ *Call) (any, error) {
		begun.Add(1)
		select {
		case <-release:
		case <-ctx.Done():
		}
		return "over", nil
	}}, Method{Name: "stop", Early: true, Do: func(context.Context, *Call) (any, error) { return "stopping", nil }})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: NewHandler(cfg)}
	go func() { _ = Serve(srv, l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return l.Addr().String(), begun
}

// until waits for something that comes, however slow the machine is.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func TestT71_WaitingCallsGiveTheirPlaceBack(t *testing.T) {
	release := make(chan struct{})
	addr, begun := waiting(t, release)
	answers := make(chan string, 2)
	for i, body := range []string{`{"id":1,"method":"waitfor"}`, `[{"id":1,"method":"waitfor"},{"id":2,"method":"waitfor"}]`} {
		crowd(t, addr, 64, func(c net.Conn) {
			fmt.Fprintf(c, "POST / HTTP/1.1\n%s\nContent-Length: %d\n\n%s", authLine, len(body), body)
			if _, err := http.ReadResponse(bufio.NewReader(c), nil); err == nil {
				select {
				case answers <- "":
				default:
				}
			}
		})
		until(t, "64 more calls wait", func() bool { return begun.Load() == int64(64*(i+1)) })
	}
	crowd(t, addr, 64, func(c net.Conn) { // and bodies that never come
		fmt.Fprintf(c, "POST / HTTP/1.1\n%s\nContent-Length: 100\n\n", authLine)
	})
	owner(t, addr)
	close(release)
	for range 2 {
		select {
		case <-answers:
		case <-time.After(time.Minute):
			t.Fatal("who waited is not answered")
		}
	}
}

func TestT71_StopNeedsNoPlace(t *testing.T) {
	release := make(chan struct{})
	addr, begun := waiting(t, release)
	crowd(t, addr, maxCalls+8, func(c net.Conn) {
		body := `{"id":1,"method":"busy"}`
		fmt.Fprintf(c, "POST / HTTP/1.1\n%s\nContent-Length: %d\n\n%s", authLine, len(body), body)
	})
	until(t, "all places are taken", func() bool { return begun.Load() == maxCalls })
	if _, answer := post(t, addr, "/", `{"id":1,"method":"stop"}`); !strings.Contains(answer, "stopping") {
		t.Errorf("stop: %s", answer)
	}
	close(release)
	owner(t, addr)
}

// Requests that each hold a part of the memory and want more do not wait for
// each other for ever, and never hold much more than there is.
func TestT72_TheBudgetHoldsAndLetsAllFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const mib = 1 << 20
		b := NewBudget(16*mib, 20*mib, time.Second)
		var most atomic.Int64
		done := make(chan error, 50)
		for range 50 {
			go func() {
				s := b.Begin()
				defer s.End()
				for range 8 {
					if err := s.Take(t.Context(), mib); err != nil {
						done <- err
						return
					}
					b.mu.Lock()
					most.Store(max(most.Load(), int64(b.used)))
					b.mu.Unlock()
					time.Sleep(time.Millisecond)
				}
				done <- nil
			}()
		}
		for range 50 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		if m := most.Load(); m > 24*mib { // all, and the rest of one
			t.Errorf("%d MiB were held at once", m/mib)
		}
		if b.used != 0 || len(b.shares) != 0 || len(b.waiting) != 0 {
			t.Errorf("left over: %d bytes, %d shares, %d waiting", b.used, len(b.shares), len(b.waiting))
		}
	})
}

func TestT72_WhoFindsNoMemoryIsRefusedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(1<<20, 2<<20, time.Second)
		first, second := b.Begin(), b.Begin()
		if err := first.Take(t.Context(), 1<<20); err != nil {
			t.Fatal(err)
		}
		if err := second.Take(t.Context(), free); err != nil {
			t.Errorf("a small request waits for a large one: %v", err)
		}
		begin := time.Now()
		if err := second.Take(t.Context(), 1<<20); !errors.Is(err, errNoMemory) || time.Since(begin) != memoryTime {
			t.Errorf("got %v after %v", err, time.Since(begin))
		}
		begin = time.Now()
		if err := second.Take(t.Context(), 1<<20); !errors.Is(err, errNoMemory) || time.Since(begin) != 0 {
			t.Errorf("it waits again: %v after %v", err, time.Since(begin))
		}
		if err := first.Take(t.Context(), 1<<20); err != nil {
			t.Errorf("the first one may not hold up to its own limit: %v", err)
		}
		if err := first.Take(t.Context(), 1); !errors.Is(err, errTooLarge) {
			t.Errorf("beyond its own limit: %v", err)
		}
		if err := first.Settle(1<<20, 1<<20+1); !errors.Is(err, errTooLarge) {
			t.Errorf("settled beyond its own limit: %v", err)
		}
		first.End()
		if err := second.Take(t.Context(), 1<<20); err != nil {
			t.Errorf("no memory after the first has gone: %v", err)
		}
	})
}

func TestT72_AWriterThatNobodyReadsIsCutWhenOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(1<<20, 1<<20, time.Second)
		stalled := b.Begin()
		if err := stalled.Take(t.Context(), 1<<20); err != nil {
			t.Fatal(err)
		}
		stalled.writing(0, func() { go stalled.End() })
		time.Sleep(time.Minute) // nobody waits: it is left alone
		if stalled.cut == nil {
			t.Fatal("cut though nobody waits")
		}
		begin := time.Now()
		if err := b.Begin().Take(t.Context(), 1<<20); err != nil || time.Since(begin) > 2*time.Second {
			t.Errorf("got %v after %v", err, time.Since(begin))
		}
	})
}

// A batch that asks for more than there is memory for is told so call by call,
// and what was done before is answered.
func TestT72_ABatchBeyondTheBudgetIsAnsweredClearly(t *testing.T) {
	cfg, done := testConfig(), 0
	large := strings.Repeat("x", 1<<20)
	cfg.Methods = append(cfg.Methods, Method{Name: "large", Large: true, Do: func(context.Context, *Call) (any, error) {
		done++
		return large, nil
	}})
	h := NewHandler(cfg)
	h.budget = NewBudget(4<<20, 16<<20, time.Second)
	share := h.budget.Begin()
	defer share.End()
	status, parts := h.answerBody(t.Context(), asker{share: share}, []byte("["+strings.TrimSuffix(strings.Repeat(`{"id":1,"method":"large"},`, 20), ",")+"]"))
	var answers []struct {
		Result *string
		Error  *Error
	}
	var text []byte
	for _, p := range parts {
		text = append(text, p...)
	}
	if err := json.Unmarshal(text, &answers); err != nil || status != 200 || len(answers) != 20 {
		t.Fatalf("%d, %d answers, %v", status, len(answers), err)
	}
	given := 0
	for _, a := range answers {
		switch {
		case a.Result != nil && a.Error == nil:
			given++
		case a.Error == nil || a.Error.Code != CodeMisc || !strings.Contains(a.Error.Message, "ask for less at once"):
			t.Errorf("refused with %v", a.Error)
		}
	}
	if given != done || given < 10 || given > 16 {
		t.Errorf("%d calls were run, %d answered", done, given)
	}
}
