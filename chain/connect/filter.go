package connect

import (
	"crypto/sha256"
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2/gcs/builder"

	"grapevine/chain"
)

// Filter is the block's BIP158 basic filter: P is 19 and M 784931, which the library's
// builder knows [BASIC_FILTER_P, BASIC_FILTER_M].
func Filter(b *chain.Block, spent [][]chain.Coin) ([]byte, error) {
	var scripts [][]byte
	for _, of := range spent {
		for i := range of {
			scripts = append(scripts, of[i].PkScript)
		}
	}
	f, err := builder.BuildBasicFilter(b.MsgBlock(), scripts)
	if err != nil {
		return nil, fmt.Errorf("filter of block %s: %w", b.Hash, err)
	}
	raw, err := f.NBytes()
	if err != nil {
		return nil, fmt.Errorf("filter of block %s: %w", b.Hash, err)
	}
	return raw, nil
}

// FilterHeader chains a filter to the one before it (BIP157).
func FilterHeader(filter []byte, before chain.Hash) chain.Hash {
	sum := double(filter)
	return double(append(sum[:], before[:]...))
}

func double(b []byte) chain.Hash {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}
