package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/chain/connect"
	"grapevine/db"
)

// Levels of Verify; each proves what those before it prove [CHECKLEVEL_DOC].
const (
	VerifyBodies  = iota // the blocks can be read
	VerifyBlocks         // they are valid by themselves
	VerifyUndo           // their undo records can be read
	VerifyCoins          // taking them back in memory finds the coins as they left them
	VerifyScripts        // connecting them again in memory succeeds
)

// errInPart: everything that was looked at is sound, but not all could be.
var errInPart = errors.New("not everything that was asked for could be verified")

// Verify proves the last blocks of the verified chain, all of it for none or fewer, while the node goes on.
// What is wrong is logged. Blocks that are pruned, and coins of more blocks than one move may hold in
// memory, are not proven: then the answer is false too [VerifyDB]. One at a time: others wait for their turn.
func (l *Ledger) Verify(ctx context.Context, level, blocks int) (sound bool, err error) {
	select {
	case l.verifies <- struct{}{}:
		defer func() { <-l.verifies }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	for range tryLimit {
		tip, state := l.set.State()
		last := blocks
		if last <= 0 || last > int(tip.Height) {
			last = int(tip.Height)
		}
		err := l.verify(ctx, tip, min(max(level, VerifyBodies), VerifyScripts), int32(last))
		_, now := l.set.State()
		switch {
		case ctx.Err() != nil:
			return false, ctx.Err()
		case err == nil:
			return true, nil
		case now != state: // the coins were those of another block meanwhile
			continue
		case errors.Is(err, errInPart):
			l.cfg.Log.Warn("the last blocks were verified in part", "err", err)
		default:
			l.cfg.Log.Error("the last blocks do not verify: run db check", "err", err)
		}
		return false, nil
	}
	return false, fmt.Errorf("verify the last blocks: the tip moved %d times: try again", tryLimit)
}

// verifying is a chain that is taken back in memory.
type verifying struct {
	*Ledger
	rules connect.Connector
	at    *chain.HeaderNode // the overlay's coins are those after it
	cost  int64             // of the blocks that were taken back, in memory
}

func (l *Ledger) verify(ctx context.Context, tip *chain.HeaderNode, level int, blocks int32) error {
	v := &verifying{Ledger: l, at: tip, rules: connect.Connector{Params: l.cfg.Params, Overlay: coins.NewOverlay(), Fetch: l.set.Coins}}
	var unproven error
	for n := tip; n.Parent != nil && n.Height > tip.Height-blocks; n = n.Parent {
		if err := ctx.Err(); err != nil {
			return err
		}
		e, _ := l.tree.entry(n.Hash)
		if l.Pruned(n.Hash) || l.Absent(n.Hash) {
			unproven = fmt.Errorf("%w: blocks up to height %d are not here", errInPart, n.Height)
			break
		}
		b, spent, err := v.read(e, level)
		if err != nil {
			return fmt.Errorf("block %s at height %d: %w", n.Hash, n.Height, err)
		}
		if level < VerifyCoins || v.at != n {
			continue
		}
		if v.cost += int64(len(b.Raw)) + moveBlock; v.cost > l.cfg.moveBytes {
			unproven = fmt.Errorf("%w: coins of blocks up to height %d take too much memory", errInPart, n.Height)
			continue
		}
		if err := v.takeBack(n, b, spent); err != nil {
			return fmt.Errorf("block %s at height %d: %w: %w", n.Hash, n.Height, db.ErrCorrupt, err)
		}
	}
	if level < VerifyScripts || unproven != nil {
		return unproven
	}
	return v.again(ctx, tip)
}

// read reads and checks a block as far as level says.
func (v *verifying) read(e *entry, level int) (b *chain.Block, spent [][]chain.Coin, err error) {
	if b, err = v.readBlock(e); err != nil {
		return nil, nil, err
	}
	if b.Hash != e.Node.Hash {
		return nil, nil, fmt.Errorf("%w: its body is block %s", db.ErrCorrupt, b.Hash)
	}
	if level >= VerifyBlocks {
		if err := chain.CheckBlock(v.cfg.Params, b); err != nil {
			return nil, nil, err
		}
	}
	if level >= VerifyUndo {
		spent, err = v.SpentBy(b)
	}
	return b, spent, err
}

// takeBack takes block n back. What it made has to be there as it made it, and what it spent may not be
// [DisconnectBlock, DISCONNECT_UNCLEAN].
func (v *verifying) takeBack(n *chain.HeaderNode, b *chain.Block, spent [][]chain.Coin) error {
	if len(spent) != len(b.Txs) {
		return fmt.Errorf("the undo record is of %d transactions, not %d", len(spent), len(b.Txs))
	}
	number := uint64(n.Height)
	if err := v.load(b, number); err != nil {
		return err
	}
	for i := len(b.Txs) - 1; i >= 0; i-- {
		tx := b.Txs[i]
		for j, out := range tx.TxOut {
			if !coins.Spendable(out.PkScript) {
				continue
			}
			op := wire.OutPoint{Hash: tx.ID, Index: uint32(j)}
			made := chain.CoinOf(out, n.Height, i == 0)
			have, there, _ := v.rules.Overlay.Get(op)
			if (!there || !sameCoin(have, made)) && (i > 0 || !coins.Overwritten(v.cfg.Params, n.Height)) {
				return fmt.Errorf("coin %s is not as the block made it", op)
			}
			v.rules.Overlay.Spend(op, number)
		}
		if i == 0 {
			break
		}
		if len(spent[i]) != len(tx.TxIn) {
			return fmt.Errorf("the undo record of transaction %s has %d coins, not %d", tx.ID, len(spent[i]), len(tx.TxIn))
		}
		for j, in := range tx.TxIn {
			if _, there, _ := v.rules.Overlay.Get(in.PreviousOutPoint); there {
				return fmt.Errorf("coin %s is there, but was spent", in.PreviousOutPoint)
			}
			v.rules.Overlay.Add(in.PreviousOutPoint, spent[i][j], number)
		}
	}
	v.at = n.Parent
	return nil
}

// load reads what the block made and spent into the overlay, as the set has it.
func (v *verifying) load(b *chain.Block, number uint64) error {
	var ops []wire.OutPoint
	want := func(op wire.OutPoint) {
		if _, _, known := v.rules.Overlay.Get(op); !known {
			ops = append(ops, op)
		}
	}
	for i, tx := range b.Txs {
		for j, out := range tx.TxOut {
			if coins.Spendable(out.PkScript) {
				want(wire.OutPoint{Hash: tx.ID, Index: uint32(j)})
			}
		}
		for _, in := range tx.TxIn {
			if i > 0 {
				want(in.PreviousOutPoint)
			}
		}
	}
	found := make([]coins.Found, len(ops))
	if err := v.rules.Fetch(ops, found); err != nil {
		return fmt.Errorf("read coins: %w", err)
	}
	for i, f := range found {
		if f.OK {
			v.rules.Overlay.Add(ops[i], f.Coin, number)
		} else {
			v.rules.Overlay.Spend(ops[i], number)
		}
	}
	return nil
}

func sameCoin(a, b chain.Coin) bool {
	return a.Value == b.Value && a.Height == b.Height && a.Coinbase == b.Coinbase && bytes.Equal(a.PkScript, b.PkScript)
}

// again connects what was taken back, with its scripts as far as nobody says that they are
// good (--assumevalid).
func (v *verifying) again(ctx context.Context, tip *chain.HeaderNode) error {
	workers := connect.StartWorkers(v.cfg.Workers)
	defer workers.Close()
	for v.at != tip {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := tip.Ancestor(v.at.Height + 1)
		e, _ := v.tree.entry(n.Hash)
		b, err := v.readBlock(e)
		if err == nil {
			err = v.connect(e, b, workers)
		}
		if err != nil {
			return fmt.Errorf("connect block %s at height %d again: %w", n.Hash, n.Height, err)
		}
		v.at = n
	}
	return nil
}

func (v *verifying) connect(e *entry, b *chain.Block, workers *connect.Workers) error {
	if err := chain.CheckBlockContext(v.cfg.Params, e.Node.Parent, b); err != nil {
		return err
	}
	effect, err := v.rules.Connect(e.Node, b, uint64(e.Node.Height))
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	job := &connect.Job{Block: b, Spent: effect.Spent, Checker: v.cfg.Script, Flags: effect.Flags, Skip: v.assumedValid(e),
		Params: v.cfg.Params, Height: e.Node.Height, Done: func(_ connect.Result, err error) { done <- err }}
	job.Start(workers)
	return <-done
}
