package chain

import "github.com/btcsuite/btcd/chainhash/v2"

// MerkleRoot is the root of the tree over hashes; it overwrites them. mutated
// says that two equal hashes stood side by side where a pair is made, which an
// honest tree never has: a repeated tail gives the same root (CVE-2012-2459)
// [ComputeMerkleRoot].
func MerkleRoot(hashes []Hash) (root Hash, mutated bool) {
	if len(hashes) == 0 {
		return Hash{}, false
	}
	for len(hashes) > 1 {
		for i := 0; i+1 < len(hashes); i += 2 {
			mutated = mutated || hashes[i] == hashes[i+1]
		}
		hashes = parents(hashes)
	}
	return hashes[0], mutated
}

// parents is the row of a tree above this one, which it overwrites; the last of an
// odd row is paired with itself.
func parents(row []Hash) []Hash {
	if len(row)%2 == 1 {
		row = append(row, row[len(row)-1])
	}
	for i := 0; i < len(row); i += 2 {
		row[i/2] = hashPair(row[i], row[i+1])
	}
	return row[:len(row)/2]
}

func hashPair(a, b Hash) Hash {
	var both [64]byte
	copy(both[:32], a[:])
	copy(both[32:], b[:])
	return chainhash.DoubleHashH(both[:])
}

// TxRoot is the merkle root over the block's txids, as its header must name it
// [BlockMerkleRoot].
func TxRoot(txs []*Tx) (root Hash, mutated bool) {
	return MerkleRoot(TxIDs(txs))
}

// TxIDs are the txids of a block's transactions, with room for one more.
func TxIDs(txs []*Tx) []Hash {
	ids := make([]Hash, len(txs), len(txs)+1)
	for i, tx := range txs {
		ids[i] = tx.ID
	}
	return ids
}

// WitnessRoot is the merkle root over the block's wtxids, the coinbase's
// counted as zero (BIP141) [BlockWitnessMerkleRoot].
func WitnessRoot(txs []*Tx) Hash {
	hashes := make([]Hash, len(txs), len(txs)+1)
	for i := 1; i < len(txs); i++ {
		hashes[i] = txs[i].WID
	}
	root, _ := MerkleRoot(hashes)
	return root
}
