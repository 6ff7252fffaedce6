package coins

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// BlockStats are what Core's coin statistics index knows at a block, as a
// difference (of one block) or a sum (since genesis).
type BlockStats struct {
	mu [muBytes]byte // the set's MuHash before it is hashed, little-endian

	TxOuts   int64
	BogoSize int64
	Total    btcutil.Amount

	Subsidy    btcutil.Amount
	Spent      btcutil.Amount // by inputs [prevout_spent]
	NewOutputs btcutil.Amount // but the coinbases' [new_outputs_ex_coinbase]
	Coinbase   btcutil.Amount

	// What can never be spent.
	Genesis   btcutil.Amount // of genesis, which is no coin
	BIP30     btcutil.Amount // coinbases that were overwritten by equal ones
	Scripts   btcutil.Amount // outputs that are not Spendable
	Unclaimed btcutil.Amount // fees and subsidy that no coinbase took
}

// Unspendable is all that can never be spent.
func (s *BlockStats) Unspendable() btcutil.Amount {
	return s.Genesis + s.BIP30 + s.Scripts + s.Unclaimed
}

// MuHash is the hash of the set.
func (s *BlockStats) MuHash() chain.Hash { return sha256.Sum256(s.mu[:]) }

// numbers are all fields but the hash, in the order of their record.
func (s *BlockStats) numbers() []*int64 {
	amounts := []*btcutil.Amount{&s.Total, &s.Subsidy, &s.Spent, &s.NewOutputs, &s.Coinbase,
		&s.Genesis, &s.BIP30, &s.Scripts, &s.Unclaimed}
	list := []*int64{&s.TxOuts, &s.BogoSize}
	for _, a := range amounts {
		list = append(list, (*int64)(a))
	}
	return list
}

// GenesisStats are those of genesis: nothing but a subsidy that is no coin.
func GenesisStats(p *chain.Params) BlockStats {
	s := BlockStats{Subsidy: chain.Subsidy(p, 0), Genesis: chain.Subsidy(p, 0)}
	s.mu[0] = 1
	return s
}

// StatsOf is what one block changes.
func StatsOf(p *chain.Params, b *chain.Block, spent [][]chain.Coin, height int32) BlockStats {
	s := BlockStats{Subsidy: chain.Subsidy(p, height)}
	mu := NewMuHash()
	for i, tx := range b.Txs {
		if i == 0 && Overwritten(p, height) {
			s.BIP30 += s.Subsidy
			continue
		}
		for j, c := range spent[i] {
			mu.Remove(appendForHash(nil, tx.TxIn[j].PreviousOutPoint, c))
			s.TxOuts--
			s.BogoSize -= bogoSize(c.PkScript)
			s.Total -= c.Value
			s.Spent += c.Value
		}
		s.made(mu, tx, height, i == 0)
	}
	s.Unclaimed = s.Spent + s.Subsidy - s.NewOutputs - s.Coinbase - s.Scripts - s.BIP30
	s.mu = mu.number()
	return s
}

// made counts a transaction's outputs.
func (s *BlockStats) made(mu *MuHash, tx *chain.Tx, height int32, coinbase bool) {
	for j, out := range tx.TxOut {
		value := btcutil.Amount(out.Value)
		if !chain.Spendable(out.PkScript) {
			s.Scripts += value
			continue
		}
		if coinbase {
			s.Coinbase += value
		} else {
			s.NewOutputs += value
		}
		s.TxOuts++
		s.BogoSize += bogoSize(out.PkScript)
		s.Total += value
		op := wire.OutPoint{Hash: tx.ID, Index: uint32(j)}
		mu.Insert(appendForHash(nil, op, chain.CoinOf(out, height, coinbase)))
	}
}

// Plus is s with one more block.
func (s BlockStats) Plus(block BlockStats) BlockStats {
	m := NewMuHash()
	m.mul(m.top, setNumber(m.num, s.mu))
	m.mul(m.top, setNumber(m.num, block.mu))
	s.mu = m.number()
	add := block.numbers()
	for i, n := range s.numbers() {
		*n += *add[i]
	}
	return s
}

// Overwritten says whether the coinbase of mainnet's block of that height was
// repeated by a later one before it was spent, so that one of the two is lost
// (Core's IsBIP30Unspendable).
func Overwritten(p *chain.Params, height int32) bool {
	return len(p.BIP30Exceptions) > 0 && (height == 91_722 || height == 91_812)
}

// AppendStats writes the hash's number, then all other fields as varints.
func AppendStats(dst []byte, s BlockStats) []byte {
	dst = append(dst, s.mu[:]...)
	for _, n := range s.numbers() {
		dst = binary.AppendVarint(dst, *n)
	}
	return dst
}

// DecodeStats reads what AppendStats wrote.
func DecodeStats(b []byte) (s BlockStats, err error) {
	if len(b) < muBytes {
		return s, errShort
	}
	copy(s.mu[:], b)
	b = b[muBytes:]
	for _, n := range s.numbers() {
		v, k := binary.Varint(b)
		if k <= 0 {
			return s, errShort
		}
		*n, b = v, b[k:]
	}
	if len(b) > 0 {
		return s, fmt.Errorf("%d bytes after the statistics", len(b))
	}
	return s, nil
}

func setNumber(n *big.Int, le [muBytes]byte) *big.Int {
	reverse(le[:])
	return n.SetBytes(le[:])
}
