package bitcoind

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"grapevine/chain/policy"
	"grapevine/cmd/grapevine/args"
	"grapevine/cmd/node"
)

// Ports that belong to others are warned of, and one of -torcontrol that is none is refused, in
// Core's words and where Core does: it was run beside.
func TestPortsAreToldOfAsCoreTells(t *testing.T) {
	bad := func(option string) []string {
		return []string{"-" + option + ` request to listen on port 6667. This port is considered "bad" and thus it is unlikely that any peer will connect to it. See doc/p2p-bad-ports.md for details and a full list.`}
	}
	const noPort = "Invalid port specified in -torcontrol: '127.0.0.1:99999'"
	for _, c := range []struct {
		line   string
		warned []string
		err    string
	}{
		{"-port=6668", []string{strings.Replace(bad("port")[0], "6667", "6668", 1)}, ""},
		{"-port=6667", bad("port"), ""},
		{"-port=6667 -listen=0 -listenonion=0", bad("port"), ""},
		{"-port=6667 -bind=127.0.0.1:21201", nil, ""},
		{"-bind=127.0.0.1:6667", bad("bind"), ""},
		{"-bind=127.0.0.1 -port=6667", bad("bind"), ""},
		{"-bind=127.0.0.1:6667=onion", nil, ""},
		{"-port=6664", nil, ""},
		{"-torcontrol=127.0.0.1:99999", nil, noPort},
		{"-torcontrol=127.0.0.1:99999 -listenonion=0", nil, noPort},
		{"-torcontrol=127.0.0.1:99999 -listen=0 -listenonion=0", nil, noPort},
		{"-torcontrol=127.0.0.1:9999 -listenonion=0", nil, ""},
		{"-torcontrol=unix:/x", nil, "Invalid port specified in -torcontrol: 'unix:/x'"},
		{"-notorcontrol", nil, ""},
	} {
		a := args.New(known(), t.TempDir())
		if err := a.Parse(append([]string{"-regtest", "-datadir=" + t.TempDir()}, strings.Fields(c.line)...)); err != nil {
			t.Fatal(err)
		}
		a.Select("regtest")
		var warned []string
		s := &setup{Args: a, chain: "regtest", cfg: &node.Config{Policy: policy.Core31(), Log: slog.New(slog.DiscardHandler)}, log: &logSwitch{},
			warn: func(text string) { warned = append(warned, text) }}
		s.soften()
		if err := s.network(); err != nil {
			t.Fatal(err)
		}
		said := ""
		if err := cmp.Or(s.apply(), s.late); err != nil {
			said = err.Error()
		}
		if said != c.err || !slices.Equal(warned, c.warned) {
			t.Errorf("%s: %q, warned %q", c.line, said, warned)
		}
	}
}
