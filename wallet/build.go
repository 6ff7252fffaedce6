package wallet

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

const (
	// maxFee is the most that the wallet pays for one transaction [DEFAULT_TRANSACTION_MAXFEE].
	maxFee btcutil.Amount = 10_000_000
	// MinFeeRate is what nodes ask at least [DEFAULT_MIN_RELAY_TX_FEE].
	MinFeeRate policy.FeeRate = 1000
	// NoFallback as a fallback rate: a payment that names no rate is refused
	// while nothing is known of fees [-fallbackfee=0].
	NoFallback policy.FeeRate = -1
	// maxFeeRate is a typing error: 10,000 sat/vB [DEFAULT_MAX_RAW_TX_FEE_RATE].
	maxFeeRate policy.FeeRate = 10_000_000

	// staleTip: an older tip says that we are not at the chain's end, and a
	// lock time would only set us apart [MAX_ANTI_FEE_SNIPING_TIP_AGE].
	staleTip = 8 * time.Hour
)

// Draft is everything that a new transaction depends on.
type Draft struct {
	Payments []Payment
	Options              // FeeRate and Change are set
	Preset   []Coin      // spent in any case, in this order
	Coins    []Coin      // spent where needed; spendable ones only
	Template *wire.MsgTx // nil, or version, lock time and the sequences of Preset
	Tip      *chain.HeaderNode
	Now      time.Time
}

// ChangeKind is the kind of change that hides best among these payments.
func ChangeKind(pay []Payment, o Options) Kind {
	if o.ChangeKind != nil {
		return *o.ChangeKind
	}
	for _, p := range pay {
		if len(p.Script) == 34 && p.Script[0] == 0x51 {
			return Taproot
		}
	}
	return SegWit
}

// CheckPayments refuses amounts that nobody would relay or that cannot be.
func CheckPayments(pay []Payment) error {
	var total btcutil.Amount
	for i, p := range pay {
		dust := policy.DustLimit(p.Script)
		switch {
		case p.Amount < 0 || p.Amount > chain.MaxMoney:
			return fmt.Errorf("%w: payment %d: %s BTC", chain.ErrAmount, i+1, chain.FormatAmount(p.Amount))
		case p.Amount < dust:
			return fmt.Errorf("%w: %s BTC, and nodes relay no less than %s BTC to this address",
				ErrDust, chain.FormatAmount(p.Amount), chain.FormatAmount(dust))
		}
		if total += p.Amount; total > chain.MaxMoney {
			return fmt.Errorf("%w: the payments together are more than there can be", chain.ErrAmount)
		}
	}
	return nil
}

// Check refuses options that make no sense with so many payments.
func (o Options) Check(payments int) error {
	switch {
	case o.FeeRate < MinFeeRate:
		return fmt.Errorf("%w: %s, and nodes relay nothing below %s", policy.ErrFeeRate, o.FeeRate, MinFeeRate)
	case o.FeeRate > maxFeeRate:
		return fmt.Errorf("%w: a rate of %s, at most %s", ErrFeeTooHigh, o.FeeRate.PerVB(), maxFeeRate.PerVB())
	case o.ChangeAt != nil && (*o.ChangeAt < 0 || *o.ChangeAt > payments):
		return fmt.Errorf("change position %d is out of range", *o.ChangeAt)
	}
	for i, p := range o.SubtractFee {
		if p < 0 || p >= payments || slices.Contains(o.SubtractFee[:i], p) {
			return fmt.Errorf("payment %d, which is to bear the fee, is not there or is there twice", p)
		}
	}
	return nil
}

// Build chooses the coins and makes the transaction, not yet signed. A
// *FundsError says that the coins are not enough; only its Needed is filled in.
func (d *Draft) Build(r *rand.Rand) (Funded, error) {
	if err := d.Options.Check(len(d.Payments)); err != nil {
		return Funded{}, err
	}
	spent, err := d.choose(r)
	if err != nil {
		return Funded{}, err
	}
	f := Funded{Tx: d.shape(spent, r), Spent: spent, Change: -1}
	if err := d.settle(&f, r); err != nil {
		return Funded{}, err
	}
	if weightOf(spent, f.Tx.TxOut) > policy.MaxWeight {
		return Funded{}, fmt.Errorf("%w: %d coins are needed", ErrTooLarge, len(spent))
	}
	if f.Fee > maxFee {
		return Funded{}, fmt.Errorf("%w: %s BTC, at most %s BTC", ErrFeeTooHigh, chain.FormatAmount(f.Fee), chain.FormatAmount(maxFee))
	}
	return f, nil
}

// outputs are the payments as they go into the transaction.
func (d *Draft) outputs() (out []*wire.TxOut, total btcutil.Amount) {
	for _, p := range d.Payments {
		out = append(out, wire.NewTxOut(int64(p.Amount), p.Script))
		total += p.Amount
	}
	return out, total
}

// tiers are which coins may pay, the surest first: what is deep, then every
// confirmed coin, then our own change on short and on long unconfirmed chains.
func tiers() []func(*Coin) bool {
	chainOf := func(limit int) func(*Coin) bool {
		return func(c *Coin) bool { return c.Confirmations > 0 || c.FromMe && c.Ancestors < limit }
	}
	return []func(*Coin) bool{
		func(c *Coin) bool { return c.Confirmations >= 6 || c.FromMe && c.Confirmations > 0 },
		func(c *Coin) bool { return c.Confirmations > 0 },
		chainOf(policy.MaxAncestors / 2),
		chainOf(policy.MaxAncestors),
	}
}

// choose finds the coins to spend, Preset first.
func (d *Draft) choose(r *rand.Rand) ([]Coin, error) {
	out, total := d.outputs()
	a, value := d.aim(out, total, r)
	for i := range d.Preset {
		a.target -= value(&d.Preset[i]).value
	}
	if a.target <= 0 && len(d.Preset) > 0 {
		return slices.Clone(d.Preset), nil
	}
	if a.target <= 0 { // only outputs that carry nothing: one coin must come in all the same
		a.target = 1
	}
	for _, tier := range tiers() {
		var choices []choice
		for i := range d.Coins {
			if !d.OnlyCoins && tier(&d.Coins[i]) {
				c := value(&d.Coins[i])
				c.at = i
				choices = append(choices, c)
			}
		}
		best, ok := selectCoins(choices, a, r)
		if !ok {
			continue
		}
		spent := slices.Clone(d.Preset)
		for _, c := range best.coins {
			spent = append(spent, d.Coins[c.at])
		}
		return spent, nil
	}
	return nil, d.short(a, value)
}

// aim says what the selection is to reach, and what a coin counts for. Where
// the payments bear the fee, coins count in full.
func (d *Draft) aim(out []*wire.TxOut, total btcutil.Amount, r *rand.Rand) (aim, func(*Coin) choice) {
	subtract := len(d.SubtractFee) > 0
	changeSize := wire.NewTxOut(0, d.Change).SerializeSize()
	a := aim{
		target:      total,
		changeSpend: d.changeSpend(),
		minChange:   d.minChange(),
		maxWeight:   policy.MaxWeight - baseWeight(len(d.Coins)+len(d.Preset), out) - chain.WitnessScale*changeSize,
		weight:      func(at int) int { return d.Coins[at].Kind.inputWeight() },
	}
	for i := range d.Preset {
		a.maxWeight -= d.Preset[i].Kind.inputWeight()
	}
	if !subtract {
		a.changeFee = d.FeeRate.Fee(changeSize)
		a.target += d.FeeRate.Fee(vsize(baseWeight(len(d.Coins)+len(d.Preset), out)))
	}
	a.changeTarget = a.changeFee + changeGoal(total, r)
	return a, func(c *Coin) choice {
		in := c.Kind.inputVSize()
		ch := choice{value: c.Value, fee: d.FeeRate.Fee(in), later: longTermRate.Fee(in)}
		if !subtract {
			ch.value -= ch.fee
		}
		return ch
	}
}

// changeSpend is what spending the change will cost one day.
func (d *Draft) changeSpend() btcutil.Amount {
	return discardRate.Fee(ChangeKind(d.Payments, d.Options).inputVSize())
}

// minChange is the least change worth an output.
func (d *Draft) minChange() btcutil.Amount {
	return max(d.changeSpend()+1, policy.DustLimit(d.Change))
}

// changeGoal is the change to aim at: random, so that it does not give away
// which output it is, and of use for the next payment [GenerateChangeTarget].
func changeGoal(payment btcutil.Amount, r *rand.Rand) btcutil.Amount {
	if payment <= changeLower/2 {
		return changeLower
	}
	upper := min(payment*2, changeUpper)
	return changeLower + btcutil.Amount(r.Int64N(int64(upper-changeLower)+1))
}

// short says why no selection was found.
func (d *Draft) short(a aim, value func(*Coin) choice) error {
	var have btcutil.Amount
	count := 0
	for i := range d.Coins {
		if c := value(&d.Coins[i]); c.value > 0 && !d.OnlyCoins && d.Coins[i].usable() {
			have += c.value
			count++
		}
	}
	if have >= a.target {
		return fmt.Errorf("%w: the payment needs too many small coins", ErrTooLarge)
	}
	_, total := d.outputs()
	missing := a.target - have
	var there btcutil.Amount
	for i := range d.Preset {
		there += d.Preset[i].Value
	}
	for i := range d.Coins {
		if !d.OnlyCoins && d.Coins[i].usable() {
			there += d.Coins[i].Value
		}
	}
	return &FundsError{Needed: max(there+missing, total), Payments: total, Chained: d.chained()}
}

// chained is the value of coins that only the pool's limit keeps from paying.
func (d *Draft) chained() (sum btcutil.Amount) {
	for i := range d.Coins {
		if !d.OnlyCoins && !d.Coins[i].usable() {
			sum += d.Coins[i].Value
		}
	}
	return sum
}

func (c *Coin) usable() bool {
	return c.Confirmations > 0 || c.FromMe && c.Ancestors < policy.MaxAncestors
}

// shape is the transaction without change: inputs in random order (Preset as
// given), payments, lock time.
func (d *Draft) shape(spent []Coin, r *rand.Rand) *wire.MsgTx {
	fresh := spent[len(d.Preset):]
	r.Shuffle(len(fresh), func(i, j int) { fresh[i], fresh[j] = fresh[j], fresh[i] })
	tx := wire.NewMsgTx(2)
	tx.LockTime = d.lockTime(r)
	for i := range spent {
		in := wire.NewTxIn(&spent[i].OutPoint, nil, nil)
		in.Sequence = policy.MaxReplaceable
		if d.Final {
			in.Sequence = policy.MaxNonFinal
		}
		if d.Template != nil && i < len(d.Template.TxIn) {
			in.Sequence = d.Template.TxIn[i].Sequence
		}
		tx.AddTxIn(in)
	}
	if d.Template != nil {
		tx.Version = d.Template.Version
	}
	tx.TxOut, _ = d.outputs()
	return tx
}

// lockTime is the tip's height, so that a miner gains nothing by mining the
// last block again with this transaction in it; in one of ten cases a little
// less, to cover those who were slow to publish [DiscourageFeeSniping].
func (d *Draft) lockTime(r *rand.Rand) uint32 {
	switch {
	case d.Template != nil:
		return d.Template.LockTime
	case d.LockTime != nil:
		return *d.LockTime
	case d.Tip == nil || d.Now.Sub(d.Tip.Header.Timestamp) > staleTip:
		return 0
	}
	height := d.Tip.Height
	if r.IntN(10) == 0 {
		height = max(0, height-int32(r.IntN(100)))
	}
	return uint32(height)
}

// settle adds the change output where it is worth one, and sets the fee.
func (d *Draft) settle(f *Funded, r *rand.Rand) error {
	_, total := d.outputs()
	var in btcutil.Amount
	for i := range f.Spent {
		in += f.Spent[i].Value
	}
	subtract := len(d.SubtractFee) > 0

	withChange := append(slices.Clone(f.Tx.TxOut), wire.NewTxOut(0, d.Change))
	change := in - total
	if !subtract {
		change -= d.FeeRate.Fee(vsize(weightOf(f.Spent, withChange)))
	}
	if change >= d.minChange() {
		f.Change = r.IntN(len(f.Tx.TxOut) + 1)
		if d.ChangeAt != nil {
			f.Change = *d.ChangeAt
		}
		f.Tx.TxOut = slices.Insert(f.Tx.TxOut, f.Change, wire.NewTxOut(int64(change), d.Change))
	} else {
		change = 0
	}
	f.Fee = in - total - change
	if subtract {
		return d.subtract(f)
	}
	return nil
}

// subtract takes what the fee still lacks from the payments that bear it, in
// equal parts; the first one pays the remainder.
func (d *Draft) subtract(f *Funded) error {
	lack := d.FeeRate.Fee(vsize(weightOf(f.Spent, f.Tx.TxOut))) - f.Fee
	if lack <= 0 {
		return nil
	}
	f.Fee += lack
	share := lack / btcutil.Amount(len(d.SubtractFee))
	for n, i := range d.SubtractFee {
		part := share
		if n == 0 {
			part += lack % btcutil.Amount(len(d.SubtractFee))
		}
		out := f.Tx.TxOut[d.outAt(i, f.Change)]
		switch out.Value -= int64(part); {
		case out.Value <= 0:
			return fmt.Errorf("%w to pay the fee: %s BTC, payment %d", ErrBearsFee, chain.FormatAmount(f.Fee), i+1)
		case out.Value < int64(policy.DustLimit(out.PkScript)):
			return fmt.Errorf("%w to send after the fee has been deducted: %s BTC, payment %d", ErrBearsFee, chain.FormatAmount(f.Fee), i+1)
		}
	}
	return nil
}

// outAt is where payment i stands once change has been put in.
func (d *Draft) outAt(i, change int) int {
	if change >= 0 && change <= i {
		return i + 1
	}
	return i
}
