// Package coins is the coin set: how a coin is written, the cache in memory,
// the layers between the cache and the file, and the hashes over the whole set.
//
// It never decides whether a coin may be spent. Readers see one committed state
// through Set; what a block pipeline spends ahead of its verdicts lives in an
// Overlay that no reader sees.
//
// The layers, from the top:
//
//	Overlay          of one goroutine: what blocks being validated made and spent
//	active  Cache    committed changes not on disk yet
//	frozen  Cache    the same, being written; afterwards a copy of what the file holds
//	bbolt table      the file
//
// Start reading at Set.Coin, then Cache.
package coins
