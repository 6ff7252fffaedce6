package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// ownFlags are said by the network itself, for each node otherwise.
var ownFlags = []string{"datadir", "network", "node", "dir", "listen", "rpclisten", "rpcuser", "rpcpassword", "addnode", "connect", "mine", "json",
	"nodes-file", "rpc", "progress", "localnode"}

// flags of a node: a mapping of names to values, as grapevine.conf has them.
func (n *Network) flags(v *yaml.Node) (lines []string, err error) {
	if v.Kind != yaml.MappingNode {
		return nil, wrong(v, "flags are a mapping as in `maxpeers: 20`, not %s", kindOf(v))
	}
	if len(v.Content) > 2*maxFlags {
		return nil, wrong(v, "these are more than %d flags", maxFlags)
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(v.Content); i += 2 {
		key, value := v.Content[i], v.Content[i+1]
		name := strings.TrimLeft(key.Value, "-")
		if name == "" || strings.ContainsAny(name, "= \t\r\n#[]") {
			return nil, wrong(key, "%q is no flag's name", key.Value)
		}
		if slices.Contains(ownFlags, name) {
			return nil, wrong(key, "%s is not for a node's flags: the network says it to each node by itself", name)
		}
		if seen[name] > 0 {
			return nil, wrong(key, "%s is said in line %d too", name, seen[name])
		}
		seen[name] = key.Line
		values := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode {
			values = value.Content
		}
		if len(values) == 0 || len(lines)+len(values) > maxFlags {
			return nil, wrong(value, "%s has %d values: want at least one, and at most %d flags in all", name, len(values), maxFlags)
		}
		for _, x := range values {
			s, err := n.flagValue(x, name, len(values))
			if err != nil {
				return nil, err
			}
			lines = append(lines, name+" = "+s)
		}
	}
	return lines, nil
}

// flagValue is one of so many values of a flag, which a line of grapevine.conf can hold.
func (n *Network) flagValue(v *yaml.Node, name string, of int) (string, error) {
	s, err := word(v, name)
	if err != nil {
		return "", err
	}
	switch comment := strings.IndexByte(s, '#'); {
	case strings.ContainsFunc(s, unicode.IsControl):
		return "", wrong(v, "%s %q: a value is one line of text", name, s)
	case s != strings.TrimSpace(s):
		return "", wrong(v, "%s %q: want no spaces at its ends, which grapevine.conf does not keep", name, s)
	case comment == 0 || comment > 0 && strings.Contains(s, " #"):
		return "", wrong(v, "%s %q: in grapevine.conf a # at the beginning or after a space begins a comment: want a value without", name, s)
	}
	if n.judge == nil {
		return s, nil
	}
	many, err := n.judge.Line(name, s)
	if err == nil && of > 1 && !many {
		err = fmt.Errorf("%s takes one value, not a list", name)
	}
	if err != nil {
		return "", wrong(v, "%v", err)
	}
	return s, nil
}

// together judges all that a node is told, as the node itself will.
func (n *Network) together(node Node, at, flags *yaml.Node) error {
	if n.judge == nil {
		return nil
	}
	lines := slices.Clone(node.Flags)
	if node.Mine != "" {
		lines = append(lines, "mine = "+node.Mine)
	}
	if len(lines) == 0 {
		return nil
	}
	err := n.judge.Node(lines)
	if err == nil {
		return nil
	}
	what := strings.TrimRight(strings.TrimPrefix(firstWord(err), "--"), ":")
	if flags != nil {
		for i := 0; i+1 < len(flags.Content); i += 2 {
			if strings.TrimLeft(flags.Content[i].Value, "-") == what {
				return wrong(flags.Content[i+1], "%v", err)
			}
		}
	}
	return wrong(valueOf(at, what), "%v", err)
}
