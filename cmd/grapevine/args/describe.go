package args

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Lines say where every setting comes from, for the log; values of sensitive
// options are not told [LogArgs].
func (a *Args) Lines() (lines []string) {
	for _, section := range slices.Sorted(maps.Keys(a.file)) {
		where := ""
		if section != "" {
			where = "[" + section + "] "
		}
		lines = append(lines, a.lines("Config file arg: "+where, a.file[section])...)
	}
	for _, name := range slices.Sorted(maps.Keys(a.savedAs)) {
		lines = append(lines, fmt.Sprintf("Setting file arg: %s = %s", name, written(a.savedAs[name])))
	}
	return append(lines, a.lines("Command-line arg: ", a.line)...)
}

func (a *Args) lines(prefix string, from map[string][]value) (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(from)) {
		for _, v := range from[name] {
			said := written(v)
			if a.known[name]&Sensitive != 0 {
				said = "****"
			}
			lines = append(lines, prefix+name+"="+said)
		}
	}
	return lines
}

// written is a value as JSON writes it.
func written(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}
