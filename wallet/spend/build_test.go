package spend

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
	"grapevine/wallet"
	"grapevine/wallet/coinselect"
	"grapevine/wallet/signer"
)

// checkBuilt is what must hold for every transaction that is made: money is
// conserved, the fee is what was asked for and no more than change would have cost.
func checkBuilt(t *testing.T, d *Draft, f Funded) {
	t.Helper()
	var in, out btcutil.Amount
	seen := map[wire.OutPoint]bool{}
	for i, c := range f.Inputs {
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
	least := d.Rate.Fee(f.VSize)
	if in-out != f.Fee || f.Fee < least {
		t.Fatalf("in %d, out %d, fee %d; %d vB need %d", in, out, f.Fee, f.VSize, least)
	}
	// More than that is never given away: change would have been made of it. Each coin's
	// fee is rounded up by itself.
	spare := d.Rates.Discard.Fee(d.ChangeInput) + 1 + d.Rate.Fee(9+len(d.Change)) + btcutil.Amount(len(f.Inputs)+3)*(1+btcutil.Amount(d.Rate)/1000)
	if f.Fee > least+max(spare, 990) {
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
		if o.Value != want && !less || string(o.PkScript) != string(d.Payments[i].Script) {
			t.Fatalf("payment %d: %d, want %d (bears fee: %v)", i, o.Value, want, less)
		}
	}
}

func TestWhatIsBuiltAddsUp(t *testing.T) {
	built, short, changeless := 0, 0, 0
	p := newPurse()
	for seed := range uint64(600) {
		r := testRand(seed)
		p.coins = nil
		for range 1 + r.IntN(40) {
			p.add(wallet.Kind(r.IntN(4)), btcutil.Amount(300+r.IntN(1<<r.IntN(27)+1)))
		}
		var pay []wallet.Payment
		for range 1 + r.IntN(4) {
			pay = append(pay, payTo(byte(r.IntN(4)), btcutil.Amount(1000+r.IntN(1<<r.IntN(27)+1))))
		}
		d := p.draft(policy.FeeRate(1000+r.IntN(60_000)), pay...)
		d.AvoidPartial = r.IntN(3) == 0
		if r.IntN(3) == 0 {
			d.SubtractFee = []int{0}
		}
		f, err := d.Build(r)
		var funds *wallet.FundsError
		switch {
		case errors.As(err, &funds):
			short++
			checkShort(t, d, funds)
		case errors.Is(err, wallet.ErrBearsFee) && len(d.SubtractFee) > 0:
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
	if built < 250 || short < 60 || changeless < 15 {
		t.Fatalf("built %d, short %d, changeless %d: the cases are not mixed", built, short, changeless)
	}
}

// checkShort asks whether the coins really are too few.
func checkShort(t *testing.T, d *Draft, e *wallet.FundsError) {
	t.Helper()
	_, total := d.outputs()
	var have btcutil.Amount
	for _, c := range d.Coins {
		counts := c.Value
		if len(d.SubtractFee) == 0 {
			counts -= d.Rate.Fee(c.VSize())
		}
		have += counts
	}
	if need := d.params(testRand(1)).Target; have >= need {
		t.Fatalf("there are %d, needed %d, and it says %v", have, need, e)
	}
	if e.Payments != total || e.Needed < total {
		t.Fatalf("payments %d, said %d, needed %d", total, e.Payments, e.Needed)
	}
}

// checkSigned signs and compares sizes: the estimate may only be too large, and by
// no more than a byte for each signature.
func checkSigned(t *testing.T, p *purse, d *Draft, f Funded) {
	t.Helper()
	prev := map[wire.OutPoint]chain.Coin{}
	for _, c := range f.Inputs {
		prev[c.OutPoint] = chain.Coin{Value: c.Value, PkScript: c.Script}
	}
	if problems := signer.Sign(f.Tx, prev, p.known, txscript.SigHashDefault); len(problems) > 0 {
		t.Fatal(problems)
	}
	tx := chain.NewTx(f.Tx)
	guess := weight(f.Inputs, f.Tx.TxOut)
	for i, c := range f.Inputs { // signatures may be shorter than the most
		switch in := f.Tx.TxIn[i]; c.Coin.Kind {
		case wallet.SegWit, wallet.Nested:
			guess -= 71 - len(in.Witness[0])
		case wallet.Legacy:
			guess -= 4 * (71 - int(in.SignatureScript[0]))
		case wallet.Taproot:
			guess--
		}
	}
	if tx.Weight != guess {
		t.Fatalf("weight %d, estimated %d, %d inputs", tx.Weight, guess, len(f.Inputs))
	}
	if f.Fee < d.Rate.Fee(tx.VSize()) {
		t.Fatalf("fee %d for %d vB at %s", f.Fee, tx.VSize(), d.Rate)
	}
	if err := chain.CheckTx(tx); err != nil {
		t.Fatal(err)
	}
}

// Of coins of one kind only, of each kind: what is guessed of the size is right,
// also where nothing has a witness.
func TestEveryKindPaysEveryKind(t *testing.T) {
	for _, from := range wallet.Kinds() {
		for _, to := range wallet.Kinds() {
			p := newPurse()
			p.add(from, 40_000, 50_000, 60_000)
			d := p.draft(policy.PerVB(3), wallet.Payment{Script: p.script(to, 3), Amount: 120_000})
			d.Change = p.script(to, 100)
			f, err := d.Build(testRand(1))
			if err != nil || f.Change < 0 {
				t.Fatalf("%s to %s: change at %d, %v", from, to, f.Change, err)
			}
			checkBuilt(t, d, f)
			checkSigned(t, p, d, f)
		}
	}
}

func TestTheWholePurseCanBeSent(t *testing.T) {
	p := newPurse()
	p.add(wallet.SegWit, 100_000, 200_000, 300_000)
	d := p.draft(policy.PerVB(5), payTo(0, 600_000))
	d.SubtractFee = []int{0}
	f, err := d.Build(testRand(1))
	if err != nil || len(f.Spent) != 3 || f.Change != -1 {
		t.Fatalf("%+v, %v", f, err)
	}
	checkBuilt(t, d, f)
}

func TestAllSendsEverything(t *testing.T) {
	p := newPurse()
	p.add(wallet.SegWit, 100_000, 200_000, 300)
	share := func(kind byte) wallet.Payment {
		pay := payTo(kind, 0)
		pay.Share = true
		return pay
	}
	d := p.draft(policy.PerVB(5), payTo(3, 50_000), share(0), share(1))
	f := mustAll(t, d, false)
	if len(f.Spent) != 3 || f.Tx.TxOut[0].Value != 50_000 || f.Tx.TxOut[1].Value-f.Tx.TxOut[2].Value > 1 || f.Fee != d.Rate.Fee(f.VSize) {
		t.Errorf("%+v", f)
	}
	d = p.draft(policy.PerVB(5), share(0))
	if f = mustAll(t, d, true); len(f.Spent) != 2 || f.Tx.TxOut[0].Value != 300_000-int64(f.Fee) {
		t.Errorf("those worth it: %+v", f)
	}
	for want, pay := range map[error][]wallet.Payment{
		wallet.ErrAllOver:   {payTo(0, 300_301), share(1)},
		wallet.ErrAllFees:   {payTo(0, 300_300), share(1)},
		wallet.ErrAllDust:   {payTo(0, 298_700), share(1)},
		wallet.ErrNamedDust: {payTo(0, 293), share(1)},
	} {
		if _, err := p.draft(policy.PerVB(5), pay...).All(false, testRand(1)); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	p.coins = p.coins[2:]
	if _, err := p.draft(policy.PerVB(5), share(0)).All(false, testRand(1)); !errors.Is(err, wallet.ErrAllPoor) {
		t.Error(err)
	}
}

func TestFeeIsSharedByThoseWhoBearIt(t *testing.T) {
	p := newPurse()
	p.add(wallet.SegWit, 10_000_000)
	d := p.draft(policy.PerVB(7), payTo(0, 1_000_000), payTo(0, 2_000_000), payTo(0, 3_000_000))
	d.SubtractFee = []int{2, 0}
	f := mustBuild(t, d, testRand(3))
	checkBuilt(t, d, f)
	outs := f.Tx.TxOut
	if f.Change >= 0 {
		outs = slices.Delete(slices.Clone(outs), f.Change, f.Change+1)
	}
	first, third := 1_000_000-outs[0].Value, 3_000_000-outs[2].Value
	if first-third > 1 || first < third || first+third != int64(f.Fee) {
		t.Fatalf("shares %d and %d of %d", first, third, f.Fee)
	}
}

func TestTheSurestCoinsPayFirst(t *testing.T) {
	build := func(change func(c []Input)) (Funded, error) {
		p := newPurse()
		p.add(wallet.SegWit, 1_000_000, 1_000_001)
		change(p.coins)
		return p.draft(policy.PerVB(1), payTo(0, 500_000)).Build(testRand(1))
	}
	for name, weaker := range map[string]func(*Input){
		"few confirmations":    func(c *Input) { c.Confirmations = 1 },
		"own unconfirmed":      func(c *Input) { c.Confirmations, c.FromMe, c.Ancestors, c.Descendants = 0, true, 1, 1 },
		"long own unconfirmed": func(c *Input) { c.Confirmations, c.FromMe, c.Ancestors, c.Descendants = 0, true, 20, 20 },
	} {
		for weak := range 2 {
			f, err := build(func(c []Input) { weaker(&c[weak]) })
			if err != nil || len(f.Spent) != 1 || f.Spent[0].Value != btcutil.Amount(1_000_001-weak) {
				t.Errorf("%s at %d: %+v, %v", name, weak, f.Spent, err)
			}
		}
		if _, err := build(func(c []Input) { weaker(&c[0]); weaker(&c[1]) }); err != nil {
			t.Errorf("%s alone: %v", name, err)
		}
	}
	_, err := build(func(c []Input) {
		for i := range c {
			c[i].Confirmations, c[i].FromMe, c[i].Ancestors = 0, true, policy.MaxAncestors
		}
	})
	if !errors.Is(err, coinselect.ErrChain) {
		t.Error(err)
	}
	_, err = build(func(c []Input) { c[0].Safe, c[1].Safe = false, false })
	if funds := (*wallet.FundsError)(nil); !errors.As(err, &funds) {
		t.Error(err)
	}
}

func TestPresetCoinsAreSpentAndNoOthersIfAsked(t *testing.T) {
	p := newPurse()
	p.add(wallet.Taproot, 50_000, 60_000, 1_000_000)
	d := p.draft(policy.PerVB(2), payTo(1, 100_000))
	d.Options.Inputs = []wallet.Input{{OutPoint: p.coins[0].OutPoint}}
	d.Inputs, d.Coins = p.coins[:1], p.coins[1:]
	f := mustBuild(t, d, testRand(1))
	if f.Spent[0].OutPoint != p.coins[0].OutPoint || len(f.Spent) < 2 {
		t.Fatalf("%+v", f)
	}
	checkBuilt(t, d, f)
	d.OnlyCoins = true
	if _, err := d.Build(testRand(1)); !errors.Is(err, coinselect.ErrPreset) {
		t.Fatal(err)
	}
	d.Payments[0].Amount = 20_000
	if f = mustBuild(t, d, testRand(1)); len(f.Spent) != 1 {
		t.Fatalf("%+v", f)
	}
	checkBuilt(t, d, f)
}

// What the ancestors of a coin lack of the rate is paid on top.
func TestLowParentsArePaidFor(t *testing.T) {
	p := newPurse()
	p.add(wallet.SegWit, 1_000_000)
	c := &p.coins[0]
	c.Confirmations, c.FromMe, c.Ancestors, c.Descendants, c.Bump = 0, true, 1, 1, 1234
	d := p.draft(policy.PerVB(10), payTo(0, 300_000))
	f := mustBuild(t, d, testRand(1))
	if f.Fee != d.Rate.Fee(f.VSize)+1234 {
		t.Errorf("fee %d for %d vB", f.Fee, f.VSize)
	}
	c.TRUC = true // BIP431
	if _, err := d.Build(testRand(1)); err == nil {
		t.Error("an unconfirmed coin of version 3 is spent by version 2")
	}
	d.Version = 3
	mustBuild(t, d, testRand(1))
}

func TestLockTimeIsTheTipsHeight(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	tip := &chain.HeaderNode{Height: 500}
	tip.Header.Timestamp = now.Add(-time.Hour)
	d := Draft{Tip: tip, Now: now}
	back, r := 0, testRand(1)
	for range 1000 {
		got := d.lockTime(r)
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
	if got := d.lockTime(r); got != 0 {
		t.Errorf("with a stale tip %d", got)
	}
}

func TestSequencesSignalReplacement(t *testing.T) {
	p := newPurse()
	p.add(wallet.SegWit, 1_000_000)
	d := p.draft(policy.PerVB(1), payTo(0, 5000))
	for final, want := range map[bool]uint32{false: 0xfffffffd, true: 0xfffffffe} {
		d.Final = final
		if f := mustBuild(t, d, testRand(1)); f.Tx.TxIn[0].Sequence != want || f.Tx.Version != 2 {
			t.Errorf("final %v: %x", final, f.Tx.TxIn[0].Sequence)
		}
	}
}

func TestChangeHidesAmongThePayments(t *testing.T) {
	p := newPurse()
	p.add(wallet.SegWit, 100_000_000)
	places := map[int]int{}
	for seed := range uint64(200) {
		f := mustBuild(t, p.draft(policy.PerVB(1), payTo(1, 50_000), payTo(0, 60_000)), testRand(seed))
		if len(f.Tx.TxOut) != 3 || len(f.Tx.TxOut[f.Change].PkScript) != 34 {
			t.Fatal(f)
		}
		places[f.Change]++
	}
	for at := range 3 {
		if places[at] < 30 {
			t.Errorf("change places %v", places)
		}
	}
	at := 1
	d := p.draft(policy.PerVB(1), payTo(0, 50_000), payTo(0, 60_000))
	d.ChangeAt = &at
	if f := mustBuild(t, d, testRand(9)); f.Change != 1 {
		t.Fatal(f.Change)
	}
}

func TestBadPaymentsAndOptionsAreRefused(t *testing.T) {
	good := payTo(0, 1000)
	for name, c := range map[string]struct {
		pay  []wallet.Payment
		want error
	}{
		"nobody":    {nil, wallet.ErrNobody},
		"dust":      {[]wallet.Payment{payTo(0, 293)}, wallet.ErrDust},
		"zero":      {[]wallet.Payment{payTo(0, 0)}, wallet.ErrDust},
		"negative":  {[]wallet.Payment{good, payTo(0, -1)}, chain.ErrAmount},
		"too much":  {[]wallet.Payment{payTo(0, 21e14+1)}, chain.ErrAmount},
		"in all":    {[]wallet.Payment{payTo(0, 21e14), good}, chain.ErrAmount},
		"just":      {[]wallet.Payment{payTo(0, 294)}, nil},
		"op_return": {[]wallet.Payment{{Script: []byte{0x6a}}}, nil},
	} {
		if err := checkPayments(c.pay, 3000); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := newPurse()
	three, light, heavy := 3, 259, policy.MaxWeight+1
	for name, change := range map[string]func(*Draft){
		"change outside": func(d *Draft) { d.ChangeAt = &three },
		"no such bearer": func(d *Draft) { d.SubtractFee = []int{2} },
		"bearer twice":   func(d *Draft) { d.SubtractFee = []int{0, 0} },
		"too light":      func(d *Draft) { d.MaxWeight = &light },
		"too heavy":      func(d *Draft) { d.MaxWeight = &heavy },
	} {
		d := p.draft(1000, good, good)
		change(d)
		if err := d.Check(); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestAFeeThatMustBeAMistakeIsRefused(t *testing.T) {
	p := newPurse()
	for range 40 {
		p.add(wallet.SegWit, 5_000_000)
	}
	if _, err := p.draft(policy.PerVB(10_000), payTo(0, 100_000_000)).Build(testRand(1)); !errors.Is(err, wallet.ErrFeeTooHigh) {
		t.Fatal(err)
	}
}

func TestFundsErrorSaysWhatIsThere(t *testing.T) {
	e := &wallet.FundsError{Payments: 150_000_000, Needed: 150_001_410, Balance: wallet.Balance{Confirmed: 1, Unconfirmed: 2, Immature: 5_000_000_000}, Locked: 3}
	for _, part := range []string{"1.50000000 BTC", "0.00001410", "0.00000001 BTC confirmed", "0.00000002 BTC unconfirmed", "50.00000000 BTC immature", "0.00000003 BTC of it locked"} {
		if !strings.Contains(e.Error(), part) {
			t.Errorf("%q is not in %q", part, e)
		}
	}
}
