package node

import (
	"math"
	"testing"
)

func TestTheCoinsCacheKeepsWithinTheLimitOfMemory(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct{ limit, want int64 }{
		{math.MaxInt64, 450 * mib},
		{1800 * mib, 450 * mib},
		{1800*mib - 4, 450*mib - 1},
		{256 * mib, 64 * mib},
		{16*mib + 4, 4*mib + 1},
		{16 * mib, 4 * mib},
		{mib, 4 * mib},
		{0, 4 * mib},
	} {
		if got := cacheWithin(c.limit); got != c.want {
			t.Errorf("within %d bytes: %d of coins, want %d", c.limit, got, c.want)
		}
	}
}
