package script

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// mutation changes one thing, such that the spend stays almost right. turn
// counts the questions.
type mutation struct {
	name string
	do   func(c *chunk, tr *trial, turn int)
}

// The mutations whose spends the fast road may take; each of the others makes
// some spend wrong, and many of them all.
const (
	mutateNothing = "nothing"
	mutateOthers  = "another input's scripts"
)

func mutations() []mutation {
	return []mutation{
		{mutateNothing, func(*chunk, *trial, int) {}},
		{mutateOthers, mutateOtherScripts},
		{"each byte of all, in turn", mutateByte},
		{"a bit of the stack", func(c *chunk, tr *trial, _ int) { withItem(c, tr, c.flip) }},
		{"a byte of the stack more or less", mutateSize},
		{"a bit of the input's script", func(c *chunk, tr *trial, _ int) { flipAny(c, tr.in().SignatureScript) }},
		{"a bit of the coin's script", func(c *chunk, tr *trial, _ int) { flipAny(c, tr.coin().PkScript) }},
		{"amounts", mutateAmount},
		{"sequences", func(c *chunk, tr *trial, _ int) { tr.tx.TxIn[c.IntN(len(tr.coins))].Sequence ^= 1 << c.IntN(32) }},
		{"lock time, version", mutateNumbers},
		{"outputs", mutateOutputs},
		{"inputs", mutateInputs},
		{"hash types, all 256", mutateHashType},
		{"annex", func(c *chunk, tr *trial, _ int) { appendWitness(tr, append([]byte{0x50}, make([]byte, c.IntN(3))...)) }},
		{"items more", mutateMore},
		{"items less", mutateLess},
		{"items in another order", mutateOrder},
		{"dummies", mutateDummy},
		{"high s, or -s", mutateHighS},
		{"lax DER", mutateLax},
		{"r+n, s+n", mutateBeyond},
		{"keys of another form", mutateKey},
		{"pushes longer than need be", mutatePush},
		{"opcodes more", mutateOpcode},
		{"scripts where they do not belong", mutateElsewhere},
		{"program version", func(c *chunk, tr *trial, _ int) {
			tr.coin().PkScript[0] = []byte{0, 0x4f, 0x51, 0x52, 0x53, 0x60, 0x61, 0xa9}[c.IntN(8)]
		}},
	}
}

func flipAny(c *chunk, b []byte) {
	if len(b) > 0 {
		c.flip(b)
	}
}

// withItem changes one item of the stack that is not empty.
func withItem(c *chunk, tr *trial, change func([]byte)) {
	items := tr.stack()
	if i := c.IntN(len(items) + 1); i < len(items) && len(items[i]) > 0 {
		items[i] = bytes.Clone(items[i])
		change(items[i])
		tr.setStack(items)
	}
}

// withSig changes one ECDSA signature of the stack.
func withSig(c *chunk, tr *trial, change func([]byte) []byte) {
	items := tr.stack()
	for range 2 * len(items) {
		i := c.IntN(len(items))
		if n := len(items[i]); n >= 9 && n <= 80 && items[i][0] == 0x30 {
			items[i] = change(bytes.Clone(items[i]))
			tr.setStack(items)
			return
		}
	}
}

// withNumbers encodes one ECDSA signature's numbers anew, without hash type.
func withNumbers(c *chunk, tr *trial, encode func(r, s btcec.ModNScalar) []byte) {
	withSig(c, tr, func(sig []byte) []byte {
		hashType := sig[len(sig)-1]
		r, s, ok := laxSig(sig[:len(sig)-1])
		if !ok {
			return sig
		}
		return append(encode(r, s), hashType)
	})
}

// mutateByte changes the next byte of all that there is: the transaction with
// its witness, the coins' amounts and scripts.
func mutateByte(c *chunk, tr *trial, turn int) {
	raw := bytes.Clone(chain.NewTx(tr.tx).Raw())
	size := len(raw)
	for _, coin := range tr.coins {
		size += 8 + len(coin.PkScript)
	}
	at, by := turn%size, byte(1+c.IntN(255))
	if at < len(raw) {
		raw[at] ^= by
		tx, err := chain.DecodeTx(raw)
		if err == nil && len(tx.TxIn) == len(tr.coins) {
			tr.tx = tx.MsgTx
		}
		return
	}
	at -= len(raw)
	for i := range tr.coins {
		coin := &tr.coins[i]
		if at < 8 {
			coin.Value ^= btcutil.Amount(by) << (8 * at)
			return
		}
		if at -= 8; at < len(coin.PkScript) {
			coin.PkScript[at] ^= by
			return
		}
		at -= len(coin.PkScript)
	}
}

func mutateOtherScripts(c *chunk, tr *trial, _ int) {
	for i, in := range tr.tx.TxIn {
		if i != tr.at {
			in.SignatureScript = c.fill(make([]byte, c.IntN(9)))
			in.Witness = wire.TxWitness{c.fill(make([]byte, c.IntN(9)))}
		}
	}
}

func mutateSize(c *chunk, tr *trial, _ int) {
	items := tr.stack()
	if len(items) == 0 {
		return
	}
	i := c.IntN(len(items))
	item := bytes.Clone(items[i])
	at := c.IntN(len(item) + 1)
	if c.coin() && at < len(item) {
		item = slices.Delete(item, at, at+1)
	} else {
		item = slices.Insert(item, at, byte(c.Uint32()))
	}
	items[i] = item
	tr.setStack(items)
}

func mutateAmount(c *chunk, tr *trial, _ int) {
	tr.coins[c.IntN(len(tr.coins))].Value ^= 1 << c.IntN(63)
}

func mutateNumbers(c *chunk, tr *trial, _ int) {
	if c.coin() {
		tr.tx.LockTime ^= 1 << c.IntN(32)
	} else {
		tr.tx.Version ^= 1 << c.IntN(32)
	}
}

func mutateOutputs(c *chunk, tr *trial, _ int) {
	if len(tr.tx.TxOut) == 0 {
		tr.tx.AddTxOut(wire.NewTxOut(0, nil))
	}
	i := c.IntN(len(tr.tx.TxOut))
	switch out := tr.tx.TxOut[i]; c.IntN(5) {
	case 0:
		out.Value ^= 1 << c.IntN(64)
	case 1:
		flipAny(c, out.PkScript)
	case 2:
		out.PkScript = append(out.PkScript, byte(c.Uint32()))
	case 3:
		tr.tx.TxOut = slices.Delete(tr.tx.TxOut, i, i+1)
	case 4:
		tr.tx.AddTxOut(tr.tx.TxOut[i])
	}
}

func mutateInputs(c *chunk, tr *trial, _ int) {
	i := c.IntN(len(tr.coins))
	switch prev := &tr.tx.TxIn[i].PreviousOutPoint; c.IntN(4) {
	case 0:
		c.flip(prev.Hash[:])
	case 1:
		prev.Index ^= 1 << c.IntN(32)
	case 2:
		tr.tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: c.Uint32()}})
		tr.coins = append(tr.coins, *tr.coin())
	case 3:
		tr.tx.TxIn[i], tr.tx.TxIn[tr.at] = tr.tx.TxIn[tr.at], tr.tx.TxIn[i]
		tr.coins[i], tr.coins[tr.at] = tr.coins[tr.at], tr.coins[i]
		tr.at = i
	}
}

// mutateHashType writes the next of all hash types: over an ECDSA signature's,
// after one of BIP340.
func mutateHashType(c *chunk, tr *trial, turn int) {
	kind := byte(turn / len(mutations()))
	if tr.form == "P2TR" {
		if items := tr.stack(); len(items) > 0 {
			items[0] = append(bytes.Clone(items[0]), kind)
			tr.setStack(items)
		}
		return
	}
	withSig(c, tr, func(sig []byte) []byte {
		sig[len(sig)-1] = kind
		return sig
	})
}

func appendWitness(tr *trial, item []byte) { tr.in().Witness = append(tr.in().Witness, item) }

func mutateMore(c *chunk, tr *trial, _ int) {
	items := tr.stack()
	item := c.fill(make([]byte, c.IntN(3)))
	if len(items) > 0 && c.coin() {
		item = items[c.IntN(len(items))]
	}
	tr.setStack(slices.Insert(items, c.IntN(len(items)+1), item))
}

func mutateLess(c *chunk, tr *trial, _ int) {
	if items := tr.stack(); len(items) > 0 {
		i := c.IntN(len(items))
		tr.setStack(slices.Delete(items, i, i+1))
	}
}

func mutateOrder(c *chunk, tr *trial, _ int) {
	if items := tr.stack(); len(items) > 0 {
		i, j := c.IntN(len(items)), c.IntN(len(items))
		items[i], items[j] = items[j], items[i]
		if c.coin() {
			items[i] = items[j] // one twice
		}
		tr.setStack(items)
	}
}

// mutateDummy empties an item, or fills the first, the dummy of a multisig.
func mutateDummy(c *chunk, tr *trial, _ int) {
	items := tr.stack()
	switch {
	case len(items) == 0:
	case c.coin():
		items[c.IntN(len(items))] = nil
	default:
		items[0] = c.fill(make([]byte, 1+c.IntN(2)))
	}
	tr.setStack(items)
}

// mutateHighS negates s: of ECDSA still good, of BIP340 not.
func mutateHighS(c *chunk, tr *trial, _ int) {
	if tr.form == "P2TR" {
		withItem(c, tr, func(sig []byte) {
			if len(sig) >= 64 {
				var s btcec.ModNScalar
				s.SetByteSlice(sig[32:64])
				s.Negate().PutBytesUnchecked(sig[32:64])
			}
		})
		return
	}
	withNumbers(c, tr, func(r, s btcec.ModNScalar) []byte { return numbers(positive(&r), positive(s.Negate())) })
}

func mutateLax(c *chunk, tr *trial, _ int) {
	withNumbers(c, tr, (&maker{chunk: c}).laxForm)
}

func mutateBeyond(c *chunk, tr *trial, _ int) {
	withNumbers(c, tr, func(r, s btcec.ModNScalar) []byte {
		if c.coin() {
			return numbers(orderPlus(&r), positive(&s))
		}
		return numbers(positive(&r), orderPlus(&s))
	})
}

// mutateKey writes the key of the stack in another form. The coin of the hash
// is made to fit half of the time: then the signature signs another script,
// but of a hash type 3 with no output, where it signs the number one.
func mutateKey(c *chunk, tr *trial, _ int) {
	items := tr.stack()
	if len(items) == 0 {
		return
	}
	last := len(items) - 1
	pub, err := btcec.ParsePubKey(items[last])
	if err != nil {
		return
	}
	old := payToScriptHash(items[last])[2:22]
	key := pub.SerializeUncompressed()
	if c.coin() {
		key[0] = 6 | byte(c.IntN(2))
	}
	items[last] = key
	tr.setStack(items)
	if c.coin() {
		tr.coin().PkScript = bytes.Replace(tr.coin().PkScript, old, payToScriptHash(key)[2:22], 1)
	}
}

// mutatePush writes one push of the input's script with a longer length.
func mutatePush(c *chunk, tr *trial, _ int) {
	var items [][]byte
	for t := txscript.MakeScriptTokenizer(0, tr.in().SignatureScript); t.Next(); {
		items = append(items, t.Data())
	}
	if len(items) == 0 {
		return
	}
	var b []byte
	which := c.IntN(len(items))
	for i, item := range items {
		size := 0
		if i == which {
			size = []int{1, 2, 4}[c.IntN(3)]
		}
		b = append(b, pushOf(item, size)...)
	}
	tr.in().SignatureScript = b
}

func mutateOpcode(c *chunk, tr *trial, _ int) {
	op := []byte{txscript.OP_NOP, txscript.OP_1, txscript.OP_0, txscript.OP_1NEGATE, txscript.OP_CODESEPARATOR,
		txscript.OP_DUP, txscript.OP_RETURN, byte(c.Uint32())}[c.IntN(8)]
	for _, s := range []*[]byte{&tr.in().SignatureScript, &tr.coin().PkScript} {
		if c.coin() {
			at := 0
			if c.coin() {
				at = len(*s)
			}
			*s = slices.Insert(bytes.Clone(*s), at, op)
		}
	}
}

// mutateElsewhere gives a legacy input a witness, and a witness input a
// script, or moves the one to the other.
func mutateElsewhere(c *chunk, tr *trial, _ int) {
	in := tr.in()
	switch items := tr.stack(); {
	case c.coin() && len(in.Witness) > 0:
		in.SignatureScript = append(in.SignatureScript, pushOf(c.fill(make([]byte, 2+c.IntN(3))), 0)...)
	case len(in.Witness) > 0:
		in.Witness = nil
		tr.setStack(items)
	case c.coin():
		in.Witness = wire.TxWitness{binary.LittleEndian.AppendUint32(nil, c.Uint32())}
	default:
		in.SignatureScript, in.Witness = nil, items
	}
}
