package miniscript

// Hash is a hash function whose preimages witnesses have.
type Hash uint8

// The hash functions of BIP379.
const (
	SHA256 Hash = iota
	Hash256
	Ripemd160
	Hash160
)

// Satisfier has what witnesses are made of; keys come by their numbers.
type Satisfier interface {
	Sign(key int) ([]byte, bool)
	PubKey(key int) []byte                       // as the witness shows one that the script names by its hash
	Preimage(h Hash, hash []byte) ([]byte, bool) // 32 bytes
	After(time uint32) bool                      // the transaction's lock time is that, or later (BIP65)
	Older(age uint32) bool                       // and the input's relative one (BIP112)
}

// pile is the items of a witness that satisfy, or dissatisfy, an expression; the last one
// is on top of the stack.
type pile struct {
	ok        bool
	signed    bool // it has a signature
	malleable bool // others can make another one of it
	size      int
	items     *rope
}

// rope is items in a row; many piles share it.
type rope struct {
	before, behind *rope
	item           []byte
}

func item(b []byte) pile { return pile{ok: true, size: len(b) + 1, items: &rope{item: b}} }

func zero() pile { return item(nil) }

func empty() pile { return pile{ok: true} }

func (p pile) changeable(is bool) pile {
	p.malleable = p.malleable || is
	return p
}

// onlyIf is no pile unless ok.
func (p pile) onlyIf(ok bool) pile {
	if !ok {
		return pile{}
	}
	return p
}

// then is a pile with another on top.
func (p pile) then(q pile) pile {
	switch {
	case !p.ok || !q.ok:
		return pile{}
	case q.items == nil:
		q.items = p.items
	case p.items != nil:
		q.items = &rope{before: p.items, behind: q.items}
	}
	return pile{true, p.signed || q.signed, p.malleable || q.malleable, p.size + q.size, q.items}
}

// or chooses: what has no signature could be put in the place of the other by anybody, so
// it must be the one; then what cannot be changed; then the smaller.
func (p pile) or(q pile) pile {
	switch {
	case !p.ok:
		return q
	case !q.ok:
		return p
	case p.signed != q.signed:
		if p.signed {
			return q
		}
		return p
	case !p.signed:
		p.malleable, q.malleable = true, true
	case p.malleable != q.malleable:
		if p.malleable {
			return q
		}
		return p
	}
	if p.size <= q.size {
		return p
	}
	return q
}

func (p pile) list() (all [][]byte) {
	stack := []*rope{p.items}
	for len(stack) > 0 {
		r := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		switch {
		case r == nil:
		case r.before != nil:
			stack = append(stack, r.behind, r.before)
		default:
			all = append(all, r.item)
		}
	}
	return all
}

// answer is how a node is satisfied and dissatisfied.
type answer struct{ sat, dsat pile }

// Satisfy is the smallest witness that others cannot change, without the script; false:
// there is none. Every signature that can be made is asked for.
func (e *Expr) Satisfy(by Satisfier) ([][]byte, bool) {
	best := e.best(by)
	return best.list(), best.ok && best.signed && !best.malleable
}

func (e *Expr) best(by Satisfier) pile {
	var done []answer
	for _, n := range e.order {
		subs := done[len(done)-len(n.subs):]
		a := n.answer(by, subs)
		done = append(done[:len(done)-len(n.subs)], a)
	}
	return done[0].sat
}

func (n *node) answer(by Satisfier, subs []answer) answer {
	switch {
	case n.wraps():
		return n.wrapAnswer(subs[0])
	case n.fragment == thresh:
		return n.threshAnswer(subs)
	case len(subs) > 0:
		return n.joinAnswer(subs)
	}
	return n.leafAnswer(by)
}

func (n *node) leafAnswer(by Satisfier) answer {
	switch n.fragment {
	case just0:
		return answer{dsat: empty()}
	case just1:
		return answer{sat: empty()}
	case older:
		return answer{sat: empty().onlyIf(by.Older(n.k))}
	case after:
		return answer{sat: empty().onlyIf(by.After(n.k))}
	case pkK:
		return answer{signature(by, n.keys[0]), zero()}
	case pkH:
		key := item(by.PubKey(n.keys[0]))
		return answer{signature(by, n.keys[0]).then(key), zero().then(key)}
	case multi:
		return n.multiAnswer(by)
	case multiA:
		return n.multiAAnswer(by)
	}
	// Any other 32 bytes are no preimage either, so this can be changed.
	image, ok := by.Preimage(Hash(n.fragment-sha256Of), n.hash)
	return answer{item(image).onlyIf(ok), item(make([]byte, 32)).changeable(true)}
}

func signature(by Satisfier, key int) pile {
	sig, ok := by.Sign(key)
	if !ok {
		return pile{}
	}
	p := item(sig)
	p.signed = true
	return p
}

// multiAnswer: OP_CHECKMULTISIG takes one item more than it uses, and signatures in the
// keys' order.
func (n *node) multiAnswer(by Satisfier) answer {
	sats := []pile{zero()} // with so many signatures
	none := zero()
	for _, key := range n.keys {
		sats = addOne(sats, int(n.k), signature(by, key), empty())
	}
	for range n.k {
		none = none.then(zero())
	}
	return answer{sats[n.k], none}
}

// multiAAnswer: each key has an item, the first one's on top.
func (n *node) multiAAnswer(by Satisfier) answer {
	sats := []pile{empty()}
	for i := len(n.keys) - 1; i >= 0; i-- {
		sats = addOne(sats, int(n.k), signature(by, n.keys[i]), zero())
	}
	return answer{sats[n.k], sats[0]}
}

// addOne goes on from piles, or ways, with 0, 1, 2, … things satisfied to one thing more,
// which is satisfied or not; more than most are not kept.
func addOne[T interface {
	then(T) T
	or(T) T
}](list []T, most int, sat, dsat T) []T {
	next := make([]T, min(len(list), most)+1)
	for j := range next {
		if j < len(list) {
			next[j] = list[j].then(dsat)
		}
		if j > 0 {
			next[j] = next[j].or(list[j-1].then(sat))
		}
	}
	return next
}

func (n *node) wrapAnswer(x answer) answer {
	switch n.fragment {
	case wrapD:
		return answer{x.sat.then(item([]byte{1})), zero()}
	case wrapJ:
		// Where X can be dissatisfied without a signature, another item than zero might do it, too.
		return answer{x.sat, zero().changeable(x.dsat.ok && !x.dsat.signed)}
	case wrapV:
		return answer{sat: x.sat}
	}
	return x
}

func (n *node) joinAnswer(subs []answer) answer {
	x, y := subs[0], subs[1]
	switch n.fragment {
	case andV:
		return answer{y.sat.then(x.sat), y.dsat.then(x.sat)}
	case andB:
		none := y.dsat.then(x.dsat).or(y.sat.then(x.dsat).changeable(true)).or(y.dsat.then(x.sat).changeable(true))
		return answer{y.sat.then(x.sat), none}
	case orB:
		one := y.dsat.then(x.sat).or(y.sat.then(x.dsat))
		return answer{one.or(y.sat.then(x.sat).changeable(true)), y.dsat.then(x.dsat)}
	case orC:
		return answer{sat: x.sat.or(y.sat.then(x.dsat))}
	case orD:
		return answer{x.sat.or(y.sat.then(x.dsat)), y.dsat.then(x.dsat)}
	case orI:
		first := item([]byte{1})
		return answer{x.sat.then(first).or(y.sat.then(zero())), x.dsat.then(first).or(y.dsat.then(zero()))}
	}
	z := subs[2] // of andOr
	return answer{y.sat.then(x.sat).or(z.sat.then(x.dsat)), y.dsat.then(x.sat).or(z.dsat.then(x.dsat))}
}

// threshAnswer: any other number of satisfied subs than the right one dissatisfies it, and
// all but none of them can be changed.
func (n *node) threshAnswer(subs []answer) answer {
	sats := []pile{empty()}
	for i := len(subs) - 1; i >= 0; i-- {
		sats = addOne(sats, len(subs), subs[i].sat, subs[i].dsat)
	}
	var none pile
	for count, p := range sats {
		if count != int(n.k) {
			none = none.or(p.changeable(count > 0))
		}
	}
	return answer{sats[n.k], none}
}
