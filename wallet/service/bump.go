package service

import (
	"context"
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/spend"
	"grapevine/wallet/state"
)

// Bumped is the replacement, not signed yet.
type Bumped struct {
	spend.Funded
	Old btcutil.Amount // the original's fee
}

// BumpFee makes a transaction that replaces one of ours and pays more
// [bumpfee, feebumper::CreateRateBumpTransaction].
func (s *Service) BumpFee(ctx context.Context, txid chain.Hash, b state.Bump) (out Bumped, err error) {
	if b.Outputs != nil && b.ChangeAs != nil {
		return out, &wallet.BumpError{Why: "The options 'outputs' and 'original_change_index' are incompatible. You can only either specify a new set of outputs, or designate a change output to be recycled.", Param: true}
	}
	if err := s.ready(ctx); err != nil {
		return out, err
	}
	s.mu.Lock()
	old, err := s.state.ToBump(txid, &b)
	s.mu.Unlock()
	if err != nil {
		return out, err
	}
	out.Old = old.Fee
	q := Request{Payments: b.Outputs, Options: b.Options}
	if err := s.bumpRate(&q, old); err != nil {
		return out, err
	}
	q.MinDepth = 1 // BIP125 rule 2: no new unconfirmed inputs
	if out.Funded, err = s.fund(q, false); err != nil {
		return out, fmt.Errorf("%w %w", wallet.ErrNoBump, err)
	}
	return out, s.flush()
}

// bumpRate checks the rate that was asked for, or takes the least that will do.
func (s *Service) bumpRate(q *Request, old state.Original) error {
	rules := s.relayRules()
	b := spend.Bump{
		Fee: old.Fee, VSize: old.Tx.VSize(), Increment: rules.Increment, PoolMin: s.poolMin(), Least: s.leastRate(), MaxFee: s.cfg.Habits.MaxFee,
	}
	if q.FeeRate == nil {
		usual, _, err := s.FeeRate(q.Options)
		if err != nil {
			return err
		}
		rate := b.Rate(usual)
		q.FeeRate = &rate
		return nil
	}
	s.mu.Lock()
	d := spend.Draft{Options: q.Options}
	d.OnlyCoins = true
	err := s.state.Gather(&d, descriptor.NewProvider())
	s.mu.Unlock()
	if err != nil {
		return err
	}
	var outs []*wire.TxOut
	for _, o := range old.Outputs {
		outs = append(outs, wire.NewTxOut(int64(o.Amount), o.Script))
	}
	var lack btcutil.Amount
	if s.cfg.Relay != nil {
		var ops []wire.OutPoint
		for _, in := range q.Inputs {
			ops = append(ops, in.OutPoint)
		}
		_, lack, _ = s.cfg.Relay.BumpFees(ops, *q.FeeRate)
	}
	return b.Check(*q.FeeRate, spend.VSize(d.Inputs, outs), lack)
}
