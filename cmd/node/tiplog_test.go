package node

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"grapevine/chain"
)

// heights is a line of headers above one.
func heights(on *chain.HeaderNode, n int, salt byte) (out []chain.Linked) {
	for range n {
		on = &chain.HeaderNode{Parent: on, Height: on.Height + 1, Hash: chain.Hash{byte(on.Height + 1), salt}}
		out = append(out, chain.Linked{Node: on, Block: &chain.Block{Txs: make([]*chain.Tx, 2)}})
	}
	return out
}

// locked is a buffer that the late lines of a burst may enter at any time.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *locked) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}

func TestLogTellsOfTipsAndReorganisations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out locked
		best := int32(0)
		log := &tipLog{log: slog.New(slog.NewTextHandler(&out, nil)), now: time.Now, best: func() int32 { return best }}
		said := func(want ...string) {
			t.Helper()
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if out.String() == "" {
				lines = nil
			}
			if len(lines) != len(want) {
				t.Errorf("%d lines, want %d:\n%s", len(lines), len(want), out.String())
			}
			for i := range min(len(lines), len(want)) {
				for _, w := range strings.Fields(want[i]) {
					if !strings.Contains(lines[i], w) {
						t.Errorf("no %s in %s", w, lines[i])
					}
				}
			}
			out.Reset()
		}
		genesis := &chain.HeaderNode{}
		move := func(gone, come []chain.Linked) {
			tip := genesis
			if len(come) > 0 {
				tip = come[len(come)-1].Node
			}
			log.moved(chain.Delta{Disconnected: gone, Connected: come, Tip: tip}, 3, "")
		}
		first := heights(genesis, 3, 0)
		move(nil, first[:1])
		said("height=1 txs=2")
		move(nil, first[1:])
		said("height=3 txs=4 blocks=2")
		other := heights(first[0].Node, 3, 1)
		move([]chain.Linked{first[2], first[1]}, other)
		said("reorganised blocks_undone=2 blocks_new=3 fork_height=1 left_height=3 txs_back_in_pool=3", "height=4 blocks=3")

		// A sync writes a line now and then, with its speed, and its last block too.
		time.Sleep(time.Minute)
		out.Reset()
		best = 1004
		on := other[2].Node
		for _, l := range heights(on, 1000, 2) {
			move(nil, []chain.Linked{l})
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		lines := strings.Count(out.String(), "new tip")
		if lines < tipBurst || lines > 3*tipBurst+2 {
			t.Errorf("%d lines for 1,000 blocks", lines)
		}
		if !strings.Contains(out.String(), "of=1004") || !strings.Contains(out.String(), "blocks_per_second=") || !strings.Contains(out.String(), "left=") {
			t.Errorf("no speed in\n%s", out.String())
		}
		time.Sleep(tipEvery)
		synctest.Wait()
		if !strings.Contains(out.String(), "height=1004") {
			t.Errorf("the last block of the sync is not told:\n%s", out.String())
		}
		log.stop()
	})
}
