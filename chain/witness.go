package chain

import (
	"bytes"

	"github.com/btcsuite/btcd/wire/v2"
)

// commitmentPrefix starts the coinbase output that commits to the witnesses:
// OP_RETURN, a push of 36 bytes, BIP141's four-byte mark, then the hash [MINIMUM_WITNESS_COMMITMENT].
const commitmentPrefix = "\x6a\x24\xaa\x21\xa9\xed"

// commitmentSize is the least length of that output's script.
const commitmentSize = len(commitmentPrefix) + 32

// CommitmentHash is what the coinbase commits to: the witness root together
// with the nonce in the coinbase's own witness (BIP141).
func CommitmentHash(root, nonce Hash) Hash { return hashPair(root, nonce) }

// CommitmentScript is the coinbase output that carries a commitment.
func CommitmentScript(commitment Hash) []byte {
	return append([]byte(commitmentPrefix), commitment[:]...)
}

// WitnessCommitment is the commitment in a coinbase: the last output that has
// the form of one. ok is false when there is none [GetWitnessCommitmentIndex].
func WitnessCommitment(coinbase *Tx) (commitment Hash, ok bool) {
	i := commitmentIndex(coinbase.MsgTx)
	if i < 0 {
		return Hash{}, false
	}
	copy(commitment[:], coinbase.TxOut[i].PkScript[len(commitmentPrefix):])
	return commitment, true
}

// commitmentIndex is which output carries the commitment; -1: none does.
func commitmentIndex(coinbase *wire.MsgTx) int {
	for i := len(coinbase.TxOut) - 1; i >= 0; i-- {
		script := coinbase.TxOut[i].PkScript
		if len(script) >= commitmentSize && bytes.HasPrefix(script, []byte(commitmentPrefix)) {
			return i
		}
	}
	return -1
}

// WithReservedValue is a block for that height whose coinbase carries the 32 zero
// bytes that its commitment reserves a place for, where it commits to witnesses and
// carries none: miners who know only the template's commitment leave them out
// [UpdateUncommittedBlockStructures]. All others stay as they are.
func WithReservedValue(p *Params, height int32, b *Block) *Block {
	if height < p.SegwitHeight || len(b.Txs) == 0 || len(b.Txs[0].TxIn) == 0 || b.Txs[0].HasWitness() {
		return b
	}
	if _, ok := WitnessCommitment(b.Txs[0]); !ok {
		return b
	}
	msg := *b.MsgBlock()
	coinbase := b.Txs[0].Copy()
	coinbase.TxIn[0].Witness = wire.TxWitness{make([]byte, len(Hash{}))}
	msg.Transactions = append([]*wire.MsgTx{coinbase}, msg.Transactions[1:]...)
	return NewBlock(&msg)
}

// HasWitness says whether any input of tx carries a witness.
func (t *Tx) HasWitness() bool { return t.WID != t.ID }

// checkWitness checks the block's witnesses against the coinbase's commitment.
// What fails here is this copy of the body only [CheckWitnessMalleation].
func checkWitness(p *Params, height int32, b *Block) error {
	if height >= p.SegwitHeight {
		if want, ok := WitnessCommitment(b.Txs[0]); ok {
			return checkCommitment(want, b)
		}
	}
	for _, tx := range b.Txs {
		if tx.HasWitness() {
			return mutated(ErrUnexpectedWitness, "unexpected witness data found")
		}
	}
	return nil
}

func checkCommitment(want Hash, b *Block) error {
	stack := b.Txs[0].TxIn[0].Witness
	if len(stack) != 1 || len(stack[0]) != len(Hash{}) {
		return mutated(ErrBadWitnessNonce, "invalid witness reserved value size")
	}
	if CommitmentHash(WitnessRoot(b.Txs), Hash(stack[0])) != want {
		return mutated(ErrBadWitnessCommitment, "witness merkle commitment mismatch")
	}
	return nil
}

// mutated is a rule broken by this copy of the body, not by the block [IsBlockMutated, BLOCK_MUTATED].
func mutated(r Rule, detail string) *RuleError {
	return &RuleError{Rule: r, Detail: detail, Mutated: true}
}
