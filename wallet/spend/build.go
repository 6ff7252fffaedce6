package spend

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
	"grapevine/wallet/coinselect"
)

const (
	// staleTip: an older tip says that we are not at the chain's end, and a
	// lock time would only set us apart [MAX_ANTI_FEE_SNIPING_TIP_AGE].
	staleTip = 8 * time.Hour

	// unknownChange is what spending change is taken to need whose script the wallet
	// does not know, in virtual bytes [DUMMY_NESTED_P2WPKH_INPUT_SIZE].
	unknownChange = 91

	// leastTx is the smallest transaction that is relayed, without witness
	// [MIN_STANDARD_TX_NONWITNESS_SIZE].
	leastTx = 65
)

// Draft is everything that a new transaction depends on.
type Draft struct {
	Payments []wallet.Payment
	wallet.Options
	Rate   policy.FeeRate // that it pays
	Rates  Rates
	Limits Limits

	Inputs []Input // of Options.Inputs, in their order
	Coins  []Input // spent where needed; see Spendable of each. They stay as they are from one Build to the next

	known []coinselect.Coin // Coins, all of them, as the selection knows them

	Change      []byte // script of a change output; nil: there can be none,
	NoChange    error  // for this reason
	ChangeInput int    // virtual bytes of an input that spends it; 0: not known

	Tip *chain.HeaderNode
	Now time.Time
	// Together is what the unconfirmed ancestors of coins lack of the rate
	// altogether; false: they are too many. Nil: what each lacks.
	Together func([]wire.OutPoint) (btcutil.Amount, bool)
}

// Rates are what decides beside the rate that is paid.
type Rates struct {
	LongTerm policy.FeeRate // what spending coins will cost one day [-consolidatefeerate]
	Discard  policy.FeeRate // change that costs more to spend goes to the fee [-discardfee]
	Dust     policy.FeeRate // what relay asks of an output
	Relay    policy.FeeRate // the least that is relayed [-minrelaytxfee]
	MaxFee   btcutil.Amount // of a transaction [-maxtxfee]
}

// Limits are those of relay and of the wallet's owner.
type Limits struct {
	Ancestors, Descendants int
	LongChains             bool // more of them may be tried at last [-walletrejectlongchains=0]
	Unconfirmed            bool // own unconfirmed change may be spent [-spendzeroconfchange]
}

// Funded is a transaction with its coins, not yet signed.
type Funded struct {
	wallet.Funded
	Inputs []Input // as wallet.Funded.Spent
	VSize  int     // signed, at most
	By     coinselect.Algorithm
	Waste  btcutil.Amount
}

// checkPayments refuses amounts that nobody would relay or that cannot be.
func checkPayments(pay []wallet.Payment, dust policy.FeeRate) error {
	var total btcutil.Amount
	if len(pay) == 0 {
		return wallet.ErrNobody
	}
	for i, p := range pay {
		least := dust.DustLimit(p.Script)
		switch {
		case p.Amount < 0 || p.Amount > chain.MaxMoney:
			return fmt.Errorf("%w: payment %d: %s BTC", chain.ErrAmount, i+1, chain.FormatAmount(p.Amount))
		case p.Amount < least:
			return fmt.Errorf("%w: %s BTC, and nodes relay no less than %s BTC to this address",
				wallet.ErrDust, chain.FormatAmount(p.Amount), chain.FormatAmount(least))
		}
		if total += p.Amount; total > chain.MaxMoney {
			return fmt.Errorf("%w: the payments together are more than there can be", chain.ErrAmount)
		}
	}
	return nil
}

// Check refuses options that make no sense with so many payments.
func (d *Draft) Check() error {
	if w := d.maxWeight(); w < leastTx*chain.WitnessScale || w > policy.MaxWeight {
		return fmt.Errorf("%w between %d and %d", wallet.ErrMaxWeight, leastTx*chain.WitnessScale, policy.MaxWeight)
	}
	n := len(d.Payments)
	if at := d.ChangeAt; at != nil && (*at < 0 || *at > n) {
		return wallet.ErrChangeAt
	}
	for i, p := range d.SubtractFee {
		if p < 0 || p >= n || slices.Contains(d.SubtractFee[:i], p) {
			return fmt.Errorf("payment %d, which is to bear the fee, is not there or is there twice", p)
		}
	}
	return checkPayments(d.Payments, d.Rates.Dust)
}

func (d *Draft) maxWeight() int {
	if d.MaxWeight != nil {
		return *d.MaxWeight
	}
	return policy.MaxWeight
}

// Build chooses the coins and makes the transaction, not yet signed (Core:
// CreateTransactionInternal). A *wallet.FundsError says that the coins are not
// enough; only its Needed is filled in [CWallet::CreateTransaction].
func (d *Draft) Build(r *rand.Rand) (f Funded, err error) {
	if err := d.Check(); err != nil {
		return f, err
	}
	p := d.params(r)
	if p.Target == 0 && len(d.Inputs) == 0 {
		return f, wallet.ErrNothing
	}
	coins := d.eligible()
	res, err := coinselect.Select(asked(d.Inputs), d.askedOnce(coins), d.with(p, coins))
	if err != nil {
		return f, d.short(err, p, coins)
	}
	f.By, f.Waste = res.By, res.Waste
	fresh := make([]Input, 0, len(res.Coins))
	for _, i := range res.Coins {
		fresh = append(fresh, coins[i])
	}
	f.Tx, f.Inputs = d.shape(fresh, r)
	f.Change = -1
	if change := res.Change(p); change > 0 {
		f.Change = r.IntN(len(f.Tx.TxOut) + 1)
		if d.ChangeAt != nil {
			f.Change = *d.ChangeAt
		}
		f.Tx.TxOut = slices.Insert(f.Tx.TxOut, f.Change, wire.NewTxOut(int64(change), d.Change))
	}
	for i := range f.Inputs {
		f.Spent = append(f.Spent, f.Inputs[i].Coin)
	}
	return f, d.settle(&f, res.Bump)
}

// params are what the selection is to reach.
func (d *Draft) params(r *rand.Rand) *coinselect.Params {
	out, total := d.outputs()
	base := 10 + wire.VarIntSerializeSize(uint64(len(out)))
	for _, o := range out {
		base += o.SerializeSize()
	}
	spend := d.ChangeInput
	if spend == 0 {
		spend = unknownChange
	}
	p := &coinselect.Params{
		Target: total, Subtract: len(d.SubtractFee) > 0, Rate: d.Rate, LongTerm: d.Rates.LongTerm,
		ChangeSize: wire.NewTxOut(0, d.Change).SerializeSize(),
		MaxWeight:  d.maxWeight(), BaseSize: base,
		OnlyPreset: d.OnlyCoins, AvoidPartial: d.AvoidPartial, Unsafe: d.Unsafe,
		Unconfirmed: d.Limits.Unconfirmed, LongChains: d.Limits.LongChains,
		MaxAncestors: d.Limits.Ancestors, MaxDescendants: d.Limits.Descendants, Rand: r,
	}
	later := d.Rates.Discard.Fee(spend)
	p.CostOfChange = p.Rate.Fee(p.ChangeSize) + later
	p.MinChange = max(later+1, d.Rates.Discard.DustLimit(d.Change))
	p.ChangeGoal = p.Rate.Fee(p.ChangeSize) + changeGoal(total/btcutil.Amount(len(out)), r)
	if !p.Subtract {
		p.Target += p.Rate.Fee(base)
	}
	return p
}

// changeGoal is the change to aim at: random, so that it does not give away
// which output it is, and of use for the next payment [GenerateChangeTarget].
func changeGoal(payment btcutil.Amount, r *rand.Rand) btcutil.Amount {
	if payment <= coinselect.ChangeLower/2 {
		return coinselect.ChangeLower
	}
	upper := min(payment*2, coinselect.ChangeUpper)
	return coinselect.ChangeLower + btcutil.Amount(r.Int64N(int64(upper-coinselect.ChangeLower)))
}

// outputs are the payments as they go into the transaction.
func (d *Draft) outputs() (out []*wire.TxOut, total btcutil.Amount) {
	for _, p := range d.Payments {
		out = append(out, wire.NewTxOut(int64(p.Amount), p.Script))
		total += p.Amount
	}
	return out, total
}

// eligible are the coins that may be spent beside the caller's.
func (d *Draft) eligible() (list []Input) {
	if d.OnlyCoins {
		return nil
	}
	// A large purse is not copied where all of it may be spent.
	n := 0
	for n < len(d.Coins) && d.may(&d.Coins[n]) {
		n++
	}
	if n == len(d.Coins) {
		return d.Coins[:n:n]
	}
	list = make([]Input, 0, len(d.Coins))
	for i := range d.Coins {
		if d.may(&d.Coins[i]) {
			list = append(list, d.Coins[i])
		}
	}
	return list
}

// may says whether a coin may be spent as the options have it.
func (d *Draft) may(c *Input) bool {
	deep := int64(c.Confirmations)
	if deep < int64(d.MinDepth) || d.MaxDepth != nil && deep > int64(*d.MaxDepth) || !d.Unsafe && !c.Safe {
		return false
	}
	// BIP431: what is unconfirmed of version 3 and of others does not mix
	return c.TRUC == (d.Version == policy.TRUCVersion) || deep != 0
}

// askedOnce are eligible coins as the selection knows them; all of a large purse are
// looked at once for several calls of Build.
func (d *Draft) askedOnce(coins []Input) []coinselect.Coin {
	if len(coins) < len(d.Coins) {
		return asked(coins)
	}
	if len(d.known) != len(coins) {
		d.known = asked(coins)
	}
	return d.known
}

// asked are coins as the selection knows them.
func asked(coins []Input) []coinselect.Coin {
	list := make([]coinselect.Coin, len(coins))
	for i := range coins {
		c := &coins[i]
		list[i] = coinselect.Coin{
			Value: c.Value, VSize: c.VSize(), Bump: c.Bump, Type: int(c.Shape.Kind), Owner: c.Owner, Depth: c.Confirmations, Mine: c.FromMe,
			Ancestors: c.Ancestors, Descendants: c.Descendants,
		}
	}
	return list
}

// with lets the selection ask for ancestors in common.
func (d *Draft) with(p *coinselect.Params, coins []Input) *coinselect.Params {
	if d.Together != nil {
		p.Together = func(list []int) (btcutil.Amount, bool) {
			ops := make([]wire.OutPoint, len(list))
			for i, at := range list {
				ops[i] = coins[at].OutPoint
			}
			return d.Together(ops)
		}
	}
	return p
}

// short says how much is missing where no more is known.
func (d *Draft) short(err error, p *coinselect.Params, coins []Input) error {
	if !errors.Is(err, coinselect.ErrFunds) {
		return err
	}
	have, there := d.worth(d.Inputs, p), d.worth(coins, p)
	_, total := d.outputs()
	missing := p.Target - have[0] - there[0]
	return &wallet.FundsError{Payments: total, Needed: max(have[1]+there[1]+missing, total)}
}

// worth is what coins count for, and their amount.
func (d *Draft) worth(coins []Input, p *coinselect.Params) (sum [2]btcutil.Amount) {
	for i := range coins {
		c := &coins[i]
		counts := c.Value
		if !p.Subtract {
			counts -= p.Rate.Fee(c.VSize()) + c.Bump
		}
		if counts > 0 {
			sum[0] += counts
			sum[1] += c.Value
		}
	}
	return sum
}
