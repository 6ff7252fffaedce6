package service

import (
	"context"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/spend"
)

// Bump is how a transaction of ours is to be replaced by one of a higher fee.
type Bump struct {
	wallet.Options
	Outputs  []wallet.Payment // in the place of the original's; nil: the same
	ChangeAs *int             // which output of the original is its change; nil: what is ours and for change
	Coins    map[wire.OutPoint]chain.Coin
	Descends func(chain.Hash) bool // whether the pool has something that spends it
	Foreign  bool                  // inputs of others are taken, too (the answer is a PSBT)

	all []wallet.Payment // Outputs with change, or the original's
}

// Bumped is the replacement, not signed yet.
type Bumped struct {
	spend.Funded
	Old btcutil.Amount // the original's fee
}

// BumpFee makes a transaction that replaces one of ours and pays more
// [bumpfee, feebumper::CreateRateBumpTransaction].
func (s *Service) BumpFee(ctx context.Context, txid chain.Hash, b Bump) (out Bumped, err error) {
	if b.Outputs != nil && b.ChangeAs != nil {
		return out, refuse(true, "The options 'outputs' and 'original_change_index' are incompatible. You can only either specify a new set of outputs, or designate a change output to be recycled.")
	}
	if err := s.ready(ctx); err != nil {
		return out, err
	}
	s.mu.Lock()
	old, err := s.state.original(txid, &b)
	if err == nil {
		err = s.state.bumpable(txid, b)
	}
	if err == nil {
		err = s.state.recipients(old, &b)
	}
	s.mu.Unlock()
	if err != nil {
		return out, err
	}
	out.Old = old.fee
	q := Request{Payments: b.Outputs, Options: b.Options}
	if err := s.bumpRate(&q, old, b.all); err != nil {
		return out, err
	}
	q.MinDepth = 1 // BIP125 rule 2: no new unconfirmed inputs
	if out.Funded, err = s.fund(q, false); err != nil {
		return out, fmt.Errorf("%w %w", wallet.ErrNoBump, err)
	}
	return out, s.flush()
}

func refuse(param bool, format string, args ...any) error {
	return &wallet.BumpError{Why: fmt.Sprintf(format, args...), Param: param}
}

// original is a transaction that is to be replaced.
type original struct {
	tx  *chain.Tx
	fee btcutil.Amount
}

// original finds the transaction and what it spends, which the replacement spends
// again, all of it: otherwise both might be mined.
func (st *state) original(txid chain.Hash, b *Bump) (old original, err error) {
	r := st.txs[txid]
	if r == nil {
		return old, wallet.ErrUnknownTx
	}
	if old.tx, err = chain.DecodeTx(r.raw); err != nil {
		return old, err
	}
	if b.ChangeAs != nil && (*b.ChangeAs < 0 || *b.ChangeAs >= len(old.tx.TxOut)) {
		return old, refuse(true, "Change position is out of range")
	}
	for _, in := range old.tx.TxIn {
		op := in.PreviousOutPoint
		coin, ok := b.Coins[op]
		preset := wallet.Input{OutPoint: op}
		if o := st.out(op); o != nil {
			coin, ok = chain.Coin{Value: o.value, PkScript: []byte(o.own.script)}, ok || r.inPool || st.depth(r) == 0
		} else {
			preset.Foreign, preset.Weight = &coin, spend.SignedWeight(in)
		}
		if !ok {
			return old, fmt.Errorf("%s:%d %w", op.Hash, op.Index, wallet.ErrBumpSpent)
		}
		old.fee += coin.Value
		b.Inputs = append(b.Inputs, preset)
	}
	old.fee -= outSum(old.tx)
	return old, nil
}

// bumpable says why a transaction cannot be replaced [PreconditionChecks].
func (st *state) bumpable(txid chain.Hash, b Bump) error {
	r := st.txs[txid]
	if err := st.childless(r); err != nil {
		return err
	}
	switch {
	case b.Descends != nil && b.Descends(txid):
		return refuse(true, "Transaction has descendants in the mempool")
	case st.depth(r) != 0:
		return refuse(false, "Transaction has been mined, or is conflicted with a mined transaction")
	case !st.replaceable(r):
		return refuse(false, "Transaction is not BIP 125 replaceable")
	case st.txs[r.noted().replacedBy] != nil: // of what is gone an earlier version has left the name
		return refuse(false, "Cannot bump transaction %s which was already bumped by transaction %s", txid, r.noted().replacedBy)
	case !b.Foreign && !st.fromMe(r):
		return refuse(false, "Transaction contains inputs that don't belong to this wallet")
	}
	return nil
}

// childless says of a transaction that is to be replaced that nothing of ours would go with it.
func (st *state) childless(r *record) error {
	for i := range r.outs {
		if st.spent(wire.OutPoint{Hash: r.id, Index: i}) {
			return refuse(true, "Transaction has descendants in the wallet")
		}
	}
	return nil
}

// free says that tx takes no coin from a payment of ours that was made while tx was:
// only from what it is to replace, and where the caller has named the coin.
func (st *state) free(tx *chain.Tx, o wallet.Options) error {
	for _, in := range tx.TxIn {
		op := in.PreviousOutPoint
		named := slices.ContainsFunc(o.Inputs, func(n wallet.Input) bool { return n.OutPoint == op })
		for _, s := range st.spenders[op] {
			if !named && s.counts() && s.id != tx.ID && s.id != o.Replaces {
				return fmt.Errorf("%w: %s by %s", wallet.ErrSpent, op, s.id)
			}
		}
	}
	if was := st.txs[o.Replaces]; was != nil {
		return st.childless(was)
	}
	return nil
}

func (st *state) replaceable(r *record) bool {
	tx, err := chain.DecodeTx(r.raw)
	return err == nil && policy.SignalsReplacement(tx.MsgTx)
}

// recipients are the outputs of the replacement without its change. Where there is
// nothing but change, that is paid to and bears the fee.
func (st *state) recipients(old original, b *Bump) error {
	outs := b.Outputs
	if outs == nil {
		for _, o := range old.tx.TxOut {
			outs = append(outs, wallet.Payment{Script: o.PkScript, Amount: btcutil.Amount(o.Value)})
		}
	}
	var pay []wallet.Payment
	var sum btcutil.Amount
	for i, o := range outs {
		own := st.scripts[string(o.Script)]
		isChange := own != nil && own.Change
		if b.ChangeAs != nil {
			isChange = *b.ChangeAs == i
		}
		if sum += o.Amount; isChange {
			b.ChangeTo = o.Script
		} else {
			pay = append(pay, o)
		}
	}
	if len(pay) == 0 {
		if b.ChangeTo == nil {
			return refuse(true, "Unable to create transaction. Transaction must have at least one recipient")
		}
		pay, b.SubtractFee = []wallet.Payment{{Script: b.ChangeTo, Amount: sum}}, []int{0}
		b.ChangeTo = nil
	}
	b.all, b.Outputs = outs, pay
	return nil
}

// bumpRate checks the rate that was asked for, or takes the least that will do.
func (s *Service) bumpRate(q *Request, old original, all []wallet.Payment) error {
	rules := s.relayRules()
	b := spend.Bump{
		Fee: old.fee, VSize: old.tx.VSize(), Increment: rules.Increment, PoolMin: s.poolMin(), Least: s.leastRate(), MaxFee: s.cfg.Habits.MaxFee,
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
	err := s.state.gather(&d, descriptor.NewProvider())
	s.mu.Unlock()
	if err != nil {
		return err
	}
	var outs []*wire.TxOut
	for _, o := range all {
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
