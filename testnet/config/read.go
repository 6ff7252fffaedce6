package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"grapevine/db"
	"grapevine/testnet"
)

// Read reads a network.yaml. Its errors name the file, the line and the column. judge knows
// the further lines of a node's grapevine.conf; nil takes all.
func Read(path string, judge Judge) (*Network, error) {
	raw, err := db.ReadFile(path, maxFile)
	if there, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("%s: %w", path, there.Err)
	}
	if err != nil {
		return nil, err
	}
	n, err := parse(string(raw), judge)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
}

// Parse reads the text of a network.yaml.
func Parse(text string) (*Network, error) { return parse(text, nil) }

func parse(text string, judge Judge) (*Network, error) {
	var doc, second yaml.Node
	d := yaml.NewDecoder(strings.NewReader(text))
	err := d.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		return nil, &fault{1, 1, "the file is empty: want at least `nodes`, as in `nodes: 4`"}
	case err != nil:
		return nil, notYAML(text, err)
	}
	if err := d.Decode(&second); err != io.EOF {
		return nil, &fault{max(second.Line, 1), max(second.Column, 1), "it holds more than one document: want one network in a file"}
	}
	n := &Network{Seed: 1, judge: judge}
	root := doc.Content[0]
	if err := untagged(root); err != nil {
		return nil, err
	}
	if err := n.read(root); err != nil {
		return nil, err
	}
	if len(n.Nodes) == 0 {
		return nil, wrong(root, "there are no nodes: want `nodes: 4`, or a list of them")
	}
	return n, nil
}

func (n *Network) read(root *yaml.Node) error {
	var links *yaml.Node // read last: they name nodes
	mine := ""
	var mineAt *yaml.Node
	each := testnet.Amount(-1)
	err := fields(root, "the network",
		field{"nodes", n.readNodes},
		field{"links", func(v *yaml.Node) error { links = v; return nil }},
		mining("mine", func(v *yaml.Node, s string) { mine, mineAt = s, v }),
		amount("fund", func(a testnet.Amount) { each = a }),
		number("portbase", 1024, 60_000, func(i int) { n.PortBase = i }),
		number("seed", 0, 1<<31-1, func(i int) { n.Seed = uint64(i) }),
	)
	if err != nil {
		return err
	}
	if each >= 0 {
		n.Fund = each
		for i := range n.Nodes {
			if n.Nodes[i].Fund < 0 && n.Nodes[i].Wallet() {
				n.Nodes[i].Fund = each
			}
		}
	}
	for i := range n.Nodes {
		n.Nodes[i].Fund = max(n.Nodes[i].Fund, 0)
	}
	if all := n.Funds(); all > MaxFunds*testnet.CoinBTC {
		return wrong(root, "the nodes are to have %s BTC together, and regtest's blocks make %d at most: want a smaller fund", all, MaxFunds)
	}
	if mineAt != nil && len(n.Nodes) > 0 {
		if n.Nodes[0].Mine != "" {
			return wrong(mineAt, "mine is what node 0 does, and node 0 says it itself in line %d", n.Nodes[0].Line)
		}
		n.Nodes[0].Mine = mine
	}
	if links == nil {
		return nil
	}
	return items(links, "links", maxLinks, n.readLink)
}

// readNodes: a number, or a list.
func (n *Network) readNodes(v *yaml.Node) error {
	if v.Kind == yaml.ScalarNode {
		return number("nodes", 1, MaxNodes, func(count int) {
			for range count {
				n.Nodes = append(n.Nodes, Node{Fund: -1, Line: v.Line})
			}
		}).read(v)
	}
	return items(v, "nodes", MaxNodes, n.readNode)
}

func (n *Network) readNode(v *yaml.Node) error {
	node, count := Node{Fund: -1, Line: v.Line}, 1
	var countAt, powerAt, flagsAt *yaml.Node
	err := fields(v, "a node",
		field{"name", func(v *yaml.Node) error {
			s, err := word(v, "name")
			if err != nil {
				return err
			}
			if err := testnet.CheckName(s); err != nil {
				return wrong(v, "name %v", err)
			}
			if i := slices.IndexFunc(n.Nodes, func(o Node) bool { return o.Name == s }); i >= 0 {
				return wrong(v, "name %q: the node in line %d has it", s, n.Nodes[i].Line)
			}
			node.Name = s
			return nil
		}},
		mining("mine", func(_ *yaml.Node, s string) { node.Mine = s }),
		field{"power", func(v *yaml.Node) error {
			powerAt = v
			return number("power", 0, 100, func(i int) { node.Power = i }).read(v)
		}},
		amount("fund", func(a testnet.Amount) { node.Fund = a }),
		field{"flags", func(v *yaml.Node) (err error) { flagsAt = v; node.Flags, err = n.flags(v); return err }},
		field{"count", func(v *yaml.Node) error {
			countAt = v
			return number("count", 1, MaxNodes, func(i int) { count = i }).read(v)
		}},
	)
	switch {
	case err != nil:
		return err
	case node.Fund > 0 && !node.Wallet():
		return wrong(valueOf(v, "fund"), "fund: a node without a wallet holds no money: want no fund, or no `wallet: false` among its flags")
	case node.Name != "" && countAt != nil && count > 1:
		return wrong(countAt, "%d nodes cannot have one name", count)
	case len(n.Nodes)+count > MaxNodes:
		return wrong(v, "these are %d nodes, at most %d are taken", len(n.Nodes)+count, MaxNodes)
	}
	if n.power += node.Power * count; n.power > 100 {
		return wrong(powerAt, "power: with this the nodes have %d per cent of the hash power, at most 100 are there", n.power)
	}
	if err := n.together(node, v, flagsAt); err != nil {
		return err
	}
	for range count {
		n.Nodes = append(n.Nodes, node)
	}
	return nil
}

// mining is a --mine mode.
func mining(of string, set func(at *yaml.Node, mode string)) field {
	return field{of, func(v *yaml.Node) error {
		s, err := word(v, of)
		if err != nil {
			return err
		}
		every, ok := strings.CutPrefix(s, "every=")
		d, bad := time.ParseDuration(every)
		if s != "manual" && s != "on-tx" && !(ok && bad == nil) {
			return wrong(v, "%s %q: want manual, on-tx or every=10s", of, s)
		}
		if ok && (d < testnet.MinPause || d > testnet.MaxPause) {
			return wrong(v, "%s %q: want manual, on-tx or every=10s, a millisecond to a year", of, s)
		}
		set(v, s)
		return nil
	}}
}

func (n *Network) readLink(v *yaml.Node) error {
	l := Link{A: -1}
	end := func(v *yaml.Node, s string) (int, error) {
		for i := range n.Nodes {
			if n.Nodes[i].Name == s || strconv.Itoa(i) == s {
				return i, nil
			}
		}
		return 0, wrong(v, "there is no node %q", s)
	}
	err := fields(v, "a link",
		field{"between", func(v *yaml.Node) (err error) {
			s, err := word(v, "between")
			if err != nil {
				return err
			}
			a, b, ok := strings.Cut(s, "-")
			if !ok {
				return wrong(v, "between %q: want two nodes as in alice-bob or 0-2", s)
			}
			if l.A, err = end(v, strings.TrimSpace(a)); err != nil {
				return err
			}
			if l.B, err = end(v, strings.TrimSpace(b)); err != nil {
				return err
			}
			if l.A == l.B {
				return wrong(v, "between %q: a node is not linked to itself", s)
			}
			return nil
		}},
		span("latency", &l.Latency),
		span("jitter", &l.Jitter),
		read("rate", testnet.ParseRate, &l.Rate),
		read("loss", testnet.ParseLoss, &l.Loss),
		field{"cut", func(v *yaml.Node) (err error) {
			if l.Cut, err = strconv.ParseBool(v.Value); err != nil || v.Kind != yaml.ScalarNode {
				return wrong(v, "cut wants true or false, not %s", kindOf(v))
			}
			return nil
		}},
	)
	if err != nil {
		return err
	}
	if l.A < 0 {
		return wrong(v, "a link wants `between`, as in `between: alice-bob`")
	}
	if err := l.Check(); err != nil {
		return wrong(valueOf(v, firstWord(err)), "%v", err)
	}
	for _, o := range n.Links {
		if o.A == l.A && o.B == l.B || o.A == l.B && o.B == l.A {
			return wrong(v, "%s and %s are linked twice", n.Title(l.A), n.Title(l.B))
		}
	}
	n.Links = append(n.Links, l)
	return nil
}
