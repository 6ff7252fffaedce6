package chainapi

import (
	"slices"

	"github.com/btcsuite/btcd/txscript/v2"
)

// flagNames are Core's names of script flags, sorted.
func flagNames(f txscript.ScriptFlags) []string {
	names := []string{}
	for name, flag := range map[string]txscript.ScriptFlags{
		"P2SH": txscript.ScriptBip16, "DERSIG": txscript.ScriptVerifyDERSignatures,
		"CHECKLOCKTIMEVERIFY": txscript.ScriptVerifyCheckLockTimeVerify,
		"CHECKSEQUENCEVERIFY": txscript.ScriptVerifyCheckSequenceVerify,
		"WITNESS":             txscript.ScriptVerifyWitness, "NULLDUMMY": txscript.ScriptStrictMultiSig,
		"TAPROOT": txscript.ScriptVerifyTaproot,
	} {
		if f&flag != 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
