package model

import (
	"testing"
	"time"
)

// Work is done first come, first served, on the core that is free first.
func TestCoresAreShared(t *testing.T) {
	c := make(cores, 2)
	for i, want := range []time.Duration{10, 4, 9, 13} {
		if at := c.spend(0, []time.Duration{10, 4, 5, 4}[i]); at != want {
			t.Errorf("piece %d is done at %d, want %d", i, at, want)
		}
	}
	if at := c.spend(100, 7); at != 107 {
		t.Errorf("a core that was idle is done at %d", at)
	}
	if at := cores(nil).spend(5, 100); at != 5 {
		t.Errorf("without cores to share it takes until %d", at)
	}
}
