package testnet

import (
	"errors"
	"strings"
	"testing"
)

func TestNodesAreFoundByNumberAndName(t *testing.T) {
	f := File{Nodes: []Member{{Node: 0, Spec: Spec{Name: "alice"}}, {Node: 2}}}
	for word, want := range map[string]int{"0": 0, "alice": 0, "2": 2} {
		if m, err := f.Find(word); err != nil || m.Node != want {
			t.Errorf("%s: %+v, %v", word, m, err)
		}
	}
	for _, word := range []string{"1", "", "bob", "-1", "Alice"} {
		if _, err := f.Find(word); !errors.Is(err, ErrNoNode) || !strings.Contains(err.Error(), "0 (alice), 2") {
			t.Errorf("%q: %v", word, err)
		}
	}
	if a, b := f.Nodes[0].Title(), f.Nodes[1].Title(); a != "alice (node 0)" || b != "node 2" {
		t.Error(a, b)
	}
}

func TestNamesAreThoseOfHosts(t *testing.T) {
	for name, good := range map[string]bool{
		"a": true, "alice2": true, "node": true, "nodes2": true, "node2": false, strings.Repeat("a", maxName): true,
		"": false, "2a": false, "Alice": false, "a-b": false, "a,b": false, "a/b": false, "ä": false, strings.Repeat("a", maxName+1): false,
	} {
		if err := CheckName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestSizesAndAmountsAsPeopleWriteThem(t *testing.T) {
	for s, want := range map[string]int64{"1": 1, "250000": 250000, "4MB": 4e6, "1.5kB": 1500, "64MiB": 64 << 20, "1 GB": 1e9, "3B": 3} {
		if n, err := ParseBytes(s); err != nil || n != want {
			t.Errorf("%q: %d, %v", s, n, err)
		}
	}
	for _, s := range []string{"", "MB", "0", "-1", "4 TB", "NaN", "1e30", "4MB/s", "4XB"} {
		if n, err := ParseBytes(s); err == nil {
			t.Errorf("%q is %d", s, n)
		}
	}
	for s, want := range map[string]Amount{"1": CoinBTC, "0.5": CoinBTC / 2, "0.00000001": 1, "21000000": 21_000_000 * CoinBTC, "0": 0} {
		if a, err := ParseAmount(s); err != nil || a != want {
			t.Errorf("%q: %d, %v", s, a, err)
		}
	}
	for _, s := range []string{"", ".5", "-1", "1.000000001", "21000000.00000001", "1e3", "99999999999999999999", "1,5", "+1"} {
		if a, err := ParseAmount(s); err == nil {
			t.Errorf("%q is %d", s, a)
		}
	}
}
