package bitcoind

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"grapevine/cmd/rpc"
)

// levelTrace is below debug, as Core's trace.
const levelTrace = slog.LevelDebug - 4

// logSwitch says what is logged and how a line looks. Its categories may be
// switched while the node runs (the RPC method logging).
type logSwitch struct {
	rpc.LogMask

	names, micros, stamps, levels bool // of threads; -logtimemicros; -logtimestamps; -loglevelalways
	places                        bool // -logsourcelocations

	least slog.Level // of what is logged of categories that are on
	own   map[string]slog.Level

	mocked func() (time.Time, bool) // the node's clock, when it stands still; nil: never
}

// wants says whether a line of that category is logged [WillLogCategoryLevel].
func (l *logSwitch) wants(category string, level slog.Level) bool {
	if level >= slog.LevelInfo {
		return true
	}
	least, own := l.own[category]
	if !own {
		least = l.least
	}
	return l.Logs(category) && level >= least
}

// logHandler writes our events as Core's lines: in Core's words where a row of
// the table has them, else in ours. It is safe for concurrent use.
type logHandler struct {
	*logSwitch
	out       *logFile
	words     map[string]word
	attrs     []slog.Attr
	group     string
	subsystem string // who logs
}

var _ slog.Handler = (*logHandler)(nil)

// Enabled is slog's.
func (h *logHandler) Enabled(_ context.Context, l slog.Level) bool {
	return l >= slog.LevelInfo || h.Any() && l >= levelTrace
}

// WithAttrs is slog's.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = slices.Clip(c.attrs)
	for _, a := range attrs {
		a.Key = c.group + a.Key
		c.attrs = append(c.attrs, a)
		if a.Key == "subsystem" {
			c.subsystem = a.Value.String()
		}
	}
	return &c
}

// WithGroup is slog's.
func (h *logHandler) WithGroup(name string) slog.Handler {
	c := *h
	if name != "" {
		c.group += name + "."
	}
	return &c
}

// Handle is slog's.
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	w, known := h.words[r.Message]
	category, level := rpc.LogCategoryOf(h.subsystem), r.Level
	if known {
		category, level = w.category, w.level
	}
	if !h.wants(category, level) {
		return nil
	}
	all := slices.Clone(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		a.Key = h.group + a.Key
		all = append(all, a)
		return true
	})
	text := ""
	if known {
		f := fields{}
		for _, a := range all {
			f[a.Key] = a.Value.Resolve()
		}
		if text = w.say(f); text == "" {
			return nil
		}
	} else {
		text = ours(r.Message, all)
	}
	return h.out.write(h.line(r.Time, h.subsystem, prefix(h.levels, category, level)+text))
}

// ours is an event in our words, its details behind it.
func ours(message string, attrs []slog.Attr) string {
	var b strings.Builder
	b.WriteString(message)
	for _, a := range attrs {
		if a.Key != "subsystem" {
			fmt.Fprintf(&b, " %s=%v", a.Key, a.Value.Resolve())
		}
	}
	return b.String()
}

// prefix is the category and the level in brackets [GetLogPrefix].
func prefix(always bool, category string, level slog.Level) string {
	name := ""
	switch {
	case level >= slog.LevelError:
		name = "error"
	case level >= slog.LevelWarn:
		name = "warning"
	case level >= slog.LevelInfo:
		if !always {
			return ""
		}
		name = "info"
	case level >= slog.LevelDebug:
		if !always && category != "" {
			return "[" + category + "] "
		}
		name = "debug"
	default:
		name = "trace"
	}
	switch {
	case level >= slog.LevelInfo && !always:
		return "[" + name + "] "
	case category == "":
		return "[all:" + name + "] "
	}
	return "[" + category + ":" + name + "] "
}

// line puts before a text what the options ask for [FormatLogStrInPlace].
func (h *logHandler) line(at time.Time, subsystem, text string) string {
	var b strings.Builder
	if h.stamps {
		at = at.UTC()
		if h.micros {
			b.WriteString(at.Format("2006-01-02T15:04:05.000000Z"))
		} else {
			b.WriteString(at.Format("2006-01-02T15:04:05Z"))
		}
		if h.mocked != nil {
			if t, still := h.mocked(); still {
				b.WriteString(" (mocktime: " + t.UTC().Format("2006-01-02T15:04:05Z") + ")")
			}
		}
		b.WriteByte(' ')
	}
	if h.names {
		if subsystem == "" {
			subsystem = "init"
		}
		b.WriteString("[" + subsystem + "] ")
	}
	if h.places { // where in our source says nothing to who reads Core's log
		b.WriteString("[grapevine] [" + subsystem + "] ")
	}
	escape(&b, text)
	b.WriteByte('\n')
	return b.String()
}

// escape writes a text so that it is one line [LogEscapeMessage].
func escape(b *strings.Builder, text string) {
	for i := range len(text) {
		if c := text[i]; (c >= ' ' || c == '\n') && c != 0x7f {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(b, "\\x%02x", c)
		}
	}
}

// logFile is debug.log, and standard output when it is asked for.
type logFile struct {
	path    string // "" writes none
	console bool

	mu      sync.Mutex
	file    *os.File
	waiting strings.Builder // lines from before the file was open
	started bool
}

func (l *logFile) write(line string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.started {
		l.waiting.WriteString(line)
		return nil
	}
	return l.put(line)
}

func (l *logFile) put(line string) (err error) {
	if l.console {
		_, err = os.Stdout.WriteString(line)
	}
	if l.file != nil {
		_, err = l.file.WriteString(line)
	}
	return err
}

// open begins to write, with what has been said before. Opened again it goes on
// in a new file, if the old one was moved away (SIGHUP).
func (l *logFile) open() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.path != "" {
		f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if l.file != nil {
			_ = l.file.Close()
		}
		l.file = f
	}
	if l.started {
		return nil
	}
	l.started = true
	if l.file != nil { // a mark between two runs
		_, _ = l.file.WriteString("\n\n\n\n\n")
	}
	err := l.put(l.waiting.String())
	l.waiting.Reset()
	return err
}

func (l *logFile) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
