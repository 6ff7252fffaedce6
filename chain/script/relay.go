package script

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
)

// RelayFailure says why CheckRelay refuses a transaction.
type RelayFailure struct {
	Reason string // Bitcoin Core's sentence
	Detail string // which input, and the engine's words
	// Broken: the input fails by consensus too, and not only by the rules of
	// relay; soft forks that do not hold yet count [MANDATORY_SCRIPT_VERIFY_FLAGS].
	Broken bool
}

// Error is the sentence and where.
func (f *RelayFailure) Error() string { return fmt.Sprintf("%s: %s", f.Reason, f.Detail) }

// CheckRelay (Core: CheckInputScripts in PolicyScriptChecks) checks every input of a transaction under the rules of relay,
// which forbid all that the consensus flags of the next block forbid, and more.
// A transaction that passes is remembered for its block. Of one that fails, the
// inputs before the failing one are remembered: whoever spells the rest of it
// anew has us check that input only. The error is a *RelayFailure.
func (c *Checker) CheckRelay(tx *chain.Tx, coins []chain.Coin, consensus txscript.ScriptFlags) error {
	strict := consensus | chain.StandardFlags
	if c.Known(tx, strict) {
		return nil
	}
	p := Prepare(tx, coins)
	names := p.inputNames(strict)
	for i := range tx.TxIn {
		if _, good := c.inputs.lookup(names[i]); good {
			continue
		}
		if err := c.runStrict(p, i, strict); err != nil {
			for _, name := range names[:i] {
				c.inputs.put(name, struct{}{})
			}
			broken := p.always(i, err) || c.run(p, i, consensus|chain.ConsensusFlags, nil) != nil
			return &RelayFailure{Reason: p.reason(i, strict, err), Detail: p.where(i, err), Broken: broken}
		}
	}
	c.Remember(tx, strict)
	return nil
}

// runStrict is run, with what txscript forgets to ask for.
func (c *Checker) runStrict(p *Prepared, i int, strict txscript.ScriptFlags) error {
	if c.fast(p, i, strict, nil) {
		return nil
	}
	err := p.execute(i, strict)
	if hidden := p.hiddenNullFail(i, strict); hidden != nil {
		return hidden
	}
	return err
}

// inputNames has a name for each input that commits to all that its script's
// verdict depends on: the transaction but for the other inputs' scripts and
// witnesses, which no signature signs; its own; the flags; and, through the
// outpoints, the amounts and scripts of all coins that are spent.
func (p *Prepared) inputNames(flags txscript.ScriptFlags) []chainhash.Hash {
	blank := p.blank
	if blank == nil {
		blank = blankTx(p.tx.MsgTx)
	}
	common := sha256.Sum256(blank)
	names := make([]chainhash.Hash, len(p.tx.TxIn))
	d := newDigest()
	for i, in := range p.tx.TxIn {
		d.h.Write(common[:])
		d.uint32(uint32(i))
		d.uint64(uint64(flags))
		d.bytes(in.SignatureScript)
		binary.LittleEndian.PutUint32(d.buf[:4], uint32(len(in.Witness)))
		d.h.Write(d.buf[:4])
		for _, item := range in.Witness {
			d.bytes(item)
		}
		names[i] = d.sum()
	}
	return names
}
