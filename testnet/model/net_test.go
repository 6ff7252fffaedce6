package model

import (
	"testing"
	"time"
)

// A line carries one message after the other at its rate.
func TestLineIsBusyAsLongAsItTakes(t *testing.T) {
	var free time.Duration
	first := through(&free, time.Second, 1000, 500)
	second := through(&free, time.Second, 1000, 250)
	later := through(&free, 10*time.Second, 1000, 1000)
	if first != 1500*time.Millisecond || second != 1750*time.Millisecond || later != 11*time.Second {
		t.Error(first, second, later)
	}
	if none := through(&free, 3*time.Second, 0, 1e9); none != 3*time.Second {
		t.Error("no limit is a limit")
	}
}
