package spend

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"fmt"
	"math/rand/v2"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain/policy"
	"grapevine/wallet"
)

// All makes a transaction that spends every coin: those of Inputs where there are
// any, else those of Coins. Payments without an amount share what the others and
// the fee leave. Max: coins stay that cost more than they are worth (Core: sendall).
func (d *Draft) All(max bool, r *rand.Rand) (f Funded, err error) {
	all := d.Inputs
	if len(d.Options.Inputs) == 0 {
		all = nil
		for _, c := range d.eligible() {
			if !max || d.Rate.Fee(c.VSize()) <= c.Value {
				all = append(all, c)
				d.Options.Inputs = append(d.Options.Inputs, wallet.Input{OutPoint: c.OutPoint})
			}
		}
	}
	d.Inputs = all
	if d.LockTime == nil {
		d.LockTime = new(uint32)
	}
	f.Tx, f.Inputs = d.shape(nil, r)
	f.Change = -1
	f.VSize = vsize(weight(all, f.Tx.TxOut))
	fee := d.Rate.Fee(f.VSize)
	if fee > d.Rates.MaxFee {
		return f, wallet.ErrFeeTooHigh
	}
	in, bump := d.sum(all)
	left := in - fee - bump
	switch {
	case left <= 0 && max:
		return f, fmt.Errorf("%w, try using lower feerate.", wallet.ErrAllPoor)
	case left <= 0:
		return f, fmt.Errorf("%w. Try using lower feerate or excluding uneconomic UTXOs with 'send_max' option.", wallet.ErrAllPoor)
	case weight(all, f.Tx.TxOut) > policy.MaxWeight:
		return f, fmt.Errorf("%w.", wallet.ErrTooLarge)
	}
	for i := range all {
		f.Spent = append(f.Spent, all[i].Coin)
	}
	f.Fee, err = d.share(f.Tx, in, left)
	return f, err
}

// sum is what coins hold, and what their ancestors lack.
func (d *Draft) sum(coins []Input) (in, bump btcutil.Amount) {
	var fresh []wire.OutPoint
	for i := range coins {
		in += coins[i].Value
		if coins[i].Confirmations <= 0 {
			fresh = append(fresh, coins[i].OutPoint)
			bump += coins[i].Bump
		}
	}
	if d.Together != nil && len(fresh) > 0 {
		if all, ok := d.Together(fresh); ok {
			bump = all
		}
	}
	return in, bump
}

// share gives what is left to the payments that name no amount, in equal parts;
// the first gets the remainder.
func (d *Draft) share(tx *wire.MsgTx, in, left btcutil.Amount) (fee btcutil.Amount, err error) {
	var named btcutil.Amount
	open := btcutil.Amount(0)
	for _, p := range d.Payments {
		if named += p.Amount; p.Share {
			open++
		}
	}
	if named > in {
		return 0, wallet.ErrAllOver
	}
	if left -= named; left < 0 {
		return 0, wallet.ErrAllFees
	}
	rest := left % open
	out := btcutil.Amount(0)
	for i, p := range d.Payments {
		o := tx.TxOut[i]
		if p.Share {
			o.Value = int64(left/open + rest)
			rest = 0
		}
		if least := d.Rates.Dust.DustLimit(o.PkScript); btcutil.Amount(o.Value) < least {
			if p.Share {
				return 0, wallet.ErrAllDust
			}
			return 0, fmt.Errorf("%w %s is below dust threshold.", wallet.ErrNamedDust, p.Name)
		}
		out += btcutil.Amount(o.Value)
	}
	return in - out, nil
}
