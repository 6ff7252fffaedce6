// Package descriptor is the one reader of output descriptors (BIP380 to 386,
// 389, 390 and, by wallet/miniscript, 379): text in, scripts out, with what is needed to spend them.
//
// It owns the grammar, the checksum, the derivation of keys and the way back from a
// script to a descriptor. It judges no transaction, holds no state, signs nothing and
// does no I/O. Errors are in Bitcoin Core's words.
//
// Start reading at Parse; expand.go makes scripts, text.go writes a descriptor
// again, infer.go finds one for a script, provider.go is what all of them fill.
package descriptor
