package layout

import (
	"encoding/json"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
)

// Funcs are what templates may call.
func (l *Layout) Funcs() template.FuncMap {
	return template.FuncMap{
		"asset":  func(name string) string { return l.assets().url(name) },
		"short":  Short,
		"count":  Count,
		"bytes":  Bytes,
		"when":   when,
		"span":   Span,
		"plural": Plural,
		"json":   inJSON,
	}
}

// Short is a hash as people tell it from others: its first and last digits.
func Short(hash string) string {
	const ends = 8
	if len(hash) <= 2*ends+1 {
		return hash
	}
	return hash[:ends] + "…" + hash[len(hash)-ends:]
}

// Count is 1234567 as "1,234,567".
func Count(n any) string {
	s, sign := fmt.Sprint(n), ""
	if rest, minus := strings.CutPrefix(s, "-"); minus {
		s, sign = rest, "−"
	}
	if _, err := strconv.ParseUint(s, 10, 64); err != nil {
		return fmt.Sprint(n)
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Bytes is 1234567 as "1.2 MB".
func Bytes(n any) string {
	v, err := strconv.ParseFloat(fmt.Sprint(n), 64)
	if err != nil {
		return fmt.Sprint(n)
	}
	for _, unit := range []string{"B", "kB", "MB", "GB", "TB"} {
		if v < 1000 || unit == "TB" {
			if unit == "B" {
				return strconv.FormatFloat(v, 'f', 0, 64) + " B"
			}
			return strconv.FormatFloat(v, 'f', 1, 64) + " " + unit
		}
		v /= 1000
	}
	return ""
}

// when is a time as it stands in tables: UTC, so that pages of one node read alike everywhere.
func when(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// Span is a time that something takes, in its largest two units.
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "−" + Span(-d)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond)/time.Millisecond)
	case d < time.Minute:
		return strconv.FormatFloat(float64(d/(100*time.Millisecond))/10, 'f', -1, 64) + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// Brief is a time that a machine takes, as "14 µs" and "1.02 ms".
func Brief(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.FormatInt(d.Round(time.Microsecond).Microseconds(), 10) + " µs"
	case d < time.Second:
		return strconv.FormatFloat(float64(d.Microseconds())/1e3, 'g', 3, 64) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s"
}

// Plural is "1 block" and "2 blocks".
func Plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return Count(n) + " " + what + "s"
}

// inJSON is data for a page's script, in an attribute: the template escapes it.
func inJSON(v any) (string, error) {
	raw, err := json.Marshal(v)
	return string(raw), err
}
