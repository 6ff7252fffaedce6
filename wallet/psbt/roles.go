package psbt

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/miniscript"
	"grapevine/wallet/signer"
)

// UTXO is the coin that an input spends, as far as it is said.
func (p *PSBT) UTXO(i int) (out *wire.TxOut, ok bool) {
	in, op := p.Inputs[i], p.Tx.TxIn[i].PreviousOutPoint
	if raw := in.Get(InNonWitness); raw != nil {
		tx, err := chain.DecodeTx(raw)
		if err != nil || tx.ID != op.Hash || int(op.Index) >= len(tx.TxOut) {
			return nil, false
		}
		return tx.TxOut[op.Index], true
	}
	out = in.WitnessUTXO()
	return out, out != nil
}

// SetNonWitness adds the whole transaction that an input spends of.
func (p *PSBT) SetNonWitness(i int, tx *chain.Tx) { p.Inputs[i].set(InNonWitness, tx.Raw()) }

// SetWitness adds the coin that an input spends.
func (p *PSBT) SetWitness(i int, out *wire.TxOut) { p.Inputs[i].set(InWitness, txOutBytes(out)) }

// Signing is the transaction with its coins, ready to be signed (Core:
// PrecomputePSBTData).
func (p *PSBT) Signing() *signer.Tx {
	coins := make([]chain.Coin, len(p.Tx.TxIn))
	whole := true
	for i := range p.Tx.TxIn {
		out, ok := p.UTXO(i)
		if !ok {
			whole = false
			continue
		}
		coins[i] = chain.Coin{Value: btcutil.Amount(out.Value), PkScript: out.PkScript}
	}
	return signer.NewTx(p.Tx.Copy(), coins, whole)
}

// Good says whether an input is done and its scripts say so too.
func (p *PSBT) Good(i int, tx *signer.Tx) bool {
	if _, ok := p.UTXO(i); !ok {
		return false
	}
	in := p.Inputs[i]
	return tx.Good(i, in.Get(InFinalSig), in.FinalWitness())
}

// SigHash is the kind of signatures that an input asks for.
func (m Map) SigHash() (kind txscript.SigHashType, ok bool) {
	raw := m.Get(InSigHash)
	if len(raw) != 4 {
		return 0, false
	}
	return txscript.SigHashType(binary.LittleEndian.Uint32(raw)), true
}

// Keys are the keys that an input names with where they come from; a taproot key in
// both forms of its x.
func (m Map) Keys() (list []descriptor.Origin) {
	for _, r := range m.All(InOrigin) {
		o := Origin(r.Value)
		o.PubKey = r.Key
		list = append(list, o)
	}
	for _, r := range m.All(InTapOrigin) {
		_, o := TapOrigin(r.Value)
		for _, sign := range []byte{2, 3} {
			o.PubKey = append([]byte{sign}, r.Key...)
			list = append(list, o)
		}
	}
	return list
}

// Job is how an input is signed.
type Job struct {
	Tx       *signer.Tx // what Signing made
	Known    *descriptor.Provider
	Kind     txscript.SigHashType
	Finalize bool // write the final scripts when all is there
	Pretend  bool // signatures are by nobody, to see how large they are
}

// Sign adds to an input what a provider knows of it, signatures included, and
// says whether that is all (Core: SignPSBTInput). Data is what was found and
// what is missing [FinalizePSBT, CombinePSBTs].
func (p *PSBT) Sign(i int, job Job) (complete bool, data *signer.Data) {
	in, data := p.Inputs[i], signer.NewData()
	if p.Good(i, job.Tx) {
		return true, data
	}
	in.read(data)
	out, ok := p.UTXO(i)
	if !ok {
		return false, data
	}
	creator := job.Tx.Input(i, job.Kind)
	if job.Pretend {
		creator = signer.Pretend{}
	}
	data.Segwit = false
	complete = signer.Solve(job.Known, creator, out.PkScript, data)
	if in.Get(InNonWitness) == nil && !data.Segwit {
		return false, signer.NewData() // nothing proves the amount; only a witness commits to it
	}
	if !job.Finalize {
		data.Complete = false
	}
	in.write(data)
	if data.Segwit {
		in.set(InWitness, txOutBytes(out))
	}
	return complete, data
}

// read tells data what an input knows [FillSignatureData].
func (m Map) read(d *signer.Data) {
	d.ScriptSig, d.Witness = m.Get(InFinalSig), m.FinalWitness()
	if d.Complete = m.Done(); d.Complete {
		return
	}
	for _, r := range m.All(InPartialSig) {
		d.Sigs[descriptor.IDOf(r.Key)] = signer.Signature{PubKey: r.Key, Sig: r.Value}
	}
	d.Images = m.images()
	m.readScripts(d, InRedeem, InScript)
	m.readOrigins(d, InOrigin, InTapOrigin)
	d.KeySig = m.Get(InTapKeySig)
	for _, r := range m.All(InTapScriptSig) {
		d.LeafSigs[signer.LeafKey{X: [32]byte(r.Key[:32]), Leaf: [32]byte(r.Key[32:])}] = r.Value
	}
	d.Internal, d.Root = m.Get(InTapInternal), m.Get(InTapRoot)
	for _, r := range m.All(InTapLeaf) {
		n := len(r.Value) - 1
		d.Leaves = append(d.Leaves, signer.Proof{Script: r.Value[:n], Version: r.Value[n], Control: r.Key})
	}
}

// images are the preimages that an input knows.
func (m Map) images() map[signer.Image][]byte {
	all := map[signer.Image][]byte{}
	for kind, by := range map[byte]miniscript.Hash{
		InRipemd160: miniscript.Ripemd160, InSHA256: miniscript.SHA256, InHash160: miniscript.Hash160, InHash256: miniscript.Hash256,
	} {
		for _, r := range m.All(kind) {
			all[signer.Image{By: by, Hash: string(r.Key)}] = r.Value
		}
	}
	return all
}

func (m Map) readScripts(d *signer.Data, redeem, script byte) {
	d.Redeem, d.Script = m.Get(redeem), m.Get(script)
}

func (m Map) readOrigins(d *signer.Data, origin, tap byte) {
	for _, r := range m.All(origin) {
		o := Origin(r.Value)
		o.PubKey = r.Key
		d.Origins[descriptor.IDOf(r.Key)] = o
	}
	for _, r := range m.All(tap) {
		leaves, o := TapOrigin(r.Value)
		t := signer.TapOrigin{Leaves: map[[32]byte]bool{}, Origin: o}
		for _, leaf := range leaves {
			t.Leaves[[32]byte(leaf)] = true
		}
		d.TapOrigins[[32]byte(r.Key)] = t
	}
}

// write keeps what data knows in an input [FromSignatureData].
func (m Map) write(d *signer.Data) {
	if d.Complete {
		m.drop(InPartialSig, InOrigin, InRedeem, InScript)
		if len(d.ScriptSig) > 0 {
			m.set(InFinalSig, d.ScriptSig)
		}
		if len(d.Witness) > 0 {
			m.set(InFinalWitness, witnessBytes(d.Witness))
		}
		return
	}
	for _, sig := range d.Sigs {
		m.add(string([]byte{InPartialSig})+string(sig.PubKey), sig.Sig)
	}
	m.fill(InRedeem, d.Redeem)
	m.fill(InScript, d.Script)
	m.writeOrigins(d, InOrigin, InTapOrigin)
	m.fill(InTapKeySig, d.KeySig)
	for at, sig := range d.LeafSigs {
		m.add(string([]byte{InTapScriptSig})+string(at.X[:])+string(at.Leaf[:]), sig)
	}
	if d.Tree == nil {
		return
	}
	m.set(InTapInternal, d.Tree.Internal)
	if root := d.Tree.Root(); root != nil {
		m.set(InTapRoot, root)
	}
	for _, leaf := range d.Proofs() {
		m.add(string([]byte{InTapLeaf})+string(leaf.Control), append(append([]byte{}, leaf.Script...), leaf.Version))
	}
}

func (m Map) writeOrigins(d *signer.Data, origin, tap byte) {
	for _, o := range d.Origins {
		m.add(string([]byte{origin})+string(o.PubKey), originBytes(o))
	}
	for x, t := range d.TapOrigins {
		var leaves [][]byte
		for leaf := range t.Leaves {
			leaves = append(leaves, append([]byte{}, leaf[:]...))
		}
		slices.SortFunc(leaves, slices.Compare)
		var value bytes.Buffer
		_ = wire.WriteVarInt(&value, 0, uint64(len(leaves))) // a buffer takes everything
		for _, leaf := range leaves {
			value.Write(leaf)
		}
		m.add(string([]byte{tap})+string(x[:]), append(value.Bytes(), originBytes(t.Origin)...))
	}
}

// UpdateOutput adds to an output what a provider knows of its script [UpdatePSBTOutput].
func (p *PSBT) UpdateOutput(i int, known *descriptor.Provider) {
	m, d := p.Outputs[i], signer.NewData()
	m.readScripts(d, OutRedeem, OutScript)
	m.readOrigins(d, OutOrigin, OutTapOrigin)
	signer.Solve(known, signer.Nobody{}, p.Tx.TxOut[i].PkScript, d)
	m.fill(OutRedeem, d.Redeem)
	m.fill(OutScript, d.Script)
	m.writeOrigins(d, OutOrigin, OutTapOrigin)
	if d.Tree != nil {
		m.set(OutTapInternal, d.Tree.Internal)
		if len(d.Tree.Leaves) > 0 {
			m.set(OutTapTree, treeBytes(*d.Tree))
		}
	}
}

// Finalize writes the final scripts of all inputs that have what they need, and
// says whether that is all of them.
func (p *PSBT) Finalize() bool {
	complete, tx := true, p.Signing()
	for i := range p.Inputs {
		done, _ := p.Sign(i, Job{Tx: tx, Known: descriptor.NewProvider(), Kind: txscript.SigHashAll, Finalize: true})
		complete = complete && done
	}
	return complete
}

// Extract is the signed transaction of one that was finalized.
func (p *PSBT) Extract() *wire.MsgTx {
	tx := p.Tx.Copy()
	for i, in := range tx.TxIn {
		in.SignatureScript, in.Witness = p.Inputs[i].Get(InFinalSig), p.Inputs[i].FinalWitness()
	}
	return tx
}

// Merge adds what another knows of the same transaction; false: of another.
func (p *PSBT) Merge(q *PSBT) bool {
	if p.Tx.TxHash() != q.Tx.TxHash() {
		return false
	}
	p.Global.merge(q.Global)
	for i, m := range p.Inputs {
		m.merge(q.Inputs[i])
	}
	for i, m := range p.Outputs {
		m.merge(q.Outputs[i])
	}
	return true
}

func (m Map) merge(other Map) {
	for k, v := range other {
		if len(m[k]) == 0 {
			m[k] = v
		}
	}
}

// DropNeedless drops whole transactions where every input spends a taproot or later
// coin: its signatures commit to all amounts [RemoveUnnecessaryTransactions].
func (p *PSBT) DropNeedless() {
	for _, in := range p.Inputs {
		out := in.WitnessUTXO()
		if out == nil {
			return
		}
		if version, _, err := txscript.ExtractWitnessProgramInfo(out.PkScript); err != nil || version == 0 {
			return
		}
	}
	for _, in := range p.Inputs {
		in.drop(InNonWitness)
	}
}

// Join adds the inputs and outputs of another transaction, without signatures.
// It takes the highest version and the lowest lock time. Twice: both spend op.
func (p *PSBT) Join(q *PSBT) (op wire.OutPoint, twice bool) {
	p.Tx.Version = max(p.Tx.Version, q.Tx.Version)
	p.Tx.LockTime = min(p.Tx.LockTime, q.Tx.LockTime)
	for i, in := range q.Tx.TxIn {
		if slices.ContainsFunc(p.Tx.TxIn, func(have *wire.TxIn) bool {
			return have.PreviousOutPoint == in.PreviousOutPoint && have.Sequence == in.Sequence
		}) {
			return in.PreviousOutPoint, true
		}
		m := maps.Clone(q.Inputs[i])
		m.drop(InPartialSig, InFinalSig, InFinalWitness)
		p.Tx.TxIn, p.Inputs = append(p.Tx.TxIn, in), append(p.Inputs, m)
	}
	for i, out := range q.Tx.TxOut {
		p.Tx.TxOut, p.Outputs = append(p.Tx.TxOut, out), append(p.Outputs, maps.Clone(q.Outputs[i]))
	}
	p.Global.merge(q.Global)
	return op, false
}

// Shuffle puts inputs and outputs into another order.
func (p *PSBT) Shuffle(shuffle func(n int, swap func(i, j int))) {
	shuffle(len(p.Inputs), func(i, j int) {
		p.Inputs[i], p.Inputs[j] = p.Inputs[j], p.Inputs[i]
		p.Tx.TxIn[i], p.Tx.TxIn[j] = p.Tx.TxIn[j], p.Tx.TxIn[i]
	})
	shuffle(len(p.Outputs), func(i, j int) {
		p.Outputs[i], p.Outputs[j] = p.Outputs[j], p.Outputs[i]
		p.Tx.TxOut[i], p.Tx.TxOut[j] = p.Tx.TxOut[j], p.Tx.TxOut[i]
	})
}
