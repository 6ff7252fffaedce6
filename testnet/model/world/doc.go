// Package world is what all simulated nodes share: blocks and transactions
// with real ids, made once, the regions they stand in, and the rooms (ledger
// and pool) of each, which are hardly more than bits.
//
// It checks no script and no signature, and sends nothing. Start reading at
// world.go; rooms.go judges.
package world
