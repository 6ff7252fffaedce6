package testnetcmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	urfave "github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// numberOf is the node that a word means.
func (p *program) numberOf(f testnet.File, word string) (int, error) {
	if err := checkWord(word); err != nil {
		return 0, err
	}
	m, err := f.Find(word)
	return m.Node, err
}

// checkWord is whether a word could be a node's number or name.
func checkWord(word string) error {
	if n, err := strconv.Atoi(word); err == nil && n < 0 || err != nil && testnet.CheckName(word) != nil {
		return cli.Usagef("%q: want a node's number or name, as `grapevine testnet status` shows it", cli.Printable(word))
	}
	return nil
}

// numbersOf reads nodes as in 0,1,5.
func (p *program) numbersOf(f testnet.File, list string) (numbers []int, err error) {
	for word := range strings.SplitSeq(list, ",") {
		n, err := p.numberOf(f, strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		if slices.Contains(numbers, n) {
			return nil, cli.Usagef("%q: node %d stands twice", cli.Printable(list), n)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// pair is two nodes; bytes go from the first to the second.
type pair struct{ from, to int }

func (w pair) back() pair     { return pair{w.to, w.from} }
func (w pair) ends() [2]int   { return [2]int{w.from, w.to} }
func (w pair) String() string { return fmt.Sprintf("%d-%d", w.from, w.to) }
func named(pairs []pair) string {
	const most = 6
	var s []string
	for _, w := range pairs[:min(len(pairs), most)] {
		s = append(s, w.String())
	}
	if len(pairs) > most {
		s = append(s, fmt.Sprintf("and %d more", len(pairs)-most))
	}
	return strings.Join(s, ", ")
}

// between reads links: 0-2, or 0,1-2,3 for all between two sides; 0,1/2,3 for all
// between groups, of which there may be more; all. Each link comes once, from the side
// that stands first.
func (p *program) between(f testnet.File, spec string) (pairs []pair, err error) {
	var sides [][]int
	switch {
	case spec == "all":
		for _, m := range f.Nodes {
			sides = append(sides, []int{m.Node})
		}
	case strings.Contains(spec, "/"):
		for group := range strings.SplitSeq(spec, "/") {
			side, err := p.numbersOf(f, group)
			if err != nil {
				return nil, err
			}
			sides = append(sides, side)
		}
	default:
		if sides, err = p.twoSides(f, spec); err != nil {
			return nil, err
		}
	}
	seen := map[int]bool{}
	for i, side := range sides {
		for _, from := range side {
			if seen[from] {
				return nil, cli.Usagef("%q: node %d stands on both sides", cli.Printable(spec), from)
			}
			seen[from] = true
			for _, other := range sides[i+1:] {
				for _, to := range other {
					pairs = append(pairs, pair{from, to})
				}
			}
		}
	}
	if len(pairs) == 0 {
		return nil, cli.Usagef("%q: a link has two ends", cli.Printable(spec))
	}
	return pairs, nil
}

// twoSides reads A-B. A name may have a dash in it: the one counts that leaves nodes on
// both sides.
func (p *program) twoSides(f testnet.File, spec string) ([][]int, error) {
	failed := error(cli.Usagef("%q: want a link as in 0-2, or groups as in 0,1/2,3", cli.Printable(spec)))
	for i := range len(spec) {
		if spec[i] != '-' {
			continue
		}
		a, errA := p.numbersOf(f, spec[:i])
		b, errB := p.numbersOf(f, spec[i+1:])
		if errA == nil && errB == nil {
			return [][]int{a, b}, nil
		}
		failed = errA
		if errA == nil {
			failed = errB
		}
	}
	return nil, failed
}

// atOnce is how many nodes are asked beside each other.
const atOnce = 64

// each calls fn for all nodes that are up, beside each other, also when it fails for some. A node
// that has gone meanwhile is no failure: it is named in gone.
func (p *program) each(ctx context.Context, members []testnet.Member, fn func(context.Context, testnet.Member, testnet.Node) error) (gone []int, err error) {
	went, failed := make([]bool, len(members)), make([]error, len(members))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, m := range members {
		if m.PID == 0 {
			went[i] = true
			continue
		}
		g.Go(func() error {
			cl, err := cli.DialMember(m)
			if err == nil {
				defer cl.Close()
				err = fn(ctx, m, cl)
			}
			if err != nil && ctx.Err() == nil && process.Running(m.DataDir).PID != m.PID {
				went[i], err = true, nil
			}
			failed[i] = ofNode(m, err)
			return nil
		})
	}
	_ = g.Wait() // each failure stands in its place
	if ctx.Err() != nil {
		return nil, ctx.Err() // once, not of each node
	}
	for i, m := range members {
		if went[i] {
			gone = append(gone, m.Node)
		}
	}
	return gone, errors.Join(failed...)
}

// ofNode is a node's failure, which names it; nil is none.
func ofNode(m testnet.Member, err error) error {
	if err == nil || cli.Hangs(err) { // which names it
		return err
	}
	return fmt.Errorf("node %d: %w", m.Node, err)
}

// notAllTold is the failure of a change that the network's file has, and not all of its nodes: who hangs
// goes by it when it is started again, and to ask for it again would be to change it twice.
func notAllTold(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("it holds from now on, but not all nodes were told: %w", err)
}

var errAllDown = errors.New("all nodes of the network are down")

// nodesText is "node 2" or "nodes 2, 5".
func nodesText(numbers []int) string {
	var s []string
	for _, n := range numbers {
		s = append(s, fmt.Sprint(n))
	}
	if len(s) == 1 {
		return "node " + s[0]
	}
	return "nodes " + strings.Join(s, ", ")
}

// theNode is --node, or the first node that is up.
func (p *program) theNode(c *urfave.Context, f testnet.File) (testnet.Member, error) {
	if word := c.String("node"); word != "" {
		return upNode(f, word)
	}
	if up := running(f.Nodes); len(up) > 0 {
		return up[0], nil
	}
	return testnet.Member{}, errAllDown
}

// withWallet is a node that is to pay, or to mine for itself.
func withWallet(m testnet.Member) error {
	if m.Wallet() {
		return nil
	}
	return fmt.Errorf("%s has no wallet: choose another node by --node", m.Title())
}

// upNode is the node that a word means, which must run.
func upNode(f testnet.File, word string) (testnet.Member, error) {
	m, err := f.Find(word)
	if err == nil && m.PID == 0 {
		err = fmt.Errorf("%s %w", m.Title(), testnet.ErrDown)
	}
	return m, err
}
