package spend

import (
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain/policy"
	"grapevine/wallet"
)

func TestAReplacementPaysMoreThanTheOriginalForItsRelay(t *testing.T) {
	b := Bump{Fee: 1410, VSize: 141, Increment: 1000, PoolMin: 1000, Least: 1000, MaxFee: 10_000_000}
	if got := b.Rate(1000); got != 10_000+1+5000 {
		t.Errorf("rate %d", got)
	}
	if got := b.Rate(90_000); got != 90_000 {
		t.Errorf("a dearer market: %d", got)
	}
	for _, c := range []struct {
		name string
		rate policy.FeeRate
		lack btcutil.Amount
		want string
		code bool // the caller's parameter is wrong
	}{
		{"just enough", 11_000, 0, "", false},
		{"one less", 10_992, 0, "Insufficient total fee 0.0000155, must be at least 0.00001551 (oldFee 0.0000141 + incrementalFee 0.00000141)", true},
		{"what ancestors lack counts", 10_992, 1, "", false},
		{"below the pool's floor", 999, 0, "is lower than the minimum fee rate (0.00001) to get into the mempool", false},
		{"just not too high", 70_921_985, 0, "", false},
		{"too high", 70_922_000, 0, "is too high (cannot be higher than -maxtxfee 0.10)", false},
	} {
		err := b.Check(c.rate, 141, c.lack)
		var refused *wallet.BumpError
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (!errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) || refused.Param != c.code):
			t.Errorf("%s: %v", c.name, err)
		}
	}
	b.Least, b.Fee = 20_000, 0
	if err := b.Check(11_000, 141, 0); err == nil || !strings.Contains(err.Error(), "cannot be less than required fee 0.0000282") {
		t.Error(err)
	}
}

// Short signatures of a signed input count as the longest there are.
func TestSignedInputsWeighAsIfSignaturesWereLong(t *testing.T) {
	p := newPurse()
	p.add(wallet.Legacy, 100_000)
	p.add(wallet.SegWit, 100_000)
	for i, factor := range []int{4, 1} {
		d := p.draft(policy.PerVB(1), payTo(0, 50_000))
		d.Coins = p.coins[i : i+1]
		f := mustBuild(t, d, testRand(1))
		checkSigned(t, p, d, f)
		in := f.Tx.TxIn[0]
		want := p.coins[i].Weight + factor // a byte more for any R
		if got := SignedWeight(in); got != want {
			t.Errorf("%s: %d, want %d", p.coins[i].Coin.Kind, got, want)
		}
	}
	if got := SignedWeight(&wire.TxIn{}); got != LeastInput {
		t.Errorf("of nothing %d", got)
	}
}
