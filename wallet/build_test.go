package wallet_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	. "grapevine/wallet"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/signer"
)

func payTo(kind byte, amount btcutil.Amount) Payment {
	switch kind {
	case 1:
		return Payment{append([]byte{0x51, 32}, make([]byte, 32)...), amount}
	case 2:
		return Payment{append(append([]byte{0xa9, 20}, make([]byte, 20)...), 0x87), amount}
	case 3:
		return Payment{append(append([]byte{0x76, 0xa9, 20}, make([]byte, 20)...), 0x88, 0xac), amount}
	}
	return Payment{append([]byte{0, 20, 1}, make([]byte, 19)...), amount}
}

func (p *purse) draft(t *testing.T, rate policy.FeeRate, pay ...Payment) *Draft {
	d := &Draft{Payments: pay, Options: Options{FeeRate: rate}, Coins: p.coins}
	d.Change = p.script(t, Branch{ChangeKind(pay, d.Options), true}, 0)
	return d
}

// checkBuilt is what must hold for every transaction that the wallet makes.
func checkBuilt(t *testing.T, d *Draft, f Funded) {
	t.Helper()
	var in, out btcutil.Amount
	seen := map[wire.OutPoint]bool{}
	for i, c := range f.Spent {
		in += c.Value
		if f.Tx.TxIn[i].PreviousOutPoint != c.OutPoint || seen[c.OutPoint] {
			t.Fatalf("input %d is not coin %v, or comes twice", i, c.OutPoint)
		}
		seen[c.OutPoint] = true
	}
	for i, o := range f.Tx.TxOut {
		out += btcutil.Amount(o.Value)
		if btcutil.Amount(o.Value) < policy.DustLimit(o.PkScript) {
			t.Fatalf("output %d of %d satoshis is dust", i, o.Value)
		}
	}
	size := VSize(WeightOf(f.Spent, f.Tx.TxOut))
	least := d.FeeRate.Fee(size)
	if in-out != f.Fee || f.Fee < least {
		t.Fatalf("in %d, out %d, fee %d; %d vB need %d", in, out, f.Fee, size, least)
	}
	// More than that is never given away: change would have been made of it.
	spare := max(10*68+1, 330) + d.FeeRate.Fee(8+1+len(d.Change)+3)
	if f.Fee >= least+spare {
		t.Fatalf("fee %d, needed %d: %d given away", f.Fee, least, f.Fee-least)
	}
	if f.Change >= 0 && f.Fee != least {
		t.Fatalf("with change the fee is %d, needed %d", f.Fee, least)
	}
	checkPaid(t, d, f)
}

func checkPaid(t *testing.T, d *Draft, f Funded) {
	t.Helper()
	outs := slices.Clone(f.Tx.TxOut)
	if f.Change >= 0 {
		if string(outs[f.Change].PkScript) != string(d.Change) {
			t.Fatal("change goes elsewhere")
		}
		outs = slices.Delete(outs, f.Change, f.Change+1)
	}
	if len(outs) != len(d.Payments) {
		t.Fatalf("%d payments, %d outputs", len(d.Payments), len(outs))
	}
	for i, o := range outs {
		want := int64(d.Payments[i].Amount)
		less := slices.Contains(d.SubtractFee, i)
		if o.Value != want && !less || o.Value > want || string(o.PkScript) != string(d.Payments[i].Script) {
			t.Fatalf("payment %d: %d, want %d (bears fee: %v)", i, o.Value, want, less)
		}
	}
}

func TestWhatIsBuiltAddsUp(t *testing.T) {
	built, short, changeless := 0, 0, 0
	p := newPurse(t)
	for seed := range uint64(600) {
		r := NewTestRand(seed)
		p.coins = nil
		for range 1 + r.IntN(40) {
			p.add(t, Kind(r.IntN(4)), btcutil.Amount(300+r.IntN(1<<r.IntN(27)+1)))
		}
		var pay []Payment
		for range 1 + r.IntN(4) {
			pay = append(pay, payTo(byte(r.IntN(4)), btcutil.Amount(1000+r.IntN(1<<r.IntN(27)+1))))
		}
		d := p.draft(t, policy.FeeRate(1000+r.IntN(60_000)), pay...)
		if r.IntN(3) == 0 {
			d.SubtractFee = []int{0}
		}
		f, err := d.Build(r)
		var funds *FundsError
		switch {
		case errors.As(err, &funds):
			short++
			checkShort(t, d, funds)
		case errors.Is(err, ErrBearsFee) && len(d.SubtractFee) > 0:
		case err != nil:
			t.Fatalf("seed %d: %v", seed, err)
		default:
			built++
			if f.Change < 0 {
				changeless++
			}
			checkBuilt(t, d, f)
			if seed%8 == 0 {
				checkSigned(t, p, d, f)
			}
		}
	}
	if built < 250 || short < 60 || changeless < 20 {
		t.Fatalf("built %d, short %d, changeless %d: the cases are not mixed", built, short, changeless)
	}
}

// checkShort asks whether the coins really are too few.
func checkShort(t *testing.T, d *Draft, e *FundsError) {
	t.Helper()
	out, total := d.Outputs()
	have := btcutil.Amount(0)
	var worth []Coin
	for _, c := range d.Coins {
		cost := d.FeeRate.Fee(c.Kind.InputVSize())
		if len(d.SubtractFee) > 0 || c.Value > cost {
			have += c.Value
			worth = append(worth, c)
		}
	}
	need := total
	if len(d.SubtractFee) == 0 {
		need += d.FeeRate.Fee(VSize(WeightOf(worth, out)))
	}
	// Each coin's fee is rounded up on its own, so a few satoshis may be missing by rounding alone.
	if rounding := btcutil.Amount(2 * (len(d.Coins) + 1) * int(d.FeeRate) / 1000); have >= need+rounding {
		t.Fatalf("there are %d, needed %d, and it says %v", have, need, e)
	}
	if e.Payments != total || e.Needed < total {
		t.Fatalf("payments %d, said %d, needed %d", total, e.Payments, e.Needed)
	}
}

// checkSigned signs and compares sizes: the estimate may only be too large,
// and by no more than a byte for each signature (and a half in all).
func checkSigned(t *testing.T, p *purse, d *Draft, f Funded) {
	t.Helper()
	prev := map[wire.OutPoint]chain.Coin{}
	for _, c := range f.Spent {
		prev[c.OutPoint] = chain.Coin{Value: c.Value, PkScript: c.Script}
	}
	if problems := signer.Sign(f.Tx, prev, p.provider(t), txscript.SigHashDefault); len(problems) > 0 {
		t.Fatal(problems)
	}
	tx := chain.NewTx(f.Tx)
	guess := WeightOf(f.Spent, f.Tx.TxOut)
	for i, c := range f.Spent { // signatures may be shorter than the most
		switch in := f.Tx.TxIn[i]; c.Kind {
		case SegWit, Nested:
			guess -= 71 - len(in.Witness[0])
		case Legacy:
			guess -= 4 * (71 - int(in.SignatureScript[0]))
		}
	}
	if tx.Weight != guess {
		t.Fatalf("weight %d, estimated %d, %d inputs", tx.Weight, guess, len(f.Spent))
	}
	if f.Fee < d.FeeRate.Fee(tx.VSize()) {
		t.Fatalf("fee %d for %d vB at %s", f.Fee, tx.VSize(), d.FeeRate)
	}
	if err := chain.CheckTx(tx); err != nil {
		t.Fatal(err)
	}
}

// Of coins of one kind only, of each kind: what is guessed of the size is right,
// also where nothing has a witness.
func TestEveryKindPaysEveryKind(t *testing.T) {
	for _, from := range Kinds() {
		for _, to := range Kinds() {
			p := newPurse(t)
			p.add(t, from, 40_000, 50_000, 60_000)
			change := to
			d := &Draft{
				Payments: []Payment{{p.script(t, Branch{to, false}, 3), 120_000}}, Coins: p.coins,
				Options: Options{FeeRate: policy.PerVB(3), ChangeKind: &change, Change: p.script(t, Branch{to, true}, 0)},
			}
			f, err := d.Build(NewTestRand(1))
			if err != nil || f.Change < 0 {
				t.Fatalf("%s to %s: change at %d, %v", from, to, f.Change, err)
			}
			checkBuilt(t, d, f)
			checkSigned(t, p, d, f)
		}
	}
}

func TestAnExactSumNeedsNoChange(t *testing.T) {
	p := newPurse(t)
	p.add(t, SegWit, 500_000, 300_000, 7_000_000, 90_000)
	pay := payTo(0, 300_000)
	d := p.draft(t, policy.PerVB(10), pay)
	out, _ := d.Outputs()
	d.Coins[1].Value += policy.PerVB(10).Fee(VSize(WeightOf(d.Coins[1:2], out)))
	f, err := d.Build(NewTestRand(1))
	if err != nil || f.Change != -1 || len(f.Spent) != 1 || f.Spent[0].OutPoint != p.coins[1].OutPoint {
		t.Fatalf("%+v, %v", f, err)
	}
	checkBuilt(t, d, f)
}

func TestTheWholePurseCanBeSent(t *testing.T) {
	p := newPurse(t)
	p.add(t, SegWit, 100_000, 200_000, 300_000)
	d := p.draft(t, policy.PerVB(5), payTo(0, 600_000))
	d.SubtractFee = []int{0}
	f, err := d.Build(NewTestRand(1))
	if err != nil || len(f.Spent) != 3 || f.Change != -1 {
		t.Fatalf("%+v, %v", f, err)
	}
	checkBuilt(t, d, f)
}

func TestFeeIsSharedByThoseWhoBearIt(t *testing.T) {
	p := newPurse(t)
	p.add(t, SegWit, 10_000_000)
	d := p.draft(t, policy.PerVB(7), payTo(0, 1_000_000), payTo(0, 2_000_000), payTo(0, 3_000_000))
	d.SubtractFee = []int{2, 0}
	f, err := d.Build(NewTestRand(3))
	if err != nil {
		t.Fatal(err)
	}
	checkBuilt(t, d, f)
	outs := f.Tx.TxOut
	if f.Change >= 0 {
		outs = slices.Delete(slices.Clone(outs), f.Change, f.Change+1)
	}
	first, third := 1_000_000-outs[0].Value, 3_000_000-outs[2].Value
	if first != int64(f.Fee)/2 || third != int64(f.Fee)-first {
		t.Fatalf("shares %d and %d of %d", first, third, f.Fee)
	}
}

func TestTheSurestCoinsPayFirst(t *testing.T) {
	build := func(t *testing.T, change func(c []Coin)) (Funded, error) {
		p := newPurse(t)
		p.add(t, SegWit, 1_000_000, 1_000_001)
		change(p.coins)
		d := p.draft(t, policy.PerVB(1), payTo(0, 500_000))
		return d.Build(NewTestRand(1))
	}
	for name, weaker := range map[string]func(*Coin){
		"few confirmations":    func(c *Coin) { c.Confirmations = 1 },
		"own unconfirmed":      func(c *Coin) { c.Confirmations, c.FromMe, c.Ancestors = 0, true, 1 },
		"long own unconfirmed": func(c *Coin) { c.Confirmations, c.FromMe, c.Ancestors = 0, true, 20 },
	} {
		for weak := range 2 {
			f, err := build(t, func(c []Coin) { weaker(&c[weak]) })
			if err != nil || len(f.Spent) != 1 || f.Spent[0].Value != btcutil.Amount(1_000_001-weak) {
				t.Errorf("%s at %d: %+v, %v", name, weak, f.Spent, err)
			}
		}
		if _, err := build(t, func(c []Coin) { weaker(&c[0]); weaker(&c[1]) }); err != nil {
			t.Errorf("%s alone: %v", name, err)
		}
	}
	for name, never := range map[string]func(*Coin){
		"foreign unconfirmed": func(c *Coin) { c.Confirmations = 0 },
		"too long a chain":    func(c *Coin) { c.Confirmations, c.FromMe, c.Ancestors = 0, true, policy.MaxAncestors },
	} {
		_, err := build(t, func(c []Coin) { never(&c[0]); never(&c[1]) })
		var funds *FundsError
		if !errors.As(err, &funds) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPresetCoinsAreSpentAndNoOthersIfAsked(t *testing.T) {
	p := newPurse(t)
	p.add(t, Taproot, 50_000, 60_000, 1_000_000)
	d := p.draft(t, policy.PerVB(2), payTo(1, 100_000))
	d.Preset, d.Coins = p.coins[:1], p.coins[1:]
	f, err := d.Build(NewTestRand(1))
	if err != nil || f.Spent[0].OutPoint != p.coins[0].OutPoint || len(f.Spent) < 2 {
		t.Fatalf("%+v, %v", f, err)
	}
	checkBuilt(t, d, f)
	d.OnlyCoins = true
	var funds *FundsError
	if _, err := d.Build(NewTestRand(1)); !errors.As(err, &funds) {
		t.Fatal(err)
	}
	d.Payments[0].Amount = 20_000
	if f, err = d.Build(NewTestRand(1)); err != nil || len(f.Spent) != 1 {
		t.Fatalf("%+v, %v", f, err)
	}
	checkBuilt(t, d, f)
}

func TestLockTimeIsTheTipsHeight(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	tip := &chain.HeaderNode{Height: 500}
	tip.Header.Timestamp = now.Add(-time.Hour)
	d := Draft{Tip: tip, Now: now}
	back, r := 0, NewTestRand(1)
	for range 1000 {
		got := d.LockTimeBy(r)
		if got > 500 || got < 400 {
			t.Fatal(got)
		}
		if got < 500 {
			back++
		}
	}
	if back < 50 || back > 200 {
		t.Errorf("%d of 1000 lock times lie back, want about a tenth", back)
	}
	d.Now = now.Add(9 * time.Hour)
	if got := d.LockTimeBy(r); got != 0 {
		t.Errorf("with a stale tip %d", got)
	}
	own := uint32(7)
	d.LockTime = &own
	if got := d.LockTimeBy(r); got != 7 {
		t.Errorf("asked for 7, got %d", got)
	}
}

func TestSequencesSignalReplacement(t *testing.T) {
	p := newPurse(t)
	p.add(t, SegWit, 1_000_000)
	d := p.draft(t, policy.PerVB(1), payTo(0, 5000))
	for final, want := range map[bool]uint32{false: 0xfffffffd, true: 0xfffffffe} {
		d.Final = final
		f, err := d.Build(NewTestRand(1))
		if err != nil || f.Tx.TxIn[0].Sequence != want || f.Tx.Version != 2 {
			t.Errorf("final %v: %x, %v", final, f.Tx.TxIn[0].Sequence, err)
		}
	}
}

func TestChangeHidesAmongThePayments(t *testing.T) {
	p := newPurse(t)
	p.add(t, SegWit, 100_000_000)
	places := map[int]int{}
	for seed := range uint64(200) {
		d := p.draft(t, policy.PerVB(1), payTo(1, 50_000), payTo(0, 60_000))
		f, err := d.Build(NewTestRand(seed))
		if err != nil || len(f.Tx.TxOut) != 3 || len(f.Tx.TxOut[f.Change].PkScript) != 34 {
			t.Fatal(f, err)
		}
		places[f.Change]++
	}
	for at := range 3 {
		if places[at] < 30 {
			t.Errorf("change places %v", places)
		}
	}
	at := 1
	d := p.draft(t, policy.PerVB(1), payTo(0, 50_000), payTo(0, 60_000))
	d.ChangeAt = &at
	if f, err := d.Build(NewTestRand(9)); err != nil || f.Change != 1 {
		t.Fatal(f.Change, err)
	}
}

func TestBadPaymentsAndOptionsAreRefused(t *testing.T) {
	good := payTo(0, 1000)
	for name, c := range map[string]struct {
		pay  []Payment
		want error
	}{
		"dust":      {[]Payment{payTo(0, 293)}, ErrDust},
		"zero":      {[]Payment{payTo(0, 0)}, ErrDust},
		"negative":  {[]Payment{good, payTo(0, -1)}, chain.ErrAmount},
		"too much":  {[]Payment{payTo(0, 21e14+1)}, chain.ErrAmount},
		"in all":    {[]Payment{payTo(0, 21e14), good}, chain.ErrAmount},
		"just":      {[]Payment{payTo(0, 294)}, nil},
		"op_return": {[]Payment{{[]byte{0x6a}, 0}}, nil},
	} {
		if err := CheckPayments(c.pay); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	three := 3
	for name, o := range map[string]Options{
		"rate too low":   {FeeRate: 999},
		"rate too high":  {FeeRate: 10_000_001},
		"change outside": {FeeRate: 1000, ChangeAt: &three},
		"no such bearer": {FeeRate: 1000, SubtractFee: []int{2}},
		"bearer twice":   {FeeRate: 1000, SubtractFee: []int{0, 0}},
	} {
		if err := o.Check(2); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestAFeeThatMustBeAMistakeIsRefused(t *testing.T) {
	p := newPurse(t)
	for range 40 {
		p.add(t, SegWit, 5_000_000)
	}
	d := p.draft(t, policy.PerVB(10_000), payTo(0, 100_000_000))
	if _, err := d.Build(NewTestRand(1)); !errors.Is(err, ErrFeeTooHigh) {
		t.Fatal(err)
	}
}

func TestFundsErrorSaysWhatIsThere(t *testing.T) {
	e := &FundsError{Payments: 150_000_000, Needed: 150_001_410, Balance: Balance{Confirmed: 1, Unconfirmed: 2, Immature: 5_000_000_000}, Locked: 3}
	for _, part := range []string{"1.50000000 BTC", "0.00001410", "0.00000001 BTC confirmed", "0.00000002 BTC unconfirmed", "50.00000000 BTC immature", "0.00000003 BTC of it locked"} {
		if !strings.Contains(e.Error(), part) {
			t.Errorf("%q is not in %q", part, e)
		}
	}
}

func TestSignNamesTheInputsThatAreNotGood(t *testing.T) {
	p := newPurse(t)
	p.add(t, SegWit, 10_000, 20_000)
	p.add(t, Taproot, 30_000)
	tx := wire.NewMsgTx(2)
	prev := map[wire.OutPoint]chain.Coin{}
	for _, c := range p.coins {
		tx.AddTxIn(wire.NewTxIn(&c.OutPoint, nil, nil))
		prev[c.OutPoint] = chain.Coin{Value: c.Value, PkScript: c.Script}
	}
	tx.AddTxOut(wire.NewTxOut(1000, payTo(0, 0).Script))
	mine, nobody := p.provider(t), descriptor.NewProvider()
	if problems := signer.Sign(tx, prev, mine, txscript.SigHashDefault); len(problems) != 0 {
		t.Fatal(problems)
	}
	// A stranger's look at it: nothing to sign, all good.
	if problems := signer.Sign(tx, prev, nobody, txscript.SigHashDefault); len(problems) != 0 {
		t.Fatal(problems)
	}
	// A changed amount spoils SegWit's signature on that input and Taproot's on all.
	c := prev[p.coins[1].OutPoint]
	c.Value++
	prev[p.coins[1].OutPoint] = c
	problems := signer.Sign(tx, prev, nobody, txscript.SigHashDefault)
	if len(problems) != 2 || problems[0].Input != 1 || problems[1].Input != 2 {
		t.Fatal(problems)
	}
	// An unknown coin is a problem of its own, and Taproot cannot sign beside it.
	delete(prev, p.coins[0].OutPoint)
	problems = signer.Sign(tx, prev, mine, txscript.SigHashDefault)
	if len(problems) != 2 || problems[0].Input != 0 || problems[1].Input != 2 {
		t.Fatal(problems)
	}
}
