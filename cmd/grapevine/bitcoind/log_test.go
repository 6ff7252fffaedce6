package bitcoind

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"grapevine/cmd/grapevine/args"
)

// lines logs events by a handler and returns what stands in the file.
func lines(t *testing.T, l *logSwitch, log func(*slog.Logger)) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "debug.log")
	h := &logHandler{logSwitch: l, out: &logFile{path: path}, words: map[string]word{
		"tip":  {event: "tip", category: "validation", level: slog.LevelDebug, say: func(f fields) string { return "UpdateTip: height=" + f.text("height") }},
		"mute": {event: "mute", level: slog.LevelInfo, say: func(fields) string { return "" }},
	}}
	log(slog.New(h))
	if err := h.out.open(); err != nil {
		t.Fatal(err)
	}
	if err := h.out.close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.Trim(string(raw), "\n"), "\n")
}

func TestLogLinesHaveCoresForm(t *testing.T) {
	at := time.Date(2024, 1, 2, 3, 4, 5, 6000, time.UTC)
	say := func(l *slog.Logger, level slog.Level, text string, attrs ...any) {
		r := slog.NewRecord(at, level, text, 0)
		r.Add(attrs...)
		_ = l.Handler().Handle(context.Background(), r)
	}
	for name, c := range map[string]struct {
		l    *logSwitch
		on   string
		want []string
	}{
		"bare":    {&logSwitch{}, "none", []string{"hello a=1", "[warning] careful", "[error] bad"}},
		"stamped": {&logSwitch{stamps: true}, "none", []string{"2024-01-02T03:04:05Z hello a=1", "2024-01-02T03:04:05Z [warning] careful", "2024-01-02T03:04:05Z [error] bad"}},
		"all of it": {&logSwitch{stamps: true, micros: true, names: true, levels: true}, "validation", []string{
			"2024-01-02T03:04:05.000006Z [swarm] [net:info] hello a=1", "2024-01-02T03:04:05.000006Z [init] [validation:warning] careful",
			"2024-01-02T03:04:05.000006Z [init] [validation:debug] UpdateTip: height=7", "2024-01-02T03:04:05.000006Z [init] [validation:error] bad"}},
		"debug":          {&logSwitch{}, "1", []string{"hello a=1", "[warning] careful", "[validation] UpdateTip: height=7", "[net] low", "[error] bad"}},
		"one category":   {&logSwitch{}, "net", []string{"hello a=1", "[warning] careful", "[net] low", "[error] bad"}},
		"by mocked time": {&logSwitch{stamps: true, mocked: func() (time.Time, bool) { return time.Unix(0, 0), true }}, "none", []string{"2024-01-02T03:04:05Z (mocktime: 1970-01-01T00:00:00Z) hello a=1", "2024-01-02T03:04:05Z (mocktime: 1970-01-01T00:00:00Z) [warning] careful", "2024-01-02T03:04:05Z (mocktime: 1970-01-01T00:00:00Z) [error] bad"}},
	} {
		c.l.least = slog.LevelDebug
		if c.on != "none" {
			c.l.SwitchLog(c.on, true)
		}
		got := lines(t, c.l, func(l *slog.Logger) {
			swarm := l.With("subsystem", "swarm")
			say(swarm, slog.LevelInfo, "hello", "a", 1)
			say(l, slog.LevelWarn, "careful")
			say(l, slog.LevelInfo, "mute")
			say(l, slog.LevelDebug, "tip", "height", 7)
			say(swarm, slog.LevelDebug, "low")
			say(swarm, levelTrace, "lowest")
			say(l, slog.LevelError, "bad")
		})
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func TestALineIsOneLine(t *testing.T) {
	got := lines(t, &logSwitch{}, func(l *slog.Logger) { l.Info("a\r\x1b[31mb", "c", "\x00") })
	if want := []string{`a\x0d\x1b[31mb c=\x00`}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCategoriesAndLevels(t *testing.T) {
	set := func(line ...string) (*logSwitch, error) {
		a := args.New(known(), t.TempDir())
		if err := a.Parse(line); err != nil {
			t.Fatal(err)
		}
		s := &setup{Args: a, log: &logSwitch{least: slog.LevelDebug, own: map[string]slog.Level{}}}
		return s.log, s.logging()
	}
	for line, want := range map[string]string{
		"-debug=abc":               "Unsupported logging category -debug=abc.",
		"-debugexclude=abc":        "Unsupported logging category -debugexclude=abc.",
		"-loglevel=abc":            "Unsupported global logging level -loglevel=abc. Valid values: info, debug, trace.",
		"-loglevel=net:abc":        "Unsupported category-specific logging level -loglevel=net:abc. ",
		"-loglevel=net:info:abc":   "Unsupported category-specific logging level -loglevel=net:info:abc. ",
		"-loglevel=nosuch:info":    "Unsupported category-specific logging level -loglevel=nosuch:info. ",
		"-debug=net -debug=none":   "",
		"-debug -debugexclude=rpc": "",
	} {
		_, err := set(strings.Fields(line)...)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
	l, _ := set("-debug=1", "-debugexclude=rpc", "-loglevel=info", "-loglevel=net:trace")
	for what, want := range map[string]bool{"rpc": false, "net": true, "mempool": true} {
		if l.Logs(what) != want {
			t.Errorf("%s is %v", what, !want)
		}
	}
	if !l.wants("net", levelTrace) || l.wants("mempool", slog.LevelDebug) || !l.wants("rpc", slog.LevelInfo) {
		t.Error("levels are not those of -loglevel")
	}
	if off, _ := set("-debug=net", "-debug=0"); off.Any() {
		t.Error("-debug=0 leaves a category on")
	}
	if all := l.LogCategories(); len(all) != 28 || all["rpc"] || !all["zmq"] || !l.SwitchLog("rpc", true) || !l.Logs("rpc") || l.SwitchLog("nosuch", false) {
		t.Errorf("the RPC method logging sees %v", all)
	}
}

// A log keeps its end when it has grown beyond the bound, and not before.
func TestAGrownLogKeepsItsEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "debug.log")
	whole := make([]byte, cutLog+1)
	for i := range whole {
		whole[i] = byte(i % 251)
	}
	for _, c := range []struct{ from, want []byte }{{whole[1:], whole[1:]}, {whole, whole[cutLog+1-keptLog:]}} {
		if err := os.WriteFile(path, c.from, 0o600); err != nil {
			t.Fatal(err)
		}
		shrink(path)
		if got, err := os.ReadFile(path); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("of %d bytes %d are kept, want the last %d (%v)", len(c.from), len(got), len(c.want), err)
		}
	}
	shrink(path + "none") // there is no old log
}
