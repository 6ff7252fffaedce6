package miniscript

import (
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// Type is the properties of an expression, as BIP379 names them by letters.
type Type uint32

// What it leaves on the stack (B, V, K, W), what it takes from it (z, o, n, d, u), what
// its witnesses are like (e, f, s, m), and what only an implementation asks for.
const (
	tB Type = 1 << iota // pushes something that is not zero, or zero
	tV                  // pushes nothing, and cannot fail gently
	tK                  // pushes a key
	tW                  // as B, with an item below it on the stack
	tZ                  // takes no item
	tO                  // takes one
	tN                  // the topmost item that satisfies it is never zero
	tD                  // can be dissatisfied without a signature
	tU                  // pushes exactly 1 when satisfied
	tE                  // can be dissatisfied in one way only
	tF                  // every dissatisfaction needs a signature
	tS                  // every satisfaction needs a signature
	tM                  // has a satisfaction that nobody can change
	tX                  // an OP_VERIFY behind it cannot be made part of its last opcode

	tRelTime   // has an older() of seconds
	tRelHeight // has an older() of blocks
	tAbsTime   // has an after() of seconds
	tAbsHeight // has an after() of a height
	tUnmixed   // no satisfaction needs both kinds of lock

	tLocks = tRelTime | tRelHeight | tAbsTime | tAbsHeight
	tForm  = tB | tV | tK | tW
)

func (t Type) has(p Type) bool { return t&p == p }

func when(ok bool, p Type) Type {
	if ok {
		return p
	}
	return 0
}

const (
	sequenceSeconds = wire.SequenceLockTimeIsSeconds // SEQUENCE_LOCKTIME_TYPE_FLAG
	firstLockTime   = txscript.LockTimeThreshold     // LOCKTIME_THRESHOLD
)

// mixed says whether two expressions cannot be satisfied together, as their locks are of
// both kinds.
func mixed(x, y Type) bool {
	return x.has(tRelTime) && y.has(tRelHeight) || x.has(tRelHeight) && y.has(tRelTime) ||
		x.has(tAbsTime) && y.has(tAbsHeight) || x.has(tAbsHeight) && y.has(tAbsTime)
}

// both are the locks of two expressions that are satisfied together.
func both(x, y Type) Type {
	return (x|y)&tLocks | when((x&y).has(tUnmixed) && !mixed(x, y), tUnmixed)
}

// either are the locks of expressions of which one is satisfied.
func either(x, y Type) Type { return (x|y)&tLocks | x&y&tUnmixed }

// typeOf is a node's type by its subs' (BIP379, "Correctness" and "Malleability"); 0: it
// has none, and no script may be made of it
// [ComputeType].
func typeOf(n *node, ctx Context) Type {
	t := n.leafType()
	switch {
	case t != 0:
	case n.wraps():
		t = wrapType(n.fragment, n.subs[0].typ, ctx)
	case n.fragment == thresh:
		t = threshType(n)
	case n.fragment == andOr:
		t = andOrType(n.subs[0].typ, n.subs[1].typ, n.subs[2].typ)
	case n.fragment == andV || n.fragment == andB:
		t = andType(n.fragment, n.subs[0].typ, n.subs[1].typ)
	default:
		t = orType(n.fragment, n.subs[0].typ, n.subs[1].typ)
	}
	if t&tForm == 0 {
		return 0
	}
	return t
}

func (n *node) leafType() Type {
	const plain = tM | tUnmixed
	switch n.fragment {
	case just0:
		return plain | tB | tZ | tU | tD | tE | tS | tX
	case just1:
		return plain | tB | tZ | tU | tF | tX
	case pkK:
		return plain | tK | tO | tN | tU | tD | tE | tS | tX
	case pkH:
		return plain | tK | tN | tU | tD | tE | tS | tX
	case older:
		seconds := n.k&sequenceSeconds != 0
		return plain | tB | tZ | tF | tX | when(seconds, tRelTime) | when(!seconds, tRelHeight)
	case after:
		seconds := n.k >= firstLockTime
		return plain | tB | tZ | tF | tX | when(seconds, tAbsTime) | when(!seconds, tAbsHeight)
	case sha256Of, hash256Of, ripemd160Of, hash160Of:
		return plain | tB | tO | tN | tU | tD
	case multi:
		return plain | tB | tN | tU | tD | tE | tS
	case multiA:
		return plain | tB | tU | tD | tE | tS
	}
	return 0
}

func wrapType(f fragment, x Type, ctx Context) Type {
	t := x & (tLocks | tUnmixed | tM)
	switch f {
	case wrapA:
		return t | when(x.has(tB), tW) | x&(tU|tD|tF|tE|tS) | tX
	case wrapS:
		return t | when(x.has(tB|tO), tW) | x&(tU|tD|tF|tE|tS|tX)
	case wrapC:
		return t | when(x.has(tK), tB) | x&(tO|tN|tD|tF|tE) | tU | tS
	case wrapD:
		// Whether OP_IF takes 1 and nothing else is consensus in a tree only (MINIMALIF).
		return t | when(x.has(tV|tZ), tB) | when(x.has(tZ), tO) | when(x.has(tF), tE) | x&tS | when(ctx == Tapscript, tU) | tN | tD | tX
	case wrapV:
		return t | when(x.has(tB), tV) | x&(tZ|tO|tN|tS) | tF | tX
	case wrapJ:
		return t | when(x.has(tB|tN), tB) | when(x.has(tF), tE) | x&(tO|tU|tS) | tN | tD | tX
	}
	return t | x&(tB|tZ|tO|tN|tD|tF|tE|tS) | tU | tX // wrapN
}

// first is whether the topmost item of two expressions in a row is never zero.
func first(x, y Type) Type { return x&tN | when(x.has(tZ), y&tN) }

// one is whether one of two expressions takes one item, and the other none.
func one(x, y Type) Type { return when((x | y).has(tZ), (x|y)&tO) }

func andType(f fragment, x, y Type) Type {
	t := both(x, y) | first(x, y) | one(x, y) | x&y&(tD|tM|tZ) | (x|y)&tS
	if f == andV {
		return t | when(x.has(tV), y&(tK|tV|tB)) | when(y.has(tF) || x.has(tS), tF) | y&(tU|tX)
	}
	forced := (x & y).has(tF) || x.has(tS|tF) || y.has(tS|tF)
	return t | when(y.has(tW), x&tB) | when((x&y).has(tS), x&y&tE) | when(forced, tF) | tU | tX
}

func orType(f fragment, x, y Type) Type {
	t := either(x, y) | tX
	safe := (x | y).has(tS) // who satisfies one of them cannot be changed to the other
	switch f {
	case orB:
		return t | when(x.has(tB|tD) && y.has(tW|tD), tB) | one(x, y) | when(safe && (x&y).has(tE), x&y&tM) | x&y&(tZ|tS|tE) | tD | tU
	case orC:
		return t | when(x.has(tB|tD|tU), y&tV) | when(y.has(tZ), x&tO) | when(safe && x.has(tE), x&y&tM) | x&y&(tZ|tS) | tF
	case orD:
		return t | when(x.has(tB|tD|tU), y&tB) | when(y.has(tZ), x&tO) | when(safe && x.has(tE), x&y&tM) | x&y&(tZ|tS) | y&(tU|tF|tD|tE)
	}
	return t | x&y&(tV|tB|tK|tU|tF|tS) | when((x&y).has(tZ), tO) | when((x|y).has(tF), (x|y)&tE) | when(safe, x&y&tM) | (x|y)&tD // orI
}

func andOrType(x, y, z Type) Type {
	locks := (x|y|z)&tLocks | when((x&y&z).has(tUnmixed) && !mixed(x, y), tUnmixed)
	safe := (x | y | z).has(tS)
	return locks | when(x.has(tB|tD|tU), y&z&(tB|tK|tV)) | x&y&z&tZ | one(x, y&z) | y&z&tU |
		when(x.has(tS) || y.has(tF), z&(tF|tE)) | z&tD | when(safe && x.has(tE), x&y&z&tM) | z&(x|y)&tS | tX
}

func threshType(n *node) Type {
	if len(n.subs) > maxThresh {
		return 0
	}
	every := tE | tM
	locks := tUnmixed
	items, safe := 0, 0
	for i, sub := range n.subs {
		x, form := sub.typ, tB
		if i > 0 {
			form = tW
		}
		if !x.has(form | tD | tU) {
			return 0
		}
		every &= x
		switch {
		case x.has(tZ):
		case x.has(tO):
			items++
		default:
			items += 2
		}
		if x.has(tS) {
			safe++
		}
		if n.k > 1 {
			locks = both(locks, x)
		} else {
			locks = either(locks, x)
		}
	}
	spare := len(n.subs) - int(n.k) // subs that need not be satisfied
	all := every.has(tE)
	return locks | tB | tD | tU | when(items == 0, tZ) | when(items == 1, tO) | when(all && safe == len(n.subs), tE) |
		when(all && every.has(tM) && safe >= spare, tM) | when(safe > spare, tS)
}
