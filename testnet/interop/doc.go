// Package interop holds grapevine against other software: btcd v0.26.2, built from
// the Go module proxy and run as a process, is the peer, and its full block
// tests try our rules.
//
// It is a module of its own, so that what btcd needs is not what grapevine
// needs. It has tests only; `make interop` and `make conformance` run them.
//
// Start reading at btcd_test.go (the peer), then talk_test.go; client_test.go
// lets btcd's client library take us for bitcoind, and in clients_test.go Electrum and
// clients from npm have us for their server, where they are there.
package interop
