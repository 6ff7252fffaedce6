// Package compact puts blocks together from their short form (BIP152) and the
// transactions that are known already, and keeps the last blocks so that others
// can do the same.
//
// It judges nothing but whether the parts make the block that its header
// promises. Fragments are bounded to one for each peer and maxCopies for each
// block; of blocks only the last few are kept.
package compact
