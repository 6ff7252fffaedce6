// Package lag watches whether the peers of our own choice follow our chain.
//
// One whose chain stays behind ours is of no use, and may have been put there so
// that all our slots lead nowhere. As in Bitcoin Core it is asked after a while
// and dropped when it does not catch up (ConsiderEviction).
package lag
