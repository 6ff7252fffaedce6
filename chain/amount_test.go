package chain_test

import (
	"errors"
	"math"
	"strings"
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

func TestParseAmount(t *testing.T) {
	for s, want := range map[string]btcutil.Amount{
		"0":                 0,
		"0.00000001":        1,
		"1":                 1e8,
		"1.5":               150_000_000,
		"1.50000000":        150_000_000,
		"1.000000000":       1e8, // zeros are no decimals
		"0.000000010000":    1,
		"00.10":             10_000_000,
		"0.1":               10_000_000,
		"0.29":              29_000_000, // where floating point goes wrong
		"20999999.97690000": 2_099_999_997_690_000,
		"21000000":          2_100_000_000_000_000,
		"1e-8":              1,
		"10e-9":             1, // the same number
		"0.10e-7":           1,
		"5e-05":             5000,
		"1.5E1":             1_500_000_000,
		"2e+3":              200_000_000_000,
	} {
		if got, err := chain.ParseAmount(s); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", s, got, err, want)
		}
	}
}

func TestParseAmountSaysWhatIsWrong(t *testing.T) {
	for s, say := range map[string]string{
		"0.000000001":                  "at most 8 decimals",
		"1e-9":                         "at most 8 decimals",
		"0.00000001e-1":                "at most 8 decimals",
		"-1":                           "negative",
		"-0":                           "negative",
		"21000000.00000001":            "21000000",
		"92233720368.54775808":         "too large",
		"99999999999999999999999":      "too large",
		"1e29":                         "too large",
		"1e31":                         "digits",
		"":                             "digits",
		".5":                           "digits",
		"1.":                           "digits",
		".":                            "digits",
		"1,5":                          "digits",
		"0x10":                         "digits",
		" 1":                           "digits",
		"1 BTC":                        "digits",
		"NaN":                          "digits",
		"1.2.3":                        "digits",
		"1e":                           "digits",
		"e5":                           "digits",
		"+1":                           "digits",
		"１":                            "digits", // full width
		strings.Repeat("0", 100) + "x": "digits",
	} {
		_, err := chain.ParseAmount(s)
		if !errors.Is(err, chain.ErrAmount) || !strings.Contains(err.Error(), say) {
			t.Errorf("%q: %v, want %q in it", s, err, say)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"1.5", "0.00000001", "21000000", "1e-8", "-1", "0.000000001", "", "1e999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := chain.ParseAmount(s)
		if err != nil {
			return
		}
		if a < 0 || a > 21e14 {
			t.Fatalf("%q is %d", s, a)
		}
		if again, err := chain.ParseAmount(chain.FormatAmount(a)); err != nil || again != a {
			t.Fatalf("%q is %d, written %s, read %d, %v", s, a, chain.FormatAmount(a), again, err)
		}
	})
}
