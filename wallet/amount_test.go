package wallet

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
)

func TestParseAmount(t *testing.T) {
	for s, want := range map[string]btcutil.Amount{
		"0":                 0,
		"0.00000001":        1,
		"1":                 1e8,
		"1.5":               150_000_000,
		"1.50000000":        150_000_000,
		"00.10":             10_000_000,
		"0.1":               10_000_000,
		"0.29":              29_000_000, // where floating point goes wrong
		"20999999.97690000": 2_099_999_997_690_000,
		"21000000":          2_100_000_000_000_000,
		"1e-8":              1,
		"5e-05":             5000,
		"1.5E1":             1_500_000_000,
		"2e+3":              200_000_000_000,
	} {
		if got, err := ParseAmount(s); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", s, got, err, want)
		}
	}
}

func TestParseAmountSaysWhatIsWrong(t *testing.T) {
	for s, say := range map[string]string{
		"0.000000001":                  "at most 8 decimals",
		"1.000000000":                  "at most 8 decimals",
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
		_, err := ParseAmount(s)
		if !errors.Is(err, ErrAmount) || !strings.Contains(err.Error(), say) {
			t.Errorf("%q: %v, want %q in it", s, err, say)
		}
	}
}

func TestFormatAmount(t *testing.T) {
	for a, want := range map[btcutil.Amount]string{
		0:              "0.00000000",
		1:              "0.00000001",
		-1:             "-0.00000001",
		150_000_000:    "1.50000000",
		-2_100_000_000: "-21.00000000",
		math.MinInt64:  "-92233720368.54775808",
	} {
		if got := FormatAmount(a); got != want {
			t.Errorf("%d: %s, want %s", int64(a), got, want)
		}
	}
}

func TestParseFeeRate(t *testing.T) {
	for s, want := range map[string]FeeRate{"1": 1000, "1.5": 1500, "0.001": 1, "20": 20_000} {
		if got, err := ParseFeeRate(s); err != nil || got != want {
			t.Errorf("%s: %d, %v", s, got, err)
		}
	}
	for _, s := range []string{"1.0001", "x", "-2", ""} {
		if _, err := ParseFeeRate(s); !errors.Is(err, ErrFeeRate) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestFeeIsRoundedUp(t *testing.T) {
	for _, c := range []struct {
		rate  FeeRate
		vsize int
		want  btcutil.Amount
	}{{1000, 141, 141}, {1001, 141, 142}, {1, 1, 1}, {0, 100, 0}, {1500, 3, 5}} {
		if got := c.rate.Fee(c.vsize); got != c.want {
			t.Errorf("%d vB at %s: %d, want %d", c.vsize, c.rate, got, c.want)
		}
	}
}

// What Core's GetDustThreshold gives at its 3 sat/vB, typed from its tests and docs.
func TestDustLimitIsCores(t *testing.T) {
	for name, c := range map[string]struct {
		script []byte
		want   btcutil.Amount
	}{
		"p2pkh":     {append(append([]byte{0x76, 0xa9, 20}, make([]byte, 20)...), 0x88, 0xac), 546},
		"p2sh":      {append(append([]byte{0xa9, 20}, make([]byte, 20)...), 0x87), 540},
		"p2wpkh":    {append([]byte{0, 20}, make([]byte, 20)...), 294},
		"p2wsh":     {append([]byte{0, 32}, make([]byte, 32)...), 330},
		"p2tr":      {append([]byte{0x51, 32}, make([]byte, 32)...), 330},
		"anchor":    {[]byte{0x51, 2, 0x4e, 0x73}, 240},
		"op_return": {[]byte{0x6a, 1, 1}, 0},
	} {
		if got := DustLimit(c.script); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"1.5", "0.00000001", "21000000", "1e-8", "-1", "0.000000001", "", "1e999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAmount(s)
		if err != nil {
			return
		}
		if a < 0 || a > 21e14 {
			t.Fatalf("%q is %d", s, a)
		}
		if again, err := ParseAmount(FormatAmount(a)); err != nil || again != a {
			t.Fatalf("%q is %d, written %s, read %d, %v", s, a, FormatAmount(a), again, err)
		}
	})
}
