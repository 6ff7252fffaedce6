// Package service is one wallet of a node. It keeps what the wallet knows in
// wallet.db, follows the chain by Deltas, signs and sends.
//
// What the wallet knows is a state.State: no I/O, no lock, no clock. Service guards
// it with one mutex that is never held across disk or a wait. Apply, called by the
// node's follower, moves the state; when it has lost touch with the chain (a restart,
// a restore) or has to search old blocks again, Run's reader walks it (read.go). flush
// (store.go) is the single writer of the file: what is promised is written
// before the answer, what the chain could tell again in groups. A Service never
// talks to peers: what it sends goes through Config.Submit, to the node
// itself. Private keys are never logged.
//
// Start reading at service.go (Open, Run), then query.go, follow.go, send.go.
package service
