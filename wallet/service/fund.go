package service

//lint:file-ignore ST1005 some of these texts are Bitcoin Core's, which clients compare

import (
	"context"
	"errors"
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
		return f, s.state.explain(err)
	}
	s.state.changeUsed(f)
	if hold {
		s.state.hold(f.Spent)
	}
	if q.Lock {
		err = s.state.lockSpent(f.Spent)
	}
	return f, err
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
	err := s.state.gather(d, q.Known)
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

// gather fills in the coins that may pay, those that must, the tip, and a change
// script where the caller has none. That script is free to others until changeUsed [AvailableCoins].
func (st *state) gather(d *spend.Draft, known *descriptor.Provider) error {
	if d.Change = d.ChangeTo; d.Change == nil {
		own, err := st.nextOwned(wallet.Branch{Kind: st.changeKind(d.Payments, d.Options), Change: true})
		if errors.Is(err, wallet.ErrNoKeys) {
			err = fmt.Errorf("Error: No %s addresses available.", st.changeKind(d.Payments, d.Options))
		}
		if err != nil {
			d.NoChange = fmt.Errorf("%w %w", wallet.ErrNoChange, err)
		} else {
			d.Change = []byte(own.script)
		}
	}
	if own := st.scripts[string(d.Change)]; own != nil {
		d.ChangeInput = st.shapeOf(own, false).VSize()
	}
	d.Tip = st.cursor
	must := map[wire.OutPoint]bool{}
	for _, in := range d.Options.Inputs {
		c, err := st.preset(in, d, known)
		if err != nil {
			return err
		}
		if must[in.OutPoint] {
			return fmt.Errorf("%w: %s is named twice", wallet.ErrSpent, in.OutPoint)
		}
		must[in.OutPoint] = true
		d.Inputs = append(d.Inputs, c)
	}
	if d.OnlyCoins {
		return nil
	}
	d.Coins = slices.Grow(d.Coins, len(st.settled()))
	type payee struct {
		number int
		shape  spend.Shape
	}
	payees := map[*owned]payee{}
	st.unspent(func(o *output, trusted bool) {
		if st.immature(o.rec) || st.aside(o) || len(must) > 0 && must[o.op()] || !trusted && !d.Unsafe || d.AvoidReuse && st.dirtyCoin(o) {
			return
		}
		to, ok := payees[o.own]
		if !ok {
			to = payee{len(payees), st.shapeOf(o.own, d.Watching)}
			payees[o.own] = to
		}
		if !to.shape.Solved {
			return
		}
		d.Coins = append(d.Coins, spend.Input{Shape: to.shape, Owner: to.number})
		st.fillCoin(&d.Coins[len(d.Coins)-1].Coin, o, trusted) // where it stays: there may be 100,000
	})
	return nil
}

// shapeKey names scripts that are spent alike: those of one kind of a descriptor.
type shapeKey struct {
	from   *row
	kind   wallet.Kind
	highR  bool
	locked bool // which keys there are cannot be seen
}

// shapeOf is what an input that spends a script of ours will be like.
func (st *state) shapeOf(own *owned, highR bool) spend.Shape {
	key := shapeKey{own.row, own.Kind, highR, st.secrets == nil && !st.watchOnly}
	s, ok := st.shapes[key]
	if !ok && key.locked { // what was seen while it was not is true still
		s, ok = st.shapes[shapeKey{own.row, own.Kind, highR, false}]
	}
	if !ok {
		known, err := st.known(own)
		if err != nil {
			return s // a key behind a hardened step, of a locked wallet
		}
		weigh := spend.Weigh
		switch {
		case own.Kind != wallet.Taproot: // all keys make signatures of the same size
		case key.locked:
			weigh = spend.WeighMost
		default:
			if known, err = st.provider(map[string]chain.Coin{own.script: {}}); err != nil {
				return s
			}
		}
		if s = weigh([]byte(own.script), known, highR); s.Solved { // else it may be once the wallet is unlocked
			st.shapes[key] = s
		}
	}
	return s
}

// preset is a coin that the caller wants spent, ours or not.
func (st *state) preset(in wallet.Input, d *spend.Draft, known *descriptor.Provider) (spend.Input, error) {
	op := in.OutPoint
	c := spend.Input{Coin: wallet.Coin{OutPoint: op}}
	st.settled() // they may be asked for what they have of ours
	o := st.out(op)
	switch tx := st.txs[op.Hash]; {
	case o != nil:
		if _, held := st.held[op]; held {
			return c, fmt.Errorf("%w: %s", wallet.ErrSpent, op)
		}
		c.Coin = st.coin(o, true)
		c.Shape = st.shapeOf(o.own, d.Watching)
	case in.Foreign == nil && tx != nil && op.Index >= tx.outs:
		return c, fmt.Errorf("Invalid pre-selected input %s", showOutPoint(op))
	case in.Foreign == nil:
		return c, wallet.ErrForeign
	default:
		c.Value, c.Script = in.Foreign.Value, in.Foreign.PkScript
		if known == nil {
			known = descriptor.NewProvider()
		}
		c.Shape = spend.Weigh(c.Script, known, true)
	}
	if in.Weight > 0 {
		c.Shape.Weight, c.Solved = in.Weight, true
	}
	if !c.Solved {
		return c, fmt.Errorf("Not solvable pre-selected input %s", showOutPoint(op))
	}
	return c, nil
}

// showOutPoint is an outpoint as Core writes it [COutPoint::ToString].
func showOutPoint(op wire.OutPoint) string {
	return fmt.Sprintf("COutPoint(%.10s, %d)", op.Hash, op.Index)
}

// changeUsed notes that f's change output goes to a script of ours, which nobody
// else is to have then.
func (st *state) changeUsed(f spend.Funded) {
	if f.Change < 0 {
		return
	}
	if own := st.scripts[string(f.Tx.TxOut[f.Change].PkScript)]; own != nil {
		st.handed(own)
	}
}

// hold keeps coins for a transaction that is being made; Release ends it.
func (st *state) hold(coins []wallet.Coin) {
	for i := range coins {
		st.held[coins[i].OutPoint] = struct{}{}
	}
}

// release gives coins back that Hold has kept.
func (st *state) release(coins []wallet.Coin) {
	for i := range coins {
		delete(st.held, coins[i].OutPoint)
	}
}

// explain adds what there is to an error that says there is too little.
func (st *state) explain(err error) error {
	var short *wallet.FundsError
	if errors.As(err, &short) {
		short.Balance, short.Locked = st.balance(0)
	}
	return err
}

// signing is what signing tx needs: the coins it spends, those of prev and
// ours, and the keys of the latter.
func (st *state) signing(tx *wire.MsgTx, prev map[wire.OutPoint]chain.Coin) (map[wire.OutPoint]chain.Coin, *descriptor.Provider, error) {
	coins, scripts := map[wire.OutPoint]chain.Coin{}, map[string]chain.Coin{}
	for _, in := range tx.TxIn {
		op := in.PreviousOutPoint
		c, ok := prev[op]
		if o := st.out(op); o != nil {
			c, ok = chain.Coin{Value: o.value, PkScript: []byte(o.own.script)}, true
		}
		if ok {
			coins[op], scripts[string(c.PkScript)] = c, c
		}
	}
	known, err := st.provider(scripts)
	return coins, known, err
}
