package wallet

import (
	"math/rand/v2"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// For the tests of what is built and then signed: package signer, which signs,
// stands above this one.

func NewTestRand(seed uint64) *rand.Rand { return testRand(seed) }

func VSize(weight int) int { return vsize(weight) }

func WeightOf(in []Coin, out []*wire.TxOut) int { return weightOf(in, out) }

func (k Kind) InputVSize() int { return k.inputVSize() }

func (d *Draft) Outputs() ([]*wire.TxOut, btcutil.Amount) { return d.outputs() }

func (d *Draft) LockTimeBy(r *rand.Rand) uint32 { return d.lockTime(r) }
