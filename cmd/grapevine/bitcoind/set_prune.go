package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"errors"
	"fmt"
	"math"

	"grapevine/chain/ledger"
)

// rebuilding reads -reindex, -reindex-chainstate and -stopatheight. Whatever height comes next is above one
// below 0.
func (s *setup) rebuilding() {
	switch {
	case s.Bool("reindex", false):
		s.cfg.Rebuild = ledger.RebuildAll
	case s.Bool("reindex-chainstate", false):
		s.cfg.Rebuild = ledger.RebuildCoins
	}
	if at := s.Int("stopatheight", 0); at != 0 {
		s.cfg.StopAt = int32(min(max(at, 1), math.MaxInt32))
	}
}

// pruning reads -prune: 1 is by hand alone.
func (s *setup) pruning() error {
	n := s.Int("prune", 0)
	s.cfg.Prune = ledger.Prune{On: n > 0, Small: s.Bool("fastprune", false)}
	switch {
	case n < 0:
		return errors.New("Prune cannot be configured with a negative value.")
	case n == 0:
		return nil
	case s.Bool("txindex", false):
		return errors.New("Prune mode is incompatible with -txindex.")
	case s.Bool("reindex-chainstate", false):
		return errors.New("Prune mode is incompatible with -reindex-chainstate. Use full -reindex instead.")
	case n > 1 && n < ledger.MinPruneTarget/mib:
		return fmt.Errorf("Prune configured below the minimum of %d MiB.  Please use a higher number.", ledger.MinPruneTarget/mib)
	case n > 1:
		s.cfg.Prune.Target = min(n, math.MaxInt64/mib) * mib
	}
	return nil
}
