package args

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// options of the tests, a few of bitcoind's.
func options() map[string]Flags {
	names := map[string]Flags{"loglevel": NoNegation | NoElision, "port": NetworkOnly, "connect": NetworkOnly, "rpcpassword": Sensitive}
	for name := range strings.FieldsSeq("datadir conf includeconf regtest signet testnet testnet4 chain debug server settings uacomment txindex") {
		names[name] |= 0
	}
	return names
}

func parsed(t *testing.T, line ...string) *Args {
	t.Helper()
	a := New(options(), t.TempDir())
	if err := a.Parse(line); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLinesAreReadAsCoreReadsThem(t *testing.T) {
	a := parsed(t, "-server", "--txindex=0", "-debug=net", "-nodebug", "-debug=rpc", "-debug=zmq", "-port=1", "-port=2", "-noconnect=0", "-uacomment=", "getinfo", "-x")
	if !a.Bool("server", false) || a.Bool("txindex", true) || a.Int("port", 0) != 2 || !a.Bool("connect", false) {
		t.Errorf("server %v, txindex %v, port %d, connect %v", a.Bool("server", false), a.Bool("txindex", true), a.Int("port", 0), a.Bool("connect", false))
	}
	if got := a.List("debug"); !slices.Equal(got, []string{"rpc", "zmq"}) { // what stands before a negation is void
		t.Errorf("debug is %q", got)
	}
	if !a.Has("uacomment") || a.String("uacomment", "x") != "" || a.Has("signet") || !slices.Equal(a.Words, []string{"getinfo", "-x"}) {
		t.Errorf("uacomment %q, words %q", a.String("uacomment", "x"), a.Words)
	}
	if len(a.Notes) != 1 || !strings.Contains(a.Notes[0], "double-negative -connect=0") {
		t.Errorf("notes %q", a.Notes)
	}
}

func TestWrongLinesSayWhy(t *testing.T) {
	for line, want := range map[string]string{
		"-nosuch=1":         "Invalid parameter -nosuch=1",
		"-regtest.port=1":   "Invalid parameter -regtest.port=1",
		"-nologlevel":       "Negating of -loglevel is meaningless and therefore forbidden",
		"-loglevel":         "Can not set -loglevel with no value. Please specify value with -loglevel=value.",
		"-includeconf=a":    `-includeconf cannot be used from commandline; -includeconf="a"`,
		"-noincludeconf=0":  "-includeconf cannot be used from commandline; -includeconf=true",
		"-=":                "Invalid parameter -=",
		"-noincludeconf=1 ": "",
	} {
		err := New(options(), "").Parse([]string{strings.TrimSpace(line)})
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

func TestNumbersAndSwitches(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "7": 7, " +7x": 7, "-3": -3, "+-3": 0, "x": 0, "99999999999999999999": 1<<63 - 1, "-99999999999999999999": -1 << 63, "-": 0} {
		if got := number(text); got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	}
	for text, want := range map[string]bool{"": true, "1": true, "2": true, "0": false, "true": false, "no": false} {
		if truth(text) != want {
			t.Errorf("%q is not %v", text, want)
		}
	}
}

// files writes a data directory's files.
func files(t *testing.T, all map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range all {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFilesHaveSectionsAndIncludeOthers(t *testing.T) {
	dir := files(t, map[string]string{
		"bitcoin.conf": "regtest=1 # here\nport=1\nuacomment=a\nincludeconf=more.conf\nregtest.uacomment=b\nnosuch=1\n[regtest]\nport = 2\nport=3\nconnect=x\n[signet]\nport=4\n[mars]\nserver=1\n",
		"more.conf":    "uacomment=c\nincludeconf=third.conf\n[regtest]\nuacomment=d\n",
	})
	a := parsed(t, "-datadir="+dir)
	if err := a.ReadConf(); err != nil {
		t.Fatal(err)
	}
	chain, err := a.Chain()
	if err != nil || chain != "regtest" {
		t.Fatalf("chain %q, %v", chain, err)
	}
	a.Select(chain)
	if a.Int("port", 0) != 2 { // of a file the first counts, and the network's own section before all
		t.Errorf("port is %d", a.Int("port", 0))
	}
	if got := a.List("uacomment"); !slices.Equal(got, []string{"b", "d", "a", "c"}) {
		t.Errorf("uacomment is %q", got)
	}
	if got := a.Misplaced(); len(got) != 0 { // port stands outside and inside
		t.Errorf("misplaced: %q", got)
	}
	if got := a.UnknownSections(); len(got) != 1 || got[0].Section != "mars" || got[0].Line != 13 {
		t.Errorf("unknown sections: %v", got)
	}
	if len(a.Warn) != 1 || !strings.Contains(a.Warn[0], "ignoring -includeconf=third.conf") {
		t.Errorf("warnings %q", a.Warn)
	}
	if !slices.Contains(a.Notes, "Ignoring unknown configuration value nosuch") || !slices.Contains(a.Notes, "Included configuration file more.conf") {
		t.Errorf("notes %q", a.Notes)
	}
	if got := a.Lines(); !slices.Contains(got, `Config file arg: [regtest] connect="x"`) || !slices.Contains(got, `Config file arg: regtest="1"`) {
		t.Errorf("lines %q", got)
	}
}

func TestOptionsOfOneNetworkStandInItsSection(t *testing.T) {
	dir := files(t, map[string]string{"bitcoin.conf": "port=1\nconnect=x\n"})
	for chain, want := range map[string][]string{"main": nil, "regtest": {"connect", "port"}} {
		a := parsed(t, "-datadir="+dir)
		if err := a.ReadConf(); err != nil {
			t.Fatal(err)
		}
		a.Select(chain)
		if got := a.Misplaced(); !slices.Equal(got, want) {
			t.Errorf("%s: misplaced %q, want %q", chain, got, want)
		}
		if a.Has("port") != (chain == "main") {
			t.Errorf("%s: port %q", chain, a.String("port", ""))
		}
	}
}

func TestWrongFilesSayWhere(t *testing.T) {
	for text, want := range map[string]string{
		"-server=1":             "parse error on line 1: -server=1, options in configuration file must be specified without leading -",
		"\nnoserver":            "parse error on line 2: noserver, if you intended to specify a negated option, use noserver=1 instead",
		"server":                "parse error on line 1: server",
		"conf=x":                "conf cannot be set in the configuration file; use includeconf= if you want to include additional config files",
		"[main]\nconf=x":        "conf cannot be set in the configuration file; use includeconf= if you want to include additional config files",
		"rpcpassword=a#b":       "parse error on line 1, using # in rpcpassword can be ambiguous and should be avoided",
		"nologlevel=1":          "Negating of -loglevel is meaningless and therefore forbidden",
		"includeconf=none.conf": "Failed to include configuration file none.conf",
		"datadir=/nosuch/dir":   `specified data directory "/nosuch/dir" does not exist.`,
	} {
		home := t.TempDir()
		dir := filepath.Join(home, ".bitcoin")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, ConfName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a := New(options(), home)
		if err := a.ReadConf(); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	a := parsed(t, "-conf=/nosuch.conf")
	if err := a.ReadConf(); err == nil || !strings.Contains(err.Error(), `specified config file "/nosuch.conf" could not be opened.`) {
		t.Errorf("a file that is not there: %v", err)
	}
	a = parsed(t, "-datadir="+files(t, map[string]string{"bitcoin.conf": "regtest=1\n"}), "-noconf")
	if err := a.ReadConf(); err != nil || a.Bool("regtest", false) {
		t.Errorf("-noconf: %v, and the file counts: %v", err, a.Bool("regtest", false))
	}
	a = parsed(t, "-datadir="+files(t, nil), "-conf=.")
	if err := a.ReadConf(); err == nil {
		t.Error("a directory is read as a file")
	}
}

func TestChains(t *testing.T) {
	for line, want := range map[string]string{
		"": "main", "-regtest": "regtest", "-testnet": "test", "-chain=signet": "signet", "-testnet4=1": "testnet4", "-signet=0": "main", "-noregtest": "main",
		"-regtest -signet": "Invalid combination", "-regtest -chain=regtest": "Invalid combination", "-chain=gold": "Unknown chain gold.",
	} {
		chain, err := parsed(t, strings.Fields(line)...).Chain()
		if err != nil {
			chain = err.Error()
		}
		if !strings.HasPrefix(chain, want) {
			t.Errorf("%q: %s, want %s", line, chain, want)
		}
	}
}

func TestSettingsAreReadAndKept(t *testing.T) {
	dir := files(t, map[string]string{"settings.json": `{"_warning_": "x", "uacomment": ["a", "b"], "port": 5, "server": false, "strange": null}`})
	a := parsed(t, "-datadir="+dir)
	a.Select("main")
	if err := a.ReadSettings(); err != nil {
		t.Fatal(err)
	}
	if got := a.List("uacomment"); !slices.Equal(got, []string{"a", "b"}) || a.Int("port", 0) != 5 || a.Bool("server", true) {
		t.Errorf("uacomment %q, port %d, server %v", got, a.Int("port", 0), a.Bool("server", true))
	}
	if !slices.Contains(a.Lines(), "Setting file arg: strange = null") || !slices.Contains(a.Notes, "Ignoring unknown rw_settings value strange") {
		t.Errorf("lines %q, notes %q", a.Lines(), a.Notes)
	}
	if err := a.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "settings.json"))
	if err != nil || !strings.Contains(string(raw), `"strange": null`) || !strings.Contains(string(raw), "automatically generated") {
		t.Errorf("%s, %v", raw, err)
	}
	for text, want := range map[string]string{"{": "does not contain valid JSON", `"x"`: `Found non-object value "x" in settings file`, `{"a":1,"a":2}`: "Found duplicate key a in settings file"} {
		a := parsed(t, "-datadir="+files(t, map[string]string{"settings.json": text}))
		a.Select("main")
		if err := a.ReadSettings(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	off := parsed(t, "-datadir="+files(t, map[string]string{"settings.json": "{"}), "-nosettings")
	off.Select("main")
	if err := off.ReadSettings(); err != nil || off.SettingsPath() != "" {
		t.Errorf("switched off: %v", err)
	}
}

func TestSecretsAreNotTold(t *testing.T) {
	a := parsed(t, "-rpcpassword=xyz", "-server=1", "-nosettings")
	if got := a.Lines(); !slices.Equal(got, []string{"Command-line arg: rpcpassword=****", `Command-line arg: server="1"`, "Command-line arg: settings=false"}) {
		t.Errorf("%q", got)
	}
}
