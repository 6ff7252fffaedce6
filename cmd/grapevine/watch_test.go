package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grapevine/cmd/rpc/events"
)

// checkTrace follows a payment of node 0 over all three nodes.
func checkTrace(t *testing.T, home, txid string) {
	t.Helper()
	var tr events.Trace
	eventually(t, "the trace of three nodes", func() bool {
		asked(t, home, &tr, "trace", "--all", txid)
		n := 0
		for _, h := range tr.Hops {
			if h.Verdict == events.Accepted {
				n++
			}
		}
		return n == 3
	})
	if tr.Hash != txid || tr.Hops[0].Node != "0" || tr.Hops[0].From != events.Self {
		t.Errorf("%+v", tr.Hops)
	}
	for _, h := range tr.Hops[1:] {
		if !strings.HasPrefix(h.From, "node ") || !strings.HasPrefix(h.By, "node ") || h.Given == nil || h.Judged == nil || h.Judged.Before(*h.Given) {
			t.Errorf("%+v", h)
		}
	}
	if out := ok(t, home, "trace", "--all", txid); strings.Count(out, events.Accepted) < 3 {
		t.Errorf("trace:\n%s", out)
	}
	if out := ok(t, home, "trace", txid, "--node", "2"); !strings.Contains(out, "heard tx transaction "+txid[:12]) || !strings.Contains(out, "judged") {
		t.Errorf("trace of node 2:\n%s", out)
	}
	if s := gv(t, home, "trace", strings.Repeat("0", 64), "--all"); s.status != 1 || !strings.Contains(s.err, "nothing is known of the way") {
		t.Errorf("trace of nothing: %d %s", s.status, s.err)
	}
}

// streamed runs `watch --all --json` until the function it gives has found events of so many nodes.
func streamed(t *testing.T, home string, args ...string) func(nodes int) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "events"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, home, append([]string{"watch", "--all", "--json", "--since", "all"}, args...)...)
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func(nodes int) {
		eventually(t, "events of all nodes", func() bool {
			raw, _ := os.ReadFile(file.Name())
			of := map[string]bool{}
			for line := range strings.Lines(string(raw)) {
				var e events.Event
				if strings.HasSuffix(line, "\n") {
					if err := json.Unmarshal([]byte(line), &e); err != nil || e.Kind != events.Tip {
						t.Fatalf("%s: %v", line, err)
					}
					of[e.Node] = of[e.Node] || e.Height == 102
				}
			}
			n := 0
			for _, tip := range of {
				if tip {
					n++
				}
			}
			return n == nodes
		})
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("watch ended with %v", err)
		}
		file.Close()
	}
}
