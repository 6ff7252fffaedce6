// Package service is one wallet of a node. It knows its scripts, coins and
// transactions, keeps them in wallet.db, follows the chain by Deltas, signs and
// sends.
//
// state (state.go, row.go, connect.go, reread.go, balance.go, history.go, fund.go,
// save.go) is what one wallet knows, in memory, and what of it the file must
// hold: no I/O, no lock, no clock. Service guards it with one mutex that is
// never held across disk or a wait. Apply, called by the node's follower, moves
// the state; when it has lost touch with the chain (a restart, a restore) or
// has to search old blocks again, Run's reader walks it (read.go). flush
// (store.go) is the single writer of the file: what is promised is written
// before the answer, what the chain could tell again in groups. A Service never
// talks to peers: what it sends goes through Config.Submit, the node's one
// door. Private keys are never logged.
//
// Start reading at service.go (Open, Run), then state.go, follow.go, send.go.
package service
