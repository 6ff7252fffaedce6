// Package signer fills in what a transaction's inputs lack: it solves scripts with
// the keys, scripts and trees that a descriptor.Provider knows, makes the
// signatures, and keeps what is found on the way, so that others can go on with it.
//
// It asks nobody for coins (the caller brings them), keeps no key and does no I/O.
//
// Start reading at Sign, then at Solve; create.go makes signatures, extract.go finds
// those that a transaction has.
package signer
