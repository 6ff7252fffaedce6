package chain_test

import (
	"math"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
)

func TestAmountsAreWrittenAsCoreDoes(t *testing.T) {
	for _, c := range []struct {
		a            btcutil.Amount
		fixed, money string
	}{
		{0, "0.00000000", "0.00"},
		{1, "0.00000001", "0.00000001"},
		{1e8, "1.00000000", "1.00"},
		{15e7, "1.50000000", "1.50"},
		{123450000, "1.23450000", "1.2345"},
		{-12, "-0.00000012", "-0.00000012"},
		{-1e8, "-1.00000000", "-1.00"},
		{21e14, "21000000.00000000", "21000000.00"},
		{math.MinInt64, "-92233720368.54775808", "-92233720368.54775808"},
	} {
		if got := chain.FormatAmount(c.a); got != c.fixed {
			t.Errorf("%d: %s, want %s", c.a, got, c.fixed)
		}
		if got := chain.FormatMoney(c.a); got != c.money {
			t.Errorf("%d: %s, want %s", c.a, got, c.money)
		}
	}
}
