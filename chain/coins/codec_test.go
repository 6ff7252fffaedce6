package coins

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const hash20 = "000102030405060708090a0b0c0d0e0f10111213"
const hash32 = hash20 + "1415161718191a1b1c1d1e1f"

func TestCoinsAreWrittenCompactly(t *testing.T) {
	for _, c := range []struct {
		name   string
		coin   chain.Coin
		script string
		want   string
	}{
		{"coinbase of block 1, P2WPKH", chain.Coin{Value: 50e8, Height: 1, Coinbase: true}, "0014" + hash20, "033205" + hash20},
		{"P2PKH", chain.Coin{Value: 1, Height: 100}, "76a914" + hash20 + "88ac", "c8010100" + hash20},
		{"P2SH", chain.Coin{Value: 0, Height: 0}, "a914" + hash20 + "87", "000001" + hash20},
		{"P2PK even", chain.Coin{Value: 10, Height: 2}, "2102" + hash32 + "ac", "040202" + hash32},
		{"P2PK odd", chain.Coin{Value: 10, Height: 2}, "2103" + hash32 + "ac", "040203" + hash32},
		{"P2PK long", chain.Coin{Value: 10, Height: 2}, "4104" + hash32 + hash32 + "ac", "040204" + hash32 + hash32},
		{"P2WSH", chain.Coin{Value: 10, Height: 2}, "0020" + hash32, "040206" + hash32},
		{"P2TR", chain.Coin{Value: 10, Height: 2}, "5120" + hash32, "040207" + hash32},
		{"empty", chain.Coin{Value: 10, Height: 2}, "", "04020c"},
		{"anyone", chain.Coin{Value: 10, Height: 2}, "51", "04020d51"},
		{"P2PKH with a wrong end", chain.Coin{Value: 10, Height: 2}, "76a914" + hash20 + "88ad", "04022576a914" + hash20 + "88ad"},
	} {
		c.coin.PkScript = unhex(t, c.script)
		got := Append(nil, c.coin)
		if hex.EncodeToString(got) != c.want {
			t.Errorf("%s: %x, want %s", c.name, got, c.want)
		}
		back, err := Decode(got)
		if err != nil || !reflect.DeepEqual(back, c.coin) {
			t.Errorf("%s: back %+v, %v", c.name, back, err)
		}
	}
}

func TestAmountsSurvivePacking(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	amounts := []uint64{0, 1, 9, 10, 11, 1e8, 50e8, 21e14, 21e14 - 1}
	for range 10_000 {
		amounts = append(amounts, rng.Uint64N(21e14))
	}
	for _, a := range amounts {
		if got := unpackAmount(packAmount(a)); got != a {
			t.Errorf("%d became %d", a, got)
		}
	}
	// Values of Bitcoin Core's compress_tests.
	for amount, want := range map[uint64]uint64{0: 0, 1: 1, 1e6: 7, 1e8: 9, 50e8: 50, 21e14: 21000000} {
		if got := packAmount(amount); got != want {
			t.Errorf("%d packed is %d, want %d", amount, got, want)
		}
	}
}

func randomCoin(rng *rand.Rand) chain.Coin {
	c := chain.Coin{Height: rng.Int32N(1_000_000), Coinbase: rng.IntN(5) == 0, PkScript: []byte{}}
	c.Value = btcutil.Amount(rng.Int64N(int64(chain.MaxMoney)))
	form := rng.Uint64N(formRaw + 2)
	if t, ok := templateOf(form); ok {
		c.PkScript = slices.Concat([]byte(t.head), randomBytes(rng, t.size), []byte(t.tail))
	} else if n := rng.IntN(80); n > 0 {
		c.PkScript = randomBytes(rng, n)
	}
	return c
}

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func TestUndoRecordsSurvive(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 200 {
		txs, spent := randomSpends(rng)
		raw := AppendUndo(nil, txs, spent)
		back, err := DecodeUndo(raw, txs)
		if err != nil || !reflect.DeepEqual(back, spent) {
			t.Fatalf("%+v became %+v, %v", spent, back, err)
		}
		if len(raw) > 0 {
			if _, err := DecodeUndo(raw[:rng.IntN(len(raw))], txs); err == nil {
				t.Error("a part was taken for a whole record")
			}
		}
		if _, err := DecodeUndo(append(raw, 0), txs); err == nil {
			t.Error("a byte too many was taken")
		}
	}
}

// randomSpends makes inputs some of which show what their coin's script hashes.
func randomSpends(rng *rand.Rand) (txs []*chain.Tx, spent [][]chain.Coin) {
	for i := range 1 + rng.IntN(5) {
		tx, of := wire.NewMsgTx(2), []chain.Coin(nil)
		if i > 0 {
			of = make([]chain.Coin, 1+rng.IntN(4))
		}
		for j := range of {
			key := randomBytes(rng, 33)
			of[j] = randomCoin(rng)
			in := wire.NewTxIn(&wire.OutPoint{Index: uint32(j)}, append([]byte{1, 9, 33}, key...), [][]byte{{9}, key})
			if form, ok := shownForm(rng.Uint64N(formRaw)); ok {
				of[j].PkScript = shownScript(form, in)
			}
			tx.AddTxIn(in)
		}
		txs = append(txs, &chain.Tx{MsgTx: tx})
		spent = append(spent, of)
	}
	return txs, spent
}

func TestShownScriptsTakeNoSpace(t *testing.T) {
	key := randomBytes(rand.New(rand.NewPCG(1, 1)), 33)
	in := wire.NewTxIn(&wire.OutPoint{}, append([]byte{1, 9, 33}, key...), [][]byte{{9}, key})
	for form := uint64(formShownP2PKH); form < formRaw; form++ {
		c := chain.Coin{Value: 5e8, Height: 100, PkScript: shownScript(form, in)}
		txs := []*chain.Tx{{MsgTx: wire.NewMsgTx(2)}, {MsgTx: &wire.MsgTx{TxIn: []*wire.TxIn{in}}}}
		raw := AppendUndo(nil, txs, [][]chain.Coin{nil, {c}})
		if len(raw) != 4 {
			t.Errorf("form %d: %x", form, raw)
		}
		if _, err := Decode(raw); err == nil {
			t.Error("a coin without its script was taken for whole")
		}
	}
}

func TestKeysSortAsOutPointsDo(t *testing.T) {
	numbers := []uint32{0, 1, 0xfc, 0xfd, 0xfe, 0xff, 0x100, 0xffff, 0x10000, math.MaxUint32}
	var last []byte
	for _, h := range []chain.Hash{{}, {1}, {1, 2}, {0xff}} {
		for _, n := range numbers {
			op := wire.OutPoint{Hash: h, Index: n}
			key := appendKey(nil, op)
			if bytes.Compare(last, key) >= 0 {
				t.Errorf("%x does not come after %x", key, last)
			}
			if back, err := decodeKey(key); err != nil || back != op {
				t.Errorf("%v became %v, %v", op, back, err)
			}
			last = key
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{3, 50, 5})
	f.Add([]byte("0\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb0\r0")) // an amount beyond all money
	f.Add(Append(nil, chain.Coin{Value: 1e8, Height: 9, PkScript: []byte{0x51}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Decode(Append(nil, c))
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%x: %+v became %+v, %v", b, c, again, err)
		}
		DecodeUndo(b, []*chain.Tx{{}, {MsgTx: &wire.MsgTx{TxIn: []*wire.TxIn{{}, {}}}}})
	})
}

// The longest script of a coin is read back, and one a byte longer is no coin's.
func TestTheLongestScriptIsReadBack(t *testing.T) {
	for size, good := range map[int]bool{10_000: true, 10_001: false} {
		c := chain.Coin{Value: 1, PkScript: bytes.Repeat([]byte{0x51}, size), Height: 7}
		back, err := Decode(Append(nil, c))
		if (err == nil) != good || good && !bytes.Equal(back.PkScript, c.PkScript) {
			t.Errorf("a script of %d bytes: %v", size, err)
		}
	}
}

// Numbers at the ends of each length are written as in every file there is: in 1 byte below
// 253, in 2 more up to 65535, else in 4 more.
func TestNumbersAtTheEndsOfTheirLengths(t *testing.T) {
	for n, want := range map[uint32][2]string{ // in a key, and in Core's form for hashes
		0xfc: {"fc", "fc"}, 0xfd: {"fd00fd", "fdfd00"}, 0xffff: {"fdffff", "fdffff"}, 0x10000: {"fe00010000", "fe00000100"},
	} {
		key := appendKey(nil, wire.OutPoint{Index: n})[32:]
		if got := [2]string{hex.EncodeToString(key), hex.EncodeToString(appendCompactSize(nil, n))}; got != want {
			t.Errorf("%d: %v, want %v", n, got, want)
		}
	}
}

// A snapshot's script of 10,000 bytes is what it is; a longer one is passed over, and cannot
// be spent.
func TestTheLongestScriptOfASnapshot(t *testing.T) {
	for size, want := range map[int]int{10_000: 10_000, 10_001: 1} {
		raw := append(appendCoreVarint(nil, uint64(size)+coreForms), bytes.Repeat([]byte{0x51}, size)...)
		r := &SnapshotReader{in: bufio.NewReader(bytes.NewReader(raw))}
		if got := r.script(); len(got) != want || r.err != nil {
			t.Errorf("of %d bytes: %d, %v", size, len(got), r.err)
		}
	}
}
