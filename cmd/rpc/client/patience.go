package client

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Patience is how long who calls waits for a node that hangs, which is not how long a call takes:
// one that answers others meanwhile is only busy with this one.
type Patience struct {
	For    time.Duration
	Failed error // of the call then
}

// beats are the parts of Patience.For by which it is counted, each of them waited for. So it is as much
// longer as this process itself has to wait for a processor, and what passes while it is stopped (^Z)
// or the machine sleeps is one part.
const beats = 50

// Limit lets the calls that follow fail when the node answers nothing at all for so long, not even
// that this is no way to ask. Without, they wait for ever.
func (c *Client) Limit(p Patience) { c.patience = p }

// watched is a context of one call that ends when the node hangs; stop ends the watch, and waits
// for its goroutine.
func (c *Client) watched(ctx context.Context) (watched context.Context, stop func()) {
	if c.patience.For == 0 {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		const quick = beats / 5 // most calls are over by then, and nothing more is asked
		for waited(ctx, c.patience.For/beats, quick, nil) {
			if c.hangs(ctx, beats-quick) {
				cancel(c.patience.Failed)
				return
			}
		}
	}()
	return ctx, func() { cancel(nil); <-done }
}

// waited is whether so many beats pass before ctx ends or over is closed.
func waited(ctx context.Context, beat time.Duration, count int, over <-chan struct{}) bool {
	pulse := time.NewTimer(beat)
	defer pulse.Stop()
	for range count {
		select {
		case <-ctx.Done():
			return false
		case <-over:
			return false
		case <-pulse.C:
			pulse.Reset(beat)
		}
	}
	return true
}

// hangs is whether the node does not answer within so many beats the least that an HTTP server can be
// asked. OPTIONS waits behind no call and no page: ours refuses it before all else, and so does Core's
// libevent, whose HEAD is queued for the workers that calls keep busy. No answer of another kind
// counts: the call itself has it too.
func (c *Client) hangs(ctx context.Context, within int) bool {
	ctx, cancel := context.WithCancel(ctx)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		req, err := http.NewRequestWithContext(ctx, http.MethodOptions, c.url, nil)
		if err != nil {
			return
		}
		if resp, err := c.http.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	hangs := waited(ctx, c.patience.For/beats, within, answered)
	cancel()
	<-answered
	return hangs
}

// reason is why a call has failed: that the node hangs, where that was found.
func (c *Client) reason(ctx context.Context, err error) error {
	if err != nil && c.patience.Failed != nil && errors.Is(context.Cause(ctx), c.patience.Failed) {
		return c.patience.Failed
	}
	return err
}
