package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"grapevine/testnet"
)

func TestTheExampleSaysWhatItSeemsToSay(t *testing.T) {
	n, err := Read("../../docs/network.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(n.Nodes) != 5 || n.Fund != 10*testnet.CoinBTC || n.Seed != 7 {
		t.Errorf("%+v", n)
	}
	if b := n.Nodes[1]; b.Name != "bob" || b.Fund != 250_000_000 || !slices.Equal(b.Flags, []string{"maxpeers = 20", "maxdownload = 1000000"}) {
		t.Errorf("%+v", b)
	}
	if m := n.Nodes[2]; m.Mine != "every=10s" || m.Power != 60 || m.Fund != 10*testnet.CoinBTC {
		t.Errorf("%+v", m)
	}
	want := Link{A: 0, B: 1, Way: testnet.Way{Latency: testnet.Span(80 * time.Millisecond), Jitter: testnet.Span(20 * time.Millisecond), Rate: 1_000_000, Loss: 1}}
	if len(n.Links) != 1 || n.Links[0] != want {
		t.Errorf("%+v", n.Links)
	}
	specs := n.Specs()
	if specs[0].Mine != "" || specs[2].Mine != "every=10s" || specs[1].Name != "bob" || n.Title(4) != "4" || n.Title(0) != "alice" {
		t.Errorf("%+v", specs)
	}
}

func TestNumbersAloneMakeANetwork(t *testing.T) {
	n, err := Parse("nodes: 4\nmine: on-tx\nportbase: 25000")
	if err != nil || len(n.Nodes) != 4 || n.Nodes[0].Mine != "on-tx" || n.Nodes[1].Mine != "" || n.PortBase != 25000 || n.Nodes[3].Fund != 0 {
		t.Errorf("%+v, %v", n, err)
	}
	if _, err := Parse(`{"nodes": 1000}`); err != nil {
		t.Errorf("JSON is YAML too: %v", err)
	}
}

// Each field wrong, each at its limit and one beyond: line and column are named, and what
// could stand there.
func TestWhatIsWrongIsNamedWithItsPlace(t *testing.T) {
	list := func(lines ...string) string {
		return "nodes:\n- name: alice\n- name: bob\n" + strings.Join(lines, "\n")
	}
	for _, c := range []struct{ text, place, says string }{
		{"", "line 1, column 1", "empty"},
		{"# nothing\n", "line 1, column 1", "empty"},
		{"- a\n- b", "line 1, column 1", "is a mapping"},
		{"nodes: 4\n---\nnodes: 4", "line 2, column 1", "more than one document"},
		{"nodes: [", "line 1, column 8", "not YAML"},
		{"\tnodes: 4", "line 1, column 1", "want spaces in place of the tab"},
		{"nodes:\n\t- name: a", "line 2, column 1", "want spaces in place of the tab"},
		{"nodes: 2: 3", "line 1, column 9", "mapping values are not allowed"},
		{"# four\nnodes: @4", "line 2, column 8", "in quotes"},
		{"nodes:\n- name: a\nlinks: []\nfund: 1\n   mine: on-tx\n", "line 5, column 8", "mapping values are not allowed"},
		{"nodes:\n- name: a\n]", "line 3, column 1", "not YAML"},
		{"nodes: 2\n# \xe4", "line 2, column 3", "UTF-8"},
		{"nodes: 2\nfund: \x01", "line 2, column 7", "control characters"},
		{"nodes: *four", "line 1, column 12", "unknown anchor 'four'"},
		{"%YAML 1.2\n---\nnodes: 2", "line 2", "want no %YAML line"},
		{"nodes: !!binary NA==", "line 1, column 8", "no tag"},
		{"nodes:\n- !node {name: a}", "line 2, column 3", "no tag"},
		{"fund: 1", "line 1, column 1", "there are no nodes"},
		{"nodes: 0", "line 1, column 8", "from 1 to 1000"},
		{"nodes: 1001", "line 1, column 8", "from 1 to 1000"},
		{"nodes: many", "line 1, column 8", "whole number"},
		{"nodes:", "line 1, column 7", "wants a value"},
		{"nodes: {a: 1}", "line 1, column 8", "is a list"},
		{"nodes: 4\nnodse: 4", "line 2, column 1", `no "nodse"`},
		{"nodes: 4\nnodes: 5", "line 2, column 1", "said in line 1"},
		{"nodes: 4\nfund: ten", "line 2, column 7", "want BTC"},
		{"nodes: 4\nfund: -1", "line 2, column 7", "want BTC"},
		{"nodes: 4\nfund: 1000.00000001", "line 2, column 7", "at most 1000"},
		{"nodes: 4\nfund: 0.000000001", "line 2, column 7", "want BTC"},
		{"nodes: 4\nfund: [1]", "line 2, column 7", "wants a value"},
		{"nodes: 4\nfund: 0.00000999", "line 2, column 7", "0.00001000 BTC at least"},
		{"nodes: 15\nfund: 933.4", "line 1, column 1", "14001.00000000 BTC together"},
		{"nodes:\n- name: " + strings.Repeat("a", 5000), "line 2, column 9", "4000 bytes at most, not of 5000"},
		{"nodes: 2\n" + strings.Repeat("k", 900) + ": 1", "line 2, column 1", "… (900 characters)"},
		{"nodes: 4\nportbase: 80", "line 2, column 11", "from 1024"},
		{"nodes: 4\nseed: -1", "line 2, column 7", "from 0"},
		{"nodes: 4\nmine: sometimes", "line 2, column 7", "want manual, on-tx or every=10s"},
		{"nodes: 4\nmine: every=0s", "line 2, column 7", "want manual"},
		{"nodes: 4\nmine: every=999us", "line 2, column 7", "a millisecond to a year"},
		{"nodes: 4\nmine: every=8761h", "line 2, column 7", "a millisecond to a year"},
		{"mine: on-tx\nnodes:\n- mine: manual", "line 1, column 7", "node 0 says it itself in line 3"},
		{"nodes:\n- alice", "line 2, column 3", `not "alice"`},
		{"nodes:\n- nmae: alice", "line 2, column 3", `no "nmae"`},
		{"nodes:\n- name: Alice", "line 2, column 9", "small letter"},
		{"nodes:\n- name: node7", "line 2, column 9", "that have no name"},
		{"nodes:\n- name: a-b", "line 2, column 9", "small letter"},
		{"nodes:\n- name: " + strings.Repeat("a", 31), "line 2, column 9", "30 at most"},
		{list("- name: bob"), "line 4, column 9", "line 3 has it"},
		{"nodes:\n- mine: often", "line 2, column 9", "want manual"},
		{"nodes:\n- power: 101", "line 2, column 10", "from 0 to 100"},
		{"nodes:\n- power: 60\n- power: 41", "line 3, column 10", "101 per cent"},
		{"nodes:\n- power: 51\n  count: 2", "line 2, column 10", "102 per cent"},
		{"nodes:\n- fund: all", "line 2, column 9", "want BTC"},
		{"nodes:\n- count: 0", "line 2, column 10", "from 1"},
		{"nodes:\n- {name: alice, count: 2}", "line 2, column 24", "one name"},
		{"nodes:\n- count: 600\n- count: 401", "line 3, column 3", "1001 nodes"},
		{"nodes:\n- flags: maxpeers=20", "line 2, column 10", "are a mapping"},
		{"nodes:\n- flags: {listen: 0.0.0.0}", "line 2, column 11", "listen is not for a node's flags"},
		{"nodes:\n- flags: {a b: 1}", "line 2, column 11", "no flag's name"},
		{"nodes:\n- flags: {maxpeers: {}}", "line 2, column 21", "wants a value"},
		{"nodes:\n- flags: {uacomment: \"a\\nb\"}", "line 2, column 22", "one line"},
		{"nodes:\n- flags: {uacomment: \"a\\eb\"}", "line 2, column 22", "one line"},
		{"nodes:\n- flags: {uacomment: \"a # b\"}", "line 2, column 22", "begins a comment"},
		{"nodes:\n- flags: {uacomment: \"#a\"}", "line 2, column 22", "begins a comment"},
		{"nodes:\n- flags: {uacomment: \" a\"}", "line 2, column 22", "no spaces at its ends"},
		{"nodes:\n- flags: {uacomment: a, --uacomment: b}", "line 2, column 25", "said in line 2 too"},
		{"nodes:\n- flags: {allowhost: []}", "line 2, column 22", "at least one"},
		{"nodes:\n- flags: {allowhost: [" + strings.Repeat("a,", 100) + "a]}", "line 2, column 22", "at most 100 flags"},
		{"nodes:\n- flags: {localnode: 1}", "line 2, column 11", "not for a node's flags"},
		{list("links: 4"), "line 4, column 8", "is a list"},
		{list("links:", "- alice-bob"), "line 5, column 3", "is a mapping"},
		{list("links:", "- latency: 1s"), "line 5, column 3", "wants `between`"},
		{list("links:", "- between: alice"), "line 5, column 12", "two nodes as in alice-bob"},
		{list("links:", "- between: alice-carol"), "line 5, column 12", `no node "carol"`},
		{list("links:", "- between: 0-2"), "line 5, column 12", `no node "2"`},
		{list("links:", "- between: 0-alice"), "line 5, column 12", "to itself"},
		{list("links:", "- between: 0-1", "- between: bob-alice"), "line 6, column 3", "linked twice"},
		{list("links:", "- between: 0-1", "  latency: 80"), "line 6, column 12", "want a time"},
		{list("links:", "- between: 0-1", "  latency: 31s"), "line 6, column 12", "want 0 to 30s"},
		{list("links:", "- between: 0-1", "  jitter: -1s"), "line 6, column 11", "want a time"},
		{list("links:", "- between: 0-1", "  latency: 1s", "  jitter: 2s"), "line 7, column 11", "want 0 to the latency"},
		{list("links:", "- between: 0-1", "  rate: 1XB/s"), "line 6, column 9", "want a rate as in 1MB/s"},
		{list("links:", "- between: 0-1", "  rate: -1"), "line 6, column 9", "want a rate"},
		{list("links:", "- between: 0-1", "  loss: 1/y"), "line 6, column 9", "as in 1/h"},
		{list("links:", "- between: 0-1", "  loss: 1/"), "line 6, column 9", "as in 1/h"},
		{list("links:", "- between: 0-1", "  loss: 11/s"), "line 6, column 9", "at most 10/s"},
		{list("links:", "- between: 0-1", "  cut: perhaps"), "line 6, column 8", "true or false"},
	} {
		_, err := Parse(c.text)
		if err == nil || !strings.HasPrefix(err.Error(), c.place) && !strings.Contains(err.Error(), c.place) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want %s: … %s", c.text, err, c.place, c.says)
		}
	}
}

func TestFilesThatCannotBeReadAreNamed(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big.yaml")
	if err := os.WriteFile(big, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, big, filepath.Join(dir, "nothing.yaml")} {
		if _, err := Read(path, nil); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// strict judges flags as a test does: only `many` may stand more than once, and together all
// must be said twice.
type strict struct{}

func (strict) Line(name, value string) (bool, error) {
	if value == "bad" {
		return false, fmt.Errorf("%s cannot be bad", name)
	}
	return name == "many", nil
}

func (strict) Node(lines []string) error {
	for _, l := range lines {
		if name, value, _ := strings.Cut(l, " = "); value == "lonely" || value == "every=7s" {
			return fmt.Errorf("--%s %s: it needs another", name, value)
		}
	}
	return nil
}

func TestFlagsAreJudgedAtTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"nodes: [{flags: {many: [a, b], one: c}, mine: every=8s}]": "",
		"nodes: [{flags: {one: bad}}]":                             "line 1, column 23: one cannot be bad",
		"nodes: [{flags: {one: [a, b]}}]":                          "line 1, column 24: one takes one value, not a list",
		"nodes: [{flags: {one: a, --two: lonely}}]":                "line 1, column 33: --two lonely: it needs another",
		"nodes: [{flags: {one: a}, mine: every=7s}]":               "line 1, column 33: --mine every=7s: it needs another",
	} {
		_, err := parse(text, strict{})
		if got := fmt.Sprint(err); got != want && !(want == "" && err == nil) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// Whatever stands there, it is read or refused.
func FuzzParse(f *testing.F) {
	raw, err := os.ReadFile("../../docs/network.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(raw))
	f.Add("nodes: &a [*a]")
	f.Add("nodes: 4\nlinks: [{between: 0-1, cut: true}]")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := Parse(text)
		if err == nil && (len(n.Nodes) < 1 || len(n.Nodes) > MaxNodes) {
			t.Errorf("%d nodes", len(n.Nodes))
		}
	})
}
