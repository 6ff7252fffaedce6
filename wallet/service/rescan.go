package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2/gcs"
	"github.com/btcsuite/btcd/btcutil/v2/gcs/builder"

	"grapevine/chain"
	"grapevine/wallet"
)

// scan is a reading of old blocks that somebody asked for and waits for.
type scan struct {
	began         time.Time
	from, at, end int32
	aborted       bool
}

// Rescan searches the blocks from height start to stop, both included, once more
// for what belongs to the wallet; a stop below 0 is the tip. One at a time
// (wallet.ErrRescanning). It answers the height of the last block searched [ScanForWalletTransactions].
func (s *Service) Rescan(ctx context.Context, start, stop int32) (last int32, err error) {
	if err := s.ready(ctx); err != nil {
		return 0, err
	}
	if !s.rescan.TryLock() {
		return 0, wallet.ErrRescanning
	}
	defer s.rescan.Unlock()
	s.mu.Lock()
	if s.ending { // whoever unloads the wallet waits for us
		s.mu.Unlock()
		return 0, wallet.ErrAborted
	}
	at := s.state.At()
	if stop < 0 {
		stop = at.Height
	}
	start, stop = max(start, 0), min(stop, at.Height)
	s.going = &scan{began: s.cfg.Now(), from: start, at: start, end: stop}
	s.mu.Unlock()
	defer s.endScan()
	if first := at.Ancestor(start); first != nil {
		s.logRescan(first)
	}
	for h := start; h <= stop; h++ {
		if s.aborted(h) || ctx.Err() != nil {
			return h, errors.Join(wallet.ErrAborted, s.flush())
		}
		n := at.Ancestor(h)
		block, err := s.blockOrNone(ctx, n)
		if err == nil {
			err = s.readBlock(n, block, true)
		}
		if err != nil {
			return h, err
		}
	}
	return stop, errors.Join(s.searchPool(), s.flush())
}

func (s *Service) logRescan(first *chain.HeaderNode) {
	how := "slow variant inspecting all blocks"
	if s.cfg.Filter != nil {
		how = "fast variant using block filters"
	}
	s.cfg.Log.Info(fmt.Sprintf("Rescan started from block %s... (%s)", first.Hash, how), "height", first.Height) // as Core says it
}

// aborted notes how far the scan is and says whether it is to end.
func (s *Service) aborted(at int32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.going.at = at
	return s.going.aborted
}

func (s *Service) endScan() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.going = nil
}

// AbortRescan ends a Rescan that is under way; false: there is none, or it is
// ending already.
func (s *Service) AbortRescan() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.going == nil || s.going.aborted {
		return false
	}
	s.going.aborted = true
	return true
}

// Rescanning says whether a Rescan is under way.
func (s *Service) Rescanning() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.going != nil
}

// progress of a Rescan, or of the way to the tip; nil: nothing is read. Called
// with mu held.
func (s *Service) progress(status wallet.Status) *wallet.Scan {
	switch {
	case s.going != nil:
		return &wallet.Scan{Duration: s.cfg.Now().Sub(s.going.began), Progress: share(s.going.at-s.going.from, s.going.end-s.going.from)}
	case !status.Scanning:
		return nil
	}
	at := status.At
	if status.Reread >= 0 {
		at = status.Reread
	}
	return &wallet.Scan{Duration: s.cfg.Now().Sub(s.scanBegan), Progress: share(at, status.Tip)}
}

func share(part, whole int32) float64 {
	if whole <= 0 {
		return 0
	}
	return min(1, float64(part)/float64(whole))
}

// readingCost is about how many scripts are looked for in a filter in the time that a block takes to be read, for
// each script that is in it: 50 ns beside 1 µs. A new wallet watches 8,000.
const readingCost = 20

// blockOrNone is a block of the ledger, or one without transactions when its
// filter (BIP158) says that nothing of it concerns us. A filter knows scripts:
// that a block spends a stranger's coin which an unconfirmed payment to us
// spends too is not seen, as in Core. A block of few scripts is read at once.
func (s *Service) blockOrNone(ctx context.Context, n *chain.HeaderNode) (*chain.Block, error) {
	if s.cfg.Filter == nil {
		return s.block(ctx, n)
	}
	raw, ok, err := s.cfg.Filter(n.Hash)
	if err != nil {
		return nil, fmt.Errorf("wallet reads the filter of block %s: %w", n.Hash, err)
	}
	if !ok {
		return s.block(ctx, n)
	}
	filter, err := gcs.FromNBytes(builder.DefaultP, builder.DefaultM, raw)
	if err != nil {
		return nil, fmt.Errorf("filter of block %s: %w", n.Hash, err)
	}
	s.mu.Lock()
	scripts := s.needles()
	s.mu.Unlock()
	if filter.N() == 0 || len(scripts) == 0 {
		return &chain.Block{}, nil
	}
	if int(filter.N())*readingCost < len(scripts) {
		if block, err := s.cfg.Chain.Block(n.Hash); err == nil {
			return block, nil
		} // what is not here may not be needed
	}
	match, err := filter.MatchAny(builder.DeriveKey(&n.Hash), scripts)
	if err != nil {
		return nil, fmt.Errorf("filter of block %s: %w", n.Hash, err)
	}
	if !match {
		return &chain.Block{}, nil
	}
	return s.block(ctx, n)
}

// needles are the scripts to be looked for, made once until they are others.
// Called with mu held.
func (s *Service) needles() [][]byte {
	if s.state == nil {
		return nil
	}
	if now := s.state.Watched(); s.scripts == nil || now != s.scriptsAt {
		s.scripts, s.scriptsAt = s.state.Scripts(), now
	}
	return s.scripts
}
