package miniscript

import (
	"slices"

	"github.com/btcsuite/btcd/txscript/v2"
)

// step is an opcode of a script, with what it pushes; an opcode that is an OP_VERIFY too
// stands as two.
type step struct {
	op   byte
	data []byte
}

// decoder reads a script from its end, where each expression shows what it is.
type decoder struct {
	ctx   Context
	steps []step // what is left
	key   func(raw []byte) bool
	keys  int
	deep  int  // how many expressions are being read, one in the other
	bad   bool // an expression has no type
}

// FromScript is the expression that a script is made of, nil: of none. key is told of each
// key, or of a key's HASH160, where the script names it by that, and says whether it may
// stand there. Keys are numbered in the order in which they are told.
func FromScript(script []byte, ctx Context, key func(raw []byte) bool) *Expr {
	if len(script) > ctx.maxSize() {
		return nil
	}
	steps, ok := split(script)
	if !ok {
		return nil
	}
	d := &decoder{ctx: ctx, steps: steps, key: key}
	root := d.row()
	if root == nil || d.bad || len(d.steps) > 0 || !root.valid(ctx) || !root.typ.has(tB) {
		return nil
	}
	return newExpr(ctx, root, d.keys)
}

// split takes a script apart; false: something is not pushed, or verified, by as little as
// can be.
func split(script []byte) (list []step, ok bool) {
	t := txscript.MakeScriptTokenizer(0, script)
	for t.Next() {
		op, data := t.Opcode(), t.Data()
		switch {
		case op >= txscript.OP_1 && op <= txscript.OP_16:
			data = []byte{op - txscript.OP_1 + 1}
		case op <= txscript.OP_PUSHDATA4:
			if op != leastPush(data) {
				return nil, false
			}
		case op == txscript.OP_CHECKSIGVERIFY || op == txscript.OP_CHECKMULTISIGVERIFY || op == txscript.OP_EQUALVERIFY || op == txscript.OP_NUMEQUALVERIFY:
			list = append(list, step{op: op - 1})
			op = txscript.OP_VERIFY
		case op == txscript.OP_VERIFY && len(list) > 0:
			switch list[len(list)-1].op {
			case txscript.OP_CHECKSIG, txscript.OP_CHECKMULTISIG, txscript.OP_EQUAL, txscript.OP_NUMEQUAL:
				return nil, false
			}
		}
		list = append(list, step{op, data})
	}
	return list, t.Err() == nil
}

// leastPush is the opcode that pushes data by the fewest bytes [CheckMinimalPush].
func leastPush(data []byte) byte {
	switch n := len(data); {
	case n == 0:
		return txscript.OP_0
	case n == 1 && data[0] >= 1 && data[0] <= 16:
		return txscript.OP_1 - 1 + data[0]
	case n == 1 && data[0] == 0x81:
		return txscript.OP_1NEGATE
	case n <= txscript.OP_DATA_75:
		return byte(n)
	case n <= 0xff:
		return txscript.OP_PUSHDATA1
	case n <= 0xffff:
		return txscript.OP_PUSHDATA2
	}
	return txscript.OP_PUSHDATA4
}

// peek is the step that stands so many before the end.
func (d *decoder) peek(n int) step {
	if n >= len(d.steps) {
		return step{op: txscript.OP_INVALIDOPCODE}
	}
	return d.steps[len(d.steps)-1-n]
}

func (d *decoder) drop(n int) { d.steps = d.steps[:len(d.steps)-n] }

// ends says whether the script ends with these opcodes; OP_INVALIDOPCODE stands for any.
func (d *decoder) ends(ops ...byte) bool {
	if len(d.steps) < len(ops) {
		return false
	}
	for i, op := range ops {
		if have := d.peek(len(ops) - 1 - i).op; op != txscript.OP_INVALIDOPCODE && have != op {
			return false
		}
	}
	return true
}

// number is the one that a step pushes.
func (s step) number() (int64, bool) {
	if s.op == txscript.OP_0 {
		return 0, true
	}
	if len(s.data) == 0 {
		return 0, false
	}
	n, err := txscript.MakeScriptNum(s.data, true, 4)
	return int64(n), err == nil
}

func (d *decoder) node(n node) *node {
	made := newNode(d.ctx, n)
	if !made.valid(d.ctx) {
		d.bad = true
		return nil
	}
	return made
}

func (d *decoder) over(f fragment, subs ...*node) *node {
	for _, sub := range subs {
		if sub == nil {
			return nil
		}
	}
	return d.node(node{fragment: f, subs: subs})
}

// row reads expressions of type V and a last one: and_v(X,Y) has no opcode of its own.
func (d *decoder) row() *node {
	list := []*node{d.single()} // the last one first
	for list[len(list)-1] != nil && len(d.steps) > 0 && !d.atStart() {
		list = append(list, d.single())
	}
	x := list[len(list)-1]
	for i := len(list) - 2; i >= 0; i-- {
		x = d.over(andV, x, list[i])
	}
	return x
}

// atStart says whether no more expressions stand in the row: these opcodes end none.
func (d *decoder) atStart() bool {
	switch d.peek(0).op {
	case txscript.OP_IF, txscript.OP_ELSE, txscript.OP_NOTIF, txscript.OP_TOALTSTACK, txscript.OP_SWAP:
		return true
	}
	return false
}

// single reads one expression that is no and_v and not of type W.
func (d *decoder) single() *node {
	if d.deep++; d.deep > maxDeep {
		return nil
	}
	defer func() { d.deep-- }()
	var wraps []fragment // c:, v: and n: stand behind what they wrap
	x, found := d.leaf()
	for !found {
		f := wrapC
		switch d.peek(0).op {
		case txscript.OP_CHECKSIG:
		case txscript.OP_VERIFY:
			f = wrapV
		case txscript.OP_0NOTEQUAL:
			f = wrapN
		default:
			x, found = d.joined(), true
			continue
		}
		d.drop(1)
		wraps = append(wraps, f)
		x, found = d.leaf()
	}
	for i := len(wraps) - 1; i >= 0; i-- {
		x = d.over(wraps[i], x)
	}
	return x
}

// leaf reads an expression without subs; found: the script ends with one, though it may
// be a bad one.
func (d *decoder) leaf() (x *node, found bool) {
	const any = txscript.OP_INVALIDOPCODE
	switch top := d.peek(0); {
	case len(d.steps) == 0:
		return nil, true
	case top.op == txscript.OP_0 || top.op == txscript.OP_1:
		d.drop(1)
		return d.node(node{fragment: just0 + fragment(min(top.op, 1))}), true
	case len(top.data) == 33 || len(top.data) == 32:
		return d.keyed(pkK, top.data, 1), true
	case d.ends(txscript.OP_DUP, txscript.OP_HASH160, any, txscript.OP_EQUAL, txscript.OP_VERIFY) && len(d.peek(2).data) == 20:
		return d.keyed(pkH, d.peek(2).data, 5), true
	case d.ends(any, txscript.OP_CHECKSEQUENCEVERIFY):
		return d.lock(older)
	case d.ends(any, txscript.OP_CHECKLOCKTIMEVERIFY):
		return d.lock(after)
	case d.ends(txscript.OP_SIZE, any, txscript.OP_EQUAL, txscript.OP_VERIFY, any, any, txscript.OP_EQUAL):
		return d.preimage()
	case len(d.steps) >= 3 && top.op == txscript.OP_CHECKMULTISIG:
		return d.multi(), true
	case len(d.steps) >= 4 && top.op == txscript.OP_NUMEQUAL:
		return d.multiA(), true
	}
	return nil, false
}

func (d *decoder) readKey(raw []byte) (int, bool) {
	if !d.key(raw) {
		return 0, false
	}
	d.keys++
	return d.keys - 1, true
}

func (d *decoder) keyed(f fragment, raw []byte, steps int) *node {
	key, ok := d.readKey(raw)
	if !ok {
		return nil
	}
	d.drop(steps)
	return d.node(node{fragment: f, keys: []int{key}})
}

func (d *decoder) lock(f fragment) (x *node, found bool) {
	k, ok := d.peek(1).number()
	if !ok {
		return nil, false
	}
	if k < 1 || k >= 1<<31 {
		return nil, true
	}
	d.drop(2)
	return d.node(node{fragment: f, k: uint32(k)}), true
}

func (d *decoder) preimage() (x *node, found bool) {
	const steps = 7
	if size, ok := d.peek(5).number(); !ok || size != 32 {
		return nil, false
	}
	for _, f := range []fragment{sha256Of, hash256Of, ripemd160Of, hash160Of} {
		if op, size := f.hashOp(); d.peek(2).op == op && len(d.peek(1).data) == size {
			hash := d.peek(1).data
			d.drop(steps)
			return d.node(node{fragment: f, hash: hash}), true
		}
	}
	return nil, false
}

func (d *decoder) multi() *node {
	count, ok := d.peek(1).number()
	if !ok || d.ctx != WitnessScript || count < 1 || count > maxMultiKeys || int64(len(d.steps)) < 3+count {
		return nil
	}
	n := node{fragment: multi}
	for i := range int(count) {
		raw := d.peek(2 + i).data
		if len(raw) != 33 {
			return nil
		}
		if !d.addKey(&n, raw) {
			return nil
		}
	}
	need, ok := d.peek(2 + int(count)).number()
	if !ok || need < 1 || need > count {
		return nil
	}
	n.k = uint32(need)
	d.drop(3 + int(count))
	return d.node(n)
}

// addKey adds a key before those that a node has.
func (d *decoder) addKey(n *node, raw []byte) bool {
	key, ok := d.readKey(raw)
	n.keys = append([]int{key}, n.keys...)
	return ok
}

func (d *decoder) multiA() *node {
	need, ok := d.peek(1).number()
	if !ok || d.ctx != Tapscript || need < 1 || need > maxMultiAKeys {
		return nil
	}
	n := node{fragment: multiA, k: uint32(need)}
	at := 2
	for {
		op, raw := d.peek(at).op, d.peek(at+1).data
		if op != txscript.OP_CHECKSIGADD && op != txscript.OP_CHECKSIG || len(raw) != 32 || len(n.keys) == maxMultiAKeys || !d.addKey(&n, raw) {
			return nil
		}
		if at += 2; op == txscript.OP_CHECKSIG {
			break
		}
	}
	if len(n.keys) < int(need) {
		return nil
	}
	d.drop(at)
	return d.node(n)
}

// wrapper reads an expression of type W.
func (d *decoder) wrapper() *node {
	f, op := wrapS, byte(txscript.OP_SWAP)
	if d.peek(0).op == txscript.OP_FROMALTSTACK {
		d.drop(1)
		f, op = wrapA, txscript.OP_TOALTSTACK
	}
	x := d.row()
	if x == nil || d.peek(0).op != op {
		return nil
	}
	d.drop(1)
	return d.over(f, x)
}

// joined reads an expression that ends with what joins its subs.
func (d *decoder) joined() *node {
	switch d.peek(0).op {
	case txscript.OP_EQUAL:
		if need, ok := d.peek(1).number(); ok && len(d.steps) >= 3 && need >= 1 && need < 1<<31 {
			d.drop(2)
			return d.thresh(uint32(need))
		}
	case txscript.OP_ENDIF:
		d.drop(1)
		return d.branch(d.row())
	case txscript.OP_BOOLAND, txscript.OP_BOOLOR:
		f := andB
		if d.peek(0).op == txscript.OP_BOOLOR {
			f = orB
		}
		d.drop(1)
		y := d.wrapper()
		if y == nil {
			return nil
		}
		return d.over(f, d.single(), y)
	}
	return nil
}

func (d *decoder) thresh(need uint32) *node {
	n := node{fragment: thresh, k: need}
	for d.peek(0).op == txscript.OP_ADD {
		d.drop(1)
		x := d.wrapper()
		if x == nil || len(n.subs) == maxThresh {
			return nil
		}
		n.subs = append(n.subs, x)
	}
	x := d.single()
	if n.subs = append(n.subs, x); x == nil || int64(need) > int64(len(n.subs)) {
		return nil
	}
	slices.Reverse(n.subs)
	return d.node(n)
}

// branch reads what stands before the last branch of an OP_IF or OP_NOTIF.
func (d *decoder) branch(last *node) *node {
	if last == nil {
		return nil
	}
	switch {
	case d.peek(0).op == txscript.OP_ELSE:
		d.drop(1)
		before := d.row()
		if before == nil {
			return nil
		}
		switch d.peek(0).op {
		case txscript.OP_IF:
			d.drop(1)
			return d.over(orI, before, last)
		case txscript.OP_NOTIF:
			d.drop(1)
			return d.over(andOr, d.single(), last, before)
		}
	case d.ends(txscript.OP_DUP, txscript.OP_IF):
		d.drop(2)
		return d.over(wrapD, last)
	case d.ends(txscript.OP_SIZE, txscript.OP_0NOTEQUAL, txscript.OP_IF):
		d.drop(3)
		return d.over(wrapJ, last)
	case d.ends(txscript.OP_IFDUP, txscript.OP_NOTIF):
		d.drop(2)
		return d.over(orD, d.single(), last)
	case d.peek(0).op == txscript.OP_NOTIF:
		d.drop(1)
		return d.over(orC, d.single(), last)
	}
	return nil
}
