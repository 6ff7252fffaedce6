package miniscript

import (
	"slices"

	"github.com/btcsuite/btcd/txscript/v2"
)

// Context is where a script stands.
type Context uint8

// The two contexts.
const (
	WitnessScript Context = iota // behind a witness script hash (BIP141)
	Tapscript                    // in a taproot tree (BIP342)
)

const (
	maxWitnessScript = 3600   // bytes [MAX_STANDARD_P2WSH_SCRIPT_SIZE]
	maxTapscript     = 329482 // bytes: with the largest witness the transaction is still relayed [MaxScriptSize]

	maxMultiKeys  = 20  // MAX_PUBKEYS_PER_MULTISIG
	maxMultiAKeys = 999 // MAX_PUBKEYS_PER_MULTI_A

	// maxThresh is how many subs a thresh may have: what is asked of it takes time by
	// the square of them. As a stack has 1,000 items, only subs that need no witness
	// could be more, and nobody writes those.
	maxThresh = 2000

	// maxDeep is how deep expressions may stand in each other, those aside that a script has in
	// a row (and_v and the wrappers c:, v: and n:): scripts are read by recursion, which took 500 MB of
	// stack where nothing but OP_ENDIF stood. With a key at each step no script is as deep.
	maxDeep = 10_000
)

func (c Context) maxSize() int {
	if c == Tapscript {
		return maxTapscript
	}
	return maxWitnessScript
}

// sigSize and keySize are how many bytes an item of the witness has at most, its length
// included.
func (c Context) sigSize() int {
	if c == Tapscript {
		return 1 + 65
	}
	return 1 + 72
}

func (c Context) keySize() int {
	if c == Tapscript {
		return 1 + 32
	}
	return 1 + 33
}

// fragment is what kind of expression a node is.
type fragment uint8

const (
	just0 fragment = iota
	just1
	pkK
	pkH
	older
	after
	sha256Of
	hash256Of
	ripemd160Of
	hash160Of
	wrapA
	wrapS
	wrapC
	wrapD
	wrapV
	wrapJ
	wrapN
	andV
	andB
	orB
	orC
	orD
	orI
	andOr
	thresh
	multi
	multiA
)

// word is how a fragment is written: a function's name, or a wrapper's letter.
func (f fragment) word() string {
	return [...]string{
		"0", "1", "pk_k", "pk_h", "older", "after", "sha256", "hash256", "ripemd160", "hash160",
		"a", "s", "c", "d", "v", "j", "n",
		"and_v", "and_b", "or_b", "or_c", "or_d", "or_i", "andor", "thresh", "multi", "multi_a",
	}[f]
}

func (f fragment) wraps() bool { return f >= wrapA && f <= wrapN }

// hashOp is the opcode of a fragment that asks for a preimage, and the size of its hash.
func (f fragment) hashOp() (op byte, size int) {
	switch f {
	case sha256Of:
		return txscript.OP_SHA256, 32
	case hash256Of:
		return txscript.OP_HASH256, 32
	case ripemd160Of:
		return txscript.OP_RIPEMD160, 20
	case hash160Of:
		return txscript.OP_HASH160, 20
	}
	return 0, 0
}

// node is one expression. Sugar is not kept: t:X is and_v(X,1), l:X is or_i(0,X), u:X is
// or_i(X,0), and_n(X,Y) is andor(X,Y,0), pk(K) is c:pk_k(K), pkh(K) is c:pk_h(K).
type node struct {
	fragment
	k    uint32 // a time of older and after, the threshold of thresh and multi
	keys []int
	hash []byte
	subs []*node

	typ  Type
	size int // of its script, in bytes
	deep int // how many expressions stand in each other, see maxDeep
	cost cost

	verify bool // what follows in the script is an OP_VERIFY, and can be one with its last opcode
	at     int  // where it stands in Expr.order
	first  int  // where the first of those below it stands there
	twice  bool // a key stands more than once in it
}

// Expr is an expression.
type Expr struct {
	ctx   Context
	root  *node
	order []*node // all nodes, each behind its subs
	keys  int
}

// Keys is how many there are; they are numbered in the order in which they were read.
func (e *Expr) Keys() int { return e.keys }

// newNode is a node with what is known of it by its subs.
func newNode(ctx Context, n node) *node {
	n.typ = typeOf(&n, ctx)
	n.size = sizeOf(&n, ctx)
	n.deep = deepOf(&n)
	if n.typ != 0 {
		n.cost = costOf(&n, ctx)
	}
	return &n
}

func (n *node) valid(ctx Context) bool {
	return n.typ != 0 && n.size <= ctx.maxSize() && n.deep <= maxDeep
}

func deepOf(n *node) (deep int) {
	for _, sub := range n.subs {
		deep = max(deep, sub.deep)
	}
	switch n.fragment {
	case andV, wrapC, wrapV, wrapN:
		return deep
	}
	return deep + 1
}

// own is how many bytes of a script are a node's, and not its subs'.
func (n *node) own() int {
	size := n.size
	for _, sub := range n.subs {
		size -= sub.size
	}
	return size
}

// newExpr finishes an expression.
func newExpr(ctx Context, root *node, keys int) *Expr {
	e := &Expr{ctx: ctx, root: root, keys: keys}
	stack := []*node{root}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = append(stack[:len(stack)-1], n.subs...)
		switch e.order = append(e.order, n); n.fragment {
		case wrapV:
			n.subs[0].verify = true
		case wrapS:
			n.subs[0].verify = n.verify
		case andV:
			n.subs[1].verify = n.verify
		}
	}
	slices.Reverse(e.order)
	for at, n := range e.order {
		n.at, n.first = at, at
		if len(n.subs) > 0 {
			n.first = n.subs[0].first
		}
	}
	return e
}

// Distinguish is told which keys are the same, by names that keys have in common with
// their like only; sane expressions have none of them twice.
func (e *Expr) Distinguish(name func(key int) string) {
	last := map[string]int{}            // where a key stood
	before := make([]int, len(e.order)) // the last place in or below a node where a key stood that comes again there
	for at, n := range e.order {
		before[at] = -1
		for _, sub := range n.subs {
			before[at] = max(before[at], before[sub.at])
		}
		for _, key := range n.keys {
			name := name(key)
			if old, ok := last[name]; ok {
				before[at] = max(before[at], old)
			}
			last[name] = at
		}
		n.twice = before[at] >= n.first
	}
}
