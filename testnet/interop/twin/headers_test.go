package twin

import (
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// twist makes of an ordinary block one that breaks a rule by as little as
// breaks it, or stands on the rule's edge.
type twist struct {
	name string
	rule chain.Rule // "" for a block that is valid
	// why says, when btcd's verdict is the other one, whose rule it is that
	// btcd does not keep; "" when both must agree.
	why string
	// late: only connecting the block shows it, so that beside the chain it is stored.
	late bool
	// rare: large or slow, so that it is not done every time.
	rare bool
	make func(b *block) bool // false: the place has not what it needs
}

func (b *block) opt(o chaintest.Option) bool { b.opts = append(b.opts, o); return true }

// header changes the header before it is solved.
func header(f func(b *block, h *wire.BlockHeader)) func(*block) bool {
	return damage(func(b *block, m *wire.MsgBlock) { f(b, &m.Header) })
}

// headerTwists are about the header alone.
func headerTwists() []twist {
	version := func(v int32) func(*block) bool {
		return header(func(_ *block, h *wire.BlockHeader) { h.Version = v })
	}
	unsolved := func(bits uint32) func(*block) bool {
		return func(b *block) bool {
			b.opt(chaintest.Unsolved())
			return header(func(_ *block, h *wire.BlockHeader) { h.Bits = bits })(b)
		}
	}
	after := func(seconds int64) func(*block) bool {
		return func(b *block) bool {
			return b.opt(chaintest.At(b.g.now.Add(time.Duration(seconds) * time.Second)))
		}
	}
	median := func(more int64) func(*block) bool {
		return func(b *block) bool {
			return b.opt(chaintest.At(time.Unix(b.at.node.MedianTimePast()+more, 0)))
		}
	}
	return []twist{
		{name: "no proof of work", rule: chain.ErrHighHash, make: func(b *block) bool { return b.opt(chaintest.Unsolved()) }},
		{name: "a target easier than allowed", rule: chain.ErrHighHash, make: unsolved(0x2100ffff)},
		{name: "a negative target", rule: chain.ErrHighHash, make: unsolved(0x20ffffff)},
		{name: "a target of zero", rule: chain.ErrHighHash, make: unsolved(0x20000000)},
		{name: "bits a little too hard", rule: chain.ErrBadBits,
			make: header(func(_ *block, h *wire.BlockHeader) { h.Bits = 0x207ffffe })},
		{name: "at the median time", rule: chain.ErrTimeTooOld, make: median(0)},
		{name: "a second after the median time", make: median(1)},
		{name: "two hours ahead of the clock", make: after(7200)},
		{name: "two hours and a second ahead", rule: "time-too-new", make: after(7201)},
		{name: "version 1", rule: chain.ErrBadVersion, make: version(1)},
		{name: "version 3", rule: chain.ErrBadVersion, make: version(3)},
		{name: "version 0", rule: chain.ErrBadVersion, make: version(0)},
		{name: "version -1", rule: chain.ErrBadVersion, make: version(-1)},
		{name: "version 4", make: version(4)},
		{name: "the highest version", make: version(0x7fffffff)},
	}
}
