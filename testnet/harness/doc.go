// Package harness gives a Go test a Bitcoin network of its own: whole nodes that mine,
// pay, are cut apart and healed, in a line each. A whole file, mine_test.go:
//
//	package mine
//
//	import (
//		"testing"
//		"testing/synctest"
//
//		"grapevine/testnet/harness"
//	)
//
//	func TestAPaymentSurvivesAReorganisation(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			net := harness.Network(t, 5)
//			net.Mine(0, 101)
//			net.Sync()
//			net.Cut([]int{0, 1}, []int{2, 3, 4})
//			txid := net.Pay(0, 1, harness.BTC)
//			net.Mine(0, 1)
//			net.Mine(2, 2)
//			net.Heal()
//			net.Sync()
//			if !net.InPool(4, txid) {
//				t.Error("the payment is lost")
//			}
//			net.Sound()
//		})
//	}
//
// Network is for synctest's bubble: every room of a node is the real one, only clock and
// network are not, so hours pass in milliseconds and the same run comes again.
// Processes starts real processes of the binary instead; all methods are the same.
//
// Every method ends the test when it fails. What is not here is an RPC call away: Call
// takes any of bitcoind's methods. Who knows btcd's rpctest finds its way so:
//
//	rpctest                        harness
//	rpctest.New, SetUp             Network(t, n), Processes(t, n)
//	h.TearDown                     by itself, when the test ends
//	h.Client.Generate(n)           net.Mine(i, n)
//	h.NewAddress                   net.Address(i)
//	h.SendOutputs                  net.Pay(i, j, amount), net.PayTo(i, address, amount)
//	h.ConfirmedBalance             net.Balance(i)
//	h.Client.Method(…)             net.Call(i, "method", &result, …)
//	rpctest.ConnectNode            nodes are connected; net.Cut, net.Heal
//	rpctest.JoinNodes              net.Sync
//	                               net.Clock, net.Snapshot, net.Stop, net.Start, net.Sound
//
// A module elsewhere takes it as it takes any other; as long as grapevine has no
// address of its own, by the path of a checkout. Its go.mod:
//
//	module example.org/mine
//
//	go 1.26
//
//	require grapevine v0.0.0
//
//	replace grapevine => ../grapevine
//
// Then `go mod tidy`, which adds what grapevine itself requires, and `go test`.
//
// It is a package of its own, though small, because it is a test kit: the one room of testnet
// that knows whole nodes (cmd/node), and no product code imports it.
//
// Start reading at harness.go; virtual.go and processes.go are the two kinds.
package harness
