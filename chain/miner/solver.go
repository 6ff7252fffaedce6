package miner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Solver searches a header's nonce.
type Solver interface {
	// Solve sets h.Nonce so that h's hash meets h.Bits, trying at most maxTries
	// nonces upwards from h.Nonce. It reports false when tries or nonces ran
	// out, and ctx's error when that ended first.
	Solve(ctx context.Context, h *wire.BlockHeader, maxTries uint64) (bool, error)
}

// CPU tries nonces on the caller's own goroutine.
type CPU struct{}

var _ Solver = CPU{}

// patience is how many nonces are tried between looks at the context.
const patience = 1 << 14

// Solve is as Solver says.
func (CPU) Solve(ctx context.Context, h *wire.BlockHeader, maxTries uint64) (bool, error) {
	target, ok := chain.Target(h.Bits)
	if !ok {
		return false, nil
	}
	var buf bytes.Buffer
	if err := h.Serialize(&buf); err != nil {
		return false, err
	}
	header := buf.Bytes()
	nonce := header[len(header)-4:]
	for tried := range maxTries {
		if tried%patience == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		n := uint64(h.Nonce) + tried
		if n > math.MaxUint32 {
			return false, nil
		}
		binary.LittleEndian.PutUint32(nonce, uint32(n))
		first := sha256.Sum256(header)
		hash := sha256.Sum256(first[:])
		slices.Reverse(hash[:]) // most significant byte first, as the target
		if bytes.Compare(hash[:], target[:]) <= 0 {
			h.Nonce = uint32(n)
			return true, nil
		}
	}
	return false, nil
}
