package rpc_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.yaml.in/yaml/v3"
)

// metricsOf is what a node answers at /metrics.
func metricsOf(t *testing.T, w *testNode) []byte {
	t.Helper()
	status, _, body := w.fetch("/metrics")
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	return body
}

// Prometheus' own linter is the judge of names, units, types and help.
func TestMetricsKeepPrometheusConventions(t *testing.T) {
	w := start(t)
	w.must("generatetoaddress", 1, w.text("getnewaddress"))
	body := metricsOf(t, w)
	problems, err := promlint.New(bytes.NewReader(body)).Lint()
	if err != nil {
		t.Fatalf("%v in:\n%s", err, body)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, want := range []string{
		`grapevine_build_info{version="0.1.0",network="regtest",goversion="go`, "grapevine_height 1\n", `grapevine_events_total{kind="tip"} 1` + "\n",
		`grapevine_blocks_judged_total{verdict="accepted"} 1` + "\n", `grapevine_transactions_judged_total{verdict="refused"} 0` + "\n",
		`grapevine_step_duration_seconds_bucket{le="+Inf"} `, "go_goroutines ", "process_start_time_seconds 1",
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	if resp := w.get("/metrics", func(r *http.Request) { r.Method = http.MethodPost }); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", resp.StatusCode)
	}
}

// unknownMetrics are those that an expression names and a node does not have.
func unknownMetrics(exposed []byte, expr string) (unknown []string) {
	var known []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)`).FindAllSubmatch(exposed, -1) {
		name := string(m[1])
		if known = append(known, name); string(m[2]) == "histogram" {
			known = append(known, name+"_bucket", name+"_sum", name+"_count")
		}
	}
	bare := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(expr, `""`)
	for _, name := range regexp.MustCompile(`\b(grapevine|go|process)_[a-z0-9_]+`).FindAllString(bare, -1) {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// balanced says whether brackets close in order: what a shell of PromQL's parser would see first.
func balanced(expr string) bool {
	var open []rune
	pairs := map[rune]rune{')': '(', ']': '[', '}': '{'}
	for _, c := range regexp.MustCompile(`"[^"]*"`).ReplaceAllString(expr, "") {
		switch c {
		case '(', '[', '{':
			open = append(open, c)
		case ')', ']', '}':
			if len(open) == 0 || open[len(open)-1] != pairs[c] {
				return false
			}
			open = open[:len(open)-1]
		}
	}
	return len(open) == 0 && strings.Count(expr, `"`)%2 == 0
}

func TestUnknownMetricsAreFound(t *testing.T) {
	exposed := []byte("# TYPE grapevine_a_seconds histogram\n# TYPE grapevine_b gauge\n")
	for expr, want := range map[string]int{
		`grapevine_b{x="grapevine_c"}`: 0, "rate(grapevine_a_seconds_bucket[5m])": 0, "grapevine_a_seconds_total": 1, "grapevine_b_sum + grapevine_x": 2,
	} {
		if got := unknownMetrics(exposed, expr); len(got) != want {
			t.Errorf("%s: %v", expr, got)
		}
	}
	for expr, want := range map[string]bool{"a(b[5m])": true, "a(b[5m)]": false, "a)": false, "(a": false, `a{b="("}`: true, `a{b="}`: false} {
		if balanced(expr) != want {
			t.Errorf("%s: %v", expr, !want)
		}
	}
}

// The dashboard is JSON that Grafana reads, and each of its queries asks for what a node has.
func TestTheDashboardAsksForWhatThereIs(t *testing.T) {
	exposed := metricsOf(t, start(t))
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "grafana.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		UID, Title    string
		SchemaVersion int
		Templating    struct {
			List []struct{ Name, Definition string }
		}
		Panels []struct {
			ID      int
			Title   string
			Type    string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ RefID, Expr string }
		}
	}
	if err := json.Unmarshal(raw, &d); err != nil || d.UID == "" || d.Title == "" || d.SchemaVersion == 0 || len(d.Templating.List) != 2 {
		t.Fatalf("%v: %+v", err, d)
	}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if p.Title == "" || ids[p.ID] || len(p.Targets) == 0 || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %+v", p)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			if bad := unknownMetrics(exposed, q.Expr); len(bad) > 0 || q.Expr == "" || !balanced(q.Expr) {
				t.Errorf("panel %q asks for %s: %v", p.Title, q.Expr, bad)
			}
		}
	}
	for _, v := range d.Templating.List {
		if bad := unknownMetrics(exposed, v.Definition); len(bad) > 0 {
			t.Errorf("variable %s: %v", v.Name, bad)
		}
	}
}

// The alerts are a rule file of Prometheus, and each asks for what a node has.
func TestTheAlertsAskForWhatThereIs(t *testing.T) {
	exposed := metricsOf(t, start(t))
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         string            `yaml:"for"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	in := yaml.NewDecoder(bytes.NewReader(raw))
	in.KnownFields(true)
	if err := in.Decode(&file); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" || seen[r.Alert] || r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
				t.Errorf("rule %+v", r)
			}
			seen[r.Alert] = true
			if bad := unknownMetrics(exposed, r.Expr); len(bad) > 0 || !balanced(r.Expr) || r.Expr == "" {
				t.Errorf("%s asks for %s: %v", r.Alert, r.Expr, bad)
			}
			if r.For != "" && !regexp.MustCompile(`^[0-9]+[smhd]$`).MatchString(r.For) {
				t.Errorf("%s: for %q", r.Alert, r.For)
			}
		}
	}
	if len(seen) == 0 {
		t.Error("no alerts")
	}
}
