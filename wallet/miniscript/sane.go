package miniscript

// sane says whether what satisfies a node is always within the limits, cannot be changed
// by others, and is what it looks like [IsSaneSubexpression].
func (n *node) sane(ctx Context) bool {
	return n.valid(ctx) && n.within(ctx) && n.typ.has(tM|tUnmixed) && !n.twice
}

// Sane says whether money may be paid to the script: each way to spend it needs a
// signature, works, and cannot be changed by others [IsSane].
func (e *Expr) Sane() bool {
	return e.root.sane(e.ctx) && e.root.typ.has(tB|tS)
}

// Fault says in Core's words why the expression may not be used, and names the smallest part
// that is at fault; both are empty when it may [ParseScript, FindInsaneSub].
func (e *Expr) Fault(key func(int) string) (part, why string) {
	sane := e.Sane()
	if sane && e.root.cost.sat.ok {
		return "", ""
	}
	n := e.root
	for _, sub := range e.order {
		if !sub.sane(e.ctx) {
			n = sub
			break
		}
	}
	part = n.text(key)
	switch {
	case !n.valid(e.ctx):
		return part, " is invalid"
	case sane:
		return part, " is not satisfiable"
	}
	why = " is not sane"
	switch {
	case !n.typ.has(tM):
		why += ": malleable witnesses exist"
	case n == e.root && !n.typ.has(tS):
		why += ": witnesses without signature exist"
	case !n.typ.has(tUnmixed):
		why += ": contains mixes of timelocks expressed in blocks and seconds"
	case n.twice:
		why += ": contains duplicate public keys"
	case !n.within(e.ctx):
		why += ": needs witnesses that may exceed resource limits"
	}
	return part, why
}
