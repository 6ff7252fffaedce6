package rpc

import "testing"

// What help says of an answer or a parameter is said of one that there is.
func TestWordsOfHelpBelongToRows(t *testing.T) {
	methods, params := map[string]bool{}, map[string]bool{}
	for _, r := range Rows() {
		methods[r.Name] = true
		if !r.Gone && r.Result == "" {
			t.Errorf("help %s does not say what is answered", r.Name)
		}
		for _, p := range append(r.Signature(), r.Options()...) {
			params[p.Name], params[r.Name+"."+p.Name] = true, true
		}
	}
	for name := range results {
		if !methods[name] {
			t.Errorf("results: there is no method %s", name)
		}
	}
	for name := range glossary {
		if !params[name] {
			t.Errorf("glossary: no method has a parameter %s", name)
		}
	}
	for name, what := range defaults {
		if !params[name] {
			t.Errorf("defaults: no method has a parameter %s that counts as %s", name, what)
		}
	}
}
