package peers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crowd asks as many clients do, one connection each.
type crowd struct {
	http *http.Client
	url  string
	size int
}

func newCrowd(n *node, clients int) *crowd {
	road := &http.Transport{MaxIdleConnsPerHost: clients, MaxConnsPerHost: clients, DisableCompression: true}
	return &crowd{&http.Client{Transport: road, Timeout: patience}, n.url, clients}
}

func (c *crowd) close() { c.http.CloseIdleConnections() }

// ask posts a body and reads the answer to its end.
func (c *crowd) ask(body []byte) error {
	r, err := http.NewRequest(http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.SetBasicAuth(user, password)
	r.Header.Set("Content-Type", "application/json")
	answer, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode == http.StatusServiceUnavailable || bytes.Contains(text[:min(len(text), 200)], []byte("answers fill")) {
		return errFull
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %.300s", answer.Status, text)
	}
	return nil
}

// errFull: the node has no room for one more request, or its answer.
var errFull = errors.New("the node is full")

// load is what a crowd saw.
type load struct {
	rate     float64 // requests a second
	refused  int
	p50, p99 time.Duration
	cpu      float64 // of the node for one request, in seconds
}

// during asks the same for so long, and at least once each.
func (c *crowd) during(t *testing.T, n *node, span time.Duration, body []byte) load {
	t.Helper()
	var mu sync.Mutex // guards all
	var all []time.Duration
	var refused atomic.Int64
	var workers sync.WaitGroup
	before, start := n.cpu(), time.Now()
	for range c.size {
		workers.Go(func() {
			var mine []time.Duration
			for first := true; first || time.Since(start) < span; first = false {
				at := time.Now()
				err := c.ask(body)
				if errors.Is(err, errFull) {
					refused.Add(1)
					time.Sleep(10 * time.Millisecond)
					continue
				}
				if err != nil {
					t.Errorf("%v: %.100s: %v", n.kind, body, err)
					return
				}
				mine = append(mine, time.Since(at))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, mine...)
		})
	}
	workers.Wait()
	if len(all) == 0 {
		t.FailNow()
	}
	slices.Sort(all)
	return load{float64(len(all)) / time.Since(start).Seconds(), int(refused.Load()), all[len(all)/2], all[len(all)*99/100], (n.cpu() - before) / float64(len(all))}
}

// each asks every body once, in order.
func (c *crowd) each(t *testing.T, n *node, bodies [][]byte) {
	t.Helper()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range c.size {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(bodies) {
					return
				}
				if err := c.ask(bodies[i]); err != nil {
					t.Errorf("%v: %.100s: %v", n.kind, bodies[i], err)
					return
				}
			}
		})
	}
	workers.Wait()
}

// request is a call as JSON.
func request(method string, params ...any) []byte {
	if params == nil {
		params = []any{}
	}
	raw, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": 1, "method": method, "params": params})
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return raw
}
