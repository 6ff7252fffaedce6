package args

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Flags say what is special about an option.
type Flags uint8

// The flags of options.
const (
	NoNegation  Flags = 1 << iota // -noX is refused
	NoElision                     // -X without a value is refused
	NetworkOnly                   // outside mainnet it counts only in the network's own section of the file
	Sensitive                     // its value is not written to the log
)

// Args are the settings of one run [ArgsManager].
type Args struct {
	known   map[string]Flags
	network string // Core's name of the chain, and so of its section; "" until Select
	forced  map[string]value
	line    map[string][]value
	saved   map[string][]value // settings.json
	savedAs map[string]any     // the same as it stands there
	file    map[string]map[string][]value
	marks   []Mark // where the file names sections
	home    string
	conf    string // the file that was read; "" before

	Words []string // of the command line, from the first that is no option
	Notes []string // for the log, once there is one
	Warn  []string // for stderr at once
}

// Mark is a place in a file that names a section.
type Mark struct {
	Section, File string
	Line          int
}

// value is what one place says: text, a number, true, a list, or false for an
// option that was negated.
type value any

// New knows the options of that names; home is the user's home directory.
func New(known map[string]Flags, home string) *Args {
	return &Args{known: known, home: home, forced: map[string]value{}, line: map[string][]value{},
		saved: map[string][]value{}, savedAs: map[string]any{}, file: map[string]map[string][]value{}}
}

// key is an option's name in its parts.
type key struct {
	section, name string
	negated       bool
}

// parseKey splits "section.noname" [InterpretKey].
func parseKey(text string) (k key) {
	if section, rest, found := strings.Cut(text, "."); found {
		k.section, text = section, rest
	}
	k.name, k.negated = strings.CutPrefix(text, "no")
	return k
}

// interpret turns what was written into a value [InterpretValue].
func (a *Args) interpret(k key, text string, given bool) (value, error) {
	flags := a.known[k.name]
	switch {
	case k.negated && flags&NoNegation != 0:
		return nil, fmt.Errorf("Negating of -%s is meaningless and therefore forbidden", k.name)
	case k.negated && given && !truth(text):
		a.Notes = append(a.Notes, fmt.Sprintf("Warning: parsed potentially confusing double-negative -%s=%s", k.name, text))
		return true, nil
	case k.negated:
		return false, nil
	case !given && flags&NoElision != 0:
		return nil, fmt.Errorf("Can not set -%s with no value. Please specify value with -%s=value.", k.name, k.name)
	}
	return text, nil
}

// truth reads a switch: nothing is on, and so is every number but 0; words are off [InterpretBool].
func truth(text string) bool { return text == "" || number(text) != 0 }

// number reads the digits a text begins with; a text without any is 0, and what
// is too large is the largest [LocaleIndependentAtoi].
func number(text string) int64 {
	s := strings.TrimSpace(text)
	if strings.HasPrefix(s, "+-") {
		return 0
	}
	s = strings.TrimPrefix(s, "+")
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || end == 0 && s[end] == '-') {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return n
}

// Parse reads a command line without the program's name. Options end at the
// first word without a dash: that one and what follows are Words.
func (a *Args) Parse(line []string) error {
	for i, arg := range line {
		if arg == "-" {
			break
		}
		name, text, given := strings.Cut(arg, "=")
		if !strings.HasPrefix(name, "-") {
			a.Words = slices.Clone(line[i:])
			break
		}
		k := parseKey(strings.TrimPrefix(strings.TrimPrefix(name, "-"), "-"))
		if _, known := a.known[k.name]; !known || k.section != "" {
			return errors.New("Invalid parameter " + arg)
		}
		v, err := a.interpret(k, text, given)
		if err != nil {
			return err
		}
		a.line[k.name] = append(a.line[k.name], v)
	}
	if list := a.line["includeconf"]; len(list) > 0 && !negatedLast(list) {
		first, _ := json.Marshal(list[negations(list)])
		return fmt.Errorf("-includeconf cannot be used from commandline; -includeconf=%s", first)
	}
	return nil
}

// Select says whose section of the file counts.
func (a *Args) Select(chain string) { a.network = chain }

// SoftSet sets an option that nobody has set, and says whether it did [SoftSetArg].
func (a *Args) SoftSet(name, text string) bool {
	if a.Has(name) {
		return false
	}
	a.forced[name] = text
	return true
}

// Has says whether an option was set, or negated.
func (a *Args) Has(name string) bool { return a.get(name) != nil }

// Negated says whether the option's last word was -noX.
func (a *Args) Negated(name string) bool { return a.get(name) == false }

// String is the option's value; a negated one is "0".
func (a *Args) String(name, fallback string) string {
	if v := a.get(name); v != nil {
		return text(v)
	}
	return fallback
}

// Int is the option as a number: words count as 0.
func (a *Args) Int(name string, fallback int64) int64 {
	if v := a.get(name); v != nil {
		return number(text(v))
	}
	return fallback
}

// Bool is the option as a switch.
func (a *Args) Bool(name string, fallback bool) bool {
	switch v := a.get(name).(type) {
	case nil:
		return fallback
	case bool:
		return v
	default:
		return truth(text(v))
	}
}

// text writes a value as the options are written.
func text(v value) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "1"
		}
		return "0"
	case string:
		return v
	}
	return fmt.Sprint(v)
}

// Names are all options that are known.
func (a *Args) Names() []string {
	var list []string
	for name := range a.known {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// Force sets an option over whatever was said [ForceSetArg].
func (a *Args) Force(name, text string) { a.forced[name] = text }
