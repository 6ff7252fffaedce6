package chain_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// wireBlocks are the mainnet blocks that wire's module carries.
func wireBlocks(t testing.TB) map[string][]byte {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/btcsuite/btcd/wire/v2").Output()
	if err != nil {
		t.Fatalf("find wire's module: %v", err)
	}
	files, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "testdata", "block-*.blk"))
	if len(files) < 2 {
		t.Fatalf("only %d blocks in %s", len(files), dir)
	}
	blocks := map[string][]byte{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "block-"), ".blk")
		blocks[name] = raw
	}
	return blocks
}

func TestMainnetBlocksDecodeToTheirHashesAndKeepEveryRule(t *testing.T) {
	for name, raw := range wireBlocks(t) {
		b, err := chain.DecodeBlock(raw)
		if err != nil {
			t.Fatal(err)
		}
		if b.Hash.String() != name {
			t.Errorf("hash is %s, want %s", b.Hash, name)
		}
		sameAsWire(t, b)
		if err := chain.CheckBlock(chain.RegTest(), b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, ok := chain.WitnessCommitment(b.Txs[0]); !ok {
			t.Errorf("%s has no witness commitment", name)
		}
		if b.Weight > 4_000_000 || b.Weight < 3_900_000 {
			t.Errorf("%s: weight %d", name, b.Weight)
		}
	}
}

// sameAsWire compares everything computed from the bytes with what wire
// computes from the decoded form.
func sameAsWire(t testing.TB, b *chain.Block) {
	t.Helper()
	msg := b.MsgBlock()
	for i, tx := range b.Txs {
		if tx.ID != msg.Transactions[i].TxHash() || tx.WID != msg.Transactions[i].WitnessHash() {
			t.Fatalf("transaction %d: ids differ from wire's", i)
		}
		if tx.Size != tx.SerializeSize() || tx.StrippedSize() != tx.SerializeSizeStripped() {
			t.Fatalf("transaction %d: sizes differ from wire's", i)
		}
	}
	if b.Weight != 3*msg.SerializeSizeStripped()+msg.SerializeSize() {
		t.Fatalf("weight is %d", b.Weight)
	}
	var whole, stripped bytes.Buffer
	if msg.Serialize(&whole) != nil || !bytes.Equal(whole.Bytes(), b.Raw) {
		t.Fatal("bytes differ from wire's")
	}
	if msg.SerializeNoWitness(&stripped) != nil || !bytes.Equal(stripped.Bytes(), b.StripWitness()) {
		t.Fatal("bytes without witness differ from wire's")
	}
}

func TestWhatIsBuiltEqualsWhatIsDecoded(t *testing.T) {
	p := chain.RegTest()
	key := chaintest.NewKey(1)
	var coins []chaintest.Coin
	for i, pk := range [][]byte{key.P2PKH(), key.P2WPKH(), key.P2TR(), chaintest.OpTrue()} {
		c := chaintest.Coin{Value: 1e8, Script: pk, Key: key}
		c.Op.Index = uint32(i)
		coins = append(coins, c)
	}
	coins[3].Key = nil
	for k := 1; k <= len(coins); k++ {
		tx := chaintest.Spend(t, coins[:k], chaintest.Pay(1, key.P2PKH()))
		again, err := chain.DecodeTx(tx.Raw())
		if err != nil {
			t.Fatal(err)
		}
		if again.ID != tx.ID || again.WID != tx.WID || again.Weight != tx.Weight || again.Size != tx.Size {
			t.Fatalf("%+v differs from %+v", again, tx)
		}
		m := chaintest.Mine(t, p, p.Genesis(), chaintest.With(tx))
		sameAsWire(t, m.Block)
		b, err := chain.DecodeBlock(m.Block.Raw)
		if err != nil {
			t.Fatal(err)
		}
		sameAsWire(t, b)
	}
}

func TestBadBytesAreRefused(t *testing.T) {
	good := chaintest.Spend(t, []chaintest.Coin{{Script: chaintest.OpTrue()}}, chaintest.Pay(1, chaintest.OpTrue())).Raw()
	for cut := range good {
		if _, err := chain.DecodeTx(good[:cut]); err == nil {
			t.Fatalf("decodes with %d of %d bytes", cut, len(good))
		}
	}
	splice := func(at, drop int, put string) []byte {
		b, _ := hex.DecodeString(put)
		return append(append(bytes.Clone(good[:at]), b...), good[at+drop:]...)
	}
	for name, raw := range map[string][]byte{
		"a byte after the end":       append(bytes.Clone(good), 0),
		"count of two bytes for one": splice(4, 1, "fd0100"),
		"count of four for two":      splice(4, 1, "fe00010000"),
		"count of eight for four":    splice(4, 1, "ff0000010000000000"),
		"unknown flag":               splice(4, 0, "0002"),
		"unknown flag and no more":   splice(4, len(good)-8, "0002"),
		"flag without witnesses":     append(splice(4, 0, "0001")[:len(good)+2-4], 0, 0, 0, 0, 0),
	} {
		if tx, err := chain.DecodeTx(raw); err == nil {
			t.Errorf("%s: decodes to %s", name, tx.ID)
		}
	}
}

// A transaction of nothing is read, and refused by the rules: whoever sends a block
// with one is told why, as in Core.
func TestATransactionOfNothingIsReadAndRefused(t *testing.T) {
	raw := []byte{2, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	tx, err := chain.DecodeTx(raw)
	if err != nil || !bytes.Equal(tx.Raw(), raw) || tx.Weight != 40 || tx.ID != chainhash.DoubleHashH(raw) {
		t.Fatalf("%+v, %v", tx, err)
	}
	if err := chain.CheckTx(tx); !errors.Is(err, chain.ErrNoInputs) {
		t.Errorf("refused with %v", err)
	}
	for _, more := range [][]byte{{2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 0, 0, 0, 0, 0, 0, 0, 0}} {
		if tx, err := chain.DecodeTx(more); err == nil {
			t.Errorf("%x is %x", more, tx.Raw())
		}
	}
}

// The least bytes that announce the most; wire alone would allocate for them.
func TestT2_AnnouncedCountsAllocateNothing(t *testing.T) {
	header := strings.Repeat("00", 80)
	for name, text := range map[string]string{
		"inputs":        "02000000" + "ff0000000100000000",
		"most inputs":   "02000000" + "feffff0b00",
		"outputs":       "02000000" + "01" + strings.Repeat("00", 36) + "00" + "00000000" + "feffffff00",
		"script":        "02000000" + "01" + strings.Repeat("00", 36) + "feffffff7f",
		"witness items": "020000000001" + "01" + strings.Repeat("00", 36) + "00" + "00000000" + "00" + "fe00093d00",
		"transactions":  header + "fe801a0600",
	} {
		raw, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if name == "transactions" {
			_, err = chain.DecodeBlock(raw)
		} else {
			_, err = chain.DecodeTx(raw)
		}
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: decodes", name)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<10 {
			t.Errorf("%s: %d bytes allocated for %d", name, grown, len(raw))
		}
	}
}

// Consensus bounds witnesses by the block's weight alone: half a million empty
// items and one item of nearly 4 MB must decode.
func TestT32_LargeWitnessesDecode(t *testing.T) {
	for name, witness := range map[string]wire.TxWitness{
		"many items": make(wire.TxWitness, 500_000),
		"large item": {make([]byte, 3_990_000)},
	} {
		msg := wire.NewMsgTx(2)
		msg.AddTxIn(&wire.TxIn{Witness: witness})
		msg.AddTxOut(wire.NewTxOut(1, nil))
		tx := chain.NewTx(msg)
		again, err := chain.DecodeTx(tx.Raw())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if again.WID != tx.WID || len(again.TxIn[0].Witness) != len(witness) {
			t.Errorf("%s: decoded differently", name)
		}
	}
}

// Of a witness so much is read: an item of Core's size, of which wire reads less, and as many items as wire reads.
func TestWitnessesAreReadToTheirLimits(t *testing.T) {
	for _, c := range []struct {
		name    string
		witness func(n int) wire.TxWitness
		most    int
	}{
		{"bytes of an item", func(n int) wire.TxWitness { return wire.TxWitness{make([]byte, n)} }, 33_554_432},
		{"items of an input", func(n int) wire.TxWitness { return make(wire.TxWitness, n) }, 4_000_000},
	} {
		for n, good := range map[int]bool{c.most: true, c.most + 1: false} {
			msg := wire.NewMsgTx(2)
			msg.AddTxIn(wire.NewTxIn(&wire.OutPoint{}, nil, c.witness(n)))
			msg.AddTxOut(wire.NewTxOut(1, nil))
			if _, err := chain.DecodeTx(chain.NewTx(msg).Raw()); (err == nil) != good {
				t.Errorf("%d %s: %v", n, c.name, err)
			}
		}
	}
}

func FuzzDecodeTx(f *testing.F) {
	key := chaintest.NewKey(1)
	coin := chaintest.Coin{Value: 1e8, Script: key.P2WPKH(), Key: key}
	f.Add(chaintest.SpendOne(f, coin, key.P2TR(), 1).Raw())
	coin.Script = key.P2PKH()
	f.Add(chaintest.SpendOne(f, coin, key.P2TR(), 1).Raw())
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := chain.DecodeTx(raw)
		if err != nil {
			return
		}
		var buf bytes.Buffer
		if tx.Serialize(&buf) != nil || !bytes.Equal(buf.Bytes(), raw) {
			t.Fatal("encodes to other bytes")
		}
		if tx.ID != tx.TxHash() || tx.WID != tx.WitnessHash() {
			t.Fatal("ids differ from wire's")
		}
		if err := chain.CheckTx(tx); err != nil {
			var rule *chain.RuleError
			if !errors.As(err, &rule) {
				t.Fatalf("no rule: %v", err)
			}
		}
	})
}

// Of a block's bytes each transaction can be read alone, and none that it has not.
func TestTransactionsOfABlockAreReadAlone(t *testing.T) {
	for name, raw := range wireBlocks(t) {
		b, err := chain.DecodeBlock(raw)
		if err != nil {
			t.Fatal(name, err)
		}
		for i, want := range b.Txs {
			if tx, err := chain.DecodeTxOf(raw, i); err != nil || tx.ID != want.ID || tx.WID != want.WID || !bytes.Equal(tx.Raw(), want.Raw()) {
				t.Fatalf("%s: transaction %d: %v, %v", name, i, tx, err)
			}
		}
		for _, place := range []int{-1, len(b.Txs)} {
			if tx, err := chain.DecodeTxOf(raw, place); tx != nil || err != nil {
				t.Errorf("%s: transaction %d of %d: %v, %v", name, place, len(b.Txs), tx, err)
			}
		}
		for cut := range 200 {
			if tx, err := chain.DecodeTxOf(raw[:cut], 1); tx != nil || err == nil {
				t.Fatalf("%s: of %d bytes: %v, %v", name, cut, tx, err)
			}
		}
	}
}

// A block whose ids are known is decoded to the same, and nothing is hashed; other bytes are no such block.
func TestABlockIsDecodedAgain(t *testing.T) {
	for name, raw := range wireBlocks(t) {
		b, err := chain.DecodeBlock(raw)
		if err != nil {
			t.Fatal(name, err)
		}
		again, err := chain.DecodeBlockAgain(raw, b.IDs(false))
		if err != nil || !reflect.DeepEqual(again, b) {
			t.Errorf("%s: %v", name, err)
		}
		marked := b.IDs(false)
		marked[0] = chain.IDs{ID: chain.Hash{1}, WID: chain.Hash{2}}
		if again, err = chain.DecodeBlockAgain(raw, marked); err != nil || again.Txs[0].ID != marked[0].ID || again.Txs[0].WID != marked[0].WID {
			t.Errorf("%s: the ids are computed again: %v", name, err)
		}
		verify := b.IDs(true)
		if again, err = chain.DecodeBlockAgain(raw, verify); err != nil {
			t.Fatal(name, err)
		}
		for i, tx := range again.Txs {
			if signed := i > 0 && tx.HasWitness(); signed != (verify[i].Outputs != chain.Hash{}) || tx.HashOutputs() != b.Txs[i].HashOutputs() {
				t.Errorf("%s: outputs of transaction %d: %v", name, i, verify[i].Outputs)
			}
			verify[i].Outputs = chain.Hash{3}
		}
		if again, err = chain.DecodeBlockAgain(raw, verify); err != nil || again.Txs[len(verify)-1].HashOutputs() != (chain.Hash{3}) {
			t.Errorf("%s: the outputs are hashed again: %v", name, err)
		}
		for what, ids := range map[string][]chain.IDs{"fewer": b.IDs(false)[1:], "more": append(b.IDs(false), chain.IDs{}), "none": nil} {
			if _, err := chain.DecodeBlockAgain(raw, ids); err == nil {
				t.Errorf("%s: decodes with %s ids", name, what)
			}
		}
		if _, err := chain.DecodeBlockAgain(append(bytes.Clone(raw), 0), b.IDs(false)); err == nil {
			t.Errorf("%s: decodes with a byte behind it", name)
		}
		if _, err := chain.DecodeBlockAgain(raw[:len(raw)-1], b.IDs(false)); err == nil {
			t.Errorf("%s: decodes without its last byte", name)
		}
	}
}

func FuzzDecodeBlock(f *testing.F) {
	p := chain.RegTest()
	key := chaintest.NewKey(1)
	tx := chaintest.SpendOne(f, chaintest.Coin{Value: 1e8, Script: key.P2WPKH(), Key: key}, key.P2TR(), 1)
	f.Add(chaintest.Mine(f, p, p.Genesis(), chaintest.With(tx)).Block.Raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		sameOutline(t, raw)
		b, err := chain.DecodeBlock(raw)
		if err != nil {
			return
		}
		sameAsWire(t, b)
		if chain.CheckBlock(p, b) == nil {
			_ = chain.CheckBlockContext(p, p.Genesis(), b)
		}
	})
}

func BenchmarkDecodeBlock(b *testing.B) {
	for name, raw := range wireBlocks(b) {
		b.Run(name[56:], func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for range b.N {
				if _, err := chain.DecodeBlock(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name[56:]+"/wire alone", func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for range b.N {
				var msg wire.MsgBlock
				if err := msg.Deserialize(bytes.NewReader(raw)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Scripts and witnesses are held once: in the bytes that a transaction came in.
func TestScriptsStandInTheTransactionsBytes(t *testing.T) {
	msg := wire.NewMsgTx(2)
	for i := range 3 {
		in := wire.NewTxIn(&wire.OutPoint{Index: uint32(i)}, []byte{1, byte(i)}, nil)
		if i != 1 {
			in.Witness = wire.TxWitness{{2, byte(i)}, {}, {3}}
		}
		msg.AddTxIn(in)
	}
	msg.AddTxOut(wire.NewTxOut(1, []byte{4, 5, 6}))
	raw := chain.NewTx(msg).Raw()
	tx, err := chain.DecodeTx(raw)
	if err != nil || !bytes.Equal(chain.NewTx(tx.MsgTx).Raw(), raw) {
		t.Fatalf("%v, %v", tx, err)
	}
	for i := range raw { // whoever holds the bytes holds the scripts
		raw[i] ^= 0xff
	}
	for i, in := range tx.TxIn {
		if in.SignatureScript[1] != ^byte(i) || i != 1 && in.Witness[0][1] != ^byte(i) {
			t.Errorf("input %d has bytes of its own", i)
		}
	}
	if tx.TxOut[0].PkScript[2] != ^byte(6) {
		t.Error("the output has bytes of its own")
	}
}
