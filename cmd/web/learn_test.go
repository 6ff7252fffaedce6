package web_test

import (
	"strings"
	"testing"

	"grapevine/cmd/web"
)

// The bounds are those of docs/client-server-p2p.md: N copies through one line, or one copy.
func TestLearnTellsTheBoundsWithoutAScript(t *testing.T) {
	p := newPage(t, web.Config{})
	for query, want := range map[string][]string{
		"":                                  {"8 (above)", "1 min 40 s", "12.5 s", "8.0", ">100<", ">1,000<", ">10,000<"},
		"?n=32&size=100&seed=10&up=1":       {"32 (above)", "5 min 20 s", "1 min 16 s"},
		"?n=5&size=100&seed=10&up=0&down=1": {"5 (above)", "1 min 40 s"},
		"?n=1&pieces=48":                    {"1 (above)"},
	} {
		w := ask(p, "GET", "/learn"+query)
		for _, x := range want {
			if !strings.Contains(w.Body.String(), x) {
				t.Errorf("%q: the page lacks %q", query, x)
			}
		}
		if w.Code != 200 {
			t.Errorf("%q: %d", query, w.Code)
		}
	}
}

func TestLearnRefusesNonsense(t *testing.T) {
	p := newPage(t, web.Config{})
	for _, query := range []string{"n=0", "n=33", "n=1.5", "n=x", "n=NaN", "size=0", "size=Inf", "size=10001", "seed=0", "seed=-1", "up=-1", "down=0", "pieces=49", "pieces=1e9", "n=%3Cscript%3E"} {
		w := ask(p, "GET", "/learn?"+query)
		if w.Code != 400 || !strings.Contains(w.Body.String(), ": want ") || strings.Contains(w.Body.String(), "<script>") {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
	for _, query := range []string{"n=32", "size=10000", "seed=0.1", "up=0", "down=1000", "pieces=48"} {
		if w := ask(p, "GET", "/learn?"+query); w.Code != 200 {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
}
