// Package estimate says what fee rate lets a transaction into a block within a
// number of blocks, from how long earlier ones waited at each rate.
//
// It owns counters by fee rate and by blocks waited, which fade with every
// block, and the transactions it still watches: those of the pool. It keeps
// nothing on disk: after a start it says that it does not know, until blocks
// have confirmed some dozens of transactions that it saw arrive. It never
// guesses from the pool's content, which anybody could fill for a while.
//
// It is a room of its own, though small, because it has a state and a vocabulary
// that the pool does not need. The method is Bitcoin Core's (CBlockPolicyEstimator) with one horizon instead
// of three. Start with Estimator.Rate.
package estimate
