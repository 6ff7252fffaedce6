package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"grapevine/testnet"
)

// ParseSpan reads 2h, 90m, 3d or 2w.
func ParseSpan(s string) (time.Duration, error) {
	const most = testnet.MaxAhead
	d, err := time.ParseDuration(s)
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if digits, ok := strings.CutSuffix(s, suffix); ok {
			var n float64
			if n, err = strconv.ParseFloat(digits, 64); err == nil && n >= 0 && n < float64(most/unit) {
				d = time.Duration(n * float64(unit))
			}
		}
	}
	if err != nil || d < time.Second || d > most {
		return 0, fmt.Errorf("%q: want a time from 1s to 50 years, as in 2h, 90m or 3d", Printable(s))
	}
	return d, nil
}

// ParseTime reads a Unix time, or a date and time of day.
func ParseTime(s string) (at time.Time, err error) {
	const last = 1<<32 - 1 // that a block's header can say
	if unix, err := strconv.ParseInt(s, 10, 64); err == nil {
		if unix < 0 || unix > last {
			return at, fmt.Errorf("%d: want a Unix time from 0 to %d", unix, int64(last))
		}
		return time.Unix(unix, 0), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if at, err = time.ParseInLocation(layout, s, time.Local); err == nil && at.Unix() >= 0 && at.Unix() <= last {
			return at, nil
		}
	}
	return at, fmt.Errorf("%q: want a date and time as in 2030-01-01T12:00:00Z, or a Unix time", Printable(s))
}
