package script

import (
	"bytes"
	"crypto/sha256"
	"math/rand"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// template is a transaction of one input that the fast road must know.
type template struct {
	name string
	tx   *wire.MsgTx
	coin chain.Coin
}

func (tm template) prepared() *Prepared {
	return Prepare(chain.NewTx(tm.tx), []chain.Coin{tm.coin})
}

func (tm template) copy() template {
	tm.tx = tm.tx.Copy()
	tm.coin.PkScript = bytes.Clone(tm.coin.PkScript)
	return tm
}

func unsigned() *wire.MsgTx {
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: chain.Hash{1}, Index: 3}, Sequence: 0xfffffffd})
	tx.AddTxOut(wire.NewTxOut(9e7, chaintest.OpTrue()))
	return tx
}

func script(t testing.TB, items ...any) []byte {
	t.Helper()
	b := txscript.NewScriptBuilder()
	for _, item := range items {
		switch v := item.(type) {
		case int:
			b.AddOp(byte(v))
		case []byte:
			b.AddData(v)
		}
	}
	s, err := b.Script()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func p2sh(t testing.TB, redeem []byte) []byte {
	return script(t, txscript.OP_HASH160, address.Hash160(redeem), txscript.OP_EQUAL)
}

func p2wsh(t testing.TB, s []byte) []byte {
	h := sha256.Sum256(s)
	return script(t, txscript.OP_0, h[:])
}

// multisigKeys are three keys and the script that asks for two of them.
func multisigKeys(t testing.TB) (keys []*btcec.PrivateKey, code []byte) {
	items := []any{txscript.OP_2}
	for n := range 3 {
		key := chaintest.NewKey(uint32(n + 1)).Private()
		keys = append(keys, key)
		items = append(items, key.PubKey().SerializeCompressed())
	}
	return keys, script(t, append(items, txscript.OP_3, txscript.OP_CHECKMULTISIG)...)
}

func withHashType(sig *ecdsa.Signature) []byte {
	return append(sig.Serialize(), byte(txscript.SigHashAll))
}

func singleKeyTemplates(t testing.TB) []template {
	key := chaintest.NewKey(9)
	coin := func(pk []byte) chain.Coin { return chain.Coin{Value: 1e8, PkScript: pk} }
	var all []template
	for name, pk := range map[string][]byte{"P2PKH": key.P2PKH(), "P2WPKH": key.P2WPKH(), "P2TR": key.P2TR()} {
		tx := unsigned()
		chaintest.Sign(t, tx, []chaintest.Coin{{Op: tx.TxIn[0].PreviousOutPoint, Value: 1e8, Script: pk, Key: key}})
		all = append(all, template{name, tx, coin(pk)})
	}
	pub := key.Private().PubKey().SerializeCompressed()

	tm := template{"P2PK", unsigned(), coin(script(t, pub, txscript.OP_CHECKSIG))}
	tm.tx.TxIn[0].SignatureScript = []byte{0} // so that Prepare blanks
	h := tm.prepared().legacyHash(0, tm.coin.PkScript)
	tm.tx.TxIn[0].SignatureScript = script(t, withHashType(ecdsa.Sign(key.Private(), h[:])))
	all = append(all, tm)

	tm = template{"P2SH-P2WPKH", unsigned(), coin(p2sh(t, key.P2WPKH()))}
	tm.tx.TxIn[0].SignatureScript = script(t, key.P2WPKH())
	tm.tx.TxIn[0].Witness = wire.TxWitness{{1}}
	h = tm.prepared().witnessHash(0, key.P2PKH())
	tm.tx.TxIn[0].Witness = wire.TxWitness{withHashType(ecdsa.Sign(key.Private(), h[:])), pub}
	return append(all, tm)
}

func multisigTemplates(t testing.TB) []template {
	keys, code := multisigKeys(t)
	sign := func(h chain.Hash) (a, b []byte) {
		return withHashType(ecdsa.Sign(keys[0], h[:])), withHashType(ecdsa.Sign(keys[2], h[:]))
	}
	coin := func(pk []byte) chain.Coin { return chain.Coin{Value: 1e8, PkScript: pk} }

	legacy := template{"P2SH multisig", unsigned(), coin(p2sh(t, code))}
	legacy.tx.TxIn[0].SignatureScript = []byte{0}
	a, b := sign(legacy.prepared().legacyHash(0, code))
	legacy.tx.TxIn[0].SignatureScript = script(t, txscript.OP_0, a, b, code)

	native := template{"P2WSH multisig", unsigned(), coin(p2wsh(t, code))}
	native.tx.TxIn[0].Witness = wire.TxWitness{{1}}
	a, b = sign(native.prepared().witnessHash(0, code))
	native.tx.TxIn[0].Witness = wire.TxWitness{nil, a, b, code}

	nested := native.copy()
	nested.name = "P2SH-P2WSH multisig"
	nested.coin.PkScript = p2sh(t, p2wsh(t, code))
	nested.tx.TxIn[0].SignatureScript = script(t, p2wsh(t, code))
	return []template{legacy, native, nested}
}

func templates(t testing.TB) []template {
	return append(singleKeyTemplates(t), multisigTemplates(t)...)
}

func TestTheFastRoadKnowsEveryTemplate(t *testing.T) {
	c := New(Config{})
	for _, tm := range templates(t) {
		p := tm.prepared()
		for _, flags := range []txscript.ScriptFlags{chain.ConsensusFlags, chain.StandardFlags} {
			if err := p.execute(0, flags); err != nil {
				t.Fatalf("%s: the engine refuses the template: %v", tm.name, err)
			}
			if !c.fast(p, 0, flags) {
				t.Errorf("%s is not taken under %x", tm.name, flags)
			}
		}
	}
}

// mutate changes one thing, often such that the spend stays almost right.
func mutate(rnd *rand.Rand, tm template) template {
	tm = tm.copy()
	in := tm.tx.TxIn[0]
	var parts []*[]byte
	parts = append(parts, &in.SignatureScript, &tm.coin.PkScript)
	for i := range in.Witness {
		parts = append(parts, &in.Witness[i], &in.Witness[i])
	}
	part := parts[rnd.Intn(len(parts))]
	switch n := len(*part); rnd.Intn(9) {
	case 0:
		tm.coin.Value++
	case 1:
		in.Sequence ^= 1 << rnd.Intn(32)
	case 2:
		tm.tx.LockTime = rnd.Uint32()
	case 3:
		in.Witness = append(in.Witness, []byte{byte(rnd.Intn(256))})
	case 4:
		if len(in.Witness) > 0 {
			in.Witness = in.Witness[1:]
		}
	case 5:
		at := rnd.Intn(n + 1)
		*part = append(append(bytes.Clone((*part)[:at]), byte(rnd.Intn(256))), (*part)[at:]...)
	case 6:
		if n > 0 {
			*part = bytes.Clone((*part)[:rnd.Intn(n)])
		}
	default:
		if n > 0 {
			*part = bytes.Clone(*part)
			(*part)[rnd.Intn(n)] ^= 1 << rnd.Intn(8)
		}
	}
	return tm
}

func TestT33_TheFastRoadAcceptsNothingTheEngineRefuses(t *testing.T) {
	c := New(Config{})
	rnd := rand.New(rand.NewSource(33))
	accepted := 0
	all := templates(t)
	for round := range part(1500, 10) {
		for _, tm := range all {
			for k := rnd.Intn(3); k >= 0; k-- {
				tm = mutate(rnd, tm)
			}
			flags := trim(allFlags() & txscript.ScriptFlags(rnd.Uint32()))
			if round%3 == 0 {
				flags = chain.ConsensusFlags
			}
			p := tm.prepared()
			if !c.fast(p, 0, flags) {
				continue
			}
			accepted++
			if err := p.execute(0, flags); err != nil {
				t.Fatalf("%s under %x: %v\n%x\n%x", tm.name, flags, err, p.tx.Raw(), tm.coin.PkScript)
			}
		}
	}
	if accepted == 0 {
		t.Fatal("no mutation was harmless: the test compares nothing")
	}
}
