package cli

import (
	"context"
	"errors"
	"fmt"

	"grapevine/testnet"
)

// Glanced is a node as a watcher asks it: one that hangs is left out until it answers again, for
// each call to it would wait, and all others with it.
type Glanced struct {
	testnet.Node
	Hangup func()        // ends its connections
	left   error         // why it is left out; nil: it is not
	again  chan struct{} // closed when it has answered, or the watch ends; nil: it was never left out
	told   bool          // that it is left out
}

// Close ends it; the context of its calls has ended.
func (g *Glanced) Close() {
	if g.again != nil {
		<-g.again
	}
	g.Hangup()
}

// Call is testnet.Node's. Once it has found that the node hangs, another one waits until it does not.
func (g *Glanced) Call(ctx context.Context, method string, result any, params ...any) error {
	if g.left != nil {
		return g.left
	}
	err := g.Node.Call(ctx, method, result, params...)
	if Hangs(err) {
		again := make(chan struct{})
		g.left, g.again = err, again
		go func() {
			defer close(again)
			for Hangs(g.Node.Call(ctx, "getblockcount", nil)) { // each takes its time
			}
		}()
	}
	return err
}

// News is what has changed of whether it is left out; "": nothing.
func (g *Glanced) News(m testnet.Member) string {
	if g.left != nil {
		select {
		case <-g.again:
			g.left = nil
		default:
		}
	}
	if g.told == (g.left != nil) {
		return ""
	}
	if g.told = g.left != nil; g.told {
		return fmt.Sprintf("%v; it is left out until it answers", g.left)
	}
	return m.Title() + " answers again"
}

// Hangs is whether an error says that a node hangs.
func Hangs(err error) bool {
	_, is := errors.AsType[*testnet.HangError](err)
	return is
}
