package service

import (
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
	"grapevine/wallet/spend"
)

// Relay is what the wallet asks of the pool; *mempool.Pool answers.
type Relay interface {
	Rules() policy.Rules
	// Floor is the rate below which nothing enters a pool that is full; 0: it is not.
	Floor() policy.FeeRate
	// Family counts what a transaction builds on, itself too, and the most that
	// builds on any of those; 0: it is not there.
	Family(txid chain.Hash) (ancestors, descendants int)
	// BumpFees is what the ancestors of coins lack of a rate; false: they are too many.
	BumpFees(coins []wire.OutPoint, rate policy.FeeRate) (each []btcutil.Amount, together btcutil.Amount, ok bool)
	CheckChain(tx *chain.Tx) error
}

// longestTarget is the longest wait that fees are estimated for, in blocks.
const longestTarget = 1008

func (s *Service) relayRules() policy.Rules {
	if s.cfg.Relay == nil {
		return policy.Core31()
	}
	return s.cfg.Relay.Rules()
}

// poolMin is the rate below which nothing enters a pool that is full.
func (s *Service) poolMin() policy.FeeRate {
	if s.cfg.Relay == nil {
		return 0
	}
	return s.cfg.Relay.Floor()
}

// leastRate is what the wallet pays at least [GetRequiredFeeRate].
func (s *Service) leastRate() policy.FeeRate { return max(s.cfg.Habits.Least, s.relayRules().MinRelay) }

// PayRate is the rate that payments pay where they name none; 0: by estimate.
func (s *Service) PayRate() policy.FeeRate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pay
}

// SetPayRate sets it, until the wallet is closed [settxfee].
func (s *Service) SetPayRate(r policy.FeeRate) error {
	most := policy.FeeRate(s.cfg.Habits.MaxFee)
	switch relay := s.relayRules().MinRelay; {
	case r == 0:
	case r < relay:
		return fmt.Errorf("%w: txfee cannot be less than min relay tx fee (%s)", wallet.ErrPayRate, relay)
	case r < s.cfg.Habits.Least:
		return fmt.Errorf("%w: txfee cannot be less than wallet min fee (%s)", wallet.ErrPayRate, s.cfg.Habits.Least)
	case r > most:
		return fmt.Errorf("%w: txfee cannot be more than wallet max tx fee (%s)", wallet.ErrPayRate, most)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pay = r
	return nil
}

// Habits are how the wallet spends where a call does not say.
func (s *Service) Habits() wallet.Habits { return s.cfg.Habits }

// FeeRate is what a transaction with these options pays, and why [GetMinimumFeeRate, GetMinimumFee].
func (s *Service) FeeRate(o wallet.Options) (rate policy.FeeRate, why wallet.FeeReason, err error) {
	rate, why = s.wantedRate(o)
	if o.FeeRate != nil && o.AnyRate {
		return rate, why, nil
	}
	if rate == 0 && why == wallet.FeeFallback {
		return 0, why, wallet.ErrNoFeeRate
	}
	if least := s.leastRate(); rate < least {
		rate, why = least, wallet.FeeMinimum
	}
	if o.FeeRate != nil && rate > *o.FeeRate {
		return 0, why, &wallet.RateError{Rate: *o.FeeRate, Least: rate}
	}
	return rate, why, nil
}

func (s *Service) wantedRate(o wallet.Options) (policy.FeeRate, wallet.FeeReason) {
	if o.FeeRate != nil {
		return *o.FeeRate, wallet.FeeOfCaller
	}
	if pay := s.PayRate(); pay != 0 && o.Target == 0 {
		return pay, wallet.FeeOfCaller
	}
	target := o.Target
	if target == 0 {
		target = s.cfg.Habits.Target
	}
	conservative := o.Mode == wallet.FeeConservative || o.Mode == wallet.FeeByReplacing && o.Final
	rate, why := s.cfg.Habits.Fallback, wallet.FeeFallback
	if r, ok := s.estimate(target, conservative); ok {
		rate, why = r, wallet.FeeEstimate
	} else if rate == 0 {
		return 0, wallet.FeeFallback
	}
	if least := s.poolMin(); rate < least {
		rate, why = least, wallet.FeePoolMin
	}
	return rate, why
}

func (s *Service) estimate(target int, conservative bool) (policy.FeeRate, bool) {
	if s.cfg.EstimateFee == nil {
		return 0, false
	}
	return s.cfg.EstimateFee(target, conservative)
}

// rates are what decides beside the rate that is paid.
func (s *Service) rates() spend.Rates {
	h, rules := s.cfg.Habits, s.relayRules()
	discard := h.Discard
	if r, ok := s.estimate(longestTarget, false); ok {
		discard = min(discard, r) // GetDiscardRate
	}
	return spend.Rates{LongTerm: h.Consolidate, Discard: max(discard, rules.DustRelay), Dust: rules.DustRelay, Relay: rules.MinRelay, MaxFee: h.MaxFee}
}

func (s *Service) limits() spend.Limits {
	h, chains := s.cfg.Habits, s.relayRules().Chains
	return spend.Limits{Ancestors: chains.Ancestors, Descendants: chains.Descendants, LongChains: h.LongChains, Unconfirmed: !h.NoFresh}
}
