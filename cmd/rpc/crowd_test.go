package rpc_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"grapevine/cmd/rpc/client"
)

// crowd calls methods from many connections until ctx ends, and gives each
// failure that is no refusal of the node.
func crowd(ctx context.Context, w *testNode, methods []string) []error {
	var mu sync.Mutex
	var faults []error
	var all sync.WaitGroup
	for i := range 4 * len(methods) {
		all.Go(func() {
			c, err := client.Dial(w.url, "u", "p")
			if err != nil {
				return
			}
			defer c.Close()
			for ctx.Err() == nil {
				err := c.Call(ctx, methods[i%len(methods)], nil)
				if _, refused := errors.AsType[*client.Error](err); err != nil && !refused && ctx.Err() == nil {
					mu.Lock()
					faults = append(faults, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	all.Wait()
	return faults
}

func TestManyClientsReadWhileBlocksCome(t *testing.T) {
	w := rich(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan []error, 1)
	go func() {
		done <- crowd(ctx, w, []string{"getblockchaininfo", "getrawmempool", "listunspent", "getbalances", "getpeerinfo", "listtransactions", "gettxoutsetinfo", "getchaintips"})
	}()
	for range 10 {
		w.text("sendtoaddress", stranger, 1)
		w.must("generatetoaddress", 1, stranger)
	}
	cancel()
	for _, err := range <-done {
		t.Error(err)
	}
}

func TestStopCutsWaitingCallsShort(t *testing.T) {
	w := start(t)
	answered := make(chan error, 2)
	go func() { answered <- w.Call(w.ctx, "waitfornewblock", nil) }()
	go func() {
		answered <- w.Call(w.ctx, "getblocktemplate", nil, map[string]any{"rules": []string{"segwit"}, "longpollid": genesis + "0"})
	}()
	time.Sleep(50 * time.Millisecond) // let them begin
	w.stop()
	for range 2 {
		select {
		case <-answered:
		case <-time.After(time.Minute):
			t.Fatal("a call outlives the node")
		}
	}
}

func TestLongPollHearsOfANewBlock(t *testing.T) {
	w := start(t)
	id := w.object("getblocktemplate", map[string]any{"rules": []string{"segwit"}})["longpollid"]
	heights := make(chan any, 1)
	go func() {
		heights <- w.object("getblocktemplate", map[string]any{"rules": []string{"segwit"}, "longpollid": id})["height"]
	}()
	select {
	case h := <-heights:
		t.Fatalf("answered at once with height %v", h)
	case <-time.After(100 * time.Millisecond):
	}
	w.must("generatetoaddress", 1, stranger)
	select {
	case h := <-heights:
		if h != 2.0 {
			t.Errorf("height %v", h)
		}
	case <-time.After(time.Minute):
		t.Fatal("no answer after a new block")
	}
}
