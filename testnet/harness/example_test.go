package harness_test

import (
	"testing"
	"testing/synctest"
	"time"

	"grapevine/testnet/harness"
)

// A payment in a network in virtual time.
func ExampleNetwork() {
	test := func(t *testing.T) { // TestPayment
		synctest.Test(t, func(t *testing.T) {
			net := harness.Network(t, 3)
			net.Mine(0, 101) // the first reward can be spent after 100 more blocks
			net.Sync()
			txid := net.Pay(0, 2, harness.BTC/2)
			net.Sync()
			net.Mine(1, 1)
			net.Sound()
			if net.Confirmations(2, txid) != 1 {
				t.Error("not confirmed")
			}
		})
	}
	_ = test
}

// The same on real processes: it takes seconds in place of milliseconds.
func ExampleProcesses() {
	test := func(t *testing.T) {
		net := harness.Processes(t, 3)
		net.Mine(0, 101)
		net.Sync()
	}
	_ = test
}

// Two halves go on by themselves; when they meet, the one with more work wins.
func ExampleNet_Cut() {
	test := func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			net := harness.Network(t, 4)
			net.Mine(0, 101)
			net.Sync()
			net.Cut([]int{0, 1}, []int{2, 3})
			net.Mine(0, 1)
			net.Mine(2, 2)
			net.Heal()
			net.Sync()
			if net.Height(0) != 103 {
				t.Error("the shorter side has won")
			}
		})
	}
	_ = test
}

// Time locks need no waiting.
func ExampleNet_Clock() {
	test := func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			net := harness.Network(t, 2)
			net.Clock(48 * time.Hour)
			net.Mine(0, 11) // now the median of block times has passed two days
		})
	}
	_ = test
}
