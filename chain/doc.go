// Package chain is the law: the words that the rooms share (Tx, Block, Coin,
// HeaderNode, Delta, the families of errors) and every consensus rule of
// Bitcoin as a pure function of its arguments.
//
// It never reads a clock, a disk or a socket, starts no goroutine and keeps no
// state: what a rule needs (the parent header, the coins spent, the time now)
// comes in as an argument. Script execution lives in chain/script.
//
// Start reading at rules.go (reject words and limits), then in the order in
// which a block is checked: CheckHeader, CheckBlock, CheckBlockContext,
// CheckTxInputs.
package chain
