// Package coinselect chooses which coins pay for a transaction (coin selection). It is pure: it
// knows values, sizes and fee rates, no scripts, keys or files, and the source of
// random numbers is an argument.
//
// Select asks for coins in rounds, the surest ones first (deep in the chain, then
// every confirmed one, then our own change on longer and longer unconfirmed
// chains), in each round for coins of one output type before types are mixed. In
// a round four ways are tried: branch and bound (no change), the smallest set by
// weight where fees are high, the old knapsack (the lowest larger coin, or a
// random subset), and single random draw. What wastes least is taken.
//
// Waste is what the inputs cost now above what they would cost at the long-term
// fee rate, and either what change costs or what is given away without it.
//
// Start reading at Params, then Select (select.go), choose and Result.Waste
// (result.go); each way has its file.
package coinselect
