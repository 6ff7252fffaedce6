// Package ledger is the record: it takes headers and bodies, connects the chain
// with the most work, and says what the verified tip and its coins are.
//
// It owns the order in which things become true, and what is known of each header
// (tree.go, over chain/headertree); the file is kept by chain/archive, the coin set by
// chain/coins; what a block does to coins and whether its scripts succeed is
// worked out by chain/connect; the rules come from chain. It never talks to
// peers and knows no pool and no wallet: they follow its Events.
//
// The road of a block:
//
//	Submit -> checkBody (workers) -> store: body and header to the archive
//	       -> fill: next on the way to the goal -> load (workers): coins read ahead
//	       -> check: coins in order, in the overlay -> Job (workers): scripts
//	       -> commit, in order: coin set, tip, undo, indexes, one Event with Delta and verdict
//	       -> flushSome: the coins' cache is frozen and written in the background
//
// Several blocks are on it at once. What is spent ahead of a verdict is in an
// overlay that only the writer sees; a block that fails takes everything behind
// it out of the pipeline, after all workers have let go of it. A reorganisation
// is one move: down and up are committed together, so readers never see less
// work, nor a branch that turns out bad.
//
// A stored body that turns out damaged is forgotten and taken again from peers
// (damage.go); a coin or undo record that does ends the ledger.
//
// Goroutines: Run's caller is the writer, which alone changes the tree and the
// coin set; the workers decode and check; the committer (chain/archive) alone
// writes the file. All have ended when Run returns.
//
// Start reading at writer.run, then writer.step.
package ledger
