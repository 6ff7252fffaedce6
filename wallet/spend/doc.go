// Package spend makes transactions that spend the wallet's coins: it asks
// wallet/coinselect which, adds change, sets the fee, the lock time and the
// sequences, and says what a replacement must pay. It is pure: coins, rates and
// the time are arguments, and it signs nothing.
//
// Weigh (weigh.go) says what an input will weigh once it is signed, by solving its
// script with signatures that are by nobody.
//
// Start reading at Draft and Build (build.go), then All (all.go), Bump (bump.go).
package spend
