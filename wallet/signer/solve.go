package signer

import (
	"crypto/sha256"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain/policy"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// solver is one input that is solved.
type solver struct {
	known *descriptor.Provider
	Creator
	d *Data
}

// Solve fills in what d lacks to spend an output, and says whether that is all
// (Core: ProduceSignature). Signatures that d has are used [SignStep].
func Solve(known *descriptor.Provider, c Creator, pk []byte, d *Data) bool {
	if d.Complete {
		return true
	}
	s := solver{known, c, d}
	stack, solved := s.step(pk, false)
	var redeem []byte
	if txscript.IsPayToScriptHash(pk) && solved {
		redeem = stack[0]
		d.Redeem = redeem
		stack, solved = s.step(redeem, false)
		solved = solved && !txscript.IsPayToScriptHash(redeem)
		pk = redeem
	}
	stack, solved = s.program(pk, stack, solved, redeem != nil)
	if !d.Segwit {
		d.Witness = nil
	}
	if redeem != nil {
		stack = append(stack, redeem)
	}
	d.ScriptSig = pushAll(stack)
	return s.finish(solved)
}

func (s solver) finish(solved bool) bool {
	solved = solved && s.Check(s.d.ScriptSig, s.d.Witness)
	s.d.Complete = solved
	return solved
}

// program moves a solution into the witness where the script is a witness
// program (BIP141); what it returns stays in the input's script.
func (s solver) program(pk []byte, stack [][]byte, solved, nested bool) ([][]byte, bool) {
	version, program, err := txscript.ExtractWitnessProgramInfo(pk)
	if err != nil {
		return stack, solved
	}
	switch {
	case version == 0 && solved && len(program) == hash160Size:
		stack, solved = s.step(wallet.PubKeyHashScript(program), true)
		s.d.Witness, s.d.Segwit = stack, true
		return nil, solved
	case version == 0 && solved && len(program) == sha256.Size:
		code := stack[0]
		s.d.Script = code
		stack, solved = s.step(code, true)
		if isHash(code) {
			solved = false
		}
		if !solved && len(stack) == 0 {
			stack, solved = s.miniscript(code, nil)
		}
		s.d.Witness, s.d.Segwit = append(stack, code), true
		return nil, solved
	case version == 1 && len(program) == sha256.Size && !nested:
		s.d.Segwit = true
		if solved {
			s.d.Witness = stack
		}
		return nil, solved
	}
	return stack, solved
}

const hash160Size = 20

// isHash says whether a script only names another.
func isHash(code []byte) bool {
	version, program, err := txscript.ExtractWitnessProgramInfo(code)
	return txscript.IsPayToScriptHash(code) || err == nil && version == 0 && len(program) > 0
}

// step solves one script by what it asks for; of one that names another by its
// hash the solution is the other.
func (s solver) step(pk []byte, witness bool) (stack [][]byte, solved bool) {
	if version, program, err := txscript.ExtractWitnessProgramInfo(pk); err == nil {
		return s.stepProgram(pk, version, program)
	}
	if pub, ok := policy.PaidKey(pk); ok {
		sig, ok := s.ecdsa(pub, pk, witness)
		if !ok {
			return nil, false
		}
		return [][]byte{sig}, true
	}
	if need, pubs, ok := policy.MultisigKeys(pk); ok {
		return s.multisig(need, pubs, pk, witness)
	}
	switch {
	case txscript.IsPayToPubKeyHash(pk):
		return s.keyHash(pk, witness)
	case txscript.IsPayToScriptHash(pk):
		if code, ok := s.script(descriptor.ID(pk[2:22])); ok {
			return [][]byte{code}, true
		}
		s.d.MissingRedeem = pk[2:22]
	}
	return nil, false
}

func (s solver) stepProgram(pk []byte, version int, program []byte) ([][]byte, bool) {
	switch n := len(program); {
	case version == 0 && n == hash160Size:
		return [][]byte{program}, true
	case version == 0 && n == sha256.Size:
		if code, ok := s.script(descriptor.IDOfProgram(program)); ok {
			return [][]byte{code}, true
		}
		s.d.MissingScript = program
	case version == 1 && n == sha256.Size:
		return s.taproot(program)
	case policy.KindOf(pk) == policy.Anchor: // needs nothing
		return nil, true
	}
	return nil, false
}

// script is the one with that HASH160.
func (s solver) script(id descriptor.ID) ([]byte, bool) {
	if code, ok := s.known.Scripts[id]; ok {
		return code, true
	}
	for _, code := range [][]byte{s.d.Redeem, s.d.Script} {
		if len(code) > 0 && descriptor.IDOf(code) == id {
			return code, true
		}
	}
	return nil, false
}

func (s solver) keyHash(pk []byte, witness bool) ([][]byte, bool) {
	id := descriptor.ID(pk[3:23])
	pub, ok := s.pubKey(id)
	if !ok {
		s.d.MissingPubKeys = append(s.d.MissingPubKeys, id)
		return nil, false
	}
	sig, ok := s.ecdsa(pub, pk, witness)
	if !ok {
		return nil, false
	}
	return [][]byte{sig, pub}, true
}

func (s solver) pubKey(id descriptor.ID) ([]byte, bool) {
	if sig, ok := s.d.Sigs[id]; ok {
		return sig.PubKey, true
	}
	if o, ok := s.d.Origins[id]; ok {
		return o.PubKey, true
	}
	return s.known.PubKeyOf(id[:])
}

// ecdsa is a signature that is there or can be made.
func (s solver) ecdsa(pub, code []byte, witness bool) ([]byte, bool) {
	id := descriptor.IDOf(pub)
	if sig, ok := s.d.Sigs[id]; ok {
		return sig.Sig, true
	}
	if o, ok := s.known.Origins[id]; ok {
		s.d.Origins[id] = o
	}
	sig, ok := s.ECDSA(s.known, pub, code, witness)
	if !ok {
		s.d.MissingSigs = append(s.d.MissingSigs, id)
		return nil, false
	}
	s.d.Sigs[id] = Signature{pub, sig}
	return sig, true
}

// multisig makes every signature that can be made, though it needs fewer: who
// goes on with it may want them.
func (s solver) multisig(need int, pubs [][]byte, code []byte, witness bool) ([][]byte, bool) {
	stack := [][]byte{nil} // OP_CHECKMULTISIG takes one more than it uses
	for _, pub := range pubs {
		if sig, ok := s.ecdsa(pub, code, witness); ok && len(stack) <= need {
			stack = append(stack, sig)
		}
	}
	solved := len(stack) == need+1
	for len(stack) <= need {
		stack = append(stack, nil)
	}
	return stack, solved
}

// pushAll is the input's script that pushes these.
func pushAll(stack [][]byte) []byte {
	var script []byte
	for _, item := range stack {
		push, err := txscript.NewScriptBuilder().AddFullData(item).Script()
		if err != nil {
			return nil // unreachable: what was solved is shorter than any limit
		}
		script = append(script, push...)
	}
	return script
}

func items(w wire.TxWitness) [][]byte { return append([][]byte(nil), w...) }
