package service

import (
	"context"

	"grapevine/wallet/psbt"
	"grapevine/wallet/state"
)

// FillPSBT adds to a PSBT what the wallet knows of it, and signatures, and says
// whether it is complete [FillPSBT].
func (s *Service) FillPSBT(ctx context.Context, p *psbt.PSBT, f state.Fill) (complete bool, err error) {
	if err := s.ready(ctx); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.FillPSBT(p, f)
}
