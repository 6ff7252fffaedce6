package cli

import (
	"errors"
	"slices"
	"strings"
	"testing"

	urfave "github.com/urfave/cli/v2"
)

func app() *urfave.App {
	return &urfave.App{
		Name:  "grapevine",
		Flags: []urfave.Flag{&urfave.StringFlag{Name: "datadir"}, &urfave.BoolFlag{Name: "json"}},
		Commands: []*urfave.Command{
			{Name: "node", Flags: []urfave.Flag{&urfave.StringSliceFlag{Name: "connect"}, &urfave.BoolFlag{Name: "wallet", Value: true}}},
			{Name: "mine", ArgsUsage: "N", Flags: []urfave.Flag{&urfave.StringFlag{Name: "to"}}},
			{Name: "rpc", ArgsUsage: "METHOD [PARAM…]"},
			{Name: "wallet", Subcommands: []*urfave.Command{
				{Name: "send", ArgsUsage: "ADDRESS AMOUNT", Flags: []urfave.Flag{&urfave.Float64Flag{Name: "feerate"}}},
				{Name: "balance"},
			}},
		},
	}
}

// Reorder parses and writes again.
func Reorder(app *urfave.App, args []string) ([]string, error) {
	l, err := Parse(app, args)
	if err != nil {
		return nil, err
	}
	return l.Argv(), nil
}

func TestParsePutsFlagsWhereCliReadsThem(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"mine 5", "mine -- 5"},
		{"mine 5 --to x --json", "--json mine --to=x -- 5"},
		{"--json mine --to x 5", "--json mine --to=x -- 5"},
		{"mine --datadir=/d 5", "--datadir=/d mine -- 5"},
		{"wallet --json send a 1 --feerate 2", "--json wallet send --feerate=2 -- a 1"},
		{"wallet send a 1 --datadir /d", "--datadir=/d wallet send -- a 1"},
		{"node --connect a --connect b --wallet=false", "node --connect=a --connect=b --wallet=false"},
		{"rpc getblockhash -1", "rpc -- getblockhash -1"},
		{"rpc x -.5 -", "rpc -- x -.5 -"},
		{"rpc -- x --json", "rpc -- x --json"},
		{"mine --to -1 5", "mine --to=-1 -- 5"},
		{"--help", "--help"},
		{"help", "--help"},
		{"wallet help", "wallet --help"},
		{"wallet send -h", "wallet send -h"},
	} {
		got, err := Reorder(app(), append([]string{"grapevine"}, strings.Fields(c.in)...))
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if want := append([]string{"grapevine"}, strings.Fields(c.want)...); !slices.Equal(got, want) {
			t.Errorf("%q:\n got %q\nwant %q", c.in, got, want)
		}
	}
}

func TestParseRefusesWhatNobodyExpects(t *testing.T) {
	for _, c := range []struct{ in, why, hint string }{
		{"mine 5 --jsn", "no flag --jsn", "did you mean --json?"},
		{"mine 5 --too x", "no flag --too", "did you mean --to?"},
		{"node --to x", "no flag --to for `grapevine node`", ""},
		{"nod", "no command `grapevine nod`", "did you mean `grapevine node`?"},
		{"walet balance", "no command `grapevine walet`", "`grapevine wallet`"},
		{"wallet blance", "no command `grapevine wallet blance`", "`grapevine wallet balance`"},
		{"xyzzy", "no command", ""},
		{"node extra", "unexpected argument \"extra\"", ""},
		{"wallet balance extra", "unexpected argument", ""},
		{"mine --to", "--to needs a value", ""},
	} {
		_, err := Reorder(app(), append([]string{"grapevine"}, strings.Fields(c.in)...))
		var u *UsageError
		if !errors.As(err, &u) {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if !strings.Contains(u.Why, c.why) || !strings.Contains(u.Hint, c.hint) {
			t.Errorf("%q: %q, hint %q", c.in, u.Why, u.Hint)
		}
	}
}

// What Reorder makes is what cli/v2 understands: the values arrive.
func TestReorderedArgumentsReachTheCommand(t *testing.T) {
	a := app()
	var to, dir string
	var args []string
	var asJSON bool
	a.Commands[1].Action = func(c *urfave.Context) error {
		to, dir, asJSON, args = c.String("to"), c.String("datadir"), c.Bool("json"), c.Args().Slice()
		return nil
	}
	argv, err := Reorder(a, strings.Fields("grapevine mine -3 --to me --json --datadir /d"))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(argv); err != nil {
		t.Fatal(err)
	}
	if to != "me" || dir != "/d" || !asJSON || !slices.Equal(args, []string{"-3"}) {
		t.Errorf("to %q, datadir %q, json %v, args %q", to, dir, asJSON, args)
	}
}

func TestConfReadsNamesCommentsAndSections(t *testing.T) {
	got, err := ReadConf(strings.NewReader(`
# a comment
listen = 127.0.0.1:1   # another
rpcpassword=a#b
txindex
addnode=x
addnode = y
[mainnet]
listen=off
[regtest]
mine = every=2s
`), "regtest")
	if err != nil {
		t.Fatal(err)
	}
	want := []Setting{
		{"listen", "127.0.0.1:1", 3}, {"rpcpassword", "a#b", 4}, {"txindex", "true", 5},
		{"addnode", "x", 6}, {"addnode", "y", 7}, {"mine", "every=2s", 11},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	for _, bad := range []string{"[regtest", "= 1", "two words = 1", strings.Repeat("x", maxConfLine+1)} {
		if _, err := ReadConf(strings.NewReader(bad), "regtest"); err == nil {
			t.Errorf("%.20q was read", bad)
		}
	}
}

func TestDistanceIsLevenshteins(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"json", "jsn", 1}, {"abc", "abc", 0}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestSettingsSpeakWhereLineAndEnvironmentAreSilent(t *testing.T) {
	a := app()
	a.Flags = append(a.Flags, &urfave.StringFlag{Name: "rpcuser", EnvVars: []string{"GRAPEVINE_RPCUSER"}})
	settings := []Setting{{"connect", "x", 1}, {"connect", "y", 2}, {"to", "other command's", 3}, {"rpcuser", "u", 4}, {"datadir", "/conf", 5}}
	for _, c := range []struct{ in, user, want string }{
		{"node", "", "--rpcuser=u --datadir=/conf node --connect=x --connect=y"},
		{"node --connect z --datadir /d", "", "--datadir=/d --rpcuser=u node --connect=z"},
		{"node", "env", "--datadir=/conf node --connect=x --connect=y"},
	} {
		env := func(string) string { return c.user }
		l, err := Parse(a, append([]string{"grapevine"}, strings.Fields(c.in)...))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Apply(settings, env); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(l.Argv()[1:], " "); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.in, got, c.want)
		}
		if got := l.Value("rpcuser", env); c.user != "" && got != c.user {
			t.Errorf("rpcuser is %q", got)
		}
	}
	l, _ := Parse(a, []string{"grapevine", "node"})
	if err := l.Apply([]Setting{{"nonsense", "1", 7}}, func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "line 7") {
		t.Errorf("an unknown setting: %v", err)
	}
}
