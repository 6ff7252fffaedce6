package main

import (
	"testing"

	"grapevine/cmd/node"
	"grapevine/testnet/config"
)

// How fast a node may mine is said twice, by the node and by the local network, neither of which
// knows the other: both say the same.
func TestTheNetworksFileTakesThePausesThatANodeTakes(t *testing.T) {
	for mode, good := range map[string]bool{"every=1ms": true, "every=999us": false, "every=8760h": true, "every=8760h0m0.001s": false, "every=-1s": false} {
		_, byNode := node.ParseMine(mode)
		_, byFile := config.Parse("nodes:\n- mine: " + mode + "\n")
		if (byNode == nil) != good || (byFile == nil) != good {
			t.Errorf("%s: the node says %v, the file %v", mode, byNode, byFile)
		}
	}
}
