package town

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/shell"
	"grapevine/cmd/grapevine/term"
)

// simulated runs `testnet simulate` and gives what it printed.
func simulated(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	p := &group{&shell.Program{Out: term.Plain(&out), Err: term.Plain(&errs)}}
	app := &cli.App{
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json"}}, Writer: &errs, ErrWriter: &errs,
		Commands: []*cli.Command{p.simulateCommand()},
	}
	err := app.RunContext(t.Context(), append([]string{"grapevine", "--json", "simulate"}, args...))
	return out.String(), err
}

func TestSimulateIsExactBySeedAndDraws(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "news.svg")
	args := []string{"--nodes", "20", "--outbound", "4", "--stock", "--partition", "3x5s", "--churn", "10", "--seeds", "3", "--svg", picture}
	first, err := simulated(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	again, err := simulated(t, args...)
	if err != nil || first != again {
		t.Errorf("the same seeds gave another run: %v", err)
	}
	var r struct {
		Seeds  int
		Config struct{ Latency, Partition float64 }
		Txs    struct{ Last float64 }
		Wrong  []string
	}
	if err := json.Unmarshal([]byte(first), &r); err != nil {
		t.Fatal(err)
	}
	if r.Seeds != 3 || r.Config.Latency != 0.05 || r.Config.Partition != 5 || r.Txs.Last < 0.1 || len(r.Wrong) > 0 {
		t.Errorf("%+v", r)
	}
	if raw, err := os.ReadFile(picture); err != nil || !strings.HasPrefix(string(raw), "<svg") {
		t.Errorf("no picture: %v", err)
	}
}

func TestSimulateRefusesWhatMakesNoSense(t *testing.T) {
	for _, args := range [][]string{
		{"--nodes", "1"}, {"--nodes", "20001"}, {"--outbound", "64"}, {"--liars", "51"}, {"--seeds", "0"},
		{"--partition", "soon"}, {"--partition", "1x5s"}, {"--latency", "-1s"}, {"--blocks", "-1"}, {"surplus"},
	} {
		if out, err := simulated(t, args...); err == nil {
			t.Errorf("%v was taken: %s", args, out)
		}
	}
}

func TestPartsOfAPartition(t *testing.T) {
	if k, d, err := parts("3x60s"); k != 3 || d != time.Minute || err != nil {
		t.Error(k, d, err)
	}
	if k, d, err := parts("90s"); k != 2 || d != 90*time.Second || err != nil {
		t.Error(k, d, err)
	}
}
