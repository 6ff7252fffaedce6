package chain

import "github.com/btcsuite/btcd/txscript/v2"

// StandardFlags are the script rules of relay: consensus, and the stricter
// ones whose breach makes a transaction non-standard only: LOW_S, STRICTENC,
// MINIMALDATA, NULLFAIL, CLEANSTACK, MINIMALIF, WITNESS_PUBKEYTYPE, CONST_SCRIPTCODE
// and all that begin with DISCOURAGE [STANDARD_SCRIPT_VERIFY_FLAGS].
const StandardFlags = txscript.StandardVerifyFlags

// ConsensusFlags are all script rules of consensus; which of them hold for a
// block says ScriptFlags.
const ConsensusFlags = txscript.ScriptBip16 | // P2SH
	txscript.ScriptVerifyDERSignatures | // BIP66
	txscript.ScriptVerifyCheckLockTimeVerify | // BIP65
	txscript.ScriptVerifyCheckSequenceVerify | // BIP112
	txscript.ScriptVerifyWitness | // BIP141, BIP143
	txscript.ScriptStrictMultiSig | // BIP147: its NULLDUMMY
	txscript.ScriptVerifyTaproot // BIP341, BIP342

// ScriptFlags are the script rules of consensus for the block at node
// [GetBlockScriptFlags]. P2SH, witness and taproot hold for all blocks but the
// few named exceptions that were mined before [DeploymentActiveAt].
func ScriptFlags(p *Params, node *HeaderNode) txscript.ScriptFlags {
	flags, exempt := p.ScriptExceptions[node.Hash]
	if !exempt {
		flags = txscript.ScriptBip16 | txscript.ScriptVerifyWitness | txscript.ScriptVerifyTaproot
	}
	if node.Height >= p.BIP0066Height {
		flags |= txscript.ScriptVerifyDERSignatures
	}
	if node.Height >= p.BIP0065Height {
		flags |= txscript.ScriptVerifyCheckLockTimeVerify
	}
	if node.Height >= p.CSVHeight {
		flags |= txscript.ScriptVerifyCheckSequenceVerify
	}
	if node.Height >= p.SegwitHeight {
		flags |= txscript.ScriptStrictMultiSig
	}
	return flags
}

// bip34ImpliesBIP30Limit is the height from which coinbases of before BIP34
// could be repeated again [BIP34_IMPLIES_BIP30_LIMIT].
const bip34ImpliesBIP30Limit = 1_983_702

// EnforceBIP30 says whether the block at node must not make a coin that exists
// already [fEnforceBIP30]. From BIP34 on to a far height it cannot, so nobody need look [IsBIP30Repeat].
func EnforceBIP30(p *Params, node *HeaderNode) bool {
	if node.Height >= bip34ImpliesBIP30Limit {
		return true
	}
	if height, ok := p.BIP30Exceptions[node.Hash]; ok && height == node.Height {
		return false
	}
	at34 := node.Parent.Ancestor(p.BIP0034Height)
	return at34 == nil || p.BIP0034Hash == nil || at34.Hash != *p.BIP0034Hash
}
