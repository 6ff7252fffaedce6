package miniscript

// way is the most that it takes to satisfy, or to dissatisfy, an expression. The zero
// value: it cannot be done.
type way struct {
	ok   bool
	keys int // that executed OP_CHECKMULTISIGs count as opcodes
	diff int // how many items more the stack has before than after
	peak int // how many items more it has meanwhile
	size int // of the witness items, in bytes
}

// then is one after the other.
func (a way) then(b way) way {
	if !a.ok || !b.ok {
		return way{}
	}
	return way{true, a.keys + b.keys, a.diff + b.diff, max(b.peak, b.diff+a.peak), a.size + b.size}
}

// or is one of them, nobody knows which.
func (a way) or(b way) way {
	switch {
	case !a.ok:
		return b
	case !b.ok:
		return a
	}
	return way{true, max(a.keys, b.keys), max(a.diff, b.diff), max(a.peak, b.peak), max(a.size, b.size)}
}

// gives is a way that takes so many bytes of the witness more.
func (a way) gives(bytes int) way {
	a.size += bytes
	return a
}

// steps are opcodes one after the other; each takes so many items away, and may add some
// before: -1 is a push, 1 is what makes one of two.
func steps(takes ...int) way {
	a := way{ok: true}
	for _, n := range takes {
		a = a.then(way{ok: true, diff: n, peak: max(n, 0)})
	}
	return a
}

const push, pop = -1, 1

// cost is what bounds a script's witnesses.
type cost struct {
	ops       int // opcodes that are no pushes
	sat, dsat way
}

// costOf is a node's cost by its subs'.
func costOf(n *node, ctx Context) cost {
	c := cost{ops: n.ownOps()}
	for _, sub := range n.subs {
		c.ops += sub.cost.ops
	}
	switch {
	case n.wraps():
		c.sat, c.dsat = wrapWays(n)
	case n.fragment == thresh:
		c.sat, c.dsat = threshWays(n)
	case len(n.subs) > 0:
		c.sat, c.dsat = joinWays(n)
	default:
		c.sat, c.dsat = leafWays(n, ctx)
	}
	return c
}

// ownOps are the opcodes of a node itself.
func (n *node) ownOps() int {
	switch n.fragment {
	case older, after, wrapS, wrapC, wrapN, andB, orB, multi:
		return 1
	case wrapA, orC:
		return 2
	case pkH, wrapD, orD, orI, andOr:
		return 3
	case sha256Of, hash256Of, ripemd160Of, hash160Of, wrapJ:
		return 4
	case wrapV:
		return n.size - n.subs[0].size
	case thresh:
		return len(n.subs)
	case multiA:
		return len(n.keys) + 1
	}
	return 0
}

func leafWays(n *node, ctx Context) (sat, dsat way) {
	need, count := int(n.k), len(n.keys)
	switch n.fragment {
	case just0:
		return way{}, steps(push)
	case just1, older, after:
		return steps(push), way{}
	case pkK:
		return steps(push).gives(ctx.sigSize()), steps(push).gives(1)
	case pkH:
		both := steps(push, push, pop+pop).gives(ctx.keySize())
		return both.gives(ctx.sigSize()), both.gives(1)
	case multi:
		both := way{true, count, need, need + count + 2, 1}
		return both.gives(need * ctx.sigSize()), both.gives(need)
	case multiA:
		both := way{true, 0, count - 1, count, count}
		return both.gives(need * (ctx.sigSize() - 1)), both
	}
	return steps(push, push, pop+pop, push, pop).gives(1 + 32), way{} // a preimage
}

func wrapWays(n *node) (sat, dsat way) {
	x := n.subs[0].cost
	switch n.fragment {
	case wrapC:
		return x.sat.then(steps(pop)), x.dsat.then(steps(pop))
	case wrapD:
		return steps(push, pop).then(x.sat).gives(2), steps(push, pop).gives(1)
	case wrapJ:
		return steps(push, pop).then(x.sat), steps(push, pop).gives(1)
	case wrapV:
		return x.sat.then(steps(pop)), way{}
	}
	return x.sat, x.dsat
}

func joinWays(n *node) (sat, dsat way) {
	x, y := n.subs[0].cost, n.subs[1].cost
	last := steps(pop) // OP_BOOLAND, OP_BOOLOR, OP_IF and OP_NOTIF alike
	switch n.fragment {
	case andV:
		return x.sat.then(y.sat), way{}
	case andB:
		return x.sat.then(y.sat).then(last), x.dsat.then(y.dsat).then(last)
	case orB:
		return x.sat.then(y.dsat).or(x.dsat.then(y.sat)).then(last), x.dsat.then(y.dsat).then(last)
	case orC:
		return x.sat.then(last).or(x.dsat.then(last).then(y.sat)), way{}
	case orD:
		return x.sat.then(steps(push, pop)).or(x.dsat.then(last).then(y.sat)), x.dsat.then(last).then(y.dsat)
	case orI:
		return last.then(x.sat).gives(2).or(last.then(y.sat).gives(1)), last.then(x.dsat).gives(2).or(last.then(y.dsat).gives(1))
	}
	z := n.subs[2].cost // of andOr
	no := x.dsat.then(last)
	return x.sat.then(last).then(y.sat).or(no.then(z.sat)), no.then(z.dsat)
}

// threshWays: of the first subs, so many satisfied and the others not.
func threshWays(n *node) (sat, dsat way) {
	most := int(n.k)
	ways := []way{steps()}
	for i, sub := range n.subs {
		add := steps()
		if i > 0 {
			add = steps(pop)
		}
		ways = addOne(ways, most, sub.cost.sat.then(add), sub.cost.dsat.then(add))
	}
	end := steps(push, pop)
	return ways[most].then(end), ways[0].then(end)
}

const (
	maxOps          = 201  // MAX_OPS_PER_SCRIPT
	maxWitnessItems = 100  // MAX_STANDARD_P2WSH_STACK_ITEMS
	maxStack        = 1000 // MAX_STACK_SIZE
)

// left is how many items a node leaves on the stack.
func (n *node) left() int {
	if n.typ&(tB|tK|tW) != 0 {
		return 1
	}
	return 0
}

// within says whether what satisfies a node stays within the limits of its context.
func (n *node) within(ctx Context) bool {
	switch sat := n.cost.sat; {
	case !sat.ok:
		return true
	case ctx == Tapscript:
		return sat.peak+n.left() <= maxStack
	default:
		return n.cost.ops+sat.keys <= maxOps && sat.diff+n.left() <= maxWitnessItems
	}
}

// Witness is the most that a witness of the expression has, without the script itself:
// items, and bytes with their lengths; false: it cannot be satisfied.
func (e *Expr) Witness() (items, size int, ok bool) {
	sat := e.root.cost.sat
	return sat.diff + e.root.left(), sat.size, sat.ok
}
