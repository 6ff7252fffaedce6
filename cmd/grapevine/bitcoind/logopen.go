package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"grapevine/cmd/rpc"
	"grapevine/db"
)

// logLevels are the values of -loglevel.
func logLevels() map[string]slog.Level {
	return map[string]slog.Level{"info": slog.LevelInfo, "debug": slog.LevelDebug, "trace": levelTrace}
}

const levelNames = "info, debug, trace"

// startLog makes the log; until openLog its lines wait [InitLogging].
func (p *program) startLog(l *logSwitch) {
	l.stamps = p.Bool("logtimestamps", true)
	l.micros = p.Bool("logtimemicros", false)
	l.names = p.Bool("logthreadnames", false)
	l.places = p.Bool("logsourcelocations", false)
	l.levels = p.Bool("loglevelalways", false)
	l.least, l.own = slog.LevelDebug, map[string]slog.Level{}
	background := p.Bool("daemon", false) || p.Bool("daemonwait", false)
	out := &logFile{path: p.Below("debuglogfile", "debug.log"), console: p.Bool("printtoconsole", !background)}
	p.lines = &logHandler{logSwitch: l, out: out, words: words()}
	p.log = slog.New(p.lines)
	p.say(slog.LevelInfo, fmt.Sprintf("grapevine version %s", p.Version))
}

// logging reads -debug, -debugexclude and -loglevel [SetLoggingCategories, SetLoggingLevel].
func (s *setup) logging() error {
	if on := s.List("debug"); s.Has("debug") && !slices.Contains(on, "0") && !slices.Contains(on, "none") {
		for _, category := range on {
			if !s.log.SwitchLog(category, true) {
				return fmt.Errorf("Unsupported logging category -debug=%s.", category)
			}
		}
	}
	for _, category := range s.List("debugexclude") {
		if !s.log.SwitchLog(category, false) {
			return fmt.Errorf("Unsupported logging category -debugexclude=%s.", category)
		}
	}
	for _, text := range s.List("loglevel") {
		if len(text) < 3 || !strings.Contains(text[3:], ":") {
			level, ok := logLevels()[text]
			if !ok {
				return fmt.Errorf("Unsupported global logging level -loglevel=%s. Valid values: %s.", text, levelNames)
			}
			s.log.least = level
			continue
		}
		category, name, _ := strings.Cut(text, ":")
		level, ok := logLevels()[name]
		if !ok || !slices.Contains(rpc.LogCategories(), category) {
			return fmt.Errorf("Unsupported category-specific logging level -loglevel=%s. Expected -loglevel=<category>:<loglevel>. Valid categories: %s. Valid loglevels: %s.",
				text, strings.Join(rpc.LogCategories(), ", "), levelNames)
		}
		s.log.own[category] = level
	}
	return nil
}

const (
	// keptLog is how much of an old log is kept when it is cut, and cutLog from
	// which size it is [RECENT_DEBUG_HISTORY_SIZE].
	keptLog = 10 * 1000 * 1000
	cutLog  = keptLog / 10 * 11
)

// openLog opens debug.log.
func (p *program) openLog() error {
	out := p.lines.out
	if out.path != "" && p.Bool("shrinkdebugfile", !p.lines.Any()) {
		shrink(out.path)
	}
	if err := out.open(); err != nil {
		return fmt.Errorf("Could not open debug log file %s", out.path)
	}
	p.say(slog.LevelInfo, "Using data directory "+p.NetDir())
	switch _, err := os.Stat(p.ConfPath()); {
	case err == nil:
		p.say(slog.LevelInfo, "Config file: "+p.ConfPath())
	case p.Has("conf"):
		p.warn("The specified config file " + p.ConfPath() + " does not exist")
	default:
		p.say(slog.LevelInfo, "Config file: "+p.ConfPath()+" (not found, skipping)")
	}
	for _, line := range slices.Concat(p.Notes, p.Lines()) {
		p.say(slog.LevelInfo, line)
	}
	return nil
}

// closeLog closes it, if it was opened: the last line says why the node ended.
func (p *program) closeLog() {
	if p.lines != nil {
		_ = p.lines.out.close()
	}
}

// shrink keeps the end of a log that has grown; a failure leaves it as it is [ShrinkDebugFile].
func shrink(path string) {
	st, err := db.StatFile(path)
	if err != nil || st.Size() <= cutLog {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	raw := make([]byte, keptLog)
	if _, err := f.ReadAt(raw, st.Size()-keptLog); err == nil {
		_ = os.WriteFile(path, raw, 0o600)
	}
}
