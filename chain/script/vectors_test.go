package script

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
)

// vectorsDir is the folder of Bitcoin Core's test vectors that txscript's
// module carries.
func vectorsDir(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/btcsuite/btcd/txscript/v2").Output()
	if err != nil {
		t.Fatalf("find txscript's module: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "data")
}

// vectorRows reads a file of vectors: JSON arrays, of which those with one
// element are comments.
func vectorRows(t testing.TB, name string) [][]any {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(vectorsDir(t), name))
	if err != nil {
		t.Fatal(err)
	}
	var all, rows [][]any
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	for _, row := range all {
		if len(row) > 1 {
			rows = append(rows, row)
		}
	}
	return rows
}

// part is how much of n a test does: a stated share of it, and all when
// GRAPEVINE_FULL is set, as make conformance does. Under the race detector all
// of it would take minutes.
func part(n, share int) int {
	if os.Getenv("GRAPEVINE_FULL") != "" {
		return n
	}
	return n / share
}

// flagNames are Bitcoin Core's names, as the vectors write them.
func flagNames() map[string]txscript.ScriptFlags {
	return map[string]txscript.ScriptFlags{
		"P2SH":                                  txscript.ScriptBip16,
		"STRICTENC":                             txscript.ScriptVerifyStrictEncoding,
		"DERSIG":                                txscript.ScriptVerifyDERSignatures,
		"LOW_S":                                 txscript.ScriptVerifyLowS,
		"SIGPUSHONLY":                           txscript.ScriptVerifySigPushOnly,
		"MINIMALDATA":                           txscript.ScriptVerifyMinimalData,
		"NULLDUMMY":                             txscript.ScriptStrictMultiSig,
		"DISCOURAGE_UPGRADABLE_NOPS":            txscript.ScriptDiscourageUpgradableNops,
		"CLEANSTACK":                            txscript.ScriptVerifyCleanStack,
		"MINIMALIF":                             txscript.ScriptVerifyMinimalIf,
		"NULLFAIL":                              txscript.ScriptVerifyNullFail,
		"CHECKLOCKTIMEVERIFY":                   txscript.ScriptVerifyCheckLockTimeVerify,
		"CHECKSEQUENCEVERIFY":                   txscript.ScriptVerifyCheckSequenceVerify,
		"WITNESS":                               txscript.ScriptVerifyWitness,
		"DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM": txscript.ScriptVerifyDiscourageUpgradeableWitnessProgram,
		"WITNESS_PUBKEYTYPE":                    txscript.ScriptVerifyWitnessPubKeyType,
		"CONST_SCRIPTCODE":                      txscript.ScriptVerifyConstScriptCode,
		"TAPROOT":                               txscript.ScriptVerifyTaproot,
	}
}

func parseFlags(t testing.TB, s string) (flags txscript.ScriptFlags) {
	t.Helper()
	names := flagNames()
	for _, name := range strings.Split(s, ",") {
		flag, ok := names[name]
		if !ok && name != "" && name != "NONE" {
			t.Fatalf("unknown flag %q", name)
		}
		flags |= flag
	}
	return flags
}

func allFlags() (flags txscript.ScriptFlags) {
	for _, f := range flagNames() {
		flags |= f
	}
	return flags
}

// trim takes away flags that need one which is not set.
func trim(f txscript.ScriptFlags) txscript.ScriptFlags {
	if f&txscript.ScriptBip16 == 0 {
		f &^= txscript.ScriptVerifyWitness
	}
	if f&txscript.ScriptVerifyWitness == 0 {
		f &^= txscript.ScriptVerifyCleanStack
	}
	const nops = txscript.ScriptVerifyCheckLockTimeVerify | txscript.ScriptVerifyCheckSequenceVerify
	if f&nops != nops {
		f &^= txscript.ScriptDiscourageUpgradableNops // the engine would count both as unused opcodes
	}
	return f
}

// fill adds the flags that those set need.
func fill(f txscript.ScriptFlags) txscript.ScriptFlags {
	if f&txscript.ScriptVerifyCleanStack != 0 {
		f |= txscript.ScriptVerifyWitness
	}
	if f&txscript.ScriptVerifyWitness != 0 {
		f |= txscript.ScriptBip16
	}
	return f
}

// assemble turns the vectors' notation into a script: numbers and 'text' are
// pushed, 0x… stands for itself, words are opcodes with or without OP_.
func assemble(asm string) ([]byte, error) {
	var script []byte
	for _, word := range strings.Fields(asm) {
		part, err := assembleWord(word)
		if err != nil {
			return nil, err
		}
		script = append(script, part...)
	}
	return script, nil
}

func assembleWord(word string) ([]byte, error) {
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		return txscript.NewScriptBuilder().AddInt64(n).Script()
	}
	if digits, ok := strings.CutPrefix(word, "0x"); ok {
		return hex.DecodeString(digits)
	}
	if strings.HasPrefix(word, "'") {
		return txscript.NewScriptBuilder().AddFullData([]byte(strings.Trim(word, "'"))).Script()
	}
	op, ok := txscript.OpcodeByName[word]
	if !ok {
		op, ok = txscript.OpcodeByName["OP_"+word]
	}
	if !ok {
		return nil, fmt.Errorf("unknown word %q", word)
	}
	return []byte{op}, nil
}

// txRow is a row of tx_valid.json or tx_invalid.json.
type txRow struct {
	tx    *chain.Tx
	coins []chain.Coin
	flags string
}

func parseTxRow(t testing.TB, row []any) (txRow, error) {
	t.Helper()
	raw, err := hex.DecodeString(row[1].(string))
	if err != nil {
		t.Fatal(err)
	}
	r := txRow{flags: row[2].(string)}
	if r.tx, err = chain.DecodeTx(raw); err != nil {
		return r, err
	}
	made := map[string]chain.Coin{}
	for _, prev := range row[0].([]any) {
		p := prev.([]any)
		var c chain.Coin
		if c.PkScript, err = assemble(p[2].(string)); err != nil {
			t.Fatal(err)
		}
		if len(p) > 3 {
			c.Value = amount(p[3].(float64))
		}
		made[fmt.Sprintf("%s:%d", p[0], uint32(int64(p[1].(float64))))] = c
	}
	for _, in := range r.tx.TxIn {
		r.coins = append(r.coins, made[in.PreviousOutPoint.String()])
	}
	return r, nil
}
