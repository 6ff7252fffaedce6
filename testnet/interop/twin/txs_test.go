package twin

import (
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// spendKind puts a transaction in that spends a coin of that kind.
func (b *block) spendKind(k kind, edit func(*wire.MsgTx)) bool {
	return b.spendWhich(func(c *coin) bool { return c.kind == k && c.Value > 0 }, edit)
}

func (b *block) spendAny(edit func(*wire.MsgTx)) bool {
	return b.spendWhich(func(c *coin) bool { return c.Value > 0 }, edit)
}

func (b *block) spendWhich(want func(*coin) bool, edit func(*wire.MsgTx)) bool {
	c := b.take(want)
	if c == nil {
		return false
	}
	b.add(b.g.spend([]*coin{c}, edit))
	return true
}

// edited puts a transaction in that was changed before it was signed; its fee
// is left out, whatever it is.
func edited(edit func(b *block, c *coin, tx *wire.MsgTx)) func(*block) bool {
	return editedOf(func(b *block, c *coin) bool { return c.Value > 0 }, edit)
}

func editedOf(want func(b *block, c *coin) bool, edit func(b *block, c *coin, tx *wire.MsgTx)) func(*block) bool {
	return func(b *block) bool {
		c := b.take(func(c *coin) bool { return want(b, c) && b.ordinary(c) })
		if c == nil {
			return false
		}
		tx, _ := b.g.spend([]*coin{c}, func(tx *wire.MsgTx) { edit(b, c, tx) })
		b.add(tx, 0)
		return true
	}
}

// forged puts a transaction in that was changed after it was signed.
func forged(k kind, edit func(in *wire.TxIn)) func(*block) bool {
	return altered(k, func(tx *wire.MsgTx) { edit(tx.TxIn[0]) })
}

func altered(k kind, edit func(tx *wire.MsgTx)) func(*block) bool {
	return func(b *block) bool {
		c := b.take(func(c *coin) bool { return c.kind == k && c.Value > 0 })
		if c == nil {
			return false
		}
		tx, _ := b.g.spend([]*coin{c}, nil)
		msg := tx.MsgTx.Copy()
		edit(msg)
		b.add(chain.NewTx(msg), 0)
		return true
	}
}

// lockedBy pays to a script in one transaction and spends it in the next one
// of the same block, with that input script.
func lockedBy(pk, unlock []byte, edit func(b *block, tx *wire.MsgTx)) func(*block) bool {
	return func(b *block) bool {
		c := b.take(func(c *coin) bool { return c.Value > 0 && b.ordinary(c) })
		if c == nil {
			return false
		}
		pay, _ := b.g.spend([]*coin{c}, func(tx *wire.MsgTx) { tx.TxOut = []*wire.TxOut{chaintest.Pay(c.Value, pk)} })
		b.add(pay, 0)
		tx := wire.NewMsgTx(2)
		tx.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&pay.ID, 0), unlock, nil))
		b.g.pay(tx, c.Value)
		if edit != nil {
			edit(b, tx)
		}
		b.add(chain.NewTx(tx), 0)
		return true
	}
}

// young is whether a coinbase has exactly that depth in the block.
func young(depth int32) func(b *block, c *coin) bool {
	return func(b *block, c *coin) bool { return c.coinbase && b.height()-c.height == depth && c.Value > 0 }
}

// immature spends a coinbase at that depth.
func immature(depth int32) func(*block) bool {
	return func(b *block) bool {
		for _, c := range b.at.coins {
			if young(depth)(b, c) && !b.used[c.Op] {
				b.add(b.g.spend([]*coin{c}, nil))
				return true
			}
		}
		return false
	}
}

// txTwists are about what a transaction is and what it moves.
func txTwists() []twist {
	first := func(v int64) func(*block) bool {
		return edited(func(_ *block, _ *coin, tx *wire.MsgTx) { tx.TxOut[0].Value = v })
	}
	return []twist{
		{name: "no outputs", rule: chain.ErrNoOutputs, make: edited(func(_ *block, _ *coin, tx *wire.MsgTx) { tx.TxOut = nil })},
		{name: "a negative output", rule: chain.ErrOutputNegative, make: first(-1)},
		{name: "the most negative output", rule: chain.ErrOutputNegative, make: first(-1 << 63)},
		{name: "an output above all money", rule: chain.ErrOutputTooLarge, make: first(int64(chain.MaxMoney) + 1)},
		{name: "outputs above all money together", rule: chain.ErrOutputTotal, make: edited(func(_ *block, _ *coin, tx *wire.MsgTx) {
			tx.TxOut = []*wire.TxOut{chaintest.Pay(chain.MaxMoney, nil), chaintest.Pay(1, nil)}
		})},
		{name: "all money there will be", rule: chain.ErrInBelowOut, late: true, make: edited(func(_ *block, _ *coin, tx *wire.MsgTx) {
			tx.TxOut = []*wire.TxOut{chaintest.Pay(chain.MaxMoney, chaintest.OpTrue())}
		})},
		{name: "a satoshi more than it spends", rule: chain.ErrInBelowOut, late: true, make: edited(func(_ *block, c *coin, tx *wire.MsgTx) {
			tx.TxOut = []*wire.TxOut{chaintest.Pay(c.Value+1, chaintest.OpTrue())}
		})},
		{name: "all that it spends", make: edited(func(_ *block, c *coin, tx *wire.MsgTx) {
			tx.TxOut = []*wire.TxOut{chaintest.Pay(c.Value, chaintest.OpTrue())}
		})},
		{name: "an input twice", rule: chain.ErrDuplicateInputs, make: altered(bare, func(tx *wire.MsgTx) {
			tx.AddTxIn(tx.TxIn[0])
		})},
		{name: "an input that is none", rule: chain.ErrNullPrevout, make: altered(bare, func(tx *wire.MsgTx) {
			tx.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&chain.Hash{}, wire.MaxPrevOutIndex), nil, nil))
		})},
		{name: "a coin that is not", rule: chain.ErrInputsMissing, late: true, make: altered(bare, func(tx *wire.MsgTx) {
			tx.TxIn[0].PreviousOutPoint.Index += 1000
		})},
		{name: "a coin that is spent already", rule: chain.ErrInputsMissing, late: true, make: spentBefore},
		{name: "a coin spent twice in the block", rule: chain.ErrInputsMissing, late: true, make: func(b *block) bool {
			c := b.take(func(c *coin) bool { return c.Value > 0 })
			if c == nil {
				return false
			}
			for range 2 {
				tx, _ := b.g.spend([]*coin{c}, nil)
				b.add(tx, 0)
			}
			return b.txs[len(b.txs)-1].ID != b.txs[len(b.txs)-2].ID
		}},
		{name: "a child before its parent", rule: chain.ErrInputsMissing, late: true, make: func(b *block) bool {
			clear(b)
			if !lockedBy(chaintest.OpTrue(), nil, nil)(b) {
				return false
			}
			b.txs[0], b.txs[1] = b.txs[1], b.txs[0]
			return true
		}},
		{name: "a coinbase at depth 99", rule: chain.ErrImmatureCoinbase, late: true, make: immature(99)},
		{name: "a coinbase at depth 100", make: immature(100)},
	}
}

// spentBefore spends what the parent block spent.
func spentBefore(b *block) bool {
	if b.at.parent == nil {
		return false
	}
	now := map[wire.OutPoint]bool{}
	for _, c := range b.at.coins {
		now[c.Op] = true
	}
	for _, c := range b.at.parent.coins {
		if !now[c.Op] && !c.coinbase && c.Value > 0 && spentIn(b.at, c.Op) {
			tx, _ := b.g.spend([]*coin{c}, nil)
			b.add(tx, 0)
			return true
		}
	}
	return false
}

// lockTwists are about when a transaction may be mined.
func lockTwists() []twist {
	waiting := func(lock func(b *block) int64) func(*block) bool {
		return edited(func(b *block, _ *coin, tx *wire.MsgTx) {
			tx.LockTime = uint32(lock(b))
			tx.TxIn[0].Sequence = wire.MaxTxInSequenceNum - 1
		})
	}
	aged := func(more int32, version int32) func(*block) bool {
		return editedOf(func(b *block, c *coin) bool { return c.Value > 0 && b.height()-c.height+more < 1<<16 },
			func(b *block, c *coin, tx *wire.MsgTx) {
				tx.Version = version
				tx.TxIn[0].Sequence = uint32(b.height() - c.height + more)
			})
	}
	seconds := editedOf(func(b *block, c *coin) bool { return c.Value > 0 && b.passed(c) < 0xffff },
		func(b *block, c *coin, tx *wire.MsgTx) {
			tx.TxIn[0].Sequence = wire.SequenceLockTimeIsSeconds | (b.passed(c) + 1)
		})
	return []twist{
		{name: "locked at its own height", rule: chain.ErrNonFinal, make: waiting(func(b *block) int64 { return int64(b.height()) })},
		{name: "locked at the median time", rule: chain.ErrNonFinal, make: waiting(func(b *block) int64 { return b.at.node.MedianTimePast() })},
		{name: "locked at the lowest time", make: waiting(func(b *block) int64 { return 500_000_000 })},
		{name: "locked at the highest height", rule: chain.ErrNonFinal, make: waiting(func(b *block) int64 { return 499_999_999 })},
		{name: "locked, but final by its sequences", make: edited(func(b *block, _ *coin, tx *wire.MsgTx) { tx.LockTime = uint32(b.height()) })},
		{name: "a block too young", rule: chain.ErrNonFinal, late: true, make: aged(1, 2)},
		{name: "512 seconds too young", rule: chain.ErrNonFinal, late: true, make: seconds},
		{name: "too young, but of version 1", make: aged(1, 1)},
		{name: "too young, of version -1", rule: chain.ErrNonFinal, late: true, make: aged(1, -1)},
		{name: "too young, of the lowest version", rule: chain.ErrNonFinal, late: true, make: aged(1, -1<<31)},
		{name: "old enough, of version -1", make: aged(0, -1)},
	}
}

// scriptTwists are about scripts.
func scriptTwists() []twist {
	bad := func(name string, make func(*block) bool) twist {
		return twist{name: name, rule: chain.ErrBlockScript, late: true, make: make}
	}
	after := func(more int64) func(*block) bool {
		return func(b *block) bool {
			lock := assemble(b.num(int64(b.height())-1+more), txscript.OP_CHECKLOCKTIMEVERIFY)
			return lockedBy(lock, nil, func(b *block, tx *wire.MsgTx) {
				tx.LockTime, tx.TxIn[0].Sequence = uint32(b.height()-1), 0
			})(b)
		}
	}
	old := func(sequence uint32) func(*block) bool {
		return lockedBy(assemble(txscript.OP_0, txscript.OP_CHECKSEQUENCEVERIFY, txscript.OP_DROP, txscript.OP_1), nil,
			func(b *block, tx *wire.MsgTx) { tx.TxIn[0].Sequence = sequence })
	}
	flip := func(in *wire.TxIn) { in.Witness[0][10] ^= 1 }
	return []twist{
		bad("a wrong signature", forged(p2pkh, func(in *wire.TxIn) { in.SignatureScript[20] ^= 1 })),
		bad("a wrong signature in a witness", forged(p2wpkh, flip)),
		bad("a wrong Schnorr signature", forged(p2tr, flip)),
		bad("no signature", forged(p2pkh, func(in *wire.TxIn) { in.SignatureScript = nil })),
		bad("no witness", forged(p2wpkh, func(in *wire.TxIn) { in.Witness = nil })),
		bad("no witness for taproot", forged(p2tr, func(in *wire.TxIn) { in.Witness = nil })),
		bad("a witness for who needs none", forged(bare, func(in *wire.TxIn) { in.Witness = wire.TxWitness{{1}} })),
		bad("an input script beside a witness", forged(p2wpkh, func(in *wire.TxIn) { in.SignatureScript = []byte{txscript.OP_1} })),
		bad("another witness script", forged(p2wsh, func(in *wire.TxIn) { in.Witness = wire.TxWitness{{txscript.OP_2}} })),
		bad("more than the program leaves", forged(p2wsh, func(in *wire.TxIn) { in.Witness = append(wire.TxWitness{{1}}, in.Witness...) })),
		bad("another leaf", forged(tapscript, func(in *wire.TxIn) { in.Witness[0] = []byte{txscript.OP_2} })),
		bad("a control block one byte short", forged(tapscript, func(in *wire.TxIn) { in.Witness[1] = in.Witness[1][:32] })),
		bad("another redeem script", forged(p2sh, func(in *wire.TxIn) { in.SignatureScript = assemble([]byte{txscript.OP_2}) })),
		bad("a dummy that is not empty", forged(multisig, func(in *wire.TxIn) { in.SignatureScript[0] = txscript.OP_1 })),
		bad("a signature that is not DER", forged(p2pkh, func(in *wire.TxIn) { in.SignatureScript[1] = 0x31 })),
		bad("OP_FALSE", lockedBy([]byte{txscript.OP_FALSE}, nil, nil)),
		bad("an opcode that is disabled", lockedBy([]byte{txscript.OP_1, txscript.OP_1, txscript.OP_CAT}, nil, nil)),
		bad("an if that does not end", lockedBy([]byte{txscript.OP_1, txscript.OP_IF, txscript.OP_1}, nil, nil)),
		bad("OP_RETURN", lockedBy([]byte{txscript.OP_1, txscript.OP_RETURN}, nil, nil)),
		bad("a lock time that is not reached", after(1)),
		{name: "a lock time that is reached", make: after(0)},
		{name: "a relative lock that the input has", make: old(0)},
		bad("a relative lock that the input lacks", old(wire.SequenceLockTimeDisabled)),
		{name: "201 opcodes", make: lockedBy(append(repeat(txscript.OP_NOP, 201), txscript.OP_1), nil, nil)},
		bad("202 opcodes", lockedBy(append(repeat(txscript.OP_NOP, 202), txscript.OP_1), nil, nil)),
		{name: "a thousand on the stack", make: lockedBy(repeat(txscript.OP_1, 1000), nil, nil)},
		bad("a thousand and one on the stack", lockedBy(repeat(txscript.OP_1, 1001), nil, nil)),
		{name: "a push of 520 bytes", make: lockedBy(assemble(repeat(1, 520), txscript.OP_DROP, txscript.OP_1), nil, nil)},
		bad("a push of 521 bytes", lockedBy(append([]byte{txscript.OP_PUSHDATA2, 0x09, 0x02}, append(repeat(1, 521), txscript.OP_DROP, txscript.OP_1)...), nil, nil)),
		{name: "a script of 10,000 bytes", make: lockedBy(long(10_000), nil, nil)},
		{name: "a script of 10,001 bytes", rule: chain.ErrInputsMissing, late: true, make: lockedBy(long(10_001), nil, nil)},
	}
}

// num is the push of a number in its shortest form.
func (b *block) num(n int64) []byte {
	raw, err := txscript.NewScriptBuilder().AddInt64(n).Script()
	if err != nil {
		b.g.t.Fatal(err)
	}
	return raw[1:]
}

func repeat(op byte, n int) []byte {
	s := make([]byte, n)
	for i := range s {
		s[i] = op
	}
	return s
}

// long is a script of that many bytes that leaves one true, with few opcodes.
func long(size int) []byte {
	s := []byte{txscript.OP_1}
	for size-len(s) > 523+3 {
		s = append(append(s, txscript.OP_PUSHDATA2, 0x07, 0x02), repeat(1, 519)...)
		s = append(s, txscript.OP_DROP)
	}
	rest := size - len(s) - 4
	s = append(append(s, txscript.OP_PUSHDATA2, byte(rest), byte(rest>>8)), repeat(1, rest)...)
	return append(s, txscript.OP_DROP)
}
