package twin

import (
	"bytes"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// tamper changes the block before it is sealed.
func tamper(f func(b *block, m *wire.MsgBlock)) func(*block) bool {
	return func(b *block) bool {
		return b.opt(chaintest.Tamper(func(m *wire.MsgBlock) { f(b, m) }))
	}
}

// damage changes it afterwards: what it does is not covered.
func damage(f func(b *block, m *wire.MsgBlock)) func(*block) bool {
	return func(b *block) bool {
		b.harm = append(b.harm, chaintest.Damage(func(m *wire.MsgBlock) { f(b, m) }))
		return true
	}
}

// all does one after the other.
func all(steps ...func(*block) bool) func(*block) bool {
	return func(b *block) bool {
		for _, s := range steps {
			if !s(b) {
				return false
			}
		}
		return true
	}
}

// coinbaseScript puts something in place of the coinbase's input script.
func coinbaseScript(f func(b *block) []byte) func(*block) bool {
	return tamper(func(b *block, m *wire.MsgBlock) { m.Transactions[0].TxIn[0].SignatureScript = f(b) })
}

// reseal makes the merkle root again.
func reseal(m *wire.MsgBlock) {
	m.Header.MerkleRoot, _ = chain.TxRoot(chain.NewBlock(m).Txs)
}

// witnessed puts a transaction with a witness in, so that there is a commitment.
func witnessed(b *block) bool { return b.spendKind(p2wpkh, nil) || b.spendKind(p2tr, nil) }

// pair puts a second and a third transaction in: three leaves, of which the
// last can be repeated.
func pair(b *block) bool {
	clear(b)
	first := b.spendAny(nil)
	return first && b.spendAny(nil)
}

// blockTwists are about the block as a whole.
func blockTwists() []twist {
	return []twist{
		{name: "a merkle root of something else", rule: chain.ErrBadMerkleRoot,
			make: header(func(_ *block, h *wire.BlockHeader) { h.MerkleRoot[0] ^= 1 })},
		{name: "a transaction more than the root covers", rule: chain.ErrBadMerkleRoot,
			make: damage(func(b *block, m *wire.MsgBlock) { m.Transactions = append(m.Transactions, m.Transactions[0]) })},
		{name: "a repeated tail", rule: chain.ErrDuplicateTx, make: all(pair,
			damage(func(b *block, m *wire.MsgBlock) { m.Transactions = append(m.Transactions, m.Transactions[2]) }))},
		{name: "no transactions", rule: chain.ErrBadBlockLength, make: damage(func(b *block, m *wire.MsgBlock) {
			m.Transactions, m.Header.MerkleRoot = nil, chain.Hash{}
		})},
		{name: "as heavy as may be", rare: true, make: heavy(0)},
		{name: "a byte too heavy", rule: chain.ErrBadBlockLength, rare: true, make: heavy(1)},
		{name: "too heavy by its witnesses", rule: chain.ErrBadBlockWeight, rare: true, make: all(witnessed, heavyByWitness)},
		{name: "all signature operations there may be", rare: true, make: all(clear, operations(0))},
		{name: "one signature operation too many", rule: chain.ErrBadSigOps, rare: true, make: all(clear, operations(1))},
		{name: "one too many, in a witness", rule: chain.ErrBadSigOps, late: true, rare: true, make: all(clear, witnessOperation, operations(0))},
		{name: "the first is not a coinbase", rule: chain.ErrCoinbaseMissing, make: tamper(func(b *block, m *wire.MsgBlock) {
			m.Transactions[0].TxIn[0].PreviousOutPoint.Index = 0
		})},
		{name: "two coinbases", rule: chain.ErrCoinbaseMultiple, make: tamper(func(b *block, m *wire.MsgBlock) {
			second := m.Transactions[0].Copy()
			second.LockTime = 1
			m.Transactions = append(m.Transactions, second)
		})},
		{name: "a coinbase script of a hundred bytes", make: coinbaseScript(func(b *block) []byte {
			return append(chain.HeightScript(b.height()), bytes.Repeat([]byte{txscript.OP_NOP}, 100-len(chain.HeightScript(b.height())))...)
		})},
		{name: "a coinbase script of 101 bytes", rule: chain.ErrCoinbaseLength, make: coinbaseScript(func(b *block) []byte {
			return append(chain.HeightScript(b.height()), bytes.Repeat([]byte{txscript.OP_NOP}, 101-len(chain.HeightScript(b.height())))...)
		})},
		{name: "another height", rule: chain.ErrCoinbaseHeight, make: coinbaseScript(func(b *block) []byte {
			return append(chain.HeightScript(b.height()+1), 1, 1)
		})},
		{name: "the height in more bytes than it needs", rule: chain.ErrCoinbaseHeight,
			make: coinbaseScript(func(b *block) []byte {
				h := b.height()
				return []byte{4, byte(h), byte(h >> 8), byte(h >> 16), byte(h >> 24)}
			})},
		{name: "no height", rule: chain.ErrCoinbaseHeight, make: coinbaseScript(func(b *block) []byte {
			return []byte{txscript.OP_NOP, txscript.OP_NOP, txscript.OP_NOP, txscript.OP_NOP, txscript.OP_NOP}
		})},
		{name: "a satoshi too much", rule: chain.ErrCoinbaseAmount, late: true,
			make: tamper(func(b *block, m *wire.MsgBlock) { m.Transactions[0].TxOut[0].Value++ })},
		{name: "a satoshi less than may be", make: tamper(func(b *block, m *wire.MsgBlock) {
			m.Transactions[0].TxOut[0].Value = max(m.Transactions[0].TxOut[0].Value-1, 0)
		})},
	}
}

// commitmentTwists are about what the coinbase says of the witnesses.
func commitmentTwists() []twist {
	return []twist{
		{name: "a commitment to other witnesses", rule: chain.ErrBadWitnessCommitment,
			make: all(witnessed, damage(func(b *block, m *wire.MsgBlock) {
				out := m.Transactions[0].TxOut
				out[len(out)-1].PkScript[10] ^= 1
				reseal(m)
			}))},
		{name: "a changed witness", rule: chain.ErrBadWitnessCommitment, make: all(witnessed, damage(func(b *block, m *wire.MsgBlock) {
			in := m.Transactions[len(m.Transactions)-1].TxIn[0]
			in.Witness = append(wire.TxWitness{{7}}, in.Witness...)
		}))},
		{name: "a witness nonce of 31 bytes", rule: chain.ErrBadWitnessNonce, make: all(witnessed, damage(func(b *block, m *wire.MsgBlock) {
			m.Transactions[0].TxIn[0].Witness = wire.TxWitness{make([]byte, 31)}
		}))},
		{name: "two witness nonces", rule: chain.ErrBadWitnessNonce, make: all(witnessed, damage(func(b *block, m *wire.MsgBlock) {
			m.Transactions[0].TxIn[0].Witness = wire.TxWitness{make([]byte, 32), make([]byte, 32)}
		}))},
		{name: "no witness nonce", rule: chain.ErrBadWitnessNonce, make: all(witnessed, damage(func(b *block, m *wire.MsgBlock) {
			m.Transactions[0].TxIn[0].Witness = nil
		}))},
		{name: "witnesses without a commitment", rule: chain.ErrUnexpectedWitness, make: all(witnessed, damage(func(b *block, m *wire.MsgBlock) {
			m.Transactions[0].TxOut = m.Transactions[0].TxOut[:1]
			reseal(m)
		}))},
		{name: "a coinbase's witness without a commitment", rule: chain.ErrUnexpectedWitness, make: all(clear, damage(func(b *block, m *wire.MsgBlock) {
			m.Transactions[0].TxIn[0].Witness = wire.TxWitness{make([]byte, 32)}
		}))},
		{name: "a commitment that nobody needs", make: all(clear, tamper(func(b *block, m *wire.MsgBlock) { chaintest.Commit(m) }))},
		{name: "two commitments, of which the last counts", make: all(witnessed, tamper(func(b *block, m *wire.MsgBlock) {
			m.Transactions[0].AddTxOut(wire.NewTxOut(0, chain.CommitmentScript(chain.Hash{1})))
		}))},
	}
}

// clear takes all but the coinbase out.
func clear(b *block) bool {
	b.txs, b.fees, b.used = nil, 0, map[wire.OutPoint]bool{}
	return true
}

// heavy fills the block up to the limit without witnesses, and so many bytes more.
func heavy(more int) func(*block) bool {
	return all(clear, tamper(func(b *block, m *wire.MsgBlock) {
		pad(m, chain.MaxBlockWeight/chain.WitnessScale+more-m.SerializeSizeStripped())
	}))
}

// pad makes the block that many bytes larger, by an output's script.
func pad(m *wire.MsgBlock, bytes int) {
	const overhead = 8 + 5 // amount and a length of five bytes
	m.Transactions[0].AddTxOut(wire.NewTxOut(0, append([]byte{txscript.OP_RETURN}, make([]byte, bytes-overhead-1)...)))
}

// heavyByWitness fills the block so that only with its witnesses it is too heavy.
func heavyByWitness(b *block) bool {
	return tamper(func(b *block, m *wire.MsgBlock) {
		const commitment = 8 + 1 + 38 // the output that Seal adds
		pad(m, chain.MaxBlockWeight/chain.WitnessScale-commitment-m.SerializeSizeStripped())
	})(b)
}

// operations fills the block with signature operations up to the limit, and so many more.
func operations(more int) func(*block) bool {
	return tamper(func(b *block, m *wire.MsgBlock) {
		n := chain.MaxSigOpCost/chain.WitnessScale + more
		for _, tx := range m.Transactions {
			for _, out := range tx.TxOut {
				n -= txscript.GetSigOpCount(out.PkScript)
			}
			for _, in := range tx.TxIn {
				n -= txscript.GetSigOpCount(in.SignatureScript)
			}
		}
		m.Transactions[0].AddTxOut(wire.NewTxOut(0, bytes.Repeat([]byte{txscript.OP_CHECKSIG}, n)))
	})
}

// witnessOperation spends a P2WPKH coin: one operation, that counts one.
func witnessOperation(b *block) bool { return b.spendKind(p2wpkh, nil) }

// undecodable is what we say of bytes that are no block.
const undecodable chain.Rule = "decode block"

// bytesTwists are about the block as bytes.
func bytesTwists() []twist {
	change := func(f func(raw []byte) []byte) func(*block) bool {
		return func(b *block) bool {
			b.raw = f
			return clear(b)
		}
	}
	return []twist{
		{name: "a byte after the end", rule: undecodable, make: change(func(raw []byte) []byte { return append(raw, 0) })},
		{name: "a byte short", rule: undecodable, make: change(func(raw []byte) []byte { return raw[:len(raw)-1] })},
		{name: "a count in a longer form than it needs", rule: undecodable, make: change(func(raw []byte) []byte {
			return append(append(append([]byte{}, raw[:80]...), 0xfd, 1, 0), raw[81:]...)
		})},
		{name: "a transaction without inputs", rule: chain.ErrBadMerkleRoot, make: change(func(raw []byte) []byte {
			// Two transactions: the coinbase, and one of version 2, no inputs,
			// no outputs, no lock time, which the root does not cover. btcd cannot read it [UnserializeTransaction can].
			raw[80] = 2
			return append(raw, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		})},
		{name: "a witness flag without a witness", rule: undecodable, make: change(func(raw []byte) []byte {
			body := append([]byte{}, raw[:85]...) // header, count, version
			body = append(body, 0, 1)
			body = append(body, raw[85:len(raw)-4]...)
			body = append(body, 0) // no items for the only input
			return append(body, raw[len(raw)-4:]...)
		})},
	}
}
