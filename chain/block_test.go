package chain_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// checkBoth is CheckBlock and, if that passes, CheckBlockContext. What they call a
// mutated copy CheckCopy must find by the hashes alone, and no good block is one.
func checkBoth(p *chain.Params, m chaintest.Mined) error {
	err := chain.CheckBlock(p, m.Block)
	if err == nil {
		err = chain.CheckBlockContext(p, m.Node.Parent, m.Block)
	}
	byHashes := chain.CheckCopy(p, m.Node.Height, m.Block)
	var broken *chain.RuleError
	switch {
	case err == nil && byHashes != nil:
		return fmt.Errorf("a good block is no good copy: %w", byHashes)
	case errors.As(err, &broken) && broken.Mutated && byHashes == nil:
		return fmt.Errorf("a mutated copy passes by its hashes: %s", broken)
	}
	return err
}

// want fails unless err is of the kind rule, and mutated as said.
func want(t *testing.T, name string, err error, rule chain.Rule, mutated bool) {
	t.Helper()
	var re *chain.RuleError
	if !errors.As(err, &re) || !errors.Is(err, rule) || re.Mutated != mutated {
		t.Errorf("%s: got %v, want %v, mutated %v", name, err, rule, mutated)
	}
}

// witnessTx spends a coin that does not exist with a witness; nothing here
// looks at coins.
func witnessTx(t testing.TB, n byte, size int) *chain.Tx {
	return chaintest.SpendWith(t, []chaintest.Coin{{Op: wire.OutPoint{Hash: chain.Hash{n}}}}, func(tx *wire.MsgTx) {
		tx.TxIn[0].Witness = wire.TxWitness{make([]byte, size)}
		tx.AddTxOut(chaintest.Pay(1, chaintest.OpTrue()))
	})
}

func plainTx(t testing.TB, n byte) *chain.Tx {
	return chaintest.SpendOne(t, chaintest.Coin{Op: wire.OutPoint{Hash: chain.Hash{n}}, Value: 2}, chaintest.OpTrue(), 1)
}

// The merkle tree of 3 transactions has the same root as that of 4 whose last
// is the third again (CVE-2012-2459); of 6 also 8 with the last two again.
func TestT17_MutatedBlockWithARepeatedTail(t *testing.T) {
	p := chain.RegTest()
	for count, tail := range map[int]int{3: 1, 5: 1, 6: 2, 7: 1, 9: 1, 11: 1, 12: 4, 14: 2} {
		var txs []*chain.Tx
		for i := range count - 1 {
			txs = append(txs, plainTx(t, byte(i+1)))
		}
		honest := chaintest.Mine(t, p, p.Genesis(), chaintest.With(txs...))
		if err := checkBoth(p, honest); err != nil {
			t.Fatalf("%d transactions: %v", count, err)
		}
		msg := honest.Block.MsgBlock()
		msg.Transactions = append(msg.Transactions, msg.Transactions[count-tail:]...)
		mutant := chaintest.Mined{Node: honest.Node, Block: chain.NewBlock(msg)}
		if mutant.Block.Hash != honest.Block.Hash {
			t.Fatal("the header changed")
		}
		want(t, "repeated tail", checkBoth(p, mutant), chain.ErrDuplicateTx, true)
	}
}

func TestT18_WitnessesThatDoNotFitAreTheSendersFault(t *testing.T) {
	p := chain.RegTest()
	honest := chaintest.Mine(t, p, p.Genesis(), chaintest.With(witnessTx(t, 1, 10), plainTx(t, 2)))
	if err := checkBoth(p, honest); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		edit func(*wire.MsgBlock)
		rule chain.Rule
	}{
		{"changed", func(b *wire.MsgBlock) { b.Transactions[1].TxIn[0].Witness[0][3] ^= 1 }, chain.ErrBadWitnessCommitment},
		{"stripped from one", func(b *wire.MsgBlock) { b.Transactions[1].TxIn[0].Witness = nil }, chain.ErrBadWitnessCommitment},
		{"added to one", func(b *wire.MsgBlock) { b.Transactions[2].TxIn[0].Witness = wire.TxWitness{{1}} }, chain.ErrBadWitnessCommitment},
		{"so large that the weight is too", func(b *wire.MsgBlock) {
			b.Transactions[1].TxIn[0].Witness[0] = make([]byte, 4_000_001)
		}, chain.ErrBadWitnessCommitment},
		{"nonce stripped", func(b *wire.MsgBlock) { b.Transactions[0].TxIn[0].Witness = nil }, chain.ErrBadWitnessNonce},
		{"nonce of 31 bytes", func(b *wire.MsgBlock) { b.Transactions[0].TxIn[0].Witness[0] = make([]byte, 31) }, chain.ErrBadWitnessNonce},
		{"two nonces", func(b *wire.MsgBlock) {
			b.Transactions[0].TxIn[0].Witness = append(b.Transactions[0].TxIn[0].Witness, make([]byte, 32))
		}, chain.ErrBadWitnessNonce},
		{"another nonce", func(b *wire.MsgBlock) { b.Transactions[0].TxIn[0].Witness[0] = bytes.Repeat([]byte{1}, 32) }, chain.ErrBadWitnessCommitment},
	} {
		msg := honest.Block.MsgBlock().Copy()
		tc.edit(msg)
		mutant := chaintest.Mined{Node: honest.Node, Block: chain.NewBlock(msg)}
		if mutant.Block.Hash != honest.Block.Hash {
			t.Fatalf("%s: the header changed", tc.name)
		}
		want(t, tc.name, checkBoth(p, mutant), tc.rule, true)
	}

	bare := chaintest.Mine(t, p, p.Genesis(), chaintest.With(plainTx(t, 1)), chaintest.Damage(func(b *wire.MsgBlock) {
		b.Transactions[1] = b.Transactions[1].Copy()
		b.Transactions[1].TxIn[0].Witness = wire.TxWitness{{1}}
	}))
	want(t, "witness without commitment", checkBoth(p, bare), chain.ErrUnexpectedWitness, true)
	early := chain.RegTest()
	early.SegwitHeight = 2
	want(t, "witness before segwit", checkBoth(early, honest), chain.ErrUnexpectedWitness, true)
}

// Which output commits: the last that has the form, even if another is right.
func TestTheLastCommitmentCounts(t *testing.T) {
	p := chain.RegTest()
	add := func(script []byte) chaintest.Option {
		return chaintest.Damage(func(b *wire.MsgBlock) {
			b.Transactions[0].AddTxOut(wire.NewTxOut(0, script))
			b.Header.MerkleRoot, _ = chain.TxRoot(chain.NewBlock(b).Txs)
		})
	}
	wrong := chain.CommitmentScript(chain.Hash{1})
	for _, tc := range []struct {
		name   string
		script []byte
		rule   chain.Rule
	}{
		{"a wrong one after it", wrong, chain.ErrBadWitnessCommitment},
		{"a wrong one with bytes after it", append(bytes.Clone(wrong), 1, 2, 3), chain.ErrBadWitnessCommitment},
		{"one byte short of the form", wrong[:37], ""},
		{"another mark", append([]byte{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xee}, make([]byte, 32)...), ""},
	} {
		m := chaintest.Mine(t, p, p.Genesis(), chaintest.With(witnessTx(t, 1, 10)), add(tc.script))
		if err := checkBoth(p, m); tc.rule != "" {
			want(t, tc.name, err, tc.rule, true)
		} else if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestT24_CoinbaseStandsFirstAndAlone(t *testing.T) {
	p := chain.RegTest()
	edit := func(f func(*wire.MsgBlock)) error {
		return checkBoth(p, chaintest.Mine(t, p, p.Genesis(), chaintest.With(plainTx(t, 1), plainTx(t, 2)), chaintest.Tamper(f)))
	}
	want(t, "no transaction", edit(func(b *wire.MsgBlock) { b.Transactions = nil }), chain.ErrBadBlockLength, false)
	want(t, "no coinbase", edit(func(b *wire.MsgBlock) { b.Transactions = b.Transactions[1:] }), chain.ErrCoinbaseMissing, false)
	want(t, "coinbase second", edit(func(b *wire.MsgBlock) {
		b.Transactions[0], b.Transactions[1] = b.Transactions[1], b.Transactions[0]
	}), chain.ErrCoinbaseMissing, false)
	want(t, "two coinbases", edit(func(b *wire.MsgBlock) {
		b.Transactions = append(b.Transactions, b.Transactions[0].Copy())
		b.Transactions[3].TxOut[0].Value--
	}), chain.ErrCoinbaseMultiple, false)
	want(t, "a transaction without outputs", edit(func(b *wire.MsgBlock) { b.Transactions[2].TxOut = nil }), chain.ErrNoOutputs, false)
	want(t, "inputs named twice", edit(func(b *wire.MsgBlock) {
		b.Transactions[2].TxIn = append(b.Transactions[2].TxIn, b.Transactions[2].TxIn[0])
	}), chain.ErrDuplicateInputs, false)
}

// A block whose first transaction is no coinbase and that has a transaction of
// 64 bytes may be made of an honest block's inner nodes: the header stays good.
func TestT24_TransactionsOf64BytesHideInnerNodes(t *testing.T) {
	p := chain.RegTest()
	tx := someTx(1, func(tx *wire.MsgTx) { tx.TxOut[0].PkScript = make([]byte, 4) })
	if tx.StrippedSize() != 64 {
		t.Fatalf("size is %d", tx.StrippedSize())
	}
	faked := chaintest.Mine(t, p, p.Genesis(), chaintest.Tamper(func(b *wire.MsgBlock) { b.Transactions = []*wire.MsgTx{tx.MsgTx} }))
	want(t, "no coinbase, 64 bytes", checkBoth(p, faked), chain.ErrCoinbaseMissing, true)
	if err := checkBoth(p, chaintest.Mine(t, p, p.Genesis(), chaintest.With(tx))); err != nil {
		t.Errorf("64 bytes behind a coinbase are consensus-valid: %v", err)
	}
}

func TestMerkleRootAgreesWithTheTreeDrawnSlowly(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for n := 1; n < 70; n++ {
		hashes := make([]chain.Hash, n)
		for i := range hashes {
			rnd.Read(hashes[i][:])
		}
		level := slices.Clone(hashes)
		for len(level) > 1 {
			var next []chain.Hash
			for i := 0; i < len(level); i += 2 {
				right := level[min(i+1, len(level)-1)]
				next = append(next, chain.CommitmentHash(level[i], right))
			}
			level = next
		}
		if got, mutated := chain.MerkleRoot(hashes); got != level[0] || mutated {
			t.Fatalf("%d hashes: got %s, %v, want %s", n, got, mutated, level[0])
		}
	}
	if root, mutated := chain.MerkleRoot(nil); root != (chain.Hash{}) || mutated {
		t.Fatal("no hashes have a root")
	}
}

func TestT31_BlockWeightAtItsLimit(t *testing.T) {
	p := chain.RegTest()
	empty := chaintest.Mine(t, p, p.Genesis(), chaintest.With(witnessTx(t, 1, 70_000))).Block.Weight - 70_000
	for weight, rule := range map[int]chain.Rule{4_000_000: "", 4_000_001: chain.ErrBadBlockWeight} {
		m := chaintest.Mine(t, p, p.Genesis(), chaintest.With(witnessTx(t, 1, weight-empty)))
		if m.Block.Weight != weight {
			t.Fatalf("weight is %d, not %d", m.Block.Weight, weight)
		}
		if err := checkBoth(p, m); rule != "" {
			want(t, "one over", err, rule, false)
		} else if err != nil {
			t.Errorf("at the limit: %v", err)
		}
	}
	pad := func(n int) chaintest.Option { return chaintest.PayTo(make([]byte, n)) }
	base := len(chaintest.Mine(t, p, p.Genesis(), pad(70_000)).Block.Raw) - 70_000
	template := func(m chaintest.Mined) error {
		b := *m.Block
		b.Raw = nil
		return chain.CheckTemplate(&b, func(int) bool { return false })
	}
	full, over := chaintest.Mine(t, p, p.Genesis(), pad(1_000_000-base)), chaintest.Mine(t, p, p.Genesis(), pad(1_000_001-base))
	if err := errors.Join(checkBoth(p, full), template(full)); err != nil {
		t.Errorf("1,000,000 bytes without witness: %v", err)
	}
	want(t, "1,000,001 bytes", checkBoth(p, over), chain.ErrBadBlockLength, false)
	want(t, "a template of 1,000,001 bytes", template(over), chain.ErrBadBlockLength, false)
}

func TestT31_LegacySigOpsAtTheirLimit(t *testing.T) {
	p := chain.RegTest()
	sigops := func(n int) chaintest.Option { return chaintest.PayTo(bytes.Repeat([]byte{0xac}, n)) }
	if err := checkBoth(p, chaintest.Mine(t, p, p.Genesis(), sigops(20_000))); err != nil {
		t.Errorf("20,000: %v", err)
	}
	want(t, "20,001", checkBoth(p, chaintest.Mine(t, p, p.Genesis(), sigops(20_001))), chain.ErrBadSigOps, false)
}

func TestT25_CoinbaseNamesItsHeight(t *testing.T) {
	for height, script := range map[int32]string{
		0: "00", 1: "51", 2: "52", 16: "60", 17: "0111", 127: "017f", 128: "028000", 255: "02ff00", 256: "020001",
		32767: "02ff7f", 32768: "03008000", 65535: "03ffff00", 65536: "03000001", 840000: "0340d10c",
		8388607: "03ffff7f", 8388608: "0400008000", 1<<31 - 1: "04ffffff7f",
	} {
		if got := hex.EncodeToString(chain.HeightScript(height)); got != script {
			t.Errorf("%d: got %s, want %s", height, got, script)
		}
	}
	p := chain.RegTest()
	rows := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(20))
	for _, script := range []string{"0114ff", "011501", "0115", "020015", "5555", "0215000001"} {
		raw, _ := hex.DecodeString(script)
		m := chaintest.Mine(t, p, rows[19].Node, chaintest.Tamper(func(b *wire.MsgBlock) { b.Transactions[0].TxIn[0].SignatureScript = raw }))
		if err := checkBoth(p, m); (err == nil) != (script[:4] == "0115") {
			t.Errorf("height 21 as %s: %v", script, err)
		} else if err != nil {
			want(t, script, err, chain.ErrCoinbaseHeight, false)
		}
	}
}

func TestBlocksHoldFinalTransactionsOnly(t *testing.T) {
	p := chain.RegTest()
	parent := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(20))[19].Node
	mtp := uint32(parent.MedianTimePast())
	for lock, final := range map[uint32]bool{20: true, 21: false, mtp - 1: true, mtp: false} {
		tx := someTx(1, func(tx *wire.MsgTx) { tx.LockTime, tx.TxIn[0].Sequence = lock, 0 })
		// The block's own time is later by far and does not count (BIP113).
		m := chaintest.Mine(t, p, parent, chaintest.With(tx), chaintest.At(parent.Header.Timestamp.Add(time.Hour)))
		if err := checkBoth(p, m); final && err != nil {
			t.Errorf("lock time %d: %v", lock, err)
		} else if !final {
			want(t, "not final", err, chain.ErrNonFinal, false)
		}
	}
	p.CSVHeight = 1000
	tx := someTx(1, func(tx *wire.MsgTx) { tx.LockTime, tx.TxIn[0].Sequence = mtp, 0 })
	if err := checkBoth(p, chaintest.Mine(t, p, parent, chaintest.With(tx))); err != nil {
		t.Errorf("before BIP113 the block's own time counts: %v", err)
	}
}

func TestT25_CoinbaseTakesNoMoreThanSubsidyAndFees(t *testing.T) {
	p := chain.RegTest()
	m := chaintest.Mine(t, p, p.Genesis(), chaintest.Fees(1000))
	if err := chain.CheckCoinbaseAmount(p, m.Block, 1, 1000); err != nil {
		t.Error(err)
	}
	want(t, "one satoshi more", chain.CheckCoinbaseAmount(p, m.Block, 1, 999), chain.ErrCoinbaseAmount, false)
	want(t, "after the halving", chain.CheckCoinbaseAmount(p, m.Block, 150, 1000), chain.ErrCoinbaseAmount, false)
}

func TestBIP30IsLookedAtWhereRepeatsArePossible(t *testing.T) {
	p := chain.RegTest()
	node := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(5))[4].Node
	if !chain.EnforceBIP30(p, node) {
		t.Error("regtest always looks")
	}
	at1 := node.Ancestor(1).Hash
	p.BIP0034Hash = &at1
	if chain.EnforceBIP30(p, node) {
		t.Error("after BIP34 nobody need look")
	}
	if !chain.EnforceBIP30(p, node.Ancestor(1)) {
		t.Error("the block that activates BIP34 is still looked at")
	}
	far := *node
	far.Height = 1_983_702
	if !chain.EnforceBIP30(p, &far) {
		t.Error("far up the heights of old coinbases come again")
	}
	p.BIP0034Hash = nil
	p.BIP30Exceptions = map[chain.Hash]int32{node.Hash: 5}
	if chain.EnforceBIP30(p, node) {
		t.Error("the named exception is refused")
	}
}
