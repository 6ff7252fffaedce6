// Package loader is the wallets of one node by name: which are there, which are in
// use, and which are to be at the start. Each has a directory of its own with one
// file; what is in the file is wallet/service's business. Loader starts no goroutine
// but those of the wallets that Run waits for, and it never reads a key.
//
// Start reading at loader.go (OpenWallets, Run, Pick), then manage.go (what makes,
// loads and unloads), places.go (names and paths).
package loader
