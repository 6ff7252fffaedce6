package chain

import (
	"fmt"
	"time"

	"github.com/btcsuite/btcd/wire/v2"
)

// CheckHeader checks a header on top of parent, in Bitcoin Core's order: work,
// difficulty, median time, BIP94, the two-hour rule, version [AcceptBlockHeader]. The answer is
// nil, a *RuleError, or ErrTimeTooNew, which is no verdict for ever.
func CheckHeader(p *Params, parent *HeaderNode, h *wire.BlockHeader, now time.Time) error {
	if err := CheckWork(p, h); err != nil {
		return err
	}
	return CheckHeaderContext(p, parent, h, now)
}

// CheckWork checks a header's proof of work against the target it claims
// [CheckBlockHeader].
func CheckWork(p *Params, h *wire.BlockHeader) error {
	if !meetsTarget(p, HeaderHash(h), h.Bits) {
		return Broken(ErrHighHash, "proof of work failed")
	}
	return nil
}

// CheckHeaderContext checks what CheckHeader does without the proof of work: a
// miner asks it of a header not solved yet [ContextualCheckBlockHeader].
func CheckHeaderContext(p *Params, parent *HeaderNode, h *wire.BlockHeader, now time.Time) error {
	if h.PrevBlock != parent.Hash {
		return ErrUnknownParent
	}
	if want := NextBits(p, parent, h.Timestamp); h.Bits != want {
		return Broken(ErrBadBits, "bits are %08x, must be %08x", h.Bits, want)
	}
	at := h.Timestamp.Unix()
	if mtp := parent.MedianTimePast(); at <= mtp {
		return Broken(ErrTimeTooOld, "time %d is not after the median time %d", at, mtp)
	}
	height := parent.Height + 1
	if p.EnforceBIP94 && height%p.RetargetInterval() == 0 && at < parent.Header.Timestamp.Unix()-MaxTimewarp {
		return Broken(ErrTimewarp, "time %d is more than %d s before the parent's", at, MaxTimewarp)
	}
	if at > now.Unix()+MaxFutureTime {
		return ErrTimeTooNew
	}
	return checkVersion(p, height, h.Version)
}

// checkVersion refuses the versions that BIP34, BIP66 and BIP65 made obsolete.
func checkVersion(p *Params, height, version int32) error {
	if version < 2 && height >= p.BIP0034Height ||
		version < 3 && height >= p.BIP0066Height ||
		version < 4 && height >= p.BIP0065Height {
		return Broken(Rule(fmt.Sprintf("%s(0x%08x)", ErrBadVersion, uint32(version))), "")
	}
	return nil
}
