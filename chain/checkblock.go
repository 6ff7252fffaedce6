package chain

import (
	"bytes"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
)

// CheckBlock checks a block by itself: that the body belongs to the header,
// size, one coinbase and at the front, every transaction, legacy signature
// operations. It does not check the header: see CheckHeader [CheckBlock].
func CheckBlock(p *Params, b *Block) error {
	if err := checkRoot(b); err != nil {
		return err
	}
	if err := checkSignet(p, b); err != nil {
		return err
	}
	return checkBody(b)
}

// CheckProposal is CheckBlock for a block that has no proof of work yet: a signet's signature, which
// stands for it, may be missing too [fCheckPOW].
func CheckProposal(b *Block) error {
	if err := checkRoot(b); err != nil {
		return err
	}
	return checkBody(b)
}

// CheckTemplate is CheckProposal for a block whose maker has yet to seal it: its header commits to nothing, and it has no
// bytes [fCheckMerkleRoot]. known says of which transactions CheckTx is known to be nil. Legacy signature operations are left
// out: they are counted with all others, once its coins are known.
func CheckTemplate(b *Block, known func(i int) bool) error {
	size := frameSize(len(b.Txs))
	for _, tx := range b.Txs {
		size += tx.StrippedSize()
	}
	if err := checkSize(b, size); err != nil {
		return err
	}
	if err := checkCoinbasePlace(b); err != nil {
		return err
	}
	for i, tx := range b.Txs {
		if known(i) {
			continue
		}
		if err := CheckTx(tx); err != nil {
			return inTx(err, i, tx)
		}
	}
	return nil
}

func checkBody(b *Block) error {
	if err := checkSize(b, b.strippedSize()); err != nil {
		return err
	}
	if err := checkCoinbasePlace(b); err != nil {
		return err
	}
	sigops := 0
	for i, tx := range b.Txs {
		if err := CheckTx(tx); err != nil {
			return inTx(err, i, tx)
		}
		sigops += legacySigOps(tx)
	}
	if sigops*WitnessScale > MaxSigOpCost {
		return Broken(ErrBadSigOps, "out-of-bounds SigOpCount")
	}
	return nil
}

// CheckCopy checks, by hashes alone, whether this copy of a block at that height
// is the one its header commits to: merkle root and witness commitment. Only one
// copy passes, so it may be kept under the header's hash, pushed and served before
// the block itself is checked [IsBlockMutated].
func CheckCopy(p *Params, height int32, b *Block) error {
	if err := checkRoot(b); err != nil {
		return err
	}
	if len(b.Txs) == 0 || !b.Txs[0].IsCoinbase() {
		if showsInnerNode(b) {
			return mutated(ErrCoinbaseMissing, "first tx is not coinbase")
		}
		return nil // whatever it is, the header commits to it
	}
	return checkWitness(p, height, b)
}

// checkRoot checks whether the header commits to these transactions [CheckMerkleRoot].
func checkRoot(b *Block) error {
	root, repeated := TxRoot(b.Txs)
	if root != b.Header.MerkleRoot {
		return mutated(ErrBadMerkleRoot, "hashMerkleRoot mismatch")
	}
	if repeated {
		return mutated(ErrDuplicateTx, "duplicate transaction")
	}
	return nil
}

// checkSize is the limit from before segwit, still a cheap first bound; stripped is
// the size in bytes without witnesses ["size limits failed" in CheckBlock].
func checkSize(b *Block, stripped int) error {
	if len(b.Txs) == 0 || len(b.Txs)*WitnessScale > MaxBlockWeight || stripped*WitnessScale > MaxBlockWeight {
		return Broken(ErrBadBlockLength, "size limits failed")
	}
	return nil
}

func checkCoinbasePlace(b *Block) error {
	if !b.Txs[0].IsCoinbase() {
		err := Broken(ErrCoinbaseMissing, "first tx is not coinbase")
		err.Mutated = showsInnerNode(b)
		return err
	}
	for _, tx := range b.Txs[1:] {
		if tx.IsCoinbase() {
			return Broken(ErrCoinbaseMultiple, "more than one coinbase")
		}
	}
	return nil
}

// showsInnerNode: an inner node of the merkle tree has 64 bytes, so such a "block"
// may show inner nodes of an honest one as transactions, and its header must not
// pay for it.
func showsInnerNode(b *Block) bool {
	return slices.ContainsFunc(b.Txs, func(tx *Tx) bool { return tx.StrippedSize() == 64 })
}

// inTx names the transaction in a rule error.
func inTx(err error, i int, tx *Tx) error {
	if re, ok := err.(*RuleError); ok {
		return Broken(re.Rule, "transaction %d %s %s", i, tx.ID, re.Detail)
	}
	return err
}

// CheckBlockContext checks a block that CheckBlock passed at its place on
// parent: lock times (BIP113), the height in the coinbase (BIP34), witness
// commitment (BIP141), weight [ContextualCheckBlock].
func CheckBlockContext(p *Params, parent *HeaderNode, b *Block) error {
	height := parent.Height + 1
	cutoff := b.Header.Timestamp.Unix()
	if height >= p.CSVHeight {
		cutoff = parent.MedianTimePast()
	}
	for i, tx := range b.Txs {
		if !IsFinal(tx, height, cutoff) {
			return inTx(Broken(ErrNonFinal, "is not final"), i, tx)
		}
	}
	if height >= p.BIP0034Height && !bytes.HasPrefix(b.Txs[0].TxIn[0].SignatureScript, HeightScript(height)) {
		return Broken(ErrCoinbaseHeight, "block height mismatch in coinbase")
	}
	if err := checkWitness(p, height, b); err != nil {
		return err
	}
	if b.Weight > MaxBlockWeight {
		return Broken(ErrBadBlockWeight, "weight limit failed")
	}
	return nil
}

// HeightScript is how a coinbase's input script must begin at that height
// (BIP34): the height pushed in the shortest form that script has.
func HeightScript(height int32) []byte {
	switch {
	case height == 0:
		return []byte{txscript.OP_0}
	case height <= 16:
		return []byte{byte(txscript.OP_1 - 1 + height)}
	}
	script := []byte{0}
	for v := height; v > 0; v >>= 8 {
		script = append(script, byte(v))
	}
	if script[len(script)-1]&0x80 != 0 {
		script = append(script, 0) // a sign bit is not meant
	}
	script[0] = byte(len(script) - 1)
	return script
}

// Subsidy is what a block of that height may create, in satoshis; it halves every
// SubsidyReductionInterval [GetBlockSubsidy, nSubsidyHalvingInterval].
func Subsidy(p *Params, height int32) btcutil.Amount {
	halvings := height / p.SubsidyReductionInterval
	if halvings >= 64 {
		return 0
	}
	return 50 * btcutil.SatoshiPerBitcoin >> halvings
}

// CheckCoinbaseAmount refuses a coinbase that takes more than the subsidy and
// the block's fees [blockReward in ConnectBlock].
func CheckCoinbaseAmount(p *Params, b *Block, height int32, fees btcutil.Amount) error {
	var out btcutil.Amount
	for _, o := range b.Txs[0].TxOut {
		out += btcutil.Amount(o.Value)
	}
	if limit := Subsidy(p, height) + fees; out > limit {
		return Broken(ErrCoinbaseAmount, "coinbase pays too much (actual=%d vs limit=%d)", out, limit)
	}
	return nil
}
