package script

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// trial is a transaction, the coins it spends, and the input that is tried.
type trial struct {
	form  string
	tx    *wire.MsgTx
	coins []chain.Coin
	at    int
}

func (tr *trial) copy() *trial {
	c := &trial{tr.form, tr.tx.Copy(), slices.Clone(tr.coins), tr.at}
	for i := range c.coins {
		c.coins[i].PkScript = bytes.Clone(c.coins[i].PkScript)
	}
	return c
}

func (tr *trial) prepared() *Prepared { return Prepare(chain.NewTx(tr.tx), tr.coins) }

func (tr *trial) in() *wire.TxIn { return tr.tx.TxIn[tr.at] }

func (tr *trial) coin() *chain.Coin { return &tr.coins[tr.at] }

func (tr *trial) String() string {
	return fmt.Sprintf("%s, input %d of %x spending %+v", tr.form, tr.at, chain.NewTx(tr.tx).Raw(), tr.coins)
}

func (tr *trial) prevs() *txscript.MultiPrevOutFetcher {
	prevs := txscript.NewMultiPrevOutFetcher(nil)
	for i, in := range tr.tx.TxIn {
		prevs.AddPrevOut(in.PreviousOutPoint, wire.NewTxOut(int64(tr.coins[i].Value), tr.coins[i].PkScript))
	}
	return prevs
}

// engine is the engine's verdict, with nothing of this package's: its own
// hashes, and coins found by their outpoints.
func (tr *trial) engine(flags txscript.ScriptFlags) error {
	prevs := tr.prevs()
	vm, err := txscript.NewEngine(tr.coin().PkScript, tr.tx, tr.at, flags, nil,
		txscript.NewTxSigHashes(tr.tx, prevs), int64(tr.coin().Value), prevs)
	if err != nil {
		return err
	}
	return vm.Execute()
}

// forms are the names of what the fast road knows.
func forms() []string {
	return []string{"P2PK", "P2PKH", "P2WPKH", "P2SH-P2WPKH", "P2TR",
		"P2SH multisig", "P2WSH multisig", "P2SH-P2WSH multisig"}
}

// draft is a trial in the making.
type draft struct {
	*maker
	*trial
	odd      bool                 // not quite what the fast road knows, but signed
	keys     [][]byte             // as the script has them
	secrets  []btcec.ModNScalar   // of the keys
	signers  []int                // of the keys, in order
	code     []byte               // what is signed and, of a hash, spent
	hashType txscript.SigHashType // of ECDSA
	legacy   bool                 // signed as before segwit
}

// newTrial makes a signed spend of a form, of any shape. An odd one may have
// another hash type, keys that are not compressed or no keys, the hash of
// another key, too few or too many signers, or a script with a byte changed; it
// is signed all the same, and under some flags the engine takes some of these.
func newTrial(c *chunk, form string, odd bool) *trial {
	d := &draft{maker: &maker{chunk: c}, odd: odd, hashType: txscript.SigHashAll}
	d.trial = &trial{form: form, tx: wire.NewMsgTx(int32(1 + c.IntN(2)))}
	d.shape()
	d.lock()
	d.unlock()
	return d.trial
}

// sometimes is true of an odd trial, one time in three.
func (d *draft) sometimes() bool { return d.odd && d.IntN(3) == 0 }

// shape makes inputs, coins and outputs at random.
func (d *draft) shape() {
	for range 1 + d.IntN(3) {
		in := &wire.TxIn{Sequence: d.Uint32(), SignatureScript: d.fill(make([]byte, d.IntN(5)))}
		d.fill(in.PreviousOutPoint.Hash[:])
		in.PreviousOutPoint.Index = uint32(d.IntN(3))
		d.tx.AddTxIn(in)
		d.coins = append(d.coins, chain.Coin{Value: btcutil.Amount(d.Int64N(1e12)), PkScript: d.fill(make([]byte, d.IntN(40)))})
	}
	for range 1 + d.IntN(3) {
		d.tx.AddTxOut(wire.NewTxOut(d.Int64N(1e12), d.fill(make([]byte, d.IntN(40)))))
	}
	d.tx.LockTime = d.Uint32()
	d.at = d.IntN(len(d.coins))
	d.in().SignatureScript = nil
}

// newKey adds a key, sometimes in another form, or one that is no point.
func (d *draft) newKey() {
	d.own(d.scalar())
	key := d.maker.key
	if d.sometimes() {
		pub, _ := btcec.ParsePubKey(key)
		long := pub.SerializeUncompressed()
		switch d.IntN(4) {
		case 0:
			key = long
		case 1:
			long[0] = 6 | long[64]&1
			key = long
		case 2:
			d.flip(key[1:])
		case 3:
			key[0] ^= byte(1 + d.IntN(7))
		}
	}
	d.keys, d.secrets = append(d.keys, key), append(d.secrets, d.d)
}

// lock makes the keys, the script and the coin.
func (d *draft) lock() {
	d.newKey()
	hash := address.Hash160(d.keys[0])
	if d.sometimes() {
		d.flip(hash) // signed all the same, by who does not own it
	}
	p2pkh := slices.Concat([]byte{txscript.OP_DUP, txscript.OP_HASH160, 20}, hash,
		[]byte{txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG})
	p2wpkh := append([]byte{txscript.OP_0, 20}, hash...)
	d.signers = []int{0}
	d.code = p2pkh
	var pk []byte
	switch d.form {
	case "P2PK":
		d.code = slices.Concat([]byte{byte(len(d.keys[0]))}, d.keys[0], []byte{txscript.OP_CHECKSIG})
		pk, d.legacy = d.code, true
	case "P2PKH":
		pk, d.legacy = d.code, true
	case "P2WPKH":
		pk = p2wpkh
	case "P2SH-P2WPKH":
		pk = payToScriptHash(p2wpkh)
		d.in().SignatureScript = append([]byte{byte(len(p2wpkh))}, p2wpkh...)
	case "P2TR":
		pk = append([]byte{txscript.OP_1, 32}, d.maker.key[1:]...)
	case "P2SH multisig":
		d.multisigCode()
		pk, d.legacy = payToScriptHash(d.code), true
	case "P2WSH multisig":
		d.multisigCode()
		pk = payToWitnessScriptHash(d.code)
	case "P2SH-P2WSH multisig":
		d.multisigCode()
		program := payToWitnessScriptHash(d.code)
		pk = payToScriptHash(program)
		d.in().SignatureScript = append([]byte{byte(len(program))}, program...)
	}
	d.coin().PkScript = pk
}

func payToScriptHash(script []byte) []byte {
	return slices.Concat([]byte{txscript.OP_HASH160, 20}, address.Hash160(script), []byte{txscript.OP_EQUAL})
}

func payToWitnessScriptHash(script []byte) []byte {
	h := sha256.Sum256(script)
	return append([]byte{txscript.OP_0, 32}, h[:]...)
}

// multisigCode makes a script of some keys; few, or about the most that
// the forms have room for.
func (d *draft) multisigCode() {
	n := 1 + d.IntN(4)
	if d.IntN(50) == 0 {
		n = 14 + d.IntN(3)
	}
	for len(d.keys) < n {
		d.newKey()
	}
	need := 1 + d.IntN(n)
	d.signers = d.Perm(n)[:need]
	if d.sometimes() {
		d.signers = d.Perm(n)[:1+d.IntN(n)] // too few, or too many
	}
	slices.Sort(d.signers)
	small := func(n int) byte { return byte(txscript.OP_1 - 1 + n) }
	d.code = []byte{small(need)}
	for _, key := range d.keys {
		d.code = append(append(d.code, byte(len(key))), key...)
	}
	d.code = append(d.code, small(n), txscript.OP_CHECKMULTISIG)
	if d.sometimes() {
		tail := len(d.code) - 1 - d.IntN(2)
		switch d.IntN(4) {
		case 0:
			d.code[0] = byte(d.Uint32())
		case 1:
			d.code[tail] = byte(d.Uint32())
		case 2:
			d.code[tail] += byte(d.IntN(3))
		case 3:
			d.code = slices.Insert(d.code, tail, byte(d.Uint32()))
		}
	}
}

// unlock signs, and puts in what spends the coin.
func (d *draft) unlock() {
	if d.sometimes() {
		d.hashType = []txscript.SigHashType{0, 1, 2, 3, 4, 0x80, 0x81, 0x82, 0x83, txscript.SigHashType(d.IntN(256))}[d.IntN(10)]
	}
	var sigs [][]byte
	for _, i := range d.signers {
		sigs = append(sigs, d.sign(d.secrets[i]))
	}
	multisig := append(append([][]byte{nil}, sigs...), d.code)
	switch d.form {
	case "P2PK":
		d.setStack(sigs)
	case "P2PKH":
		d.setStack([][]byte{sigs[0], d.keys[0]})
	case "P2SH multisig":
		d.setStack(multisig)
	case "P2WPKH", "P2SH-P2WPKH":
		d.in().Witness = [][]byte{sigs[0], d.keys[0]}
	case "P2TR":
		d.in().Witness = sigs
	default:
		d.in().Witness = multisig
	}
}

// sign makes one signature with its hash type; an empty one if that script
// cannot be signed.
func (d *draft) sign(secret btcec.ModNScalar) []byte {
	hashes, value := txscript.NewTxSigHashes(d.tx, d.prevs()), int64(d.coin().Value)
	if d.form == "P2TR" {
		return d.signTaproot(hashes, secret)
	}
	digest, err := txscript.CalcWitnessSigHash(d.code, hashes, d.hashType, d.tx, d.at, value)
	if d.legacy {
		digest, err = txscript.CalcSignatureHash(d.code, d.hashType, d.tx, d.at)
	}
	if err != nil {
		return nil
	}
	priv, _ := btcec.PrivKeyFromBytes(bytesOfScalar(secret))
	return append(ecdsa.Sign(priv, digest).Serialize(), byte(d.hashType))
}

func (d *draft) signTaproot(hashes *txscript.TxSigHashes, secret btcec.ModNScalar) []byte {
	kind := txscript.SigHashDefault
	if d.hashType != txscript.SigHashAll {
		kind = d.hashType
	}
	digest, err := txscript.CalcTaprootSignatureHash(hashes, kind, d.tx, d.at, d.prevs())
	if err != nil {
		return nil
	}
	sig := d.signBIP340(secret, chainhash.Hash(digest))
	if kind != txscript.SigHashDefault {
		return append(sig[:], byte(kind))
	}
	return sig[:]
}

// stack are the items that the input brings: its witness, or what its script
// pushes.
func (tr *trial) stack() (items [][]byte) {
	if len(tr.in().Witness) > 0 {
		return slices.Clone(tr.in().Witness)
	}
	for t := txscript.MakeScriptTokenizer(0, tr.in().SignatureScript); t.Next(); {
		items = append(items, t.Data())
	}
	return items
}

// setStack puts the items back to where stack found them.
func (tr *trial) setStack(items [][]byte) {
	if len(tr.in().Witness) > 0 {
		tr.in().Witness = items
		return
	}
	var b []byte
	for _, item := range items {
		b = append(b, pushOf(item, 0)...)
	}
	tr.in().SignatureScript = b
}

// pushOf pushes an item, with a length of so many bytes; 0: of as few as can
// be.
func pushOf(item []byte, size int) []byte {
	n := len(item)
	if size == 0 && n > txscript.OP_DATA_75 {
		if size = 1; n > 0xff {
			size = 2
		}
	}
	switch size {
	case 0:
		return append([]byte{byte(n)}, item...)
	case 1:
		return append([]byte{txscript.OP_PUSHDATA1, byte(n)}, item...)
	case 2:
		return append([]byte{txscript.OP_PUSHDATA2, byte(n), byte(n >> 8)}, item...)
	}
	return append([]byte{txscript.OP_PUSHDATA4, byte(n), byte(n >> 8), 0, 0}, item...)
}

// trials are one of each form, of one input, the same each time.
func trials(t testing.TB) (all []*trial) {
	t.Helper()
	c := newChunk(0, 0)
	for _, form := range forms() {
		tr := newTrial(c, form, false)
		for len(tr.coins) > 1 {
			tr = newTrial(c, form, false)
		}
		all = append(all, tr)
	}
	return all
}
