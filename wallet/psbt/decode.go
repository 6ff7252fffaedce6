package psbt

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet/descriptor"
)

const magic = "psbt\xff"

var (
	errSize = errors.New("Size of value was not the stated size")
	errCut  = errors.New("DataStream::read(): end of data")
	errKey  = errors.New("SpanReader::read(): end of data")
)

// DecodeText reads one as people hand it on, in base64.
func DecodeText(text string) (*PSBT, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errors.New("invalid base64")
	}
	return decode(raw)
}

// Text is what DecodeText reads.
func (p *PSBT) Text() string { return base64.StdEncoding.EncodeToString(p.Encode()) }

// reader takes bytes from the front; it allocates nothing that is not there.
type reader struct{ rest []byte }

func (r *reader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.rest)) {
		return nil, errCut
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b, nil
}

func (r *reader) count() (uint64, error) {
	first, err := r.take(1)
	if err != nil {
		return 0, err
	}
	size := map[byte]uint64{0xfd: 2, 0xfe: 4, 0xff: 8}[first[0]]
	if size == 0 {
		return uint64(first[0]), nil
	}
	raw, err := r.take(size)
	if err != nil {
		return 0, err
	}
	v := binary.LittleEndian.Uint64(append(append([]byte{}, raw...), make([]byte, 8-size)...))
	const maxSize = 0x02000000 // MAX_SIZE
	switch {
	case v < map[uint64]uint64{2: 0xfd, 4: 1 << 16, 8: 1 << 32}[size]:
		return 0, errors.New("non-canonical ReadCompactSize()")
	case v > maxSize:
		return 0, errors.New("ReadCompactSize(): size too large")
	}
	return v, nil
}

func (r *reader) bytes() ([]byte, error) {
	n, err := r.count()
	if err != nil {
		return nil, err
	}
	return r.take(n)
}

// decode reads one; errors are in Core's words [PartiallySignedTransaction, DecodeBase64PSBT].
func decode(raw []byte) (*PSBT, error) {
	r := &reader{raw}
	if head, err := r.take(uint64(len(magic))); err != nil {
		return nil, err
	} else if string(head) != magic {
		return nil, errors.New("Invalid PSBT magic bytes")
	}
	global, err := r.section(globalRules(), "the global map")
	if err != nil {
		return nil, err
	}
	unsigned, ok := global[string([]byte{GlobalTx})]
	if !ok {
		return nil, errors.New("No unsigned transaction was provided")
	}
	tx, err := chain.DecodeTxNoWitness(unsigned)
	if err != nil {
		return nil, errSize
	}
	global.drop(GlobalTx)
	p := &PSBT{Tx: tx.MsgTx, Global: global}
	rules := inputRules()
	for i := 0; len(r.rest) > 0 && i < len(p.Tx.TxIn); i++ {
		in, err := r.section(rules, "an input map")
		if err == nil {
			err = checkSpent(in, p.Tx.TxIn[i].PreviousOutPoint)
		}
		if err != nil {
			return nil, err
		}
		p.Inputs = append(p.Inputs, in)
	}
	if len(p.Inputs) != len(p.Tx.TxIn) {
		return nil, errors.New("Inputs provided does not match the number of inputs in transaction.")
	}
	rules = outputRules()
	for i := 0; len(r.rest) > 0 && i < len(p.Tx.TxOut); i++ {
		out, err := r.section(rules, "an output map")
		if err != nil {
			return nil, err
		}
		p.Outputs = append(p.Outputs, out)
	}
	if len(p.Outputs) != len(p.Tx.TxOut) {
		return nil, errors.New("Outputs provided does not match the number of outputs in transaction.")
	}
	if len(r.rest) > 0 {
		return nil, errors.New("extra data after PSBT")
	}
	return p, nil
}

// section reads records up to the empty key.
func (r *reader) section(rules map[byte]rule, where string) (Map, error) {
	m := Map{}
	for len(r.rest) > 0 {
		key, err := r.bytes()
		if err != nil {
			return nil, err
		}
		if len(key) == 0 {
			return m, nil
		}
		if err := r.record(m, rules, key); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("Separator is missing at the end of %s", where)
}

func (r *reader) record(m Map, rules map[byte]rule, key []byte) error {
	rule, ok := rules[key[0]]
	if inKey := (&reader{key}); !ok {
		rule.twice = "key for unknown value already provided"
		if _, err := inKey.count(); err == errCut {
			return errKey
		} else if err != nil {
			return err
		}
	}
	_, twice := m[string(key)]
	if rule.sizeFirst {
		if err := rule.checkKey(key); err != nil {
			return err
		}
	}
	if twice {
		return errors.New(rule.duplicate())
	}
	if !rule.sizeFirst {
		if err := rule.checkKey(key); err != nil {
			return err
		}
	}
	value, err := r.bytes()
	if err != nil {
		return err
	}
	if rule.value != nil {
		if value, err = rule.value(value); err != nil {
			return err
		}
	}
	m[string(key)] = value
	return nil
}

// checkSpent checks that a whole transaction is the one that the input spends of.
func checkSpent(in Map, op wire.OutPoint) error {
	raw := in.Get(InNonWitness)
	if raw == nil {
		return nil
	}
	tx, err := chain.DecodeTx(raw)
	switch {
	case err != nil:
		return errSize
	case tx.ID != op.Hash:
		return errors.New("Non-witness UTXO does not match outpoint hash")
	case int(op.Index) >= len(tx.TxOut):
		return errors.New("Input specifies output index that does not exist")
	}
	return nil
}

// rule is what a kind's records must be like.
type rule struct {
	twice     string // what is said of a second one, behind "Duplicate Key, "
	long      string // of a key with more than the kind, where that may not be
	sizeFirst bool   // the key is looked at before others are
	key       func(key []byte) error
	value     func([]byte) ([]byte, error)
}

func (r rule) duplicate() string {
	if r.twice == "global xpub already provided" {
		return "Duplicate key, " + r.twice
	}
	return "Duplicate Key, " + r.twice
}

func (r rule) checkKey(key []byte) error {
	if r.long != "" && len(key) != 1 {
		return errors.New(r.long + " key is more than one byte type")
	}
	if r.key != nil {
		return r.key(key[1:])
	}
	return nil
}

// one is a kind of which there is one record.
func one(what, long string, value func([]byte) ([]byte, error)) rule {
	return rule{twice: what + " already provided", long: long, value: value}
}

// sized refuses keys of another length.
func sized(n int, words string) func([]byte) error {
	return func(key []byte) error {
		if len(key) != n {
			return errors.New(words)
		}
		return nil
	}
}

// pubKey refuses keys that name no public key.
func pubKey(words string) func([]byte) error {
	return func(key []byte) error {
		const uncompressed = 65
		if len(key) != btcec.PubKeyBytesLenCompressed && len(key) != uncompressed {
			return errors.New("Size of key was not the expected size for the type " + words)
		}
		if _, err := btcec.ParsePubKey(key); err != nil {
			return errors.New("Invalid pubkey")
		}
		return nil
	}
}

// exactly refuses values of another length.
func exactly(n int) func([]byte) ([]byte, error) {
	return func(value []byte) ([]byte, error) {
		if len(value) != n {
			return nil, errSize
		}
		return value, nil
	}
}

func origin(value []byte) ([]byte, error) {
	if len(value)%4 != 0 || len(value) == 0 {
		return nil, errors.New("Invalid length for HD key path")
	}
	return value, nil
}

func tapOrigin(words string) func([]byte) ([]byte, error) {
	return func(value []byte) ([]byte, error) {
		r := reader{value}
		n, err := r.count()
		if err != nil || n > uint64(len(r.rest))/32 {
			return nil, errors.New(words + " Taproot BIP32 keypath has an invalid length")
		}
		_, _ = r.take(32 * n) // counted before
		_, err = origin(r.rest)
		return value, err
	}
}

func schnorrSig(words string) func([]byte) ([]byte, error) {
	return func(value []byte) ([]byte, error) {
		switch {
		case len(value) < schnorr.SignatureSize:
			return nil, errors.New(words + " is shorter than 64 bytes")
		case len(value) > schnorr.SignatureSize+1:
			return nil, errors.New(words + " is longer than 65 bytes")
		}
		return value, nil
	}
}

func proprietary() rule {
	return rule{twice: "proprietary key already found", key: func(key []byte) error {
		r := reader{key}
		_, err := r.bytes()
		if err == nil {
			_, err = r.count()
		}
		if errors.Is(err, errCut) {
			err = errKey
		}
		return err
	}}
}

func globalRules() map[byte]rule {
	const xpub = 78 // bytes (BIP32)
	return map[byte]rule{
		GlobalTx: one("unsigned tx", "Global unsigned tx", unsignedTx),
		GlobalXPub: {twice: "global xpub already provided", sizeFirst: true, key: func(key []byte) error {
			if len(key) != xpub {
				return errors.New("Size of key was not the expected size for the type global xpub")
			}
			if _, err := btcec.ParsePubKey(key[45:]); err != nil {
				return errors.New("Invalid pubkey")
			}
			return nil
		}, value: origin},
		GlobalVersion: one("version", "Global version", func(value []byte) ([]byte, error) {
			if len(value) != 4 {
				return nil, errSize
			}
			if binary.LittleEndian.Uint32(value) > 0 {
				return nil, errors.New("Unsupported version number")
			}
			return value, nil
		}),
		Proprietary: proprietary(),
	}
}

func unsignedTx(value []byte) ([]byte, error) {
	tx, err := chain.DecodeTxNoWitness(value)
	if err != nil {
		return nil, errSize
	}
	for _, in := range tx.TxIn {
		if len(in.SignatureScript) > 0 {
			return nil, errors.New("Unsigned tx does not have empty scriptSigs and scriptWitnesses.")
		}
	}
	return value, nil
}

// wholeTx is the transaction that an input spends of.
func wholeTx(value []byte) ([]byte, error) {
	if _, err := chain.DecodeTx(value); err != nil {
		return nil, errSize
	}
	return value, nil
}

func inputRules() map[byte]rule {
	preimage := func(name string, n int) rule {
		return rule{twice: "input " + name + " preimage already provided", sizeFirst: true, key: sized(n, "Size of key was not the expected size for the type "+name+" preimage")}
	}
	return map[byte]rule{
		InNonWitness: one("input non-witness utxo", "Non-witness utxo", wholeTx),
		InWitness: one("input witness utxo", "Witness utxo", func(value []byte) ([]byte, error) {
			_, err := readTxOut(value)
			if err != nil {
				err = errSize
			}
			return value, err
		}),
		InPartialSig: {twice: "input partial signature for pubkey already provided", sizeFirst: true, key: pubKey("partial signature pubkey")},
		InSigHash:    one("input sighash type", "Sighash type", exactly(4)),
		InRedeem:     one("input redeemScript", "Input redeemScript", nil),
		InScript:     one("input witnessScript", "Input witnessScript", nil),
		InOrigin:     {twice: "pubkey derivation path already provided", sizeFirst: true, key: pubKey("BIP32 keypath"), value: origin},
		InFinalSig:   one("input final scriptSig", "Final scriptSig", nil),
		InFinalWitness: one("input final scriptWitness", "Final scriptWitness", func(value []byte) ([]byte, error) {
			_, err := readWitness(value)
			return value, err
		}),
		InRipemd160:    preimage("ripemd160", 20),
		InSHA256:       preimage("sha256", 32),
		InHash160:      preimage("hash160", 20),
		InHash256:      preimage("hash256", 32),
		InTapKeySig:    one("input Taproot key signature", "Input Taproot key signature", schnorrSig("Input Taproot key path signature")),
		InTapScriptSig: {twice: "input Taproot script signature already provided", key: sized(64, "Input Taproot script signature key is not 65 bytes"), value: schnorrSig("Input Taproot script path signature")},
		InTapLeaf: {twice: "input Taproot leaf script already provided", key: controlBlock, value: func(value []byte) ([]byte, error) {
			if len(value) == 0 {
				return nil, errors.New("Input Taproot leaf script must be at least 1 byte")
			}
			return value, nil
		}},
		InTapOrigin:   {twice: "input Taproot BIP32 keypath already provided", key: sized(32, "Input Taproot BIP32 keypath key is not at 33 bytes"), value: tapOrigin("Input")},
		InTapInternal: one("input Taproot internal key", "Input Taproot internal key", exactly(32)),
		InTapRoot:     one("input Taproot merkle root", "Input Taproot merkle root", exactly(32)),
		Proprietary:   proprietary(),
	}
}

func controlBlock(key []byte) error {
	switch {
	case len(key) < 33:
		return errors.New("Taproot leaf script key is not at least 34 bytes")
	case (len(key)-1)%32 != 0:
		return errors.New("Input Taproot leaf script key's control block size is not valid")
	}
	return nil
}

func outputRules() map[byte]rule {
	return map[byte]rule{
		OutRedeem:      one("output redeemScript", "Output redeemScript", nil),
		OutScript:      one("output witnessScript", "Output witnessScript", nil),
		OutOrigin:      {twice: "pubkey derivation path already provided", sizeFirst: true, key: pubKey("BIP32 keypath"), value: origin},
		OutTapInternal: one("output Taproot internal key", "Output Taproot internal key", exactly(32)),
		OutTapTree:     one("output Taproot tree", "Output Taproot tree", tapTree),
		OutTapOrigin:   {twice: "output Taproot BIP32 keypath already provided", key: sized(32, "Output Taproot BIP32 keypath key is not at 33 bytes"), value: tapOrigin("Output")},
		Proprietary:    proprietary(),
	}
}

func tapTree(value []byte) ([]byte, error) {
	if len(value) == 0 {
		return nil, errors.New("Output Taproot tree must not be empty")
	}
	leaves, err := TapTree(value)
	if err != nil {
		return nil, errKey
	}
	const (
		maxDepth = 128  // TAPROOT_CONTROL_MAX_NODE_COUNT
		leafMask = 0xfe // TAPROOT_LEAF_MASK
	)
	for _, l := range leaves {
		if l.Depth > maxDepth {
			return nil, errors.New("Output Taproot tree has as leaf greater than Taproot maximum depth")
		}
		if l.Version&^leafMask != 0 {
			return nil, errors.New("Output Taproot tree has a leaf with an invalid leaf version")
		}
	}
	if (descriptor.Tree{Leaves: leaves}).Root() == nil {
		return nil, errors.New("Output Taproot tree is malformed")
	}
	return value, nil
}
