package history

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// randomBlock has few scripts, so that they meet often, and now and then an output that nobody can spend.
func randomBlock(r *rand.Rand) (*chain.Block, [][]chain.Coin) {
	b, spent := &chain.Block{}, [][]chain.Coin{}
	script := func() []byte {
		if r.IntN(8) == 0 {
			return []byte{0x6a, byte(r.IntN(3))}
		}
		return []byte{0x51, byte(r.IntN(5))}[:r.IntN(3)]
	}
	for i := range 1 + r.IntN(12) {
		tx := wire.NewMsgTx(2)
		var of []chain.Coin
		for range min(i, 1) * (1 + r.IntN(4)) {
			op := wire.OutPoint{Index: uint32(r.IntN(70_000))}
			binary.LittleEndian.PutUint64(op.Hash[:], r.Uint64())
			tx.AddTxIn(wire.NewTxIn(&op, nil, nil))
			c := chain.Coin{Value: btcutil.Amount(r.Int64N(21e14)), PkScript: script()}
			for len(c.PkScript) > 0 && c.PkScript[0] == 0x6a {
				c.PkScript = script()
			}
			of = append(of, c)
		}
		if i == 0 {
			tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: wire.MaxPrevOutIndex}, nil, nil))
		}
		for range 1 + r.IntN(5) {
			tx.AddTxOut(wire.NewTxOut(r.Int64N(21e14), script()))
		}
		b.Txs = append(b.Txs, chain.NewTx(tx))
		spent = append(spent, of)
	}
	return b, spent
}

// naive says the same, one script after the other.
func naive(b *chain.Block, spent [][]chain.Coin, script []byte) (touches []Touch) {
	for i, tx := range b.Txs {
		t := Touch{TxID: tx.ID, Place: i}
		for n, out := range tx.TxOut {
			if bytes.Equal(out.PkScript, script) {
				t.Funds = append(t.Funds, Fund{uint32(n), btcutil.Amount(out.Value)})
			}
		}
		for n, c := range spent[i] {
			op := tx.TxIn[n].PreviousOutPoint
			if bytes.Equal(c.PkScript, script) {
				t.Spends = append(t.Spends, Spend{uint32(n), c.Value, TagOf(op.Hash), op.Index})
			}
		}
		if t.Funds != nil || t.Spends != nil {
			touches = append(touches, t)
		}
	}
	return touches
}

func TestRowsSayWhatTheBlockDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	for range 500 {
		b, spent := randomBlock(r)
		rows := RowsOf(b, spent)
		found := map[Prefix][]Touch{}
		for i := range rows.Len() {
			p := rows.Prefix(i)
			if before := rows.Prefix(max(i-1, 0)); i > 0 && bytes.Compare(before[:], p[:]) >= 0 {
				t.Fatal("the rows are not in the order of their keys")
			}
			if at, ok := rows.Find(p); !ok || at != i {
				t.Fatalf("row %d is found at %d, %v", i, at, ok)
			}
			touches, err := Decode(rows.Append(nil, i))
			if err != nil {
				t.Fatal(err)
			}
			found[p] = touches
		}
		scripts := [][]byte{{}, {0x51}}
		for n := range byte(5) {
			scripts = append(scripts, []byte{0x51, n})
		}
		seen := 0
		for _, s := range scripts {
			want, got := naive(b, spent, s), found[PrefixOf(HashOf(s))]
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("of script %x:\n got %+v\nwant %+v", s, got, want)
			}
			if want != nil {
				seen++
			}
		}
		if _, ok := rows.Find(PrefixOf(HashOf([]byte("nobody's")))); ok || seen != rows.Len() {
			t.Fatalf("%d rows, %d scripts, one of nobody: %v", rows.Len(), seen, ok)
		}
		for i, tx := range b.Txs {
			for _, h := range Scripts(tx, spent[i]) {
				if found[PrefixOf(h)] == nil {
					t.Fatal("Scripts names one that has no row")
				}
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	b, spent := randomBlock(rand.New(rand.NewPCG(1, 1)))
	rows := RowsOf(b, spent)
	for i := range rows.Len() {
		raw := rows.Append(nil, i)
		f.Add(raw)
		f.Add(raw[:len(raw)-1])
	}
	f.Add(append(make([]byte, 33), 0xfe, 0xff, 0xff, 0xff, 0x0f))
	f.Fuzz(func(t *testing.T, raw []byte) {
		touches, err := Decode(raw)
		if err == nil && len(raw) > 0 && len(touches) == 0 {
			t.Fatal("nothing was read, and nothing is wrong")
		}
	})
}
