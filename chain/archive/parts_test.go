package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/db"
)

// bodyOf is a body of so many transactions, each with a witness.
func bodyOf(txs int) *chain.Block {
	msg := &wire.MsgBlock{}
	for i := range txs {
		tx := wire.NewMsgTx(2)
		tx.AddTxIn(&wire.TxIn{Witness: wire.TxWitness{binary.BigEndian.AppendUint64(bytes.Repeat([]byte{0xab}, 100), uint64(i))}})
		tx.AddTxOut(wire.NewTxOut(int64(i), bytes.Repeat([]byte{1}, i%40)))
		_ = msg.AddTransaction(tx)
	}
	return chain.NewBlock(msg)
}

// One transaction of a body is the same whether it is read with all of the body or alone, in memory and in the
// file, and there is none behind the last one.
func TestTransactionsAreReadOneByOne(t *testing.T) {
	for _, piece := range []int{50, 1000, pieceBytes} { // a transaction has some 200 bytes
		t.Run(fmt.Sprint(piece), func(t *testing.T) { readOneByOne(t, piece) })
	}
}

func readOneByOne(t *testing.T, piece int) {
	a, _ := open(t, db.Options{})
	a.piece = piece
	small, large := bodyOf(3), bodyOf(300)
	a.SaveBody(1, small.Raw)
	a.SaveBody(2, large.Raw)
	for _, from := range []string{"memory", "the file"} {
		for range 3 {
			for body, b := range map[uint32]*chain.Block{1: small, 2: large} {
				for place, want := range b.Txs {
					tx, err := a.Tx(body, place)
					if err != nil || tx == nil || tx.WID != want.WID || tx.ID != want.ID || !bytes.Equal(tx.Raw(), want.Raw()) {
						t.Fatalf("%s: transaction %d of body %d: %v, %v", from, place, body, tx, err)
					}
				}
				for _, place := range []int{-1, len(b.Txs)} {
					if tx, err := a.Tx(body, place); tx != nil || err != nil {
						t.Errorf("%s: transaction %d of %d: %v, %v", from, place, len(b.Txs), tx, err)
					}
				}
			}
		}
		if p, _ := a.parts.asked(1); p != nil {
			t.Error("the parts of a small body are kept")
		}
		if p, _ := a.parts.asked(2); p == nil {
			t.Error("the parts of a large body are not kept")
		}
		if err := a.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Tx(3, 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("a body that never was: %v", err)
	}
	a.Prune(map[uint32]Header{1: {}}, []uint32{2})
	if err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Tx(2, 5); !errors.Is(err, ErrNotFound) {
		t.Errorf("a body that is pruned: %v", err)
	}
}

// A bit that turns over in a witness, which no txid commits to, is found by who reads that transaction alone.
func TestAPartThatIsDamagedIsNotServed(t *testing.T) {
	a, file := open(t, db.Options{})
	b := bodyOf(300)
	a.SaveBody(1, b.Raw)
	if err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if tx, err := a.Tx(1, 250); err != nil || tx.WID != b.Txs[250].WID {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(file.Path())
	if err != nil {
		t.Fatal(err)
	}
	witness := b.Txs[250].TxIn[0].Witness[0]
	at := bytes.Index(whole, witness)
	f, err := os.OpenFile(file.Path(), os.O_RDWR, 0)
	if err != nil || at < 0 {
		t.Fatal(at, err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{witness[0] ^ 4}, int64(at)); err != nil {
		t.Fatal(err)
	}
	if tx, err := a.Tx(1, 250); !errors.Is(err, db.ErrCorrupt) {
		t.Errorf("served: %v, %v", tx, err)
	}
	if tx, err := a.Tx(1, 249); err != nil || tx.WID != b.Txs[249].WID {
		t.Errorf("another part, which is whole: %v", err)
	}
}

// However many bodies are asked for, what is kept of them is bounded, and what was asked for last is there.
func TestPartsAreBounded(t *testing.T) {
	var c partCache
	const txs = 1000
	for n := range uint32(2000) {
		if _, again := c.asked(n); again {
			t.Fatalf("body %d was asked for before", n)
		}
		c.keep(n, &parts{make([]uint32, txs+1), make([]uint32, txs)})
		if p, _ := c.asked(n); p == nil {
			t.Fatalf("the parts of body %d are gone at once", n)
		}
		held := 0
		for _, generation := range []map[uint32]*parts{c.young, c.old} {
			for _, p := range generation {
				if held += bodyBytes; p != nil {
					held += partBytes * len(p.sums)
				}
			}
		}
		if held > partsBytes {
			t.Fatalf("%d bytes are held", held)
		}
	}
	if p, _ := c.asked(1999 - 50); p == nil {
		t.Error("of the last ones too few are kept")
	}
	for n := range uint32(100_000) { // of each of which nothing is kept
		c.asked(n + 10_000)
	}
	if most := partsBytes / bodyBytes; len(c.young)+len(c.old) > most {
		t.Errorf("%d bodies, want at most %d", len(c.young)+len(c.old), most)
	}
}
