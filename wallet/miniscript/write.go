package miniscript

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"
)

// walk goes through a tree in the order in which it is written. At each node visit is
// called before each of its subs and behind the last, with how often it was called there;
// it says which sub comes next, nil: none this time. Trees are deep: a script may be
// hundreds of thousands of wrappers, so this is no recursion.
func walk(root *node, visit func(n *node, step int) *node) {
	type place struct {
		n    *node
		step int
	}
	stack := []place{{root, 0}}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		n, step := top.n, top.step
		top.step++
		next := visit(n, step)
		switch {
		case step == len(n.subs):
			stack = stack[:len(stack)-1]
		case next != nil:
			stack = append(stack, place{next, 0})
		}
	}
}

// Script is the script, with these keys: 33 bytes each behind a witness script hash, 32 in
// a tree.
func (e *Expr) Script(keys [][]byte) []byte {
	script := make([]byte, 0, e.root.size)
	walk(e.root, func(n *node, step int) *node {
		script = n.append(script, step, keys)
		switch {
		case step == len(n.subs):
			return nil
		case n.fragment == andOr && step > 0: // X OP_NOTIF Z OP_ELSE Y OP_ENDIF
			return n.subs[len(n.subs)-step]
		}
		return n.subs[step]
	})
	return script
}

// opcodes of a fragment before its first sub, before the others and behind the last.
func (f fragment) opcodes() (before, between, behind []byte) {
	const (
		ifOp, notIf, elseOp, endIf = txscript.OP_IF, txscript.OP_NOTIF, txscript.OP_ELSE, txscript.OP_ENDIF
	)
	switch f {
	case wrapA:
		return []byte{txscript.OP_TOALTSTACK}, nil, []byte{txscript.OP_FROMALTSTACK}
	case wrapS:
		return []byte{txscript.OP_SWAP}, nil, nil
	case wrapC:
		return nil, nil, []byte{txscript.OP_CHECKSIG}
	case wrapD:
		return []byte{txscript.OP_DUP, ifOp}, nil, []byte{endIf}
	case wrapJ:
		return []byte{txscript.OP_SIZE, txscript.OP_0NOTEQUAL, ifOp}, nil, []byte{endIf}
	case wrapN:
		return nil, nil, []byte{txscript.OP_0NOTEQUAL}
	case andB:
		return nil, nil, []byte{txscript.OP_BOOLAND}
	case orB:
		return nil, nil, []byte{txscript.OP_BOOLOR}
	case orC:
		return nil, []byte{notIf}, []byte{endIf}
	case orD:
		return nil, []byte{txscript.OP_IFDUP, notIf}, []byte{endIf}
	case orI:
		return []byte{ifOp}, []byte{elseOp}, []byte{endIf}
	case andOr:
		return nil, []byte{notIf}, []byte{endIf}
	}
	return nil, nil, nil
}

// append adds what a node has at a step of walk.
func (n *node) append(s []byte, step int, keys [][]byte) []byte {
	if len(n.subs) == 0 {
		return n.appendLeaf(s, keys)
	}
	before, between, behind := n.opcodes()
	switch {
	case step == 0:
		return append(s, before...)
	case step < len(n.subs) && n.fragment == thresh && step > 1:
		return append(s, txscript.OP_ADD)
	case step == 2 && n.fragment == andOr:
		return append(s, txscript.OP_ELSE)
	case step < len(n.subs):
		return append(s, between...)
	case n.fragment == wrapV && n.subs[0].typ.has(tX):
		return append(s, txscript.OP_VERIFY)
	case n.fragment == thresh:
		if step > 1 {
			s = append(s, txscript.OP_ADD)
		}
		s = append(s, number(n.k)...)
		behind = []byte{txscript.OP_EQUAL}
	}
	if len(behind) > 0 && n.verify && (n.fragment == wrapC || n.fragment == thresh) {
		behind = []byte{behind[0] + 1}
	}
	return append(s, behind...)
}

func (n *node) appendLeaf(s []byte, keys [][]byte) []byte {
	last := func(op byte) byte { // the opcode, or its twin that is an OP_VERIFY too
		if n.verify {
			return op + 1
		}
		return op
	}
	switch n.fragment {
	case just0:
		return append(s, txscript.OP_0)
	case just1:
		return append(s, txscript.OP_1)
	case pkK:
		return data(s, keys[n.keys[0]])
	case pkH:
		s = data(append(s, txscript.OP_DUP, txscript.OP_HASH160), address.Hash160(keys[n.keys[0]]))
		return append(s, txscript.OP_EQUALVERIFY)
	case older:
		return append(append(s, number(n.k)...), txscript.OP_CHECKSEQUENCEVERIFY)
	case after:
		return append(append(s, number(n.k)...), txscript.OP_CHECKLOCKTIMEVERIFY)
	case multi:
		s = append(s, number(n.k)...)
		for _, key := range n.keys {
			s = data(s, keys[key])
		}
		return append(append(s, number(uint32(len(n.keys)))...), last(txscript.OP_CHECKMULTISIG))
	case multiA:
		for i, key := range n.keys {
			op := byte(txscript.OP_CHECKSIGADD)
			if i == 0 {
				op = txscript.OP_CHECKSIG
			}
			s = append(data(s, keys[key]), op)
		}
		return append(append(s, number(n.k)...), last(txscript.OP_NUMEQUAL))
	}
	op, _ := n.hashOp()
	s = append(data(append(s, txscript.OP_SIZE), []byte{32}), txscript.OP_EQUALVERIFY, op)
	return append(data(s, n.hash), last(txscript.OP_EQUAL))
}

// data pushes at most 75 bytes.
func data(s, b []byte) []byte { return append(append(s, byte(len(b))), b...) }

// number pushes a number as scripts have it.
func number(k uint32) []byte {
	script, err := txscript.NewScriptBuilder().AddInt64(int64(k)).Script()
	if err != nil {
		return nil // unreachable: it is at most six bytes
	}
	return script
}

// sizeOf is the size of a node's script.
func sizeOf(n *node, ctx Context) int {
	size := 0
	for _, sub := range n.subs {
		size += sub.size
	}
	before, between, behind := n.opcodes()
	size += len(before) + len(between) + len(behind)
	keys := len(n.keys)
	switch n.fragment {
	case just0, just1:
		return 1
	case pkK:
		return ctx.keySize()
	case pkH:
		return 3 + 21
	case older, after:
		return len(number(n.k)) + 1
	case multi:
		return keys*ctx.keySize() + len(number(n.k)) + len(number(uint32(keys))) + 1
	case multiA:
		return keys*(ctx.keySize()+1) + len(number(n.k)) + 1
	case wrapV:
		if n.subs[0].typ.has(tX) {
			size++
		}
	case andOr:
		size++
	case thresh:
		size += len(n.subs) + len(number(n.k))
	case sha256Of, hash256Of, ripemd160Of, hash160Of:
		return 4 + 2 + 1 + len(n.hash)
	}
	return size
}

// Text is the expression as BIP379 writes it; key writes one of its keys.
func (e *Expr) Text(key func(int) string) string { return e.root.text(key) }

func (n *node) text(key func(int) string) string {
	var b strings.Builder
	wrapped := false // what comes next stands behind the letter of a wrapper
	walk(n, func(n *node, step int) *node {
		letter, only := n.sugar()
		switch {
		case letter != "" && step == 0:
			b.WriteString(letter)
			wrapped = true
		case letter == "" && step == 0:
			if wrapped {
				b.WriteByte(':')
			}
			wrapped = false
			b.WriteString(n.opening(key))
		case letter == "" && step < len(n.subs) && n.subs[step] != only:
			b.WriteByte(',')
		}
		switch {
		case step < len(n.subs) && n.subs[step] != only:
			return n.subs[step]
		case step == len(n.subs) && letter == "" && n.fragment > just1:
			b.WriteByte(')')
		}
		return nil
	})
	return b.String()
}

// sugar is the letter of a node that is written as a wrapper, and the sub that is not
// written.
func (n *node) sugar() (letter string, hidden *node) {
	switch {
	case n.fragment == wrapC && (n.subs[0].fragment == pkK || n.subs[0].fragment == pkH):
		return "", n.subs[0]
	case n.wraps():
		return n.word(), nil
	case n.fragment == andV && n.subs[1].fragment == just1:
		return "t", n.subs[1]
	case n.fragment == orI && n.subs[0].fragment == just0:
		return "l", n.subs[0]
	case n.fragment == orI && n.subs[1].fragment == just0:
		return "u", n.subs[1]
	case n.fragment == andOr && n.subs[2].fragment == just0:
		return "", n.subs[2]
	}
	return "", nil
}

// opening is what stands before a function's subs.
func (n *node) opening(key func(int) string) string {
	word := n.word() + "("
	switch n.fragment {
	case just0, just1:
		return n.word()
	case wrapC:
		word, n = "pk(", n.subs[0]
		if n.fragment == pkH {
			word = "pkh("
		}
	case andOr:
		if _, hidden := n.sugar(); hidden != nil {
			word = "and_n("
		}
	case older, after, multi, multiA:
		word += strconv.FormatUint(uint64(n.k), 10)
	case thresh:
		word += strconv.FormatUint(uint64(n.k), 10) + ","
	case sha256Of, hash256Of, ripemd160Of, hash160Of:
		word += hex.EncodeToString(n.hash)
	}
	for i, k := range n.keys {
		if i > 0 || n.fragment == multi || n.fragment == multiA {
			word += ","
		}
		word += key(k)
	}
	return word
}
