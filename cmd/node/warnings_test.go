package node

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
)

// TestPeopleAreWarnedOnce: of rules that are active and unknown, and of an invalid chain
// with the work of more than six blocks beyond the tip; not while the node syncs.
func TestPeopleAreWarnedOnce(t *testing.T) {
	p := chain.RegTest()
	var tips []ledger.ChainTip
	var alerts []string
	w := &warnings{versions: chain.NewVersionBits(p), invalid: func() []ledger.ChainTip { return tips },
		alert: func(text string) { alerts = append(alerts, text) }, log: slog.New(slog.DiscardHandler)}
	n := p.Genesis()
	grow := func(blocks int32) *chain.HeaderNode {
		for range blocks {
			n = chain.NewHeaderNode(n, wire.BlockHeader{Version: 0x20000000 | 1<<27, PrevBlock: n.Hash, Bits: n.Header.Bits, Timestamp: n.Header.Timestamp.Add(time.Minute)})
		}
		return n
	}
	moved := func(to *chain.HeaderNode) ledger.Event { return ledger.Event{Delta: &chain.Delta{Tip: to}} }
	yes, no := func() bool { return true }, func() bool { return false }
	const rules = "Unknown new rules activated (versionbit 27)"
	if soon := w.follow(moved(grow(287)), no); soon != rules || len(w.current()) != 0 {
		t.Errorf("locked in: %q, warned of %q", soon, w.current())
	}
	active := grow(144)
	if soon := w.follow(moved(active), yes); soon != "" || len(w.current()) != 0 {
		t.Errorf("a node that syncs says %q and warns of %q", soon, w.current())
	}
	for range 2 {
		w.follow(moved(active), no)
	}
	if !slices.Equal(w.current(), []string{rules}) || !slices.Equal(alerts, []string{rules}) {
		t.Errorf("active: warned of %q, alerts %q", w.current(), alerts)
	}
	mark := func(bad *chain.HeaderNode) {
		tips = []ledger.ChainTip{{Node: active, Status: "active"}, {Node: bad, Status: "invalid"}, {Node: grow(20), Status: "headers-only"}}
		w.follow(ledger.Event{Invalid: []ledger.BadHeader{{Node: bad}}}, no)
	}
	if mark(grow(6)); len(w.current()) != 1 {
		t.Errorf("six invalid blocks above the tip: %q", w.current())
	}
	if mark(active.Parent); len(w.current()) != 1 {
		t.Errorf("an invalid tip without more work: %q", w.current())
	}
	n = active
	if mark(grow(7)); len(w.current()) != 2 || !strings.HasPrefix(w.current()[1], "Warning: We do not appear to fully agree with our peers!") || len(alerts) != 2 {
		t.Errorf("seven invalid blocks above the tip: %q, alerts %q", w.current(), alerts)
	}
	tips = nil
	if w.follow(ledger.Event{Valid: []*chain.HeaderNode{n}}, no); len(w.current()) != 1 {
		t.Errorf("the branch is valid again: %q", w.current())
	}
}

// An alert is one word for the shell, whatever is in it.
func TestAnAlertIsSafeForTheShell(t *testing.T) {
	c := newCommands(Commands{Alert: "echo %s >> file"}, slog.New(slog.DiscardHandler), nil)
	c.alert("a 'b' $(c) ~6 \n`d`; e é")
	if got := (<-c.due).line; got != "echo 'a b (c) 6 d; e ' >> file" {
		t.Errorf("%q", got)
	}
	newCommands(Commands{}, slog.New(slog.DiscardHandler), nil).alert("nobody runs anything")
}
