package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"grapevine/testnet"
)

// fault is what is wrong, and where.
type fault struct {
	line, column int
	what         string
}

func (f *fault) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", f.line, f.column, f.what)
}

func wrong(at *yaml.Node, format string, args ...any) error {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = short(s)
		}
	}
	return &fault{at.Line, at.Column, fmt.Sprintf(format, args...)}
}

// short is the beginning of a long text, enough to find it by.
func short(s string) string {
	const most = 100
	if n := utf8.RuneCountInString(s); n > most {
		return fmt.Sprintf("%s… (%d characters)", string([]rune(s)[:most]), n)
	}
	return s
}

// firstWord of an error is the field that it is about.
func firstWord(err error) string {
	word, _, _ := strings.Cut(err.Error(), " ")
	return word
}

// valueOf is the value of a key of a mapping, or the mapping if it has none of that name.
func valueOf(m *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == name {
			return m.Content[i+1]
		}
	}
	return m
}

// untagged refuses tags: a value is what its field wants, whatever it is called.
func untagged(v *yaml.Node) error {
	if v.Style&yaml.TaggedStyle != 0 {
		return wrong(v, "no tag may stand here, as %q: want the value alone", v.Tag)
	}
	for _, inside := range v.Content {
		if err := untagged(inside); err != nil {
			return err
		}
	}
	return nil
}

// field is what a mapping may hold, and who reads it.
type field struct {
	name string
	read func(v *yaml.Node) error
}

// likeOf is an example of the first field of each kind of mapping.
var likeOf = map[string]string{"nodes": "4", "name": "alice", "between": "alice-bob"}

// fields reads a mapping: each of its keys once, and no other.
func fields(m *yaml.Node, of string, known ...field) error {
	if m.Kind != yaml.MappingNode {
		return wrong(m, "%s is a mapping of names to values, as in `%s: %s`, not %s", of, known[0].name, likeOf[known[0].name], kindOf(m))
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, value := m.Content[i], m.Content[i+1]
		k := slices.IndexFunc(known, func(f field) bool { return f.name == key.Value })
		if k < 0 {
			var names []string
			for _, f := range known {
				names = append(names, f.name)
			}
			return wrong(key, "%s has no %q: it may have %s", of, key.Value, strings.Join(names, ", "))
		}
		if seen[key.Value] > 0 {
			return wrong(key, "%s is said in line %d too", key.Value, seen[key.Value])
		}
		seen[key.Value] = key.Line
		if err := known[k].read(value); err != nil {
			return err
		}
	}
	return nil
}

// items reads a list.
func items(l *yaml.Node, of string, most int, each func(v *yaml.Node) error) error {
	if l.Kind != yaml.SequenceNode {
		return wrong(l, "%s is a list, each line of it begins with -, not %s", of, kindOf(l))
	}
	if len(l.Content) > most {
		return wrong(l, "%s has %d items, at most %d are taken", of, len(l.Content), most)
	}
	for _, v := range l.Content {
		if err := each(v); err != nil {
			return err
		}
	}
	return nil
}

// kindOf a value, for people.
func kindOf(v *yaml.Node) string {
	switch v.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	return strconv.Quote(short(v.Value))
}

// maxWord is in bytes, of any value: a line of grapevine.conf has 4,096 at most.
const maxWord = 4000

// word is a value that is neither list nor mapping, and not empty.
func word(v *yaml.Node, of string) (string, error) {
	if v.Kind != yaml.ScalarNode || v.Value == "" || v.Tag == "!!null" {
		return "", wrong(v, "%s wants a value, not %s", of, kindOf(v))
	}
	if len(v.Value) > maxWord {
		return "", wrong(v, "%s wants a value of %d bytes at most, not of %d", of, maxWord, len(v.Value))
	}
	return v.Value, nil
}

// number from least to most.
func number(of string, least, most int, set func(int)) field {
	return field{of, func(v *yaml.Node) error {
		s, err := word(v, of)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return wrong(v, "%s %q: want a whole number from %d to %d", of, s, least, most)
		}
		set(n)
		return nil
	}}
}

// span is a time as 80ms.
func span(of string, set *testnet.Span) field {
	return field{of, func(v *yaml.Node) error {
		s, err := word(v, of)
		if err != nil {
			return err
		}
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return wrong(v, "%s %q: want a time as in 80ms", of, s)
		}
		*set = testnet.Span(d)
		return nil
	}}
}

// amount is in BTC with up to 8 decimals.
func amount(of string, set func(testnet.Amount)) field {
	return field{of, func(v *yaml.Node) error {
		s, err := word(v, of)
		if err != nil {
			return err
		}
		a, err := testnet.ParseAmount(s)
		if err != nil || a < 0 || a > MaxFund*testnet.CoinBTC {
			return wrong(v, "%s %q: want BTC as in 10 or 0.5, at most %d", of, s, MaxFund)
		}
		if a > 0 && a < MinFund {
			return wrong(v, "%s %q: want 0, or %s BTC at least", of, s, testnet.Amount(MinFund))
		}
		set(a)
		return nil
	}}
}

// read is a value that testnet reads.
func read[T any](of string, parse func(string) (T, error), set *T) field {
	return field{of, func(v *yaml.Node) error {
		s, err := word(v, of)
		if err != nil {
			return err
		}
		if *set, err = parse(s); err != nil {
			return wrong(v, "%s %v", of, err)
		}
		return nil
	}}
}
