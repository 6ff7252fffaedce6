package history

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"grapevine/chain"
)

// A digest is SHA-256 of the text, wherever it was written down and read again.
func TestDigestsAreOfTheText(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 60 {
		d, text, txs := NewDigest(), "", uint64(0)
		for height := range int32(1 + r.IntN(40)) {
			b, spent := randomBlock(r)
			rows := RowsOf(b, spent)
			if rows.Len() == 0 {
				continue
			}
			i := r.IntN(rows.Len())
			raw := rows.Append(nil, i)
			touches, err := Decode(raw)
			if err != nil {
				t.Fatal(err)
			}
			if got := count(raw); got != uint64(len(touches)) || rows.Txs(i, 1000) != len(touches) || rows.Txs(i, 2) != min(2, len(touches)) {
				t.Fatalf("%d and %d transactions, want %d", got, rows.Txs(i, 1000), len(touches))
			}
			for _, touch := range touches {
				text += fmt.Sprintf("%s:%d:", touch.TxID, height)
			}
			txs += uint64(len(touches))
			if err := d.AddRow(raw, height); err != nil {
				t.Fatal(err)
			}
			if r.IntN(3) == 0 {
				if d, err = DecodeDigest(d.Append(nil)); err != nil {
					t.Fatal(err)
				}
			}
		}
		d.Add(chain.Hash{7}, -1)
		text += fmt.Sprintf("%s:-1:", chain.Hash{7})
		if d.Sum() != sha256.Sum256([]byte(text)) || d.Txs != txs+1 {
			t.Fatalf("%d transactions, %x", d.Txs, d.Sum())
		}
	}
}

func TestDigestsRefuseWhatIsNone(t *testing.T) {
	b, spent := randomBlock(rand.New(rand.NewPCG(1, 1)))
	raw := RowsOf(b, spent).Append(nil, 0)
	if err := NewDigest().AddRow(raw[:len(raw)-1], 1); err == nil {
		t.Error("a record that is cut short")
	}
	whole := NewDigest().Append(nil)
	for _, raw := range [][]byte{nil, {0x80}, whole[:len(whole)-1], append([]byte{0}, whole...)} {
		if _, err := DecodeDigest(raw); err == nil {
			t.Errorf("%x is read", raw)
		}
	}
}

// About every sampleOf-th transaction makes one look, whether they come one in a block or many, and a block of so many always.
func TestSamplingIsAsOftenAsItSays(t *testing.T) {
	s := UsualSampling()
	row := func(txs int) []byte { return []byte(strings.Repeat("\x01"+strings.Repeat("a", 32)+"\x00", txs)) }
	if got := count(row(70)); got != 70 {
		t.Fatalf("%d transactions", got)
	}
	for txs, want := range map[int][2]int{1: {100, 220}, 20: {1000, 4000}, 63: {4000, 6000}, 64: {10_000, 10_000}} {
		looks, raw := 0, row(txs)
		for i := range uint32(10_000) {
			if s.Looks(Prefix{1, 2, byte(i)}, i, raw) {
				looks++
			}
		}
		if looks < want[0] || looks > want[1] {
			t.Errorf("of records of %d transactions: %d looks of 10,000, want %v", txs, looks, want)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	row := []byte(strings.Repeat("\x01"+strings.Repeat("a", 32)+"\x02\x01\x05", 500))
	for b.Loop() {
		d := NewDigest()
		for h := range int32(200) {
			if err := d.AddRow(row, 100_000+h); err != nil {
				b.Fatal(err)
			}
		}
	}
}
