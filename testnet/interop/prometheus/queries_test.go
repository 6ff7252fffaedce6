package prometheus

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// scraped are the labels that Prometheus itself adds to what it takes from a node.
var scraped = []string{"instance", "job"}

// made are the series that Prometheus itself makes of a node that it asks.
var made = []labels.Labels{labels.FromStrings("__name__", "up")}

// query is a query of the docs, and where it stands.
type query struct{ where, expr string }

// Everything that docs/alerts.yml and docs/grafana.json ask is PromQL, and selects something that a node tells.
func TestWhatTheDocsAskIsThere(t *testing.T) {
	raw := metricsOf(t)
	lint(t, raw)
	told := append(series(t, raw), made...)
	asked := append(alerts(t), panels(t)...)
	if len(asked) < 30 {
		t.Errorf("%d queries are few: are all of them found?", len(asked))
	}
	for _, q := range asked {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(q.expr)
		if err != nil {
			t.Errorf("%s: %s: %v", q.where, q.expr, err)
			continue
		}
		for _, fault := range faults(expr, told) {
			t.Errorf("%s: %s: %s", q.where, q.expr, fault)
		}
	}
}

// faults are what a query selects that is not there, and labels it groups by that nothing has.
func faults(expr parser.Expr, told []labels.Labels) (list []string) {
	has := func(name string) bool {
		return slices.Contains(scraped, name) || slices.ContainsFunc(told, func(l labels.Labels) bool { return l.Has(name) })
	}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			if !slices.ContainsFunc(told, func(l labels.Labels) bool { return selects(n, l) }) {
				list = append(list, "a node tells nothing of "+n.String())
			}
		case *parser.AggregateExpr:
			for _, name := range n.Grouping {
				if !has(name) {
					list = append(list, "nothing has the label "+name)
				}
			}
		}
		return nil
	})
	return list
}

// selects says whether a selector takes a series, however Prometheus calls the node.
func selects(v *parser.VectorSelector, l labels.Labels) bool {
	for _, m := range v.LabelMatchers {
		if !slices.Contains(scraped, m.Name) && !m.Matches(l.Get(m.Name)) {
			return false
		}
	}
	return true
}

// A query that asks for what is not there is found, whatever is wrong with it.
func TestFaultsAreFound(t *testing.T) {
	told := []labels.Labels{labels.FromStrings("__name__", "a_total", "kind", "x"), labels.FromStrings("__name__", "b")}
	for text, want := range map[string]int{
		`a_total`: 0, `rate(a_total{kind="x"}[5m])`: 0, `sum by (instance, kind) (a_total{instance=~"$i"})`: 0, `a_total{kind="y"}`: 1,
		`a`: 1, `sum by (sort) (b)`: 1, `a_total / ignoring(kind) c{x="1"}`: 1, `b{kind="x"}`: 1,
	} {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := faults(expr, told); len(got) != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// alerts reads the rule file as Prometheus does, templates of its texts included.
func alerts(t *testing.T) (list []query) {
	t.Helper()
	groups, errs := rulefmt.ParseFile(filepath.Join(root, "docs", "alerts.yml"), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if groups == nil {
		t.FailNow()
	}
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			list = append(list, query{"alert " + r.Alert, r.Expr})
		}
	}
	return list
}

// panels reads the dashboard's queries, with something for the variables that Grafana fills in.
func panels(t *testing.T) (list []query) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "docs", "grafana.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer("$__rate_interval", "1m", "$__interval", "15s", "$instance", ".*")
	for _, p := range d.Panels {
		for _, x := range p.Targets {
			list = append(list, query{"panel " + p.Title, filled.Replace(x.Expr)})
		}
	}
	return list
}
