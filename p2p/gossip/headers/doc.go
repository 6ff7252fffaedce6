// Package headers is the talk about headers: who is asked for them, which enter
// the tree, and who is dropped for what it said.
//
// Headers are taken from one peer at a time when there are many (the leader),
// and from everybody when there are few. Each peer is asked as it joins; who
// has a full message for us while another leads is asked again when the leader
// is through, and then tells only what differs: the cross-check.
//
// It sends nothing and has no clock: what is to be done comes out of Acts. The
// tree is bounded by the work of its headers (lowwork.go) and by maxSide for
// each peer.
package headers
