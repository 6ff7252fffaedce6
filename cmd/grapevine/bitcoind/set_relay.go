package bitcoind

import "grapevine/p2p/gossip"

// setMaxOrphans: none is fewer than any number that the manners know.
func setMaxOrphans(s *setup) error {
	s.cfg.Manners.MaxOrphans = int(min(max(s.Int("maxorphantx", 0), 0), gossip.MostOrphans))
	if s.cfg.Manners.MaxOrphans == 0 {
		s.cfg.Manners.MaxOrphans = gossip.NoOrphans
	}
	return nil
}
