// Package history says what a block does to each script: which of its
// transactions pay it, which spend what it held, and how much. It is the word and
// the record of the index by script; chain/archive keeps the records and
// chain/ledger answers from them. It is a package of its own, though small, because
// both of them, the audit and the pool speak of it.
//
// A script is known by the SHA-256 of its bytes, its script hash, as wallets ask
// for it over Electrum's protocol and Esplora's API. A record's key keeps the first
// 20 bytes of it, as much as a P2WPKH address keeps of its key. Outputs that
// nobody can spend are left out, as in the coin set.
//
// The record of one script in one block, its transactions in the block's order:
//
//	uvarint  place in the block; of the second and later ones: places further
//	32       txid
//	uvarint  outputs that pay the script × 2 + (1 if inputs spend from it)
//	         for each: uvarint number ‖ uvarint satoshis
//	uvarint  if so: inputs that spend from it
//	         for each: uvarint number ‖ uvarint satoshis ‖
//	         first 4 bytes of the txid ‖ uvarint number of the output that it spends
//
// A long history also has digests (Digest): how far SHA-256 over all of it had come behind some
// block. Each stands for the branch that ends with its block, so that it never becomes wrong.
//
// Start reading at RowsOf.
package history
