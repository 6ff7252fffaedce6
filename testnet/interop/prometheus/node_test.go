package prometheus

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// root is that of grapevine's module.
var root = filepath.Join("..", "..", "..")

// metricsOf is what a fresh node says of itself.
func metricsOf(t *testing.T) []byte {
	t.Helper()
	program, dir := filepath.Join(t.TempDir(), "grapevine"), filepath.Join(t.TempDir(), "net")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/grapevine")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if msg, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, msg)
	}
	if msg, err := exec.CommandContext(t.Context(), program, "--dir", dir, "testnet", "up", "--nodes", "1", "-d").CombinedOutput(); err != nil {
		t.Fatalf("testnet up: %v\n%s", err, msg)
	}
	t.Cleanup(func() {
		if msg, err := exec.Command(program, "--dir", dir, "testnet", "down").CombinedOutput(); err != nil {
			t.Errorf("testnet down: %v\n%s", err, msg)
		}
	})
	raw, err := exec.CommandContext(t.Context(), program, "--dir", dir, "testnet", "status", "--json").Output()
	var status struct {
		Nodes []struct {
			URL string `json:"rpc"`
		} `json:"nodes"`
	}
	if err = errors.Join(err, json.Unmarshal(raw, &status)); err != nil || len(status.Nodes) != 1 {
		t.Fatalf("testnet status: %v\n%s", err, raw)
	}
	answer, err := http.Get(status.Nodes[0].URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err = io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("/metrics: %d, %v", answer.StatusCode, err)
	}
	return raw
}

// series reads metrics as Prometheus does when it scrapes them.
func series(t *testing.T, raw []byte) (all []labels.Labels) {
	t.Helper()
	p, err := textparse.New(raw, "text/plain; version=0.0.4", labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for {
		entry, err := p.Next()
		switch {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("Prometheus cannot read /metrics: %v", err)
		case entry == textparse.EntrySeries:
			var l labels.Labels
			p.Labels(&l)
			all = append(all, l)
		}
	}
}

// lint is what Prometheus' linter finds in them.
func lint(t *testing.T, raw []byte) {
	t.Helper()
	found, err := promlint.New(bytes.NewReader(raw)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range found {
		t.Errorf("/metrics: %s: %s", x.Metric, x.Text)
	}
}
