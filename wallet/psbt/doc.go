// Package psbt is partially signed transactions (BIP174, BIP371): reading and writing
// them, what each role does with one, and what is still missing in it.
//
// It keeps every record as it came, those of unknown kinds too, and refuses what
// BIP174 forbids in Bitcoin Core's words. (btcsuite's psbt serves as its twin in
// tests: it knows no preimages, writes in another order and has words of its own.)
// It asks nobody for coins and does no I/O.
//
// Start reading at decode in decode.go; roles.go signs, finalizes and joins, analyze.go
// says what comes next.
package psbt
