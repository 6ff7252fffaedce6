package cli

import (
	"bytes"
	"log/slog"
	"testing"
)

// Below the level only lines of rooms whose category is on are written, and those
// only as long as it is on.
func TestCategoriesAreSwitchedWhileTheProgramRuns(t *testing.T) {
	var out bytes.Buffer
	h, mask := MaskLog(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}), slog.LevelInfo)
	log := slog.New(h)
	swarm, pool := log.With("subsystem", "swarm"), log.With("subsystem", "pool").WithGroup("g")
	say := func() {
		swarm.Debug("a")
		pool.Debug("b")
		pool.Info("c")
	}
	say()
	if !mask.SwitchLog("net", true) || mask.SwitchLog("nosuch", true) {
		t.Error("net is a category, nosuch is none")
	}
	say()
	mask.SwitchLog("all", false)
	say()
	const c = "level=INFO msg=c subsystem=pool\n"
	if got, want := out.String(), c+"level=DEBUG msg=a subsystem=swarm\n"+c+c; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
