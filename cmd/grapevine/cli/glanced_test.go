package cli

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"grapevine/testnet"
)

// stuck is a node that hangs for so long, and counts who asks it.
type stuck struct {
	until time.Time
	asked int
}

func (n *stuck) Call(ctx context.Context, _ string, _ any, _ ...any) error {
	n.asked++
	const patience = 5 * time.Second
	if !time.Now().Before(n.until) {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		return &testnet.HangError{Node: testnet.Member{Node: 1}, After: patience}
	}
}

// A node that hangs is waited for once, and left out until it answers, or the watch ends.
func TestAWatcherLeavesOutANodeThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		m, begun := testnet.Member{Node: 1}, time.Now()
		node := &stuck{until: begun.Add(time.Minute)}
		g := &Glanced{Node: node, Hangup: func() {}}
		for range 9 {
			if err := g.Call(ctx, "m", nil); !Hangs(err) {
				t.Error(err)
			}
		}
		if took := time.Since(begun); took != 5*time.Second || !strings.Contains(g.News(m), "left out") || g.News(m) != "" {
			t.Errorf("nine calls took %v", took)
		}
		time.Sleep(time.Minute + time.Second)
		if text := g.News(m); text != "node 1 answers again" || g.Call(ctx, "m", nil) != nil || g.News(m) != "" {
			t.Error(text)
		}
		if node.asked > 15 { // the first, one in five seconds, the last
			t.Errorf("it was asked %d times", node.asked)
		}
		node.until = time.Now().Add(time.Hour)
		if err := g.Call(ctx, "m", nil); !Hangs(err) {
			t.Error(err)
		}
		stop()
		g.Close()
	})
}
