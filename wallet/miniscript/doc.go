// Package miniscript is the language of BIP379, in which scripts are written so that
// they can be analysed: text and scripts in both directions, the type system, what
// spending costs at most, and the smallest witness that nobody else can change.
//
// It knows keys by their number only (the descriptor around it has them), asks its
// caller for signatures and preimages, holds no state and does no I/O.
//
// Start reading at Parse and FromScript, which make an Expr; types.go has the rules of
// the type system, cost.go the limits, satisfy.go the witnesses.
package miniscript
