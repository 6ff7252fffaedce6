package ledger

import (
	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/coins"
	"grapevine/chain/connect"
)

// Rebuild says what is made anew from the bodies in the file when it is opened.
type Rebuild int

const (
	RebuildNothing Rebuild = iota
	// RebuildCoins: the coin set, undo records and indexes; every script is checked again, but for
	// those under AssumeValid [-reindex-chainstate].
	RebuildCoins
	// RebuildAll: what is known of each block too, so that marks are taken from those that were
	// marked invalid. Where bodies are pruned, all are fetched again [-reindex].
	RebuildAll
)

// rebuild begins anew from genesis; Run does the rest. After a crash it goes on where it
// was, when the file is next opened, whether by this name or not.
func (l *Ledger) rebuild() error {
	pruned := false
	err := l.archive.Load(func(_ uint32, h archive.Header) error {
		pruned = pruned || h.Flags&flagPruned != 0
		return nil
	})
	if err != nil {
		return err
	}
	all := l.cfg.Rebuild == RebuildAll
	if pruned && !all {
		return ErrWasPruned
	}
	genesis, err := l.saveGenesis()
	if err != nil {
		return err
	}
	if pruned {
		l.archive.SaveBody(firstBody, genesis.Raw)
	}
	return l.archive.Rebuild(func(num uint32, h archive.Header) archive.Header {
		if num != 0 {
			h.Flags &^= flagValid
		}
		if !all {
			return h
		}
		h.Flags, h.Why = h.Flags&^(flagFailed|flagByHand|flagPruned|flagBare), ""
		if pruned {
			h.Flags, h.Body = h.Flags&^flagLost, 0
			if num == 0 {
				h.Body = firstBody
			}
		}
		return h
	}, l.cfg.kept())
}

// firstBody is the number of genesis's body.
const firstBody = 1

// saveGenesis saves what belongs to a connected block, but for its header and body.
func (l *Ledger) saveGenesis() (*chain.Block, error) {
	genesis := chain.NewBlock(l.cfg.Params.GenesisBlock)
	filter, err := connect.Filter(genesis, nil)
	if err != nil {
		return nil, err
	}
	l.archive.SaveUndo(firstBody, nil) // its coinbase spends nothing
	l.archive.SaveFilter(0, archive.Filter{Header: connect.FilterHeader(filter, chain.Hash{}), Bytes: filter})
	l.archive.SaveStats(0, coins.GenesisStats(l.cfg.Params))
	return genesis, nil
}

// Rebuilt is closed once nothing is being rebuilt: what is stored is connected.
func (l *Ledger) Rebuilt() <-chan struct{} { return l.rebuilt }

// endRebuild notes that all that is stored is connected, or waits for a body that is lost.
func (w *writer) endRebuild() (bool, error) {
	if !w.rebuilding || len(w.queue) > 0 || w.running > 0 || w.draining() || !w.blocked && (w.lost() || w.tree.Goal() != nil) {
		return false, nil
	}
	w.rebuilding = false
	w.log.Info("the chain is rebuilt", "height", w.tree.Tip().Height)
	close(w.l.rebuilt)
	return true, nil
}
