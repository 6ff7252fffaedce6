package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

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
	var reader sync.WaitGroup
	defer reader.Wait()
	reading, stop := context.WithCancel(ctx)
	defer stop()
	down := make(chan provenBlock, 1) // a block is read while the one above it is taken back
	reader.Go(func() {
		defer close(down)
		for n := tip; n.Parent != nil && n.Height > tip.Height-blocks; n = n.Parent {
			p := v.read(n, level)
			select {
			case down <- p:
			case <-reading.Done():
				return
			}
			if p.err != nil {
				return
			}
		}
	})
	var unproven error
	for p := range down {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := p.err
		if err == nil && level >= VerifyCoins && v.at == p.node {
			err = v.takeBack(p)
		}
		switch {
		case errors.Is(err, errInPart):
			unproven = err
		case err != nil:
			return fmt.Errorf("block %s at height %d: %w", p.node.Hash, p.node.Height, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if level < VerifyScripts || unproven != nil {
		return unproven
	}
	return v.again(ctx, tip)
}

// provenBlock is a block that is what it should be, as far as it was looked at, with what it spent; or err says
// what is wrong.
type provenBlock struct {
	node  *chain.HeaderNode
	block *chain.Block
	spent [][]chain.Coin
	err   error
}

// read reads and checks a block as far as level says.
func (v *verifying) read(n *chain.HeaderNode, level int) (p provenBlock) {
	p.node = n
	if v.Pruned(n.Hash) || v.Absent(n.Hash) {
		p.err = fmt.Errorf("%w: blocks up to height %d are not here", errInPart, n.Height)
		return p
	}
	e, _ := v.tree.entry(n.Hash)
	if p.block, p.err = v.readBlock(e); p.err == nil && p.block.Hash != n.Hash {
		p.err = fmt.Errorf("%w: its body is block %s", db.ErrCorrupt, p.block.Hash)
	}
	if p.err == nil && level >= VerifyBlocks {
		p.err = chain.CheckBlock(v.cfg.Params, p.block)
	}
	if p.err == nil && level >= VerifyUndo {
		p.spent, p.err = v.SpentBy(p.block)
	}
	return p
}

// takeBack takes a block back, if memory holds it with those above.
func (v *verifying) takeBack(p provenBlock) error {
	if v.cost += int64(len(p.block.Raw)) + moveBlock; v.cost > v.cfg.moveBytes {
		return fmt.Errorf("%w: coins of blocks up to height %d take too much memory", errInPart, p.node.Height)
	}
	if err := v.undo(p.node, p.block, p.spent); err != nil {
		return fmt.Errorf("%w: %w", db.ErrCorrupt, err)
	}
	return nil
}

// undo takes block n back. What it made has to be there as it made it, and what it spent may not be
// [DisconnectBlock, DISCONNECT_UNCLEAN].
func (v *verifying) undo(n *chain.HeaderNode, b *chain.Block, spent [][]chain.Coin) error {
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
			if !chain.Spendable(out.PkScript) {
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
			if chain.Spendable(out.PkScript) {
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
