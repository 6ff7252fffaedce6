package simulatecmd

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
)

// simulated runs `testnet simulate` and gives what it printed.
func simulated(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	p := &cli.Program{Out: cli.Plain(&out), Err: cli.Plain(&errs)}
	app := &urfave.App{
		Flags: []urfave.Flag{&urfave.BoolFlag{Name: "json"}}, Writer: &errs, ErrWriter: &errs,
		Commands: []*urfave.Command{Command(p)},
	}
	err := app.RunContext(t.Context(), append([]string{"grapevine", "--json", "simulate"}, args...))
	return out.String(), err
}

func TestSimulateIsExactBySeedAndDraws(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "news.svg")
	args := []string{"--nodes", "20", "--outbound", "4", "--stock", "30", "--jitter", "20", "--txsize", "1000", "--partition", "3x5s", "--churn", "10", "--seeds", "3", "--svg", picture}
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
		{"--partition", "soon"}, {"--partition", "1x5s"}, {"--partition", "3x"}, {"--latency", "-1s"}, {"--latency", "2h"},
		{"--blocks", "-1"}, {"--seed", "-1"}, {"--power", "70,40"}, {"--power", "much"}, {"--selfish"}, {"--jitter", "101"},
		{"--csv", "no/such/place"}, {"--svg", "no/such/place"}, {"surplus"},
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

// Every arrival is a line; its figures are those of the summary.
func TestSimulateWritesArrivals(t *testing.T) {
	file := filepath.Join(t.TempDir(), "news.csv")
	out, err := simulated(t, "--nodes", "5", "--blocks", "3", "--txs", "4", "--regions", "--power", "50,10", "--csv", file, "--seeds", "2")
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Found  int
		Miners []struct{ Node, Found int }
		Config struct{ Outbound int }
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil || len(rows) != 1+5*(r.Found+2*4) {
		t.Errorf("%d rows for %d blocks: %v", len(rows), r.Found, err)
	}
	if want := "seed,kind,hash,maker,made,node,region,seconds"; strings.Join(rows[0], ",") != want {
		t.Errorf("the head is %v", rows[0])
	}
	for _, row := range rows[1:] {
		if s, err := strconv.ParseFloat(row[7], 64); err != nil || s < 0 || s > 5 || row[6] == "" || len(row[2]) != 64 {
			t.Fatalf("%v (%v)", row, err)
		}
	}
	if len(r.Miners) != 2 || r.Config.Outbound != 4 {
		t.Errorf("%+v", r)
	}
}
