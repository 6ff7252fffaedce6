// Package serve answers what others ask of us, also while we are syncing:
// everybody gets headers and bodies of our verified chain, have peers all good
// headers and all bodies that are stored, and transactions come from the pool.
//
// It only says what to send; a body is named by its hash, for the peer's writer
// to find.
package serve
