// Package estimate says what fee rate lets a transaction into a block within a
// number of blocks, from how long earlier ones waited at each rate.
//
// It owns counters by fee rate and by blocks waited, which fade with every
// block, in three horizons, and the transactions it still watches: those of the
// pool. What it has learnt can be written, and read after a start; without, it
// says that it does not know, until blocks have confirmed some dozens of
// transactions that it saw arrive. It never guesses from the pool's content,
// which anybody could fill for a while.
//
// The method is Bitcoin Core's (CBlockPolicyEstimator), and so is the file's
// format. Start with Estimator.Rate.
package estimate
