package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
)

// What is so much that Core warns of it [HIGH_TX_FEE_PER_KB, HIGH_MAX_TX_FEE, HIGH_APS_FEE].
const (
	highRate    policy.FeeRate = 1_000_000
	highFee     btcutil.Amount = 100 * btcutil.Amount(highRate)
	highPartial btcutil.Amount = 10_000
)

// habits are how the wallets spend [CWallet::Create]; the rules of relay are set already.
func (s *setup) habits() error {
	h := wallet.DefaultHabits()
	h.Fallback = wallet.NoFallback // Core's default on every network
	for _, o := range []struct {
		name string
		into *policy.FeeRate
		high string
	}{
		{"mintxfee", &h.Least, "This is the minimum transaction fee you pay on every transaction."},
		{"fallbackfee", &h.Fallback, "This is the transaction fee you may pay when fee estimates are not available."},
		{"discardfee", &h.Discard, "This is the transaction fee you may discard if change is smaller than dust at this level"},
		{"paytxfee", &h.Pay, "This is the transaction fee you will pay if you send a transaction."},
		{"consolidatefeerate", &h.Consolidate, ""},
	} {
		if err := s.feeOption(o.name, o.into); err != nil {
			return err
		}
		if s.Has(o.name) && *o.into > highRate && o.high != "" {
			s.habit(fmt.Sprintf("-%s is set very high! %s", o.name, o.high))
		}
	}
	if h.Fallback == 0 {
		h.Fallback = wallet.NoFallback
	}
	if err := s.feeBounds(&h); err != nil {
		return err
	}
	h.AvoidPartial = s.Bool("avoidpartialspends", false)
	h.LongChains = !s.Bool("walletrejectlongchains", true)
	h.Final, h.NoFresh = !s.Bool("walletrbf", true), !s.Bool("spendzeroconfchange", true)
	h.Silent = !s.Bool("walletbroadcast", !s.Bool("blocksonly", false)) // [InitParameterInteraction]
	h.Target = int(max(1, s.Int("txconfirmtarget", int64(h.Target))))
	s.cfg.Habits = h
	return nil
}

// habit warns of how the wallets spend, whenever one is taken into use.
func (s *setup) habit(text string) { s.cfg.Wallets.Warnings = append(s.cfg.Wallets.Warnings, text) }

// feeBounds reads what a payment may cost.
func (s *setup) feeBounds(h *wallet.Habits) error {
	relay := s.cfg.Policy.MinRelay
	if s.Has("paytxfee") && h.Pay < relay {
		return fmt.Errorf("Invalid amount for -paytxfee=<amount>: '%s' (must be at least %s)", s.String("paytxfee", ""), relay)
	}
	if s.Has("maxtxfee") {
		text := s.String("maxtxfee", "")
		fee, err := chain.ParseAmount(text)
		if err != nil || fee < 0 {
			return fmt.Errorf("Invalid amount for -maxtxfee=<amount>: '%s'", text)
		}
		if fee > highFee {
			s.habit("-maxtxfee is set very high! Fees this large could be paid on a single transaction.")
		}
		if policy.FeeRate(fee) < relay {
			return fmt.Errorf("Invalid amount for -maxtxfee=<amount>: '%s' (must be at least the minrelay fee of %s to prevent stuck transactions)", text, relay)
		}
		h.MaxFee = fee
	}
	switch text := s.String("maxapsfee", "0"); text {
	case "-1":
		h.MaxPartial = -1
	default:
		fee, err := chain.ParseAmount(text)
		if err != nil || fee < 0 {
			return fmt.Errorf("Invalid amount for -maxapsfee=<amount>: '%s'", text)
		}
		if h.MaxPartial = fee; fee > highPartial {
			s.habit("-maxapsfee is set very high! This is the maximum transaction fee you pay (in addition to the normal fee) to prioritize partial spend avoidance over regular coin selection.")
		}
	}
	return nil
}
