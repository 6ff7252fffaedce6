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
		quick := c.patience.For / 5 // most calls are over by then, and nothing more is asked
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(quick):
			}
			if c.hangs(ctx, c.patience.For-quick) {
				cancel(c.patience.Failed)
				return
			}
		}
	}()
	return ctx, func() { cancel(nil); <-done }
}

// hangs is whether the node does not answer within that time the least that an HTTP server can be
// asked, which waits behind no call. No answer of another kind counts: the call itself has it too.
func (c *Client) hangs(ctx context.Context, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, c.url, nil)
	if err != nil {
		return false
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return errors.Is(ctx.Err(), context.DeadlineExceeded)
	}
	resp.Body.Close()
	return false
}

// reason is why a call has failed: that the node hangs, where that was found.
func (c *Client) reason(ctx context.Context, err error) error {
	if err != nil && c.patience.Failed != nil && errors.Is(context.Cause(ctx), c.patience.Failed) {
		return c.patience.Failed
	}
	return err
}
