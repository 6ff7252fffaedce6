package args

import "testing"

func TestSplitHostPort(t *testing.T) {
	for text, want := range map[string]struct {
		host string
		port uint16
		ok   bool
	}{
		"a":             {"a", 0, true},
		"a:1":           {"a", 1, true},
		"1.2.3.4:65535": {"1.2.3.4", 65535, true},
		":7":            {"", 7, true},
		"":              {"", 0, true},
		"::1":           {"::1", 0, true},
		"[::1]":         {"::1", 0, true},
		"[::1]:5":       {"::1", 5, true},
		"a:":            {"", 0, false},
		"a:0":           {"", 0, false},
		"a:65536":       {"", 0, false},
		"a:x":           {"", 0, false},
		"[::1]:x":       {"", 0, false},
		"[::1]:0":       {"", 0, false},
		"[a:x":          {"", 0, false},
		"[::1":          {"[::1", 0, true},
		"[::1]:5:6":     {"[::1]:5:6", 0, true},
	} {
		host, port, ok := SplitHostPort(text)
		if host != want.host || port != want.port || ok != want.ok {
			t.Errorf("%q: %q, %d, %v", text, host, port, ok)
		}
	}
}
