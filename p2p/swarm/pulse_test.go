package swarm

import (
	"slices"
	"testing"
	"time"
)

func TestStepsAreCountedByTheirLength(t *testing.T) {
	st := newSteps()
	for _, d := range []time.Duration{0, time.Millisecond, 4 * time.Millisecond, 60 * time.Millisecond, 3 * time.Second} {
		st.took(d)
	}
	if want := []uint64{2, 3, 3, 3, 4, 4}; !slices.Equal(st.Within, want) {
		t.Errorf("within the bounds: %v, want %v", st.Within, want)
	}
	if st.Count != 5 || st.Longest != 3*time.Second || st.Sum != 3*time.Second+65*time.Millisecond {
		t.Errorf("%+v", st)
	}
}
