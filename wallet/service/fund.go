package service

//lint:file-ignore ST1005 some of these texts are Bitcoin Core's, which clients compare

import (
	"context"
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/spend"
)

// Request is a transaction that somebody wants.
type Request struct {
	Payments []wallet.Payment
	wallet.Options
	Known *descriptor.Provider // what the caller knows of the scripts of foreign inputs; may be nil
	all   allOf
}

// RequestFor asks for a transaction like tx: its outputs are the payments, and its
// inputs are spent as they are, with those of o behind them. Coins are what is known of those that are not ours.
func RequestFor(tx *wire.MsgTx, o wallet.Options, coins map[wire.OutPoint]chain.Coin) Request {
	q := Request{Options: o}
	q.LockTime, q.Version = &tx.LockTime, tx.Version
	for _, out := range tx.TxOut {
		q.Payments = append(q.Payments, wallet.Payment{Script: out.PkScript, Amount: btcutil.Amount(out.Value)})
	}
	weights := map[wire.OutPoint]int{}
	for _, in := range o.Inputs {
		weights[in.OutPoint] = in.Weight
	}
	q.Inputs = nil
	for _, in := range tx.TxIn {
		one := wallet.Input{OutPoint: in.PreviousOutPoint, Sequence: &in.Sequence, ScriptSig: in.SignatureScript, Witness: in.Witness, Weight: weights[in.PreviousOutPoint]}
		if coin, ok := coins[in.PreviousOutPoint]; ok {
			one.Foreign = &coin
		}
		q.Inputs = append(q.Inputs, one)
		delete(weights, in.PreviousOutPoint)
	}
	for _, in := range o.Inputs { // whose weight is named is spent
		if _, ok := weights[in.OutPoint]; ok {
			q.Inputs = append(q.Inputs, in)
			delete(weights, in.OutPoint)
		}
	}
	return q
}

// allOf says of a Request that it spends everything.
type allOf struct{ all, max bool }

// Fund chooses coins of ours, beside the inputs that are asked for, until they pay
// for the payments and the fee, and adds change. With Options.Lock the coins are set
// aside at once, as by LockCoins.
func (s *Service) Fund(ctx context.Context, q Request) (spend.Funded, error) {
	if err := s.ready(ctx); err != nil {
		return spend.Funded{}, err
	}
	f, err := s.fund(q, false)
	if err != nil {
		return f, err
	}
	return f, s.flush() // its change address must not be handed out again after a crash
}

// FundAll makes a transaction that spends all coins, or all inputs that are asked
// for. Payments with Share get what is left. Max: coins stay that cost more than
// they are worth [sendall].
func (s *Service) FundAll(ctx context.Context, q Request, max bool) (spend.Funded, error) {
	q.all = allOf{true, max}
	return s.Fund(ctx, q)
}

// fund chooses the coins; hold keeps them from everybody else until release. A
// payment that spends only some of the coins of a script is tried once more with all
// of them, which tells less about the wallet, and taken if it costs no more
// [-maxapsfee].
func (s *Service) fund(q Request, hold bool) (spend.Funded, error) {
	rate, why, err := s.FeeRate(q.Options)
	if err != nil {
		return spend.Funded{}, err
	}
	q.AvoidPartial = q.AvoidPartial || s.cfg.Habits.AvoidPartial
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	d, err := s.draft(q, rate)
	if err != nil {
		return spend.Funded{}, err
	}
	f, err := s.build(d, q)
	if err == nil && !q.AvoidPartial && !q.all.all && f.Fee > 0 && s.cfg.Habits.MaxPartial >= 0 && spend.Shared(d.Coins) {
		d.AvoidPartial = true
		f = s.cheaper(f, d, q)
	}
	if err == nil && s.cfg.Relay != nil && !s.cfg.Habits.LongChains {
		err = s.cfg.Relay.CheckChain(chain.NewTx(f.Tx))
	}
	f.Reason = why
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		return f, s.state.Explain(err)
	}
	s.state.ChangeUsed(f)
	if hold {
		s.state.Hold(f.Spent)
	}
	if q.Lock {
		s.state.LockInputs(f.Spent)
	}
	return f, nil
}

// cheaper takes the draft with the coins of each script together, if that costs no more.
func (s *Service) cheaper(f spend.Funded, d *spend.Draft, q Request) spend.Funded {
	whole, err := s.build(d, q)
	if err != nil {
		return f
	}
	using, old := "non-grouped", f.Fee
	if whole.Fee <= f.Fee+s.cfg.Habits.MaxPartial {
		f, using = whole, "grouped"
	}
	s.cfg.Log.Info(fmt.Sprintf("Fee non-grouped = %d, grouped = %d, using %s", old, whole.Fee, using))
	return f
}

func (s *Service) build(d *spend.Draft, q Request) (spend.Funded, error) {
	r, err := s.seeded()
	if err != nil {
		return spend.Funded{}, err
	}
	if q.all.all {
		return d.All(q.all.max, r)
	}
	return d.Build(r)
}

// draft gathers what a transaction needs to be built.
func (s *Service) draft(q Request, rate policy.FeeRate) (*spend.Draft, error) {
	d := &spend.Draft{Payments: q.Payments, Options: q.Options, Rate: rate, Rates: s.rates(), Limits: s.limits(), Now: s.cfg.Now()}
	s.mu.Lock()
	err := s.state.Gather(d, q.Known)
	s.mu.Unlock()
	if err != nil || s.cfg.Relay == nil {
		return d, err
	}
	d.Together = func(ops []wire.OutPoint) (btcutil.Amount, bool) {
		_, all, ok := s.cfg.Relay.BumpFees(ops, rate)
		return all, ok
	}
	s.askPool(d.Coins, rate)
	s.askPool(d.Inputs, rate)
	return d, nil
}

// askPool fills in what the pool knows of unconfirmed coins' ancestors.
func (s *Service) askPool(coins []spend.Input, rate policy.FeeRate) {
	var at []int
	var ops []wire.OutPoint
	for i := range coins {
		if c := &coins[i]; c.Confirmations == 0 {
			c.Ancestors, c.Descendants = s.cfg.Relay.Family(c.OutPoint.Hash)
			at, ops = append(at, i), append(ops, c.OutPoint)
		}
	}
	if len(ops) == 0 {
		return
	}
	each, _, _ := s.cfg.Relay.BumpFees(ops, rate) // of too many Together will say so
	for n, i := range at {
		coins[i].Bump = each[n]
	}
}
