package swarm

import (
	"sync"
	"time"

	"grapevine/p2p"
)

const (
	uploadFrame  = 24 * time.Hour   // [MAX_UPLOAD_TIMEFRAME]
	blockEvery   = 10 * time.Minute // for each of these that is left of the day
	blockReserve = 4_000_000        // so many bytes are kept, that new blocks go out once [MAX_BLOCK_SERIALIZED_SIZE]
)

// uploads is what was sent in the present day, as people see the time, and what may be
// [-maxuploadtarget]. The day begins with the first byte after the last one. Anybody may
// call it at any time [RecordBytesSent].
type uploads struct {
	most uint64 // bytes; 0: no limit
	sent func() uint64

	mu    sync.Mutex
	since time.Time // when the day began; zero: it has not
	base  uint64    // sent before it
}

// look begins a new day when it is time.
func (u *uploads) look(now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.today(now)
}

// today is what was sent in the day, which begins anew when it is time.
func (u *uploads) today(now time.Time) uint64 {
	sent := u.sent()
	if sent > u.base && (u.since.IsZero() || now.Sub(u.since) > uploadFrame) {
		u.since, u.base = now, sent
	}
	return sent - u.base
}

// UploadTarget is how the day stands.
type UploadTarget struct {
	Most      uint64 // bytes; 0: no limit
	Reached   bool   // as much was sent
	OldBlocks bool   // old ones are still served
	BytesLeft uint64
	TimeLeft  time.Duration
}

func (u *uploads) target(now time.Time) UploadTarget {
	if u.most == 0 {
		return UploadTarget{OldBlocks: true}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	sent := u.today(now)
	t := UploadTarget{Most: u.most, TimeLeft: uploadFrame}
	if !u.since.IsZero() {
		t.TimeLeft = min(max(u.since.Add(uploadFrame).Sub(now), 0), uploadFrame)
	}
	t.Reached = sent >= u.most
	if !t.Reached {
		t.BytesLeft = u.most - sent
	}
	reserve := uint64(t.TimeLeft/blockEvery) * blockReserve
	t.OldBlocks = t.BytesLeft > reserve
	return t
}

// UploadTarget tells how the day stands.
func (s *Swarm) UploadTarget() (t UploadTarget) {
	_ = s.ask(func(l *loop) { t = l.uploads.target(l.cfg.Clock()) })
	return t
}

// servesOld tells whether old blocks are still sent [OutboundTargetReached]; called by the peers' writers.
func (l *loop) servesOld() bool { return l.uploads.target(l.cfg.Clock()).OldBlocks }

// tellsPool tells whether a peer may ask for the pool, which is much; else it is dropped.
func (l *loop) tellsPool(r *remote) bool {
	if r.May(p2p.MayQueryPool) || !l.uploads.target(l.cfg.Clock()).Reached {
		return true
	}
	if !r.May(p2p.MayStay) {
		l.cfg.Log.Debug("pool asked for beyond the upload target", "peer", r.Number)
		l.dropFor(r, "the pool is not told any more today", "")
	}
	return false
}
