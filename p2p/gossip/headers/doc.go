// Package headers is the talk about headers: who is asked for them, which enter
// the tree, and who is dropped for what it said.
//
// The tree of candidate headers is here (tree.go). Headers are taken from one peer at a time when there are many (the leader),
// and from everybody when there are few. Each peer is asked as it joins; who
// has a full message for us while another leads is asked again when the leader
// is through, and then tells only what differs: the cross-check.
//
// A chain that is long and may be worth nothing is taken twice before it may use
// memory (lowwork.go, presync.go). Peers of our own choice that do not follow our
// chain are dropped (chainsync.go, Core's chain-sync timeout).
//
// It sends nothing and has no clock: what is to be done comes out of Actions. The
// tree is bounded by the work of its headers and by maxSide for each peer.
//
// Start reading at Sync.OnHeaders.
package headers
