package headers

import (
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

// Grapevine asks every peer for headers as it joins. Core asks one, as long as its best
// header is old, and all when that is near today (Sync.One): a first sync costs one
// download of headers, and whom to ask next is seen when that one is silent. Meanwhile
// each new block that is announced lets one peer more be asked.

const (
	nearToday     = 24 * time.Hour   // of our best header, where all peers are asked
	syncTimeout   = 15 * time.Minute // for the headers of the first peer [HEADERS_DOWNLOAD_TIMEOUT_BASE]
	syncPerHeader = time.Millisecond // and for each that may be missing [HEADERS_DOWNLOAD_TIMEOUT_PER_HEADER]
)

// initial is the part that a peer has in the first sync, where one is asked.
type initial struct {
	started bool      // it was asked [fSyncStarted]
	byInv   bool      // it was asked for a block that it announced before
	until   time.Time // when it must have caught up; zero: it did, or was not asked
}

// serves says whether a peer offers blocks.
func (t *Talk) serves() bool {
	return t.Kind != p2p.AddrFetch && t.Services&(wire.SFNodeNetwork|wire.SFNodeNetworkLimited) != 0
}

// near says whether our best header is near today.
func (s *Sync) near() bool {
	return s.Clock().Sub(s.tree.Best().Node.Header.Timestamp) < nearToday
}

func (s *Sync) started() (n int) {
	for _, t := range s.talks {
		if t.first.started {
			n++
		}
	}
	return n
}

// start asks who is to be asked now, where not all are at once.
func (s *Sync) start() {
	if !s.One {
		return
	}
	near, started := s.near(), s.started()
	for _, t := range s.talks {
		if !t.serves() || t.first.started || !near && started > 0 {
			continue
		}
		started++
		missing := s.Clock().Sub(s.tree.Best().Node.Header.Timestamp) / s.params.TargetTimePerBlock
		t.first.started, t.first.until = true, s.now.Add(syncTimeout+missing*syncPerHeader)
		s.ask(t, s.from())
	}
}

// mayAskFor says whether a peer may be asked for the header of a block that it has
// announced.
func (s *Sync) mayAskFor(t *Talk, h chain.Hash) bool {
	if !s.One || t.first.started {
		return true
	}
	if t.first.byInv || s.lastInv == h {
		return false
	}
	t.first.byInv, s.lastInv = true, h
	return true
}

// initialDue is when the only peer that was asked must have caught up; zero: never.
func (s *Sync) initialDue() (due time.Time) {
	if !s.One || s.started() != 1 {
		return time.Time{}
	}
	for _, t := range s.talks {
		if t.first.started && s.replaceable(t) {
			due = t.first.until
		}
	}
	return due
}

// replaceable says whether another peer of our choice could take its place.
func (s *Sync) replaceable(t *Talk) bool {
	return slices.ContainsFunc(s.talks, func(u *Talk) bool { return u != t && u.Preferred() })
}

// watchInitial lets another be asked when the only one has not caught up in time.
func (s *Sync) watchInitial() {
	due := s.initialDue()
	if s.One && s.near() {
		for _, t := range s.talks {
			t.first.until = time.Time{}
		}
	} else if !due.IsZero() && !s.now.Before(due) {
		i := slices.IndexFunc(s.talks, func(t *Talk) bool { return t.first.started })
		t := s.talks[i]
		t.first.started, t.first.until = false, time.Time{}
		if !t.May(p2p.MayStay) {
			s.drop(t, "", "its headers do not come")
		}
	}
	s.start()
}
