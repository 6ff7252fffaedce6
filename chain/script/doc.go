// Package script answers whether a transaction may spend its coins: it runs
// txscript's engine, keeps what one transaction's inputs share, and remembers
// what the pool has checked so that a block need not check it again.
//
// A fast road recognises the common templates and may only accept. What it
// does not know, or what fails on it, goes through the engine, whose verdict
// alone counts; but signatures of before BIP66 in encodings that the engine
// cannot read are put to it in strict DER. Points are multiplied by one of two
// back ends behind the interface curve: our own in Go (secp256k1), which verifies what a
// task has of taproot's key path together (Batch), or, with the build tag libsecp256k1, that library. The package starts no
// goroutines: callers bring their own and may share a Checker and a Prepared
// between them.
//
// Start reading at Checker.CheckTx.
package script
