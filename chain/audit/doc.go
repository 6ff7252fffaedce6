// Package audit proves a chain file against the rules and against itself: every
// byte that counts, every header, body and undo record, and the coins.
//
// It changes nothing, and needs nothing in memory but the header tree.
//
// Start reading at Pages, then Books.Check.
package audit
