package testnet

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ParseBytes reads a size: 250000, 4MB (a million each), 64MiB, kB and KiB, GB and GiB.
func ParseBytes(s string) (int64, error) {
	number := strings.TrimRight(s, "BKMGikmgb")
	unit := strings.ToLower(strings.TrimSpace(s[len(number):]))
	factor, known := map[string]float64{
		"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
	}[unit]
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !known || !(n > 0) || n*factor >= 1<<62 {
		return 0, fmt.Errorf("%q: want bytes as in 250000, 4MB or 64MiB", s)
	}
	return int64(n * factor), nil
}

// ParseAmount reads BTC with up to 8 decimals, as a person writes them.
func ParseAmount(s string) (Amount, error) {
	const decimals, most = 8, 21_000_000
	whole, part, _ := strings.Cut(s, ".")
	digits := func(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) }
	if whole == "" || len(part) > decimals || !digits(whole) || !digits(part) {
		return 0, errors.New("want BTC with up to 8 decimals, as in 1.5")
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", decimals-len(part)), 10, 64)
	if err != nil || Amount(n) > most*CoinBTC {
		return 0, errors.New("want BTC, fewer than there are")
	}
	return Amount(n), nil
}
