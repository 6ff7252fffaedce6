// Package vault is the wallet of one node: it keeps package books in wallet.db,
// makes it follow the chain by Deltas, and signs and sends.
//
// Who owns what: the books are guarded by one mutex that is never held across
// disk or a wait; Apply, called by the node's follower, moves them; when they
// have lost touch (a restart, a restore) Run's reader walks them to the tip.
// flush (store.go) is the single writer of the file: what is promised is
// written before the answer, what the chain could tell again in groups. It
// never talks to peers: what it sends goes through Config.Submit, the node's
// one door. Private keys are never logged.
//
// Start reading at vault.go (Open, Run), then follow.go, then send.go.
package vault
