package psbt

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/wallet/descriptor"
)

// PSBT is a transaction without its signatures, with what is known of them.
type PSBT struct {
	Tx              *wire.MsgTx // its inputs have neither scripts nor witnesses
	Global          Map         // but for the transaction
	Inputs, Outputs []Map
}

// New is a transaction of which nothing is known.
func New(tx *wire.MsgTx) *PSBT {
	p := &PSBT{Tx: tx, Global: Map{}}
	for range tx.TxIn {
		p.Inputs = append(p.Inputs, Map{})
	}
	for range tx.TxOut {
		p.Outputs = append(p.Outputs, Map{})
	}
	return p
}

// Copy is another one that says the same.
func (p *PSBT) Copy() *PSBT {
	q := &PSBT{Tx: p.Tx.Copy(), Global: maps.Clone(p.Global)}
	for _, m := range p.Inputs {
		q.Inputs = append(q.Inputs, maps.Clone(m))
	}
	for _, m := range p.Outputs {
		q.Outputs = append(q.Outputs, maps.Clone(m))
	}
	return q
}

// Map is the records of the transaction, an input or an output: values by
// their keys, of which the first byte says the kind.
type Map map[string][]byte

// Kinds of records (BIP174, BIP371).
const (
	GlobalTx       = 0x00
	GlobalXPub     = 0x01
	GlobalVersion  = 0xfb
	Proprietary    = 0xfc
	InNonWitness   = 0x00
	InWitness      = 0x01
	InPartialSig   = 0x02
	InSigHash      = 0x03
	InRedeem       = 0x04
	InScript       = 0x05
	InOrigin       = 0x06
	InFinalSig     = 0x07
	InFinalWitness = 0x08
	InRipemd160    = 0x0a
	InSHA256       = 0x0b
	InHash160      = 0x0c
	InHash256      = 0x0d
	InTapKeySig    = 0x13
	InTapScriptSig = 0x14
	InTapLeaf      = 0x15
	InTapOrigin    = 0x16
	InTapInternal  = 0x17
	InTapRoot      = 0x18
	OutRedeem      = 0x00
	OutScript      = 0x01
	OutOrigin      = 0x02
	OutTapInternal = 0x05
	OutTapTree     = 0x06
	OutTapOrigin   = 0x07
)

// Get is the value of a kind that has one record; nil: there is none.
func (m Map) Get(kind byte) []byte { return m[string([]byte{kind})] }

// Has says whether such a record is there and not empty.
func (m Map) Has(kind byte) bool { return len(m.Get(kind)) > 0 }

func (m Map) set(kind byte, value []byte) { m[string([]byte{kind})] = value }

// add puts a record where there is none with its key.
func (m Map) add(key string, value []byte) {
	if _, ok := m[key]; !ok {
		m[key] = value
	}
}

// fill sets a kind that has one record, unless it has it.
func (m Map) fill(kind byte, value []byte) {
	if !m.Has(kind) && len(value) > 0 {
		m.set(kind, value)
	}
}

func (m Map) drop(kinds ...byte) {
	for k := range m {
		if slices.Contains(kinds, k[0]) {
			delete(m, k)
		}
	}
}

// Record is one record.
type Record struct {
	Key   []byte // behind the kind
	Value []byte
}

// All are the records of a kind, in the order of their keys.
func (m Map) All(kind byte) (list []Record) {
	for k, v := range m {
		if k[0] == kind {
			list = append(list, Record{[]byte(k[1:]), v})
		}
	}
	slices.SortFunc(list, func(a, b Record) int { return bytes.Compare(a.Key, b.Key) })
	return list
}

// Unknown are the records of kinds that are not known, by their whole keys.
func (m Map) Unknown(known map[byte]bool) Map {
	n := Map{}
	for k, v := range m {
		if !known[k[0]] {
			n[k] = v
		}
	}
	return n
}

// InputKinds are those that are known of an input.
func InputKinds() map[byte]bool {
	return kinds(InNonWitness, InWitness, InPartialSig, InSigHash, InRedeem, InScript, InOrigin, InFinalSig, InFinalWitness, InRipemd160, InSHA256,
		InHash160, InHash256, InTapKeySig, InTapScriptSig, InTapLeaf, InTapOrigin, InTapInternal, InTapRoot, Proprietary)
}

// OutputKinds are those that are known of an output.
func OutputKinds() map[byte]bool {
	return kinds(OutRedeem, OutScript, OutOrigin, OutTapInternal, OutTapTree, OutTapOrigin, Proprietary)
}

// GlobalKinds are those that are known of the transaction.
func GlobalKinds() map[byte]bool { return kinds(GlobalTx, GlobalXPub, GlobalVersion, Proprietary) }

func kinds(list ...byte) map[byte]bool {
	m := map[byte]bool{}
	for _, k := range list {
		m[k] = true
	}
	return m
}

// Origin reads where a key comes from.
func Origin(value []byte) (o descriptor.Origin) {
	copy(o.Fingerprint[:], value)
	for at := 4; at+4 <= len(value); at += 4 {
		o.Path = append(o.Path, binary.LittleEndian.Uint32(value[at:]))
	}
	return o
}

func originBytes(o descriptor.Origin) []byte {
	b := append([]byte{}, o.Fingerprint[:]...)
	for _, step := range o.Path {
		b = binary.LittleEndian.AppendUint32(b, step)
	}
	return b
}

// TapOrigin reads where a taproot key comes from and in which scripts it
// stands; what was decoded can always be read.
func TapOrigin(value []byte) (leaves [][]byte, o descriptor.Origin) {
	r := reader{value}
	n, err := r.count()
	for ; err == nil && n > 0; n-- {
		var leaf []byte
		leaf, err = r.take(32)
		leaves = append(leaves, leaf)
	}
	return leaves, Origin(r.rest)
}

// TapTree reads the scripts of an output's tree.
func TapTree(value []byte) (leaves []descriptor.Leaf, err error) {
	r := reader{value}
	for len(r.rest) > 0 {
		head, err := r.take(2)
		if err != nil {
			return nil, err
		}
		script, err := r.bytes()
		if err != nil {
			return nil, err
		}
		leaves = append(leaves, descriptor.Leaf{Depth: int(head[0]), Version: head[1], Script: script})
	}
	return leaves, nil
}

// WitnessUTXO is the coin that an input is said to spend.
func (m Map) WitnessUTXO() *wire.TxOut {
	out, err := readTxOut(m.Get(InWitness))
	if err != nil {
		return nil
	}
	return out
}

func readTxOut(value []byte) (*wire.TxOut, error) {
	r := reader{value}
	amount, err := r.take(8)
	if err != nil {
		return nil, err
	}
	script, err := r.bytes()
	if err != nil {
		return nil, err
	}
	if len(r.rest) > 0 {
		return nil, errSize
	}
	return wire.NewTxOut(int64(binary.LittleEndian.Uint64(amount)), script), nil
}

func txOutBytes(out *wire.TxOut) []byte {
	var b bytes.Buffer
	_ = wire.WriteTxOut(&b, 0, 0, out) // a buffer takes everything
	return b.Bytes()
}

// FinalWitness is the witness of an input that is done.
func (m Map) FinalWitness() wire.TxWitness {
	w, err := readWitness(m.Get(InFinalWitness))
	if err != nil {
		return nil
	}
	return w
}

func readWitness(value []byte) (w wire.TxWitness, err error) {
	r := reader{value}
	n, err := r.count()
	for ; err == nil && n > 0; n-- {
		var item []byte
		item, err = r.bytes()
		w = append(w, item)
	}
	if err == nil && len(r.rest) > 0 {
		err = errSize
	}
	return w, err
}

func witnessBytes(w wire.TxWitness) []byte {
	if len(w) == 0 {
		return nil
	}
	var b bytes.Buffer
	_ = wire.WriteVarInt(&b, 0, uint64(len(w)))
	for _, item := range w {
		_ = wire.WriteVarBytes(&b, 0, item)
	}
	return b.Bytes()
}
