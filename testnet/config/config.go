package config

import (
	"fmt"

	"grapevine/testnet"
)

// Network is a whole network.yaml.
type Network struct {
	Nodes    []Node
	Links    []Link
	Fund     testnet.Amount // that every node has to spend at the start; a node may say otherwise
	PortBase int            // node i listens at this port plus 2i, and one more for RPC; 0: free ones
	Seed     uint64         // of chance in the simulator

	judge Judge // of flags; nil takes all
	power int   // per cent that the nodes so far have
}

// Judge knows what a node's grapevine.conf may say.
type Judge interface {
	// Line judges a line by itself: whether there is such a setting, and whether its value is of
	// its kind. many: it may stand more than once.
	Line(name, value string) (many bool, err error)
	// Node judges all lines of a node, each "name = value". An error about one of them begins
	// with its name, as --name.
	Node(lines []string) error
}

// Node is one of them.
type Node struct {
	Name  string
	Mine  string         // manual, on-tx or every=10s; "": manual
	Power int            // of 100 shares of hash power, in the simulator
	Fund  testnet.Amount // to spend at the start
	Flags []string       // further lines of its grapevine.conf: "maxpeers = 20"
	Line  int            // where it stands
}

// Wallet is whether the node keeps one: it does, unless a flag says otherwise.
func (v Node) Wallet() bool { return testnet.Spec{Conf: v.Flags}.Wallet() }

// Link is how two nodes are connected, each way.
type Link struct {
	A, B int // numbers of nodes
	testnet.Way
}

// Limits of a file.
const (
	MaxNodes = 1_000 // what an engine elsewhere may take; here `up` has its own limit
	maxFile  = 1 << 20
	maxLinks = 10_000
	maxFlags = 100 // of a node
	// MaxFund of a node, in BTC: regtest's first 149 blocks make 7,450 in all.
	MaxFund = 1_000
	// MaxFunds of all nodes, in BTC: the first thousand blocks make 14,700, and later ones next to nothing.
	MaxFunds = 14_000
	// MinFund of a node that is to have something: less is dust, or near it.
	MinFund = testnet.CoinBTC / 100_000
)

// Funds is what the nodes are to have together.
func (n *Network) Funds() (all testnet.Amount) {
	for _, v := range n.Nodes {
		all += v.Fund
	}
	return all
}

// Specs are the nodes as testnet/process starts them.
func (n *Network) Specs() []testnet.Spec {
	out := make([]testnet.Spec, len(n.Nodes))
	for i, v := range n.Nodes {
		out[i] = testnet.Spec{Name: v.Name, Mine: v.Mine, Conf: v.Flags}
		if v.Mine == "manual" {
			out[i].Mine = ""
		}
	}
	return out
}

// Title of node i is its name, or its number.
func (n *Network) Title(i int) string {
	if name := n.Nodes[i].Name; name != "" {
		return name
	}
	return fmt.Sprint(i)
}
