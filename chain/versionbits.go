package chain

import (
	"fmt"
	"slices"
	"sync"
)

// Soft forks by version bits (BIP9, as Bitcoin Core has it since Speedy Trial): miners
// signal in the version of their blocks that they are ready for new rules. Time is cut
// into periods of as many blocks as there are between two changes of difficulty, and
// all blocks of a period find a fork in one state.

// Deployment is a soft fork that is activated by version bits [BIP9Deployment].
type Deployment struct {
	Name           string
	Bit            uint8
	Start, Timeout int64 // median times in Unix seconds; or AlwaysActive, NeverActive, NoTimeout
	MinHeight      int32 // a fork that is locked in waits for this height [min_activation_height]
}

const (
	// AlwaysActive and NeverActive are what a Deployment's Start may be beside a time [ALWAYS_ACTIVE, NEVER_ACTIVE].
	AlwaysActive, NeverActive = -1, -2
	// NoTimeout is the end of a deployment that has none [NO_TIMEOUT].
	NoTimeout = 1<<63 - 1

	versionTop     = 0x20000000 // these top bits say that the others are signals [VERSIONBITS_TOP_BITS]
	versionTopMask = 0xe0000000 // [VERSIONBITS_TOP_MASK]
	versionBits    = 29         // that may be signals [VERSIONBITS_NUM_BITS]

	// maxPeriods whose states are remembered, as many as nine million blocks of regtest
	// have. They can be worked out again from the headers at any time.
	maxPeriods = 1 << 16
)

// ThresholdState is how far a deployment has come.
type ThresholdState uint8

// The states of BIP9. Active and Failed are final.
const (
	Defined ThresholdState = iota
	Started
	LockedIn
	Active
	Failed
)

// String is the state's name in BIP9.
func (s ThresholdState) String() string {
	return [...]string{"defined", "started", "locked_in", "active", "failed"}[s]
}

// Signals says whether miners are heard in this state.
func (s ThresholdState) Signals() bool { return s == Started || s == LockedIn }

// Enabled says whether the deployment can ever become active [DeploymentEnabled].
func (d Deployment) Enabled() bool { return d.Start != NeverActive }

// SetDeployment moves the deployment of that name to another time [UpdateVersionBitsParameters]. It is
// for regtest, before any room has the parameters.
func (p *Params) SetDeployment(d Deployment) error {
	at := slices.IndexFunc(p.Forks, func(f Deployment) bool { return f.Name == d.Name })
	if at < 0 {
		return fmt.Errorf("deployment %q is not known", d.Name)
	}
	d.Bit = p.Forks[at].Bit
	p.Forks[at] = d
	return nil
}

// VersionBits knows the states of a network's deployments, and of the bits that are none
// of them [AbstractThresholdConditionChecker]. What it has worked out it remembers. It is safe for concurrent use.
type VersionBits struct {
	p *Params

	mu    sync.Mutex
	known map[*HeaderNode]*periodStates // by the last block before a period [VersionBitsCache]
}

// periodStates hold for the blocks of one period.
type periodStates struct {
	forks   []ThresholdState // of Params.Forks
	unknown [versionBits]ThresholdState
}

// NewVersionBits knows nothing yet.
func NewVersionBits(p *Params) *VersionBits {
	return &VersionBits{p: p, known: map[*HeaderNode]*periodStates{}}
}

// Period is how many blocks a period has.
func (v *VersionBits) Period() int32 { return v.p.RetargetInterval() }

// State is that of Params.Forks[fork] for a block whose parent is given.
func (v *VersionBits) State(fork int, parent *HeaderNode) ThresholdState {
	if fixed, ok := v.p.Forks[fork].fixed(); ok {
		return fixed
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.of(parent).forks[fork]
}

// fixed is the state of a deployment that no miner decides.
func (d Deployment) fixed() (ThresholdState, bool) {
	switch d.Start {
	case AlwaysActive:
		return Active, true
	case NeverActive:
		return Failed, true
	}
	return Defined, false
}

// Since is the height of the first block that found the fork in the state in which a
// child of parent finds it; 0 for one defined from genesis [StateSinceHeight].
func (v *VersionBits) Since(fork int, parent *HeaderNode) int32 {
	state := v.State(fork, parent)
	if _, fixed := v.p.Forks[fork].fixed(); fixed || state == Defined {
		return 0
	}
	last := v.before(parent)
	for {
		earlier := last.Ancestor(last.Height - v.Period())
		if earlier == nil || v.State(fork, earlier) != state {
			return last.Height + 1
		}
		last = earlier
	}
}

// Version is that of a child of parent which votes for every deployment that waits for
// votes [ComputeBlockVersion].
func (v *VersionBits) Version(parent *HeaderNode) int32 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return versionTop | v.votes(v.of(parent))
}

// votes are the bits of the deployments that miners signal now.
func (v *VersionBits) votes(s *periodStates) (bits int32) {
	for i, d := range v.p.Forks {
		if s.forks[i].Signals() {
			bits |= 1 << d.Bit
		}
	}
	return bits
}

// NewRules are bits that no deployment of ours has, and by which rules that we do not know
// are locked in or active for a child of parent [WarningBitsConditionChecker].
func (v *VersionBits) NewRules(parent *HeaderNode) (lockedIn, active []int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for bit, state := range v.of(parent).unknown {
		switch state {
		case LockedIn:
			lockedIn = append(lockedIn, bit)
		case Active:
			active = append(active, bit)
		}
	}
	return lockedIn, active
}

// Signalling is what the blocks of a period said of a deployment [BIP9Stats].
type Signalling struct {
	Period, Threshold int32
	Elapsed, Count    int32 // blocks of the period so far, and those of them that signal
	Blocks            []bool
}

// Possible says whether the threshold can still be reached.
func (s Signalling) Possible() bool { return s.Period-s.Threshold >= s.Elapsed-s.Count }

// Signalling counts in the period of n, up to n [VersionBitsCache::Statistics].
func (v *VersionBits) Signalling(fork int, n *HeaderNode) Signalling {
	s := Signalling{Period: v.Period(), Threshold: v.p.SignalThreshold, Elapsed: n.Height%v.Period() + 1}
	s.Blocks = make([]bool, s.Elapsed)
	for i := s.Elapsed - 1; i >= 0; i, n = i-1, n.Parent {
		if s.Blocks[i] = signals(n, v.p.Forks[fork].Bit); s.Blocks[i] {
			s.Count++
		}
	}
	return s
}

// signals says whether a block's version has the bit.
func signals(n *HeaderNode, bit uint8) bool {
	version := uint32(n.Header.Version)
	return version&versionTopMask == versionTop && version>>bit&1 != 0
}

// before is the last block before the period of parent's children; nil before the first.
func (v *VersionBits) before(parent *HeaderNode) *HeaderNode {
	if parent == nil {
		return nil
	}
	return parent.Ancestor(parent.Height - (parent.Height+1)%v.Period())
}

// of are the states for the children of parent. It goes back to a period that is known,
// or to genesis, by definition defined, and forward again. The lock is held [GetStateFor].
func (v *VersionBits) of(parent *HeaderNode) *periodStates {
	var ahead []*HeaderNode
	last := v.before(parent)
	for ; last != nil && v.known[last] == nil; last = last.Ancestor(last.Height - v.Period()) {
		ahead = append(ahead, last)
	}
	states := v.known[last]
	if states == nil {
		states = v.genesis()
	}
	for _, end := range slices.Backward(ahead) {
		states = v.after(end, states)
		if len(v.known) >= maxPeriods {
			clear(v.known)
		}
		v.known[end] = states
	}
	return states
}

func (v *VersionBits) genesis() *periodStates {
	s := &periodStates{forks: make([]ThresholdState, len(v.p.Forks))}
	for i, d := range v.p.Forks {
		s.forks[i], _ = d.fixed()
	}
	return s
}

// after are the states for the period behind the one that ends with end and had the
// states now.
func (v *VersionBits) after(end *HeaderNode, now *periodStates) *periodStates {
	voted := v.votes(now)
	votes := v.count(end, voted != 0 || end.Height >= v.p.WarnVersionsFrom)
	next := &periodStates{forks: slices.Clone(now.forks)}
	for i, d := range v.p.Forks {
		if _, fixed := d.fixed(); !fixed {
			next.forks[i] = d.next(now.forks[i], end, votes[d.Bit] >= v.p.SignalThreshold)
		}
	}
	for bit := range now.unknown {
		any := Deployment{Timeout: NoTimeout}
		strange := voted>>bit&1 == 0 && end.Height >= v.p.WarnVersionsFrom && votes[bit] >= v.p.SignalThreshold
		next.unknown[bit] = any.next(now.unknown[bit], end, strange)
	}
	return next
}

// count is how many blocks of the period that ends with end have each bit; nobody asks
// of most periods.
func (v *VersionBits) count(end *HeaderNode, asked bool) (votes [versionBits]int32) {
	if !asked {
		return votes
	}
	for i, n := int32(0), end; i < v.Period(); i, n = i+1, n.Parent {
		for bit := range uint8(versionBits) {
			if signals(n, bit) {
				votes[bit]++
			}
		}
	}
	return votes
}

// next is the state behind a period that ends with end; enough says whether enough of its
// blocks signalled.
func (d Deployment) next(now ThresholdState, end *HeaderNode, enough bool) ThresholdState {
	switch now {
	case Defined:
		if end.MedianTimePast() >= d.Start {
			return Started
		}
	case Started:
		if enough {
			return LockedIn
		}
		if end.MedianTimePast() >= d.Timeout {
			return Failed
		}
	case LockedIn:
		if end.Height+1 >= d.MinHeight {
			return Active
		}
	}
	return now
}
