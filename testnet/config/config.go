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

	flag func(name, value string) error // judges a node's flags, see Read
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
)

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
