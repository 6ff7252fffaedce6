package main

import (
	"slices"
	"testing"
)

// The harness knows whole nodes, so that tests of others can have some. Nothing that is
// shipped may know it.
func TestLayersNoProductCodeImportsTheHarness(t *testing.T) {
	for _, p := range listPackages(t) {
		if slices.Contains(p.Imports, "grapevine/testnet/harness") {
			t.Errorf("%s imports testnet/harness, a kit for tests", p.room())
		}
	}
}
