package connect

import (
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
)

// Trial judges one block that is not to be connected: by every rule that needs coins, the scripts among
// them. It says what Connector and a Job say, without what they note down on the way: a template is
// judged whenever somebody asks for one.
type Trial struct {
	*Ground
	node  *chain.HeaderNode
	block *chain.Block
	flags txscript.ScriptFlags
	known []passed // by transaction; the zero value: nothing is known

	sums
	own   map[chain.Hash]int32       // txid to place, of all transactions
	taken map[wire.OutPoint]struct{} // what they spend
	found []coins.Found              // what is left of the coins from below, in the order in which they are spent
	flat  []chain.Coin               // backs those of fresh
	fresh []fresh
}

// Scripts checks a transaction's scripts; *script.Checker does.
type Scripts interface {
	CheckTx(tx *chain.Tx, coins []chain.Coin, flags txscript.ScriptFlags) error
}

// Memo is what trials on one coin set have found: which transactions, all of whose coins are in that set, pass
// every rule by themselves. As long as not one coin comes or goes that stays true. The zero Memo holds nothing.
type Memo struct {
	state  uint64 // of the coin set, as coins.Set counts
	flags  txscript.ScriptFlags
	passed map[chain.Hash]passed // by wtxid
}

// passed is a transaction that has passed.
type passed struct {
	ok     bool
	sigops int32
	fee    btcutil.Amount
}

// memoTxs bounds a memo: all that two blocks can hold (of 60 bytes without a witness each), at 100 bytes 3 MB.
const memoTxs = 2 * chain.MaxBlockWeight / (60 * chain.WitnessScale)

// fresh is a transaction that nothing is known of.
type fresh struct {
	tx    *chain.Tx
	coins []chain.Coin
	below bool // all of them are from below the block
	passed
}

// Covers says that m holds more than other, on the same coin set and under the same flags.
func (m *Memo) Covers(other *Memo) bool {
	return m.state == other.state && m.flags == other.flags && len(m.passed) > len(other.passed)
}

// at forgets what was true on another coin set or under other flags, and all if there is no room for so many more transactions.
func (m *Memo) at(state uint64, flags txscript.ScriptFlags, more int) {
	if m.passed == nil || m.state != state || m.flags != flags || len(m.passed)+more > memoTxs {
		*m = Memo{state: state, flags: flags, passed: map[chain.Hash]passed{}}
	}
}

// Ground is what a block is tried on.
type Ground struct {
	Rules   Connector
	Scripts Scripts
	State   uint64 // of the coin set that Rules reads, as coins.Set counts
	Memo    *Memo  // nobody else's until the trial has ended
}

// Trial begins the trial of a block at node.
func (g *Ground) Trial(node *chain.HeaderNode, b *chain.Block) *Trial {
	t := &Trial{Ground: g, node: node, block: b, flags: chain.ScriptFlags(g.Rules.Params, node), known: make([]passed, len(b.Txs))}
	g.Memo.at(g.State, t.flags, len(b.Txs))
	for i, tx := range b.Txs {
		t.known[i] = g.Memo.passed[tx.WID]
	}
	return t
}

// Knows says whether transaction i has passed before, by every rule that is about it alone.
func (t *Trial) Knows(i int) bool { return t.known[i].ok }

// Run judges the block, which has passed the rules that need no coins. Errors that are not a *chain.RuleError are our own fault.
func (t *Trial) Run() error {
	if err := t.Rules.checkBIP30(t.node, t.block); err != nil {
		return err
	}
	if err := t.prefetch(); err != nil {
		return fmt.Errorf("read coins: %w", err)
	}
	for i, tx := range t.block.Txs {
		if err := t.tx(i, tx); err != nil {
			return err
		}
	}
	if err := chain.CheckCoinbaseAmount(t.Rules.Params, t.block, t.node.Height, t.fees); err != nil {
		return err
	}
	for i := range t.fresh {
		if err := t.Scripts.CheckTx(t.fresh[i].tx, t.fresh[i].coins, t.flags); err != nil {
			return err
		}
	}
	t.remember()
	return nil
}

// prefetch reads what fresh transactions spend from below the block, all at once and in the order in which they need it.
func (t *Trial) prefetch() error {
	all, unknown := 0, 0
	for i, tx := range t.block.Txs {
		all += len(tx.TxIn)
		if !t.known[i].ok {
			unknown += len(tx.TxIn)
		}
	}
	t.own, t.taken = make(map[chain.Hash]int32, len(t.block.Txs)), make(map[wire.OutPoint]struct{}, all)
	t.flat = make([]chain.Coin, 0, unknown)
	ops := make([]wire.OutPoint, 0, unknown)
	for i, tx := range t.block.Txs {
		for _, in := range tx.TxIn {
			if i == 0 || t.known[i].ok {
				break
			}
			if _, ok := t.own[in.PreviousOutPoint.Hash]; !ok {
				ops = append(ops, in.PreviousOutPoint)
			}
		}
		if _, twice := t.own[tx.ID]; !twice {
			t.own[tx.ID] = int32(i)
		}
	}
	if len(ops) == 0 {
		return nil
	}
	t.found = make([]coins.Found, len(ops))
	return t.Rules.Fetch(ops, t.found)
}

func (t *Trial) tx(i int, tx *chain.Tx) error {
	f := fresh{tx: tx, below: true, passed: t.known[i]}
	if i > 0 {
		if err := t.take(i, &f); err != nil {
			return inTx(err, tx)
		}
	}
	if f.ok {
		return t.count(int(f.sigops))
	}
	cost := chain.SigOpCost(tx, f.coins, t.flags)
	f.sigops = int32(cost)
	if i > 0 {
		t.fresh = append(t.fresh, f)
	}
	return t.count(cost)
}

// take spends a transaction's inputs.
func (t *Trial) take(i int, f *fresh) error {
	from := len(t.flat)
	for _, in := range f.tx.TxIn {
		op, before := in.PreviousOutPoint, len(t.taken)
		if t.taken[op] = struct{}{}; len(t.taken) == before {
			return chain.Broken(chain.ErrInputsMissing, "%s", op)
		}
		if f.ok {
			continue // it was there, and nothing has changed
		}
		coin, below, there := t.coin(i, op)
		if !there {
			return chain.Broken(chain.ErrInputsMissing, "%s", op)
		}
		t.flat, f.below = append(t.flat, coin), f.below && below
	}
	if f.ok {
		return t.pay(f.fee)
	}
	f.coins = t.flat[from:len(t.flat):len(t.flat)]
	fee, err := t.spend(t.Rules.Params, f.tx, f.coins, t.node)
	f.fee = fee
	return err
}

// coin is what transaction i spends by op; below says that it is none of the block's own.
func (t *Trial) coin(i int, op wire.OutPoint) (c chain.Coin, below, there bool) {
	if at, ok := t.own[op.Hash]; ok && int(at) < i {
		outs := t.block.Txs[at].TxOut
		if int64(op.Index) >= int64(len(outs)) || !chain.Spendable(outs[op.Index].PkScript) {
			return c, false, false
		}
		return chain.CoinOf(outs[op.Index], t.node.Height, at == 0), false, true
	}
	next := t.found[0]
	t.found = t.found[1:]
	return next.Coin, true, next.OK
}

// remember notes which transactions have passed.
func (t *Trial) remember() {
	for _, f := range t.fresh {
		if f.below {
			f.ok = true
			t.Memo.passed[f.tx.WID] = f.passed
		}
	}
}
