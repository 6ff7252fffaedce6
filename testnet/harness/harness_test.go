package harness_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"grapevine/testnet/harness"
)

// Five nodes, a payment and a reorganisation, in fifteen lines.
func TestAPaymentSurvivesAReorganisation(t *testing.T) {
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		net := harness.Network(t, 5)
		net.Mine(0, 101)
		net.Sync()
		net.Cut([]int{0, 1}, []int{2, 3, 4})
		txid := net.Pay(0, 1, harness.BTC)
		net.Mine(0, 1)
		net.Mine(2, 2)
		net.Heal()
		net.Sync()
		if !net.InPool(4, txid) || net.Height(0) != 103 {
			t.Error("the payment is lost, or the side with less work has won")
		}
	})
	t.Logf("it took %v", time.Since(began))
}

// The same story on both kinds of network, step by step.
func story(t *testing.T, net *harness.Net) {
	net.Mine(0, 101)
	net.Sync()
	net.Cut([]int{0, 1}, []int{2, 3})
	txid := net.Pay(0, 1, 3*harness.BTC/2)
	net.Mine(0, 1)
	net.Sync() // each side by itself
	if net.Confirmations(1, txid) != 1 || net.Confirmations(2, txid) != 0 || net.InPool(2, txid) || net.Tip(0) == net.Tip(3) {
		t.Error("the cut has not cut")
	}
	if net.Balance(1) != 3*harness.BTC/2 {
		t.Errorf("node 1 has %s BTC", net.Balance(1))
	}
	net.Mine(2, 2)
	net.Heal()
	net.Sync()
	if !net.InPool(3, txid) || net.Confirmations(0, txid) != 0 || net.Height(1) != 103 {
		t.Error("the side with more work has not won, or the payment is lost")
	}
	net.Stop(1)
	net.Mine(3, 1)
	net.Start(1)
	net.Sync()
	if net.Confirmations(1, txid) != 1 {
		t.Error("who was away has not caught up")
	}
	var before, after struct {
		MedianTime int64 `json:"mediantime"`
	}
	net.Call(2, "getblockchaininfo", &before)
	net.Clock(3 * time.Hour)
	net.Mine(2, 6) // the median is of eleven blocks
	net.Call(2, "getblockchaininfo", &after)
	if after.MedianTime < before.MedianTime+int64(2*time.Hour/time.Second) {
		t.Errorf("the clock went three hours ahead, and the median time %d s", after.MedianTime-before.MedianTime)
	}
	net.Sound()

	// What comes after a snapshot is undone by it, each time.
	tip, had := net.Tip(0), net.Balance(1)
	restore := net.Snapshot()
	for range 2 {
		net.Pay(1, 2, harness.BTC/2)
		net.Mine(3, 2)
		net.Sync()
		if net.Tip(0) == tip || net.Balance(1) == had {
			t.Error("nothing has happened")
		}
		restore()
		for i := range net.Len() {
			if net.Tip(i) != tip {
				t.Errorf("node %d is not where it was", i)
			}
		}
		if net.Balance(1) != had {
			t.Errorf("node 1 has %s BTC, it had %s", net.Balance(1), had)
		}
	}
	net.Sound()
}

func TestTheStoryInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { story(t, harness.Network(t, 4)) })
}

func TestTheStoryOnRealProcesses(t *testing.T) { story(t, harness.Processes(t, 4)) }

func TestOneNodeIsANetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := harness.Network(t, 1)
		net.Mine(0, 1)
		net.Sound()
		if net.Len() != 1 || net.Height(0) != 1 {
			t.Error(net.Len(), net.Height(0))
		}
		if err := net.Node(0).Call(t.Context(), "nosuchmethod", nil); err == nil || !strings.Contains(err.Error(), "not found") {
			t.Errorf("a call that fails says %v", err)
		}
	})
}

// shown is the piece of doc.go that begins with a line and ends where the comment's text goes on.
func shown(t *testing.T, first string) string {
	t.Helper()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, from, ok := strings.Cut(string(doc), "//\t"+first+"\n")
	if !ok {
		t.Fatalf("doc.go shows nothing that begins with %q", first)
	}
	text := first + "\n"
	for line := range strings.Lines(from) {
		code, ours := strings.CutPrefix(line, "//\t")
		switch {
		case ours:
			text += code
		case line == "//\n":
			text += "\n"
		default:
			return text
		}
	}
	return text
}

// A module elsewhere uses the harness by the very lines that doc.go shows.
func TestAForeignModuleUsesIt(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	const path = "../grapevine"
	mod := shown(t, "module example.org/mine")
	if strings.Count(mod, path) != 1 {
		t.Fatalf("doc.go's go.mod does not name %s:\n%s", path, mod)
	}
	for name, text := range map[string]string{
		"go.mod":       strings.Replace(mod, path, root, 1),
		"go.sum":       string(sums),
		"mine_test.go": shown(t, "package mine"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "test", "-count=1", "-vet=off", "-v", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -mod=mod", "GOWORK=off") // on a fresh machine it fetches what this build has not
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestAPaymentSurvivesAReorganisation") {
		t.Errorf("%v\n%s", err, out)
	}
}
