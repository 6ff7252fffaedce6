package script

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

func hash160(b []byte) []byte { return address.Hash160(b) }

func amount(f float64) btcutil.Amount { return btcutil.Amount(f) }

// spendOf is the pair of transactions of script_tests.json: a coin, and the
// transaction that spends it as its only input.
func spendOf(sigScript, pkScript []byte, witness wire.TxWitness, value btcutil.Amount) (*chain.Tx, []chain.Coin) {
	credit := wire.NewMsgTx(1)
	credit.AddTxIn(&wire.TxIn{
		PreviousOutPoint: wire.OutPoint{Index: 0xffffffff},
		SignatureScript:  []byte{0, 0},
		Sequence:         0xffffffff,
	})
	credit.AddTxOut(wire.NewTxOut(int64(value), pkScript))
	tx := wire.NewMsgTx(1)
	tx.AddTxIn(&wire.TxIn{
		PreviousOutPoint: wire.OutPoint{Hash: credit.TxHash()},
		SignatureScript:  sigScript,
		Witness:          witness,
		Sequence:         0xffffffff,
	})
	tx.AddTxOut(wire.NewTxOut(int64(value), nil))
	return chain.NewTx(tx), []chain.Coin{{Value: value, PkScript: pkScript}}
}

// numsKey is BIP341's point of which nobody knows the secret.
const numsKey = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0"

// parseWitness reads the witness column; #SCRIPT# stands before a tapscript,
// and #CONTROLBLOCK# for its control block.
func parseWitness(t *testing.T, items []any) (w wire.TxWitness, output string) {
	t.Helper()
	for _, item := range items {
		s := item.(string)
		var b []byte
		var err error
		switch {
		case strings.HasPrefix(s, "#SCRIPT#"):
			b, err = assemble(s[len("#SCRIPT#"):])
		case s == "#CONTROLBLOCK#":
			raw, _ := hex.DecodeString(numsKey)
			internal, _ := schnorr.ParsePubKey(raw)
			leaf := txscript.NewBaseTapLeaf(w[len(w)-1])
			tree := txscript.AssembleTaprootScriptTree(leaf)
			block := tree.LeafMerkleProofs[0].ToControlBlock(internal)
			b, err = block.ToBytes()
			root := tree.RootNode.TapHash()
			key := txscript.ComputeTaprootOutputKey(internal, root[:])
			output = "0x" + hex.EncodeToString(schnorr.SerializePubKey(key))
		default:
			b, err = hex.DecodeString(s)
		}
		if err != nil {
			t.Fatal(err)
		}
		w = append(w, b)
	}
	return w, output
}

// parseScriptRow reads a row of script_tests.json.
func parseScriptRow(t *testing.T, row []any) (r txRow, want string) {
	t.Helper()
	var witness wire.TxWitness
	var value btcutil.Amount
	var output string
	if w, ok := row[0].([]any); ok {
		witness, output = parseWitness(t, w[:len(w)-1])
		value, _ = btcutil.NewAmount(w[len(w)-1].(float64))
		row = row[1:]
	}
	sigScript, err := assemble(row[0].(string))
	if err != nil {
		t.Fatal(err)
	}
	pkScript, err := assemble(strings.ReplaceAll(row[1].(string), "#TAPROOTOUTPUT#", output))
	if err != nil {
		t.Fatal(err)
	}
	r.tx, r.coins = spendOf(sigScript, pkScript, witness, value)
	r.flags = row[2].(string)
	return r, row[3].(string)
}

func TestT27_CoreScriptTests(t *testing.T) {
	checker := New(Config{})
	rows := vectorRows(t, "script_tests.json")
	for _, row := range rows {
		r, want := parseScriptRow(t, row)
		err := checker.CheckTx(r.tx, r.coins, fill(parseFlags(t, r.flags)))
		if (err == nil) != (want == "OK") {
			t.Errorf("%v: got %v, want %s", row, err, want)
		}
	}
	if len(rows) < 1200 {
		t.Fatalf("only %d rows", len(rows))
	}
}

// Whatever the vectors' verdict: what the fast road accepts of them, under any
// flags, the engine has to.
func TestT33_TheFastRoadOnTheVectors(t *testing.T) {
	var all []txRow
	for _, row := range vectorRows(t, "script_tests.json") {
		r, _ := parseScriptRow(t, row)
		all = append(all, r)
	}
	for _, name := range []string{"tx_valid.json", "tx_invalid.json"} {
		for _, row := range vectorRows(t, name) {
			if r, err := parseTxRow(t, row); err == nil && r.flags != "BADTX" {
				all = append(all, r)
			}
		}
	}
	c, ch := New(Config{}), newChunk(27, 0)
	counts := tally{}
	for _, r := range all {
		for at := range r.coins {
			tr := &trial{"vectors", r.tx.MsgTx, r.coins, at}
			for range part(40, 10) {
				column, err := compare(c, tr, someFlags(ch))
				if err != nil {
					t.Fatal(err)
				}
				counts.note(tr.form, column)
			}
		}
	}
	t.Log(counts.table("both engine neither", []string{"vectors"}))
	if counts["vectors"][byBoth] < 20 {
		t.Error("the fast road took nearly nothing")
	}
}

func TestT27_CoreValidTransactions(t *testing.T) {
	checker := New(Config{})
	rnd := rand.New(rand.NewSource(1))
	rows := vectorRows(t, "tx_valid.json")
	for _, row := range rows {
		r, err := parseTxRow(t, row)
		if err != nil {
			t.Errorf("%v: %v", row, err)
			continue
		}
		if err := chain.CheckTx(r.tx); err != nil {
			t.Errorf("%s: %v", r.tx.ID, err)
		}
		flags := trim(allFlags() &^ parseFlags(t, r.flags))
		if err := checker.CheckTx(r.tx, r.coins, flags); err != nil {
			t.Errorf("%s: %v", r.tx.ID, err)
		}
		// What passes under some flags passes under fewer: Known relies on it.
		for range 12 {
			fewer := trim(flags & txscript.ScriptFlags(rnd.Uint32()))
			if err := checker.CheckTx(r.tx, r.coins, fewer); err != nil {
				t.Errorf("%s under %x, a part of %x: %v", r.tx.ID, fewer, flags, err)
			}
		}
	}
	if len(rows) < 110 {
		t.Fatalf("only %d rows", len(rows))
	}
}

func TestT27_CoreInvalidTransactions(t *testing.T) {
	checker := New(Config{})
	rnd := rand.New(rand.NewSource(2))
	rows := vectorRows(t, "tx_invalid.json")
	for _, row := range rows {
		r, err := parseTxRow(t, row)
		if err != nil {
			continue // refused by decoding is refused
		}
		if err := chain.CheckTx(r.tx); (err != nil) != (r.flags == "BADTX") {
			t.Errorf("%s: CheckTx says %v, flags are %s", r.tx.ID, err, r.flags)
		}
		if r.flags == "BADTX" {
			continue
		}
		flags := fill(parseFlags(t, r.flags))
		for k := range 12 {
			more := flags
			if k > 0 {
				more = fill(flags | txscript.ScriptFlags(rnd.Uint32())&allFlags())
			}
			if err := checker.CheckTx(r.tx, r.coins, more); err == nil {
				t.Errorf("%s passed under %x", r.tx.ID, more)
			}
		}
	}
	if len(rows) < 90 {
		t.Fatalf("only %d rows", len(rows))
	}
}

func TestT27_CoreSignatureHashes(t *testing.T) {
	rows := vectorRows(t, "sighash.json")[1:]
	fast := 0
	for _, row := range rows {
		raw, _ := hex.DecodeString(row[0].(string))
		code, _ := hex.DecodeString(row[1].(string))
		tx, err := chain.DecodeTx(raw)
		if err != nil {
			t.Fatal(err)
		}
		i := int(row[2].(float64))
		hashType := txscript.SigHashType(uint32(int64(row[3].(float64))))
		got, err := txscript.CalcSignatureHash(code, hashType, tx.MsgTx, i)
		if err != nil {
			t.Fatal(err)
		}
		var h chain.Hash
		copy(h[:], got)
		if h.String() != row[4].(string) {
			t.Errorf("%s input %d: got %s, want %s", tx.ID, i, h, row[4])
		}
		// The fast road's own hash is for SIGHASH_ALL and code without separators.
		if own := tx.MsgTx.Copy(); !bytes.Contains(code, []byte{txscript.OP_CODESEPARATOR}) {
			own.TxIn[0].SignatureScript = []byte{0} // so that Prepare blanks
			want, err := txscript.CalcSignatureHash(code, txscript.SigHashAll, tx.MsgTx, i)
			if err != nil {
				t.Fatal(err)
			}
			p := Prepare(chain.NewTx(own), make([]chain.Coin, len(own.TxIn)))
			if h := p.legacyHash(i, code); !bytes.Equal(h[:], want) {
				t.Errorf("%s input %d: the fast road has %s", tx.ID, i, h)
			}
			fast++
			if hashType == txscript.SigHashAll && !bytes.Equal(want, got) {
				t.Errorf("%s input %d: SIGHASH_ALL is not the row's", tx.ID, i)
			}
		}
	}
	if fast < 100 {
		t.Errorf("only %d rows for the fast road", fast)
	}
	if len(rows) < 499 {
		t.Fatalf("only %d rows", len(rows))
	}
}

// taprootRow is one file of taproot-ref.
type taprootRow struct {
	Tx               string
	Prevouts         []string
	Index            int
	Flags            string
	Comment          string
	Success, Failure *struct {
		ScriptSig string
		Witness   []string
	}
}

func (r *taprootRow) parse(t *testing.T) (*wire.MsgTx, []chain.Coin) {
	t.Helper()
	raw, _ := hex.DecodeString(r.Tx)
	msg := new(wire.MsgTx)
	if err := msg.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	var coins []chain.Coin
	for _, prev := range r.Prevouts {
		raw, _ := hex.DecodeString(prev)
		var out wire.TxOut
		if err := wire.ReadTxOut(bytes.NewReader(raw), 0, 0, &out); err != nil {
			t.Fatal(err)
		}
		coins = append(coins, chain.Coin{Value: btcutil.Amount(out.Value), PkScript: out.PkScript})
	}
	return msg, coins
}

func TestT27_CoreTaprootReference(t *testing.T) {
	t.Parallel()
	checker := New(Config{})
	files, err := filepath.Glob(filepath.Join(vectorsDir(t), "taproot-ref", "*"))
	if err != nil || len(files) < 2500 {
		t.Fatalf("only %d files, %v", len(files), err)
	}
	// Every sixteenth, beginning with the first, unless all are asked for.
	for i, every := 0, len(files)/part(len(files), 16); i < len(files); i += every {
		file := files[i]
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r taprootRow
		if err := json.Unmarshal(bytes.TrimSuffix(bytes.TrimSpace(raw), []byte(",")), &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		msg, coins := r.parse(t)
		flags := parseFlags(t, r.Flags)
		check := func(name, scriptSig string, witness []string, good bool) {
			in := msg.TxIn[r.Index]
			in.SignatureScript, _ = hex.DecodeString(scriptSig)
			in.Witness = nil
			for _, item := range witness {
				b, _ := hex.DecodeString(item)
				in.Witness = append(in.Witness, b)
			}
			err := checker.CheckInput(Prepare(chain.NewTx(msg), coins), r.Index, flags)
			if (err == nil) != good {
				t.Errorf("%s %s (%s): %v", filepath.Base(file), name, r.Comment, err)
			}
		}
		if r.Success != nil {
			check("success", r.Success.ScriptSig, r.Success.Witness, true)
		}
		if r.Failure != nil {
			check("failure", r.Failure.ScriptSig, r.Failure.Witness, false)
		}
	}
}
