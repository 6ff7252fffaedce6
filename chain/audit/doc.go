// Package audit proves a chain file against the rules and against itself: every
// byte that counts, every header, body and undo record, and the coins.
//
// It is a package of its own, though small, because what proves the ledger must not
// be the ledger. It changes nothing, and needs nothing in memory but the header tree.
//
// Start reading at Pages, then Records.Check.
package audit
