package connect

import (
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
)

// Connector spends and makes coins in block order, in an overlay above a
// committed set. It runs every rule that needs coins but the scripts.
type Connector struct {
	Params  *chain.Params
	Overlay *coins.Overlay
	// Fetch reads coins of the committed set, each into the place of the same index.
	Fetch func(ops []wire.OutPoint, into []coins.Found) error
}

// Effect is what a block does to the coin set.
type Effect struct {
	Spent   [][]chain.Coin // by transaction, in input order
	Changes []coins.Change
	Flags   txscript.ScriptFlags // under which its scripts have to succeed
}

// Connect applies the block to the overlay as the block with that number
// [ConnectBlock, UpdateCoins]. After
// a failure the overlay holds half of the block and is to be dropped. Errors
// that are not a *chain.RuleError are our own fault.
func (c *Connector) Connect(node *chain.HeaderNode, b *chain.Block, number uint64) (*Effect, error) {
	if err := c.checkBIP30(node, b); err != nil {
		return nil, err
	}
	ops, found, err := c.prefetch(b)
	if err != nil {
		return nil, fmt.Errorf("read coins: %w", err)
	}
	s := &spending{Connector: c, node: node, number: number, ops: ops, found: found,
		Effect: Effect{Spent: make([][]chain.Coin, len(b.Txs)), Flags: chain.ScriptFlags(c.Params, node)}}
	s.allocate(b)
	for i, tx := range b.Txs {
		if err := s.tx(i, tx); err != nil {
			return nil, err
		}
	}
	return &s.Effect, chain.CheckCoinbaseAmount(c.Params, b, node.Height, s.fees)
}

// checkBIP30 refuses a block that makes a coin which exists already (BIP30). Where
// BIP34 holds from block 1 no txid can repeat, so nothing needs to be read.
func (c *Connector) checkBIP30(node *chain.HeaderNode, b *chain.Block) error {
	if c.Params.BIP0034Height <= 1 || !chain.EnforceBIP30(c.Params, node) {
		return nil
	}
	var ops []wire.OutPoint
	for _, tx := range b.Txs {
		for i := range tx.TxOut {
			op := wire.OutPoint{Hash: tx.ID, Index: uint32(i)}
			if _, there, known := c.Overlay.Get(op); there {
				return chain.Broken(chain.ErrBIP30, "%s exists already", op)
			} else if !known {
				ops = append(ops, op)
			}
		}
	}
	found := make([]coins.Found, len(ops))
	if err := c.Fetch(ops, found); err != nil {
		return fmt.Errorf("read coins: %w", err)
	}
	for i := range found {
		if found[i].OK {
			return chain.Broken(chain.ErrBIP30, "%s exists already", ops[i])
		}
	}
	return nil
}

// prefetch reads all coins that come from below the overlay at once, in the
// order of the inputs that need them.
func (c *Connector) prefetch(b *chain.Block) ([]wire.OutPoint, []coins.Found, error) {
	if len(b.Txs) == 1 {
		return nil, nil, nil
	}
	ops := slices.DeleteFunc(Inputs(b), func(op wire.OutPoint) bool {
		_, _, known := c.Overlay.Get(op)
		return known
	})
	found := make([]coins.Found, len(ops))
	return ops, found, c.Fetch(ops, found)
}

// Inputs are the coins that a block spends and did not make itself, in order.
func Inputs(b *chain.Block) (ops []wire.OutPoint) {
	own := make(map[chain.Hash]struct{}, len(b.Txs))
	for i, tx := range b.Txs {
		if i == 0 {
			continue // the coinbase spends nothing
		}
		for _, in := range tx.TxIn {
			if _, ok := own[in.PreviousOutPoint.Hash]; !ok {
				ops = append(ops, in.PreviousOutPoint)
			}
		}
		own[tx.ID] = struct{}{}
	}
	return ops
}

// spending is one block on its way through a connector.
type spending struct {
	*Connector
	Effect
	sums
	node   *chain.HeaderNode
	number uint64
	ops    []wire.OutPoint // what is left of prefetch's, and what was found there
	found  []coins.Found
	flat   []chain.Coin // backs Effect.Spent
	arena  []byte       // backs the coins of Effect.Changes
	repeat bool         // one of the two blocks that repeated a coinbase
}

func (s *spending) allocate(b *chain.Block) {
	ins, outs := 0, 0
	for _, tx := range b.Txs {
		ins += len(tx.TxIn)
		outs += len(tx.TxOut)
	}
	s.flat = make([]chain.Coin, 0, ins)
	s.Changes = make([]coins.Change, 0, ins-1+outs)
	s.arena = make([]byte, 0, outs*coinBytes)
	_, s.repeat = s.Params.BIP30Exceptions[s.node.Hash]
}

// coinBytes is what most coins take when written; a guess that saves growing.
const coinBytes = 36

func (s *spending) tx(i int, tx *chain.Tx) error {
	var in []chain.Coin
	if i > 0 {
		var err error
		if in, err = s.take(tx); err != nil {
			return inTx(err, tx)
		}
		s.Spent[i] = in
	}
	if err := s.count(chain.SigOpCost(tx, in, s.Flags)); err != nil {
		return err
	}
	s.make(tx, i == 0)
	return nil
}

// sums are what a block's transactions add up to so far.
type sums struct {
	fees   btcutil.Amount
	sigops int
}

// spend counts in a transaction that spends these coins in the block at node, and gives its fee.
func (s *sums) spend(p *chain.Params, tx *chain.Tx, spent []chain.Coin, node *chain.HeaderNode) (btcutil.Amount, error) {
	fee, err := chain.CheckTxInputs(p, tx, spent, node.Height)
	if err == nil {
		err = s.pay(fee)
	}
	if err == nil && !chain.SequenceLock(p, tx, spent, node.Parent).Open(node.Parent) {
		err = chain.Broken(chain.ErrNonFinal, "relative lock time")
	}
	return fee, err
}

func (s *sums) pay(fee btcutil.Amount) error {
	if s.fees += fee; s.fees > chain.MaxMoney {
		return chain.Broken(chain.ErrAccumulatedFee, "")
	}
	return nil
}

// count counts in signature operations.
func (s *sums) count(cost int) error {
	if s.sigops += cost; s.sigops > chain.MaxSigOpCost {
		return chain.Broken(chain.ErrBadSigOps, "too many sigops")
	}
	return nil
}

func inTx(err error, tx *chain.Tx) error {
	if re, ok := err.(*chain.RuleError); ok {
		return chain.Broken(re.Rule, "transaction %s: %s", tx.ID, re.Detail)
	}
	return err
}

// take spends a transaction's inputs.
func (s *spending) take(tx *chain.Tx) ([]chain.Coin, error) {
	from := len(s.flat)
	for _, in := range tx.TxIn {
		op := in.PreviousOutPoint
		coin, there, known := s.Overlay.Get(op)
		// An output that an earlier transaction of this block does not have was
		// not looked up: it must not be taken for the next that was.
		if !known && len(s.ops) > 0 && s.ops[0] == op {
			coin, there = s.found[0].Coin, s.found[0].OK
			s.ops, s.found = s.ops[1:], s.found[1:]
		}
		if !there {
			return nil, chain.Broken(chain.ErrInputsMissing, "%s", op)
		}
		s.flat = append(s.flat, coin)
	}
	coinsIn := s.flat[from:len(s.flat):len(s.flat)]
	if _, err := s.spend(s.Params, tx, coinsIn, s.node); err != nil {
		return nil, err
	}
	for _, in := range tx.TxIn {
		s.Overlay.Spend(in.PreviousOutPoint, s.number)
		s.Changes = append(s.Changes, coins.Change{Op: in.PreviousOutPoint})
	}
	return coinsIn, nil
}

// make adds a transaction's outputs [AddCoins].
func (s *spending) make(tx *chain.Tx, coinbase bool) {
	for i, out := range tx.TxOut {
		if !chain.Spendable(out.PkScript) {
			continue
		}
		op := wire.OutPoint{Hash: tx.ID, Index: uint32(i)}
		coin := chain.CoinOf(out, s.node.Height, coinbase)
		s.Overlay.Add(op, coin, s.number)
		from := len(s.arena)
		s.arena = coins.Append(s.arena, coin)
		s.Changes = append(s.Changes, coins.Change{Op: op, Coin: s.arena[from:len(s.arena):len(s.arena)], Fresh: !s.repeat})
	}
}

// Disconnect takes a block back, from its last transaction to its first; spent
// is its undo record, without the coinbase [DisconnectBlock, ApplyTxInUndo].
func (c *Connector) Disconnect(b *chain.Block, spent [][]chain.Coin, number uint64) ([]coins.Change, error) {
	if len(spent) != len(b.Txs) {
		return nil, fmt.Errorf("undo record of %s has %d transactions, want %d", b.Hash, len(spent), len(b.Txs))
	}
	var changes []coins.Change
	for i := len(b.Txs) - 1; i >= 0; i-- {
		tx := b.Txs[i]
		for j, out := range tx.TxOut {
			if chain.Spendable(out.PkScript) {
				op := wire.OutPoint{Hash: tx.ID, Index: uint32(j)}
				c.Overlay.Spend(op, number)
				changes = append(changes, coins.Change{Op: op})
			}
		}
		if i == 0 {
			break
		}
		if len(spent[i]) != len(tx.TxIn) {
			return nil, fmt.Errorf("undo record of %s: transaction %d has %d coins, want %d", b.Hash, i, len(spent[i]), len(tx.TxIn))
		}
		for j, in := range tx.TxIn {
			c.Overlay.Add(in.PreviousOutPoint, spent[i][j], number)
			changes = append(changes, coins.Change{Op: in.PreviousOutPoint, Coin: coins.Append(nil, spent[i][j])})
		}
	}
	return changes, nil
}
