// Package vault is the wallet of one node: its words, keys, addresses and
// coins in wallet.db, following the chain by Deltas.
//
// Who owns what: Run's goroutine alone moves the wallet along the chain; the
// books (books.go) are guarded by one mutex that is never held across disk or
// channel; flush (store.go) is the single writer of the file. It never talks to
// peers: what it sends goes through Config.Submit, the node's one door.
//
// Start reading at vault.go (Open, Run, Apply), then follow.go, then send.go.
package vault
