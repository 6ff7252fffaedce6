package config

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// notYAML says where a text stops being YAML. The library tells a line at most, and that of
// what encloses the fault or one beside it. So the place is searched: the shortest beginning of
// the text that fails as the whole does.
func notYAML(text string, err error) error {
	good, bad := 0, len(text)
	for good+1 < bad {
		if half := (good + bad) / 2; sameFault(text[:half], err) {
			bad = half
		} else {
			good = half
		}
	}
	before := text[:max(bad-1, 0)]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	what := strings.TrimPrefix(err.Error(), "yaml: ")
	if number, rest, ok := strings.Cut(strings.TrimPrefix(what, "line "), ": "); ok && number != what && isNumber(number) {
		what = rest
	}
	return &fault{line, column, "it is not YAML: " + short(what) + adviceFor(what, text[bad-1:])}
}

func sameFault(text string, want error) bool {
	got := yaml.NewDecoder(strings.NewReader(text)).Decode(new(yaml.Node))
	return got != nil && got.Error() == want.Error()
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// adviceFor says what may stand there in place of rest, which begins with the fault.
func adviceFor(what, rest string) string {
	switch {
	case strings.Contains(what, "cannot start any token") && strings.HasPrefix(rest, "\t"):
		return ": want spaces in place of the tab"
	case strings.Contains(what, "cannot start any token"):
		return ": want the value in quotes"
	case strings.Contains(what, "mapping values are not allowed"):
		return ": want one `name: value` a line, and a value with a colon in quotes"
	case strings.Contains(what, "UTF-8"):
		return ": want a text in UTF-8"
	case strings.Contains(what, "control characters"):
		return ": want a text"
	case strings.Contains(what, "incompatible YAML"):
		return ": want no %YAML line"
	case strings.Contains(what, "unknown anchor"):
		return ": want the value itself"
	}
	return ""
}
