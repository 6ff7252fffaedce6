package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Count is n with its thousands apart: 12,345.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Bytes is a size in the largest binary unit that leaves at least one.
func Bytes(n int64) string {
	const kib = 1024
	switch {
	case n < kib:
		return fmt.Sprintf("%d B", n)
	case n < kib*kib:
		return fmt.Sprintf("%.1f KiB", float64(n)/kib)
	case n < kib*kib*kib:
		return fmt.Sprintf("%.1f MiB", float64(n)/kib/kib)
	default:
		return fmt.Sprintf("%.2f GiB", float64(n)/kib/kib/kib)
	}
}

// Short is a duration as people say it: "350 ms", "4.2 s", "3:07", "2 h 05 min", "9 days".
func Short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%d days", int(d.Hours())/24)
	}
}

// Ago is how long before now t was.
func Ago(now, t time.Time) string {
	if d := now.Sub(t); d >= time.Second {
		return Short(d.Truncate(time.Second)) + " ago"
	}
	return "just now"
}

// Plural is "1 block", "2 blocks".
func Plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return Count(int64(n)) + " " + unit + "s"
}

// Printable makes what strangers say of themselves safe for a terminal.
func Printable(s string) string {
	return clipped(s, 80) // an address is shorter
}

// Sentences makes what a node has to say safe for a terminal, and leaves it whole: the
// longest of its texts name a file.
func Sentences(s string) string {
	return clipped(s, 8192)
}

func clipped(s string, most int) string {
	out := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s))
	if len(out) > most {
		return string(out[:most-1]) + "…"
	}
	return string(out)
}
