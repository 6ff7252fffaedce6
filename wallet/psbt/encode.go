package psbt

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet/descriptor"
)

// Encode writes one, in Core's order of records.
func (p *PSBT) Encode() []byte {
	b := bytes.NewBufferString(magic)
	var tx bytes.Buffer
	_ = p.Tx.SerializeNoWitness(&tx) // a buffer takes everything, here and below
	writeRecord(b, string([]byte{GlobalTx}), tx.Bytes())
	write(b, p.Global, []byte{GlobalXPub, Proprietary}, GlobalKinds())
	for _, in := range p.Inputs {
		write(b, in, inputOrder(in), InputKinds())
	}
	for _, out := range p.Outputs {
		write(b, out, []byte{OutRedeem, OutScript, OutOrigin, OutTapInternal, OutTapTree, OutTapOrigin, Proprietary}, OutputKinds())
	}
	return b.Bytes()
}

// inputOrder are the kinds that are written of an input: of one that is done
// nothing else is needed any more.
func inputOrder(in Map) []byte {
	if in.Done() {
		return []byte{InNonWitness, InWitness, InFinalSig, InFinalWitness, Proprietary}
	}
	return []byte{InNonWitness, InWitness, InPartialSig, InSigHash, InRedeem, InScript, InOrigin, InRipemd160, InSHA256, InHash160, InHash256,
		InTapKeySig, InTapScriptSig, InTapLeaf, InTapOrigin, InTapInternal, InTapRoot, Proprietary}
}

// Done says whether an input has its final scripts [PSBTInputSigned].
func (m Map) Done() bool { return m.Has(InFinalSig) || len(m.FinalWitness()) > 0 }

// write writes the kinds in their order, and behind them those that nobody knows.
func write(b *bytes.Buffer, m Map, order []byte, known map[byte]bool) {
	for _, kind := range order {
		list := m.All(kind)
		if known[InRipemd160] { // an input
			sortRecords(kind, list)
		}
		for _, r := range list {
			if kind == InNonWitness && known[InRipemd160] {
				r.Value = withoutWitness(r.Value)
			}
			if len(r.Key) > 0 || len(r.Value) > 0 {
				writeRecord(b, string([]byte{kind})+string(r.Key), r.Value)
			}
		}
	}
	rest := m.Unknown(known)
	for _, k := range slices.Sorted(maps.Keys(rest)) {
		writeRecord(b, k, rest[k])
	}
	b.WriteByte(0)
}

// sortRecords puts the records of an input's kind into Core's order where that
// is not the one of their keys: signatures by the hash of their key, scripts
// of a tree by themselves, then the shortest proof first.
func sortRecords(kind byte, list []Record) {
	switch kind {
	case InPartialSig:
		slices.SortFunc(list, func(a, b Record) int {
			x, y := address.Hash160(a.Key), address.Hash160(b.Key)
			return bytes.Compare(x, y)
		})
	case InTapLeaf:
		slices.SortStableFunc(list, func(a, b Record) int {
			return cmp.Or(bytes.Compare(a.Value, b.Value), cmp.Compare(len(a.Key), len(b.Key)))
		})
	}
}

// withoutWitness is a transaction as its txid commits to it; Core writes no more.
func withoutWitness(raw []byte) []byte {
	tx, err := chain.DecodeTx(raw)
	if err != nil {
		return raw // unreachable: it was read before
	}
	var b bytes.Buffer
	_ = tx.SerializeNoWitness(&b)
	return b.Bytes()
}

func writeRecord(b *bytes.Buffer, key string, value []byte) {
	_ = wire.WriteVarBytes(b, 0, []byte(key))
	_ = wire.WriteVarBytes(b, 0, value)
}

// treeBytes writes the scripts of an output's tree.
func treeBytes(t descriptor.Tree) []byte {
	var b bytes.Buffer
	for _, l := range t.Leaves {
		b.Write([]byte{byte(l.Depth), l.Version})
		_ = wire.WriteVarBytes(&b, 0, l.Script)
	}
	return b.Bytes()
}
