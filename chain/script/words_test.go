package script

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// told is what a failing spend of pk is called.
func told(t *testing.T, pk, sigScript []byte, witness wire.TxWitness) string {
	t.Helper()
	tx := unsigned()
	tx.TxIn[0].SignatureScript, tx.TxIn[0].Witness = sigScript, witness
	var failed *RelayFailure
	err := New(Config{}).CheckRelay(chain.NewTx(tx), []chain.Coin{{Value: 1e8, PkScript: pk}}, chain.ConsensusFlags)
	if !errors.As(err, &failed) {
		t.Fatalf("%x: got %v", pk, err)
	}
	return failed.Reason
}

// leaf is an output that commits to a tapscript, and its control block.
func leaf(t *testing.T, tapscript []byte) (pk, control []byte) {
	t.Helper()
	internal := chaintest.NewKey(3).Private().PubKey()
	tree := txscript.AssembleTaprootScriptTree(txscript.NewBaseTapLeaf(tapscript))
	root := tree.RootNode.TapHash()
	pk, err := txscript.PayToTaprootScript(txscript.ComputeTaprootOutputKey(internal, root[:]))
	if err != nil {
		t.Fatal(err)
	}
	block := tree.LeafMerkleProofs[0].ToControlBlock(internal)
	if control, err = block.ToBytes(); err != nil {
		t.Fatal(err)
	}
	return pk, control
}

// The sentences behind …-script-verify-flag-failed where txscript asks its
// questions in another order than Core, or has fewer answers. Each was seen to be
// Core 28.1's, by the same spends put before both.
func TestWordsOfScriptFailuresAreCores(t *testing.T) {
	key := chaintest.NewKey(5).Private()
	xonly, compressed := schnorr.SerializePubKey(key.PubKey()), key.PubKey().SerializeCompressed()
	wrong := make([]byte, 64)
	wrong[0] = 1
	keyPathOut := chaintest.NewKey(6).P2TR()
	const (
		schnorrType = "Invalid Schnorr signature hash type"
		schnorrSize = "Invalid Schnorr signature size"
	)
	for _, c := range []struct {
		name string
		sig  []byte
		want string
	}{
		{"wrong", wrong, "Invalid Schnorr signature"},
		{"of a known hash type", append(wrong[:64:64], 0x83), "Invalid Schnorr signature"},
		{"of an unknown hash type", append(wrong[:64:64], 4), schnorrType},
		{"of hash type 0x84", append(wrong[:64:64], 0x84), schnorrType},
		{"that names the default", append(wrong[:64:64], 0), schnorrType},
		{"too short", wrong[:63], schnorrSize},
		{"too long", append(wrong[:64:64], 1, 1), schnorrSize},
	} {
		if got := told(t, keyPathOut, nil, wire.TxWitness{c.sig}); got != c.want {
			t.Errorf("key path, a signature %s: %s", c.name, got)
		}
		for op, tapscript := range map[string][]byte{
			"OP_CHECKSIG":       script(t, xonly, txscript.OP_CHECKSIG),
			"OP_CHECKSIGVERIFY": script(t, xonly, txscript.OP_CHECKSIGVERIFY, txscript.OP_1),
			"OP_CHECKSIGADD":    script(t, txscript.OP_0, xonly, txscript.OP_CHECKSIGADD),
		} {
			pk, control := leaf(t, tapscript)
			if got := told(t, pk, nil, wire.TxWitness{c.sig, tapscript, control}); got != c.want {
				t.Errorf("%s, a signature %s: %s", op, c.name, got)
			}
		}
	}
	alone := unsigned()
	alone.AddTxIn(&wire.TxIn{Witness: wire.TxWitness{append(wrong[:64:64], 3)}})
	coins := []chain.Coin{{PkScript: keyPathOut}, {PkScript: keyPathOut}}
	if err := New(Config{}).CheckInput(Prepare(chain.NewTx(alone), coins), 1, chain.StandardFlags); err == nil || !strings.Contains(err.Error(), schnorrType) {
		t.Errorf("SIGHASH_SINGLE without an output: %v", err)
	}
	spoiled := func(at int) func([]byte) []byte {
		return func(control []byte) []byte { control[at] ^= 1; return control }
	}
	offCurve := func(control []byte) []byte { copy(control[1:], strings.Repeat("\xff", 32)); return control }
	for _, c := range []struct {
		name    string
		script  []byte
		stack   wire.TxWitness
		control func([]byte) []byte
		want    string
	}{
		{"empty key", script(t, txscript.OP_0, txscript.OP_CHECKSIG), wire.TxWitness{wrong}, nil, badPubKey},
		{"condition of 2", script(t, txscript.OP_IF, txscript.OP_1, txscript.OP_ENDIF), wire.TxWitness{{2}}, nil, "OP_IF/NOTIF argument must be minimal in tapscript"},
		{"number of 5 bytes", script(t, txscript.OP_1ADD), wire.TxWitness{{1, 2, 3, 4, 5}}, nil, "unknown error"},
		{"padded number", script(t, txscript.OP_1ADD), wire.TxWitness{{1, 0}}, nil, "unknown error"},
		{"one number of two, too long", script(t, txscript.OP_ADD), wire.TxWitness{{1, 2, 3, 4, 5}}, nil, badStack},
		{"nothing on the other stack", script(t, txscript.OP_FROMALTSTACK), nil, nil, "Operation not valid with the current altstack size"},
		{"condition of nothing", script(t, txscript.OP_IF, txscript.OP_ENDIF), nil, nil, badIf},
		{"internal key off the curve", script(t, txscript.OP_1), nil, offCurve, "Witness program hash mismatch"},
		{"another internal key", script(t, txscript.OP_1), nil, spoiled(32), "Witness program hash mismatch"},
		{"the other parity", script(t, txscript.OP_1), nil, spoiled(0), "Witness program hash mismatch"},
	} {
		pk, control := leaf(t, c.script)
		if c.control != nil {
			control = c.control(control)
		}
		if got := told(t, pk, nil, append(c.stack, c.script, control)); got != c.want {
			t.Errorf("tapscript, %s: %s", c.name, got)
		}
	}
	bad := []byte{0x30, 1, 4} // neither DER nor of a known hash type
	multisig := script(t, txscript.OP_1, compressed, txscript.OP_1, txscript.OP_CHECKMULTISIG)
	for _, c := range []struct {
		name   string
		script []byte
		stack  wire.TxWitness
		want   string
	}{
		{"form before hash type", script(t, compressed, txscript.OP_CHECKSIG), wire.TxWitness{bad}, badDER},
		{"form before hash type, of several", multisig, wire.TxWitness{{}, bad}, badDER},
		{"form before the dummy", multisig, wire.TxWitness{{1}, bad}, badDER},
		{"the dummy", multisig, wire.TxWitness{{1}, {}}, "Dummy CHECKMULTISIG argument must be zero"},
		{"a key of no form", script(t, make([]byte, 33), txscript.OP_CHECKSIG), wire.TxWitness{{}}, badPubKey},
		{"an uncompressed key", script(t, append([]byte{4}, make([]byte, 64)...), txscript.OP_CHECKSIG), wire.TxWitness{{}}, segwitKey},
		{"condition of 2", script(t, txscript.OP_IF, txscript.OP_1, txscript.OP_ENDIF), wire.TxWitness{{2}}, "OP_IF/NOTIF argument must be minimal"},
		{"more than the result", script(t, txscript.OP_1), wire.TxWitness{{}}, "Stack size must be exactly one after execution"},
	} {
		hash := sha256.Sum256(c.script)
		if got := told(t, append([]byte{0, 32}, hash[:]...), nil, append(c.stack, c.script)); got != c.want {
			t.Errorf("witness script, %s: %s", c.name, got)
		}
	}
	redeem := script(t, txscript.OP_DROP)
	behind := script(t, txscript.OP_HASH160, address.Hash160(redeem), txscript.OP_EQUAL)
	for _, c := range []struct {
		sig  []byte
		want string
	}{
		{script(t, txscript.OP_1, txscript.OP_1, txscript.OP_1, redeem), "Stack size must be exactly one after execution"},
		{script(t, txscript.OP_1, txscript.OP_0, txscript.OP_1, redeem), falseTop},
		{script(t, txscript.OP_1, redeem), falseTop},
	} {
		if got := told(t, behind, c.sig, nil); got != c.want {
			t.Errorf("script hash, %x: %s", c.sig, got)
		}
	}
}

// A number of keys or signatures that is not there must not lead astray.
func TestNamingAFailureBearsAnyStack(t *testing.T) {
	for _, stack := range []wire.TxWitness{nil, {{}}, {{0xff}}, {{0xff}, {0xff}}, {{}, {2}, {}}, {{1}, {1}, {}, {1}, {}, {0x80}}} {
		for _, op := range []int{txscript.OP_CHECKMULTISIG, txscript.OP_CHECKMULTISIGVERIFY, txscript.OP_CHECKSIG, txscript.OP_CHECKSIGADD, txscript.OP_PICK, txscript.OP_WITHIN} {
			code := script(t, op)
			hash := sha256.Sum256(code)
			if got := told(t, append([]byte{0, 32}, hash[:]...), nil, append(stack[:len(stack):len(stack)], code)); got == "" {
				t.Errorf("%x %x has no name", stack, code)
			}
			pk, control := leaf(t, code)
			if got := told(t, pk, nil, append(stack[:len(stack):len(stack)], code, control)); got == "" {
				t.Errorf("%x %x has no name", stack, code)
			}
		}
	}
}

// A key that is no point makes a signature fail; by NULLFAIL it must be empty then.
func TestSignaturesThatNoKeyCanFulfilMustBeEmpty(t *testing.T) {
	sig := chaintest.NewKey(5)
	real := unsigned()
	raw, err := txscript.RawTxInSignature(real, 0, chaintest.OpTrue(), txscript.SigHashAll, sig.Private())
	if err != nil {
		t.Fatal(err)
	}
	noPoint := append([]byte{2}, strings.Repeat("\xff", 32)...)
	code := script(t, noPoint, txscript.OP_CHECKSIG, txscript.OP_NOT)
	hash := sha256.Sum256(code)
	pk := append([]byte{0, 32}, hash[:]...)
	check := func(sig []byte) error {
		tx := unsigned()
		tx.TxIn[0].Witness = wire.TxWitness{sig, code}
		return New(Config{}).CheckRelay(chain.NewTx(tx), []chain.Coin{{Value: 1e8, PkScript: pk}}, chain.ConsensusFlags)
	}
	var failed *RelayFailure
	if err := check(raw); !errors.As(err, &failed) || failed.Broken || failed.Reason != sentences[txscript.ErrNullFail] {
		t.Errorf("a signature: %v", err)
	}
	if err := check(nil); err != nil {
		t.Errorf("none: %v", err)
	}
}

// To name a failure costs little more than to find it, though a tapscript may do
// hundreds of thousands of operations over a thousand items: a look at the stack
// before each of them took seconds and gigabytes.
func TestNamingAFailureLooksAtTheStackOnce(t *testing.T) {
	code := bytes.Repeat([]byte{txscript.OP_0}, 990)
	code = append(code, bytes.Repeat([]byte{txscript.OP_DUP, txscript.OP_DROP}, 100_000)...)
	code = append(code, txscript.OP_DATA_5, 1, 2, 3, 4, 5, txscript.OP_1ADD) // a number has four bytes
	pk, control := leaf(t, code)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if got := told(t, pk, nil, wire.TxWitness{code, control}); got != unknownError {
		t.Error(got)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 500<<20 {
		t.Errorf("it took %d MiB", used>>20)
	}
}
