package script

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// spending is a failed input whose failure is to be named.
type spending struct {
	p     *Prepared
	i     int
	flags txscript.ScriptFlags
	path  taprootPath
}

// refine is Core's sentence where it is not the one that belongs to txscript's
// error; "": it is.
func (s spending) refine(err error) string {
	var failure txscript.Error
	if !errors.As(err, &failure) { // of a key or a Schnorr signature
		if s.path == scriptPath && !s.goodInternalKey() {
			return hashMismatch
		}
		return s.schnorr()
	}
	switch failure.ErrorCode {
	case txscript.ErrTaprootSigInvalid, txscript.ErrInvalidTaprootSigLen:
		return s.schnorr()
	case txscript.ErrNullFail:
		if s.path == scriptPath {
			return s.schnorr()
		}
	case txscript.ErrMinimalIf:
		if s.path == scriptPath {
			return "OP_IF/NOTIF argument must be minimal in tapscript"
		}
	case txscript.ErrNumberTooBig, txscript.ErrMinimalData:
		return s.number(failure)
	case txscript.ErrInvalidStackOperation:
		return s.stack()
	case txscript.ErrCleanStack:
		return s.clean()
	case txscript.ErrInvalidSigHashType:
		return s.encoding()
	case txscript.ErrWitnessPubKeyType:
		return s.failing().keyForm()
	case txscript.ErrSigNullDummy:
		return s.dummy()
	}
	return ""
}

// number: Core has no sentence for numbers that are too long or padded, and asks
// for the stack's size before it reads any.
func (s spending) number(failure txscript.Error) string {
	if failure.ErrorCode == txscript.ErrMinimalData && !strings.HasPrefix(failure.Description, "numeric value") {
		return "" // a push
	}
	if f := s.failing(); len(f.stack) < operands[f.op] {
		return badStack
	}
	return unknownError
}

// operands are how many items the operations take that read numbers.
var operands = map[string]int{
	"OP_PICK": 2, "OP_ROLL": 2, "OP_ADD": 2, "OP_SUB": 2, "OP_BOOLAND": 2, "OP_BOOLOR": 2,
	"OP_NUMEQUAL": 2, "OP_NUMEQUALVERIFY": 2, "OP_NUMNOTEQUAL": 2, "OP_LESSTHAN": 2, "OP_GREATERTHAN": 2,
	"OP_LESSTHANOREQUAL": 2, "OP_GREATERTHANOREQUAL": 2, "OP_MIN": 2, "OP_MAX": 2, "OP_WITHIN": 3, "OP_CHECKSIGADD": 3,
}

// stack: what is missing on the other stack, and a condition without one, have
// sentences of their own.
func (s spending) stack() string {
	switch s.failing().op {
	case "OP_FROMALTSTACK":
		return "Operation not valid with the current altstack size"
	case "OP_IF", "OP_NOTIF":
		return badIf
	}
	return ""
}

// clean: outside witnesses Core asks for the result before it asks whether more
// is left.
func (s spending) clean() string {
	if len(s.p.tx.TxIn[s.i].Witness) > 0 {
		return ""
	}
	if left := s.failing().stack; len(left) == 0 || !truth(left[len(left)-1]) {
		return falseTop
	}
	return ""
}

// truth is what a stack element says: all zeros, also negative ones, are false [CastToBool].
func truth(b []byte) bool {
	for i, digit := range b {
		if digit != 0 {
			return digit != 0x80 || i != len(b)-1
		}
	}
	return false
}

// encoding: Core asks for a signature's form and for its S before it asks for
// its hash type [CheckSignatureEncoding, IsLowDERSignature].
func (s spending) encoding() string {
	f := s.failing()
	if why := s.again(f, f.commonType); why == badDER || why == highS {
		return why
	}
	return ""
}

// commonType gives every signature a hash type that is known.
func (f failing) commonType(stack [][]byte) {
	for _, at := range f.signatures() {
		if sig := stack[at]; len(sig) > 0 {
			stack[at] = append(slices.Clone(sig[:len(sig)-1]), byte(txscript.SigHashAll))
		}
	}
}

// keyForm: Core asks first whether a key has any form, then whether it is
// compressed [CheckPubKeyEncoding].
func (f failing) keyForm() string {
	keys := f.stack[max(len(f.stack)-1, 0):]
	if strings.HasPrefix(f.op, "OP_CHECKMULTISIG") {
		keys = f.stack[max(keysBelow(f.stack)+1, 0) : len(f.stack)-1]
	}
	formless := func(key []byte) bool {
		return (len(key) != 65 || key[0] != 4) && (len(key) != 33 || key[0] != 2 && key[0] != 3)
	}
	if slices.ContainsFunc(keys, formless) {
		return badPubKey
	}
	return ""
}

// dummy: Core looks at the dummy of OP_CHECKMULTISIG when it has done all else.
func (s spending) dummy() string {
	f := s.failing()
	empty := func(stack [][]byte) {
		if at := dummyOf(stack); at >= 0 {
			stack[at] = nil
		}
	}
	why := s.again(f, empty)
	if why == segwitKey {
		return cmp.Or(f.keyForm(), why)
	}
	if why != badHashType {
		return why
	}
	if first := s.again(f, func(stack [][]byte) { empty(stack); f.commonType(stack) }); first == badDER || first == highS {
		return first
	}
	return why
}

// again runs the input up to an operation that failed and repeats that one on
// another stack. It is the sentence for what fails then; "": nothing does.
func (s spending) again(f failing, edit func(stack [][]byte)) string {
	vm := s.upTo(f.steps)
	if vm == nil {
		return ""
	}
	stack := vm.GetStack()
	edit(stack)
	vm.SetStack(stack)
	if _, err := vm.Step(); err != nil {
		return plainReason(err)
	}
	return ""
}

// upTo runs so many operations of the input; nil: one of them fails.
func (s spending) upTo(steps int) *txscript.Engine {
	vm, err := s.p.engine(s.i, s.flags)
	if err != nil {
		return nil
	}
	for range steps {
		if _, err := vm.Step(); err != nil {
			return nil
		}
	}
	return vm
}

// dummyOf is the place of the dummy below m signatures and n keys; -1: there is none.
func dummyOf(stack [][]byte) int {
	m := keysBelow(stack)
	return max(m-countAt(stack, m)-1, -1)
}

// keysBelow is the place of the number of signatures, below n keys and their number.
func keysBelow(stack [][]byte) int { return len(stack) - 2 - countAt(stack, len(stack)-1) }

// countAt reads a small number off the stack.
func countAt(stack [][]byte, at int) int {
	if at < 0 || len(stack[at]) == 0 {
		return 0
	}
	return int(stack[at][0])
}

// failing is an operation that fails.
type failing struct {
	op    string // as txscript writes it, without its operands; "" when all went well
	stack [][]byte
	steps int // operations before it
}

// failing runs the input once more to find the operation that fails, and then up
// to it: the stack is looked at once, for a look at a thousand items takes as long
// as hundreds of operations, of which a tapscript may have 400,000. When every
// operation goes well and the end is what fails, stack is what was left.
func (s spending) failing() (f failing) {
	vm, err := s.p.engine(s.i, s.flags)
	if err != nil {
		return f
	}
	for done := false; !done; f.steps++ {
		if done, err = vm.Step(); err != nil {
			break
		}
	}
	if err != nil {
		if vm = s.upTo(f.steps); vm == nil {
			return failing{} // unreachable: they went well before
		}
		line, _ := vm.DisasmPC()
		f.op = opOf(line)
	}
	f.stack = vm.GetStack()
	return f
}

// opOf takes the name out of a line of txscript's, "02:0003: OP_DATA_2 0x0102".
func opOf(line string) string {
	for _, word := range strings.Fields(line) {
		if strings.HasPrefix(word, "OP_") {
			return word
		}
	}
	return ""
}

// signature is that of a signature check with one key; nil: it is none.
func (f failing) signature() []byte {
	if at := f.signatures(); len(at) == 1 {
		return f.stack[at[0]]
	}
	return nil
}

// signatures are the places in the stack of what the operation takes as such.
func (f failing) signatures() (at []int) {
	switch f.op {
	case "OP_CHECKSIG", "OP_CHECKSIGVERIFY":
		at = []int{len(f.stack) - 2}
	case "OP_CHECKSIGADD":
		at = []int{len(f.stack) - 3}
	case "OP_CHECKMULTISIG", "OP_CHECKMULTISIGVERIFY":
		for i := dummyOf(f.stack) + 1; i > 0 && i < len(f.stack); i++ { // and the numbers and keys above
			at = append(at, i)
		}
		at = at[:min(len(at), countAt(f.stack, keysBelow(f.stack)))]
	}
	if len(at) > 0 && at[0] < 0 {
		return nil
	}
	return at
}

// schnorr tells a signature of the wrong size from one of an unknown hash type,
// and both from one that is wrong.
func (s spending) schnorr() string {
	sig := []byte(nil)
	if s.path == keyPath {
		sig = s.p.tx.TxIn[s.i].Witness[0]
	} else if sig = s.failing().signature(); sig == nil {
		return badSchnorr
	}
	switch {
	case len(sig) != schnorr.SignatureSize && len(sig) != schnorr.SignatureSize+1:
		return "Invalid Schnorr signature size"
	case len(sig) == schnorr.SignatureSize+1 && !s.goodHashType(txscript.SigHashType(sig[schnorr.SignatureSize])):
		return "Invalid Schnorr signature hash type"
	}
	return badSchnorr
}

// goodHashType says whether BIP341 knows what a signature of that type signs.
func (s spending) goodHashType(t txscript.SigHashType) bool {
	switch t &^ txscript.SigHashAnyOneCanPay {
	case txscript.SigHashAll, txscript.SigHashNone:
		return true
	case txscript.SigHashSingle:
		return s.i < len(s.p.tx.TxOut)
	}
	return false
}

// How a taproot output is spent (BIP341).
type taprootPath byte

const (
	noTaproot taprootPath = iota
	keyPath
	scriptPath
)

func (p *Prepared) taprootPath(i int) taprootPath {
	switch in := p.tx.TxIn[i]; {
	case !txscript.IsPayToTaproot(p.coins[i].PkScript) || len(in.SignatureScript) > 0 || len(in.Witness) == 0:
		return noTaproot
	case len(withoutAnnex(in.Witness)) == 1:
		return keyPath
	}
	return scriptPath
}

// withoutAnnex is what of a witness has a meaning.
func withoutAnnex(w wire.TxWitness) wire.TxWitness {
	if last := w[len(w)-1]; len(w) > 1 && len(last) > 0 && last[0] == txscript.TaprootAnnexTag {
		return w[:len(w)-1]
	}
	return w
}

// goodInternalKey says whether the control block of a script path names a point [VerifyTaprootCommitment].
func (s spending) goodInternalKey() bool {
	w := withoutAnnex(s.p.tx.TxIn[s.i].Witness)
	control := w[len(w)-1]
	if len(control) < 33 {
		return false
	}
	_, err := schnorr.ParsePubKey(control[1:33])
	return err == nil
}

// always says of a failure that it is one by consensus, whatever the flags.
func (p *Prepared) always(i int, err error) bool {
	if p.taprootPath(i) == noTaproot {
		return false
	}
	var failure txscript.Error
	if !errors.As(err, &failure) {
		return true
	}
	switch failure.ErrorCode {
	case txscript.ErrTaprootSigInvalid, txscript.ErrInvalidTaprootSigLen, txscript.ErrNullFail:
		return true
	}
	return false
}
