package state

import (
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
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
}

func refuse(param bool, format string, args ...any) error {
	return &wallet.BumpError{Why: fmt.Sprintf(format, args...), Param: param}
}

// Original is a transaction that is to be replaced.
type Original struct {
	Tx      *chain.Tx
	Fee     btcutil.Amount
	Outputs []wallet.Payment // of the replacement, change too: Bump's, or the original's
}

// ToBump finds the transaction that is to be replaced, says why it cannot be, and
// makes b one that says what the replacement spends and pays.
func (st *State) ToBump(txid chain.Hash, b *Bump) (old Original, err error) {
	old, err = st.original(txid, b)
	if err == nil {
		err = st.bumpable(txid, *b)
	}
	if err == nil {
		err = st.recipients(&old, b)
	}
	return old, err
}

// original finds the transaction and what it spends, which the replacement spends
// again, all of it: otherwise both might be mined.
func (st *State) original(txid chain.Hash, b *Bump) (old Original, err error) {
	r := st.txs[txid]
	if r == nil {
		return old, wallet.ErrUnknownTx
	}
	if old.Tx, err = chain.DecodeTx(r.raw); err != nil {
		return old, err
	}
	if b.ChangeAs != nil && (*b.ChangeAs < 0 || *b.ChangeAs >= len(old.Tx.TxOut)) {
		return old, refuse(true, "Change position is out of range")
	}
	for _, in := range old.Tx.TxIn {
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
		old.Fee += coin.Value
		b.Inputs = append(b.Inputs, preset)
	}
	old.Fee -= outSum(old.Tx)
	return old, nil
}

// bumpable says why a transaction cannot be replaced [PreconditionChecks].
func (st *State) bumpable(txid chain.Hash, b Bump) error {
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

// childless says of a transaction that is to be replaced that nothing of ours would go with it [HasWalletSpend].
func (st *State) childless(r *record) error {
	for i := range r.outs {
		if st.Spent(wire.OutPoint{Hash: r.id, Index: i}) {
			return refuse(true, "Transaction has descendants in the wallet")
		}
	}
	return nil
}

// CheckFree says that tx takes no coin from a payment of ours that was made while tx was:
// only from what it is to replace, and where the caller has named the coin.
func (st *State) CheckFree(tx *chain.Tx, o wallet.Options) error {
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

func (st *State) replaceable(r *record) bool {
	tx, err := chain.DecodeTx(r.raw)
	return err == nil && policy.SignalsReplacement(tx.MsgTx)
}

// recipients are the outputs of the replacement without its change. Where there is
// nothing but change, that is paid to and bears the fee.
func (st *State) recipients(old *Original, b *Bump) error {
	outs := b.Outputs
	if outs == nil {
		for _, o := range old.Tx.TxOut {
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
	old.Outputs, b.Outputs = outs, pay
	return nil
}
