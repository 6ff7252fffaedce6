package script

import (
	"cmp"
	"fmt"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
)

// Config of a Checker.
type Config struct {
	// CacheEntries bounds the remembered transactions; 0 means defaultCacheEntries.
	CacheEntries int
	// Word is what a failed script of a block is called; "" is chain.ErrBlockScript.
	Word chain.Rule
}

const (
	// defaultCacheEntries is twice the transactions that a full pool of 300 MB
	// can hold at 1.2 kB each, since half of it may be forgotten. An entry takes
	// 80 bytes: 42 MB when full, and only what the pool has accepted fills it.
	defaultCacheEntries = 1 << 19

	// keyEntries bounds the parsed public keys: more than the keys of three full
	// blocks. An entry takes at most 250 bytes, 8 MB in all. Making one costs a tenth of
	// checking a signature with it.
	keyEntries = 1 << 15

	// inputEntries bounds the remembered inputs of refused transactions: the
	// slowest standard transactions have 150, so those of 200 of the youngest
	// are kept at least. An entry takes 70 bytes, 5 MB in all.
	inputEntries = 1 << 16
)

// Checker checks scripts. It is safe for concurrent use.
type Checker struct {
	// known are transactions that passed (Core: the script execution cache), by wtxid, with the flags they
	// passed under. A verdict depends on nothing else: the wtxid commits to the
	// scripts, and through the outpoints to the coins' amounts and scripts.
	known *generations[chain.Hash, txscript.ScriptFlags]
	// inputs are good inputs of transactions that failed, by inputNames.
	inputs *generations[chain.Hash, struct{}]
	keys   *generations[[33]byte, key]
	word   chain.Rule // Config.Word
	curve  curve
}

// New makes a Checker.
func New(c Config) *Checker {
	if c.CacheEntries == 0 {
		c.CacheEntries = defaultCacheEntries
	}
	return &Checker{
		known:  newGenerations[chain.Hash, txscript.ScriptFlags](c.CacheEntries),
		inputs: newGenerations[chain.Hash, struct{}](inputEntries),
		keys:   newGenerations[[33]byte, key](keyEntries),
		curve:  fastestCurve(),
		word:   cmp.Or(c.Word, chain.ErrBlockScript),
	}
}

// CheckTx checks every input of a transaction, not a coinbase, unless it is
// remembered as good under these flags or stricter ones. A failure is a
// *chain.RuleError of kind Config.Word.
func (c *Checker) CheckTx(tx *chain.Tx, coins []chain.Coin, flags txscript.ScriptFlags) error {
	if c.Known(tx, flags) {
		return nil
	}
	p := Prepare(tx, coins)
	for i := range tx.TxIn {
		if err := c.CheckInput(p, i, flags); err != nil {
			return err
		}
	}
	return nil
}

// CheckInput checks one input of a prepared transaction. A failure is in Core's words
// for a block [CScriptCheck].
func (c *Checker) CheckInput(p *Prepared, i int, flags txscript.ScriptFlags) error {
	return c.check(p, i, flags, nil)
}

// check is CheckInput; what the fast road may leave goes to the batch, if there is one.
func (c *Checker) check(p *Prepared, i int, flags txscript.ScriptFlags, b *Batch) error {
	if err := c.run(p, i, flags, b); err != nil {
		return &chain.RuleError{Rule: chain.Rule(fmt.Sprintf("%s (%s)", c.word, p.reason(i, flags, err))), Detail: p.where(i, err), Tx: p.tx.ID}
	}
	return nil
}

// run is check with the engine's error.
func (c *Checker) run(p *Prepared, i int, flags txscript.ScriptFlags, b *Batch) error {
	if c.fast(p, i, flags, b) {
		return nil
	}
	err := p.execute(i, flags)
	if err != nil && flags&strictFlags == 0 {
		if again := p.respelled(i); again != nil && again.execute(i, flags) == nil {
			return nil
		}
	}
	return err
}

// Known says whether tx was remembered under these flags, or under stricter
// ones if these are consensus flags: each of those only forbids.
func (c *Checker) Known(tx *chain.Tx, flags txscript.ScriptFlags) bool {
	passed, ok := c.known.lookup(tx.WID)
	return ok && (passed == flags || flags&^chain.ConsensusFlags == 0 && passed&flags == flags)
}

// Remember notes that CheckTx passed tx under flags, so that the block it
// comes in need not check it again. What was noted of it before is forgotten.
func (c *Checker) Remember(tx *chain.Tx, flags txscript.ScriptFlags) {
	c.known.put(tx.WID, flags)
}

// execute runs the engine, which knows the opcodes and their limits [VerifyScript,
// EvalScript, VerifyWitnessProgram, ExecuteWitnessScript, EvalChecksigTapscript,
// FindAndDelete, VALIDATION_WEIGHT_PER_SIGOP_PASSED, MAX_STACK_SIZE].
func (p *Prepared) execute(i int, flags txscript.ScriptFlags) error {
	vm, err := p.engine(i, flags)
	if err != nil {
		return err
	}
	return vm.Execute()
}

func (p *Prepared) engine(i int, flags txscript.ScriptFlags) (*txscript.Engine, error) {
	coin := &p.coins[i]
	return txscript.NewEngine(coin.PkScript, p.tx.MsgTx, i, flags, nil, &p.hashes, int64(coin.Value), ownCoin{coin})
}

// where names the failing input, what it spends, and the engine's words.
func (p *Prepared) where(i int, err error) string {
	return fmt.Sprintf("input %d of %s (wtxid %s), spending %s: %v", i, p.tx.ID, p.tx.WID, p.tx.TxIn[i].PreviousOutPoint, err)
}
