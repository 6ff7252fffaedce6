package ledger

//lint:file-ignore ST1005 the words are Bitcoin Core's

import (
	"errors"
	"fmt"
	"time"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/coins"
)

// load builds the tree from the file [LoadBlockIndex], with the durable tip as its
// tip [LoadChainTip], or begins a new file. What was connected above the durable
// tip is connected again by Run [ReplayBlocks].
func (l *Ledger) load() error {
	marks, err := l.archive.Marks()
	if err != nil {
		return err
	}
	if !marks.OK {
		return l.begin()
	}
	if l.cfg.Rebuild != RebuildNothing {
		if err := l.rebuild(); err != nil {
			return err
		}
		if marks, err = l.archive.Marks(); err != nil {
			return err
		}
	}
	if err := l.archive.Load(l.tree.load); err != nil {
		return err
	}
	tip, err := l.tree.durable(marks.Tip)
	if err != nil {
		return err
	}
	if err := l.loadSnapshot(marks.Snapshot); err != nil {
		return err
	}
	l.tree.Loaded(tip)
	l.set = coins.NewSet(l.cfg.DB, marks.Place, tip.Node)
	if l.cfg.RefuseFuture && tip.Node.Header.Timestamp.After(l.cfg.Now().Add(chain.MaxFutureTime*time.Second)) {
		return ErrFromFuture
	}
	if l.cfg.NeedWitnesses {
		if err := l.checkWitnesses(tip); err != nil {
			return err
		}
	}
	return l.checkPruned(marks)
}

// BareError: blocks of the verified chain came before segwit held where it does now.
type BareError struct{ From int32 }

func (e *BareError) Error() string {
	return fmt.Sprintf("Witness data for blocks after height %d requires validation. Please restart with -reindex.", e.From)
}

// checkWitnesses refuses to go on with blocks whose witnesses were never asked for
// [NeedsRedownload].
func (l *Ledger) checkWitnesses(tip *entry) error {
	from := l.cfg.Params.SegwitHeight
	for e := tip; e.Parent != nil && e.Node.Height >= from; e = e.Parent {
		if e.bare {
			return &BareError{from}
		}
	}
	return nil
}

// ErrFromFuture: the tip is ahead of this machine's clock [MAX_FUTURE_BLOCK_TIME].
var ErrFromFuture = errors.New("The block database contains a block which appears to be from the future. " +
	"This may be due to your computer's date and time being set incorrectly. " +
	"Only rebuild the block database if you are sure that your computer's date and time are correct")

// ErrWasPruned: a file from which blocks were pruned is opened by who wants all.
var ErrWasPruned = errors.New("You need to rebuild the database using -reindex to go back to unpruned mode.  This will redownload the entire blockchain")

// PrunedIndexError: an index is to go on where blocks are pruned.
type PrunedIndexError struct{ Index string }

func (e *PrunedIndexError) Error() string {
	return e.Index + " best block of the index goes beyond pruned data. Please disable the index or reindex (which will download the whole blockchain again)"
}

// checkPruned says whether what is pruned is missed.
func (l *Ledger) checkPruned(marks archive.Marks) error {
	to, pruned := l.PruneHeight()
	switch {
	case !pruned:
		return nil
	case !l.cfg.Prune.On:
		return ErrWasPruned
	case l.reach(marks.Txs, marks.Kept.Txs, l.cfg.TxIndex) < to:
		return &PrunedIndexError{"txindex"}
	case l.reach(marks.Filters, marks.Kept.Filters, l.cfg.FilterIndex) < to:
		return &PrunedIndexError{"basic block filter index"}
	case l.reach(marks.Stats, marks.Kept.Stats, l.cfg.CoinStatsIndex) < to:
		return &PrunedIndexError{"coinstatsindex"}
	case l.reach(marks.Scripts, marks.Kept.Scripts, l.cfg.AddressIndex) < to:
		return &PrunedIndexError{"addressindex"}
	}
	return nil
}

// begin makes a new file, with genesis. Its coinbase is not a coin, as in Core [LoadGenesisBlock].
func (l *Ledger) begin() error {
	genesis, err := l.saveGenesis()
	if err != nil {
		return err
	}
	e := l.tree.begin(genesis)
	l.set = coins.NewSet(l.cfg.DB, coins.First, e.Node)
	l.archive.SaveHeader(e.Num, e.record())
	l.archive.SaveBody(e.Body, genesis.Raw)
	l.archive.Freeze(l.set, e.Num, l.cfg.kept())
	return l.archive.Flush()
}
