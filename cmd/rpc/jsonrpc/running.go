package jsonrpc

import (
	"slices"
	"sync"
	"time"
)

// Running is a call that is at work [RPCCommandExecution].
type Running struct {
	Method string
	Since  time.Time
}

// running are the calls at work, the oldest first.
type running struct {
	mu    sync.Mutex
	calls []*Running
}

// begin notes a call until end.
func (r *running) begin(c *Running) {
	r.mu.Lock()
	r.calls = append(r.calls, c)
	r.mu.Unlock()
}

func (r *running) end(c *Running) {
	r.mu.Lock()
	i := slices.Index(r.calls, c)
	r.calls = slices.Delete(r.calls, i, i+1)
	r.mu.Unlock()
}

// Running are the calls at work and waiting for a place, the oldest first.
func (h *Handler) Running() []Running {
	h.running.mu.Lock()
	defer h.running.mu.Unlock()
	list := make([]Running, len(h.running.calls))
	for i, c := range h.running.calls {
		list[i] = *c
	}
	return list
}
