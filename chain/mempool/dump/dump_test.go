package dump

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
)

// some transactions: bare ones, one with a witness, one larger than usual.
func some() (list []mempool.Kept) {
	for i := range 5 {
		tx := wire.NewMsgTx(2)
		in := wire.NewTxIn(&wire.OutPoint{Hash: chain.Hash{byte(i)}}, nil, nil)
		if i == 3 {
			in.Witness = wire.TxWitness{{1, 2, 3}}
		}
		tx.AddTxIn(in)
		script := make([]byte, 1+i)
		if i == 4 {
			script = make([]byte, usual+10)
		}
		tx.AddTxOut(wire.NewTxOut(int64(i), script))
		list = append(list, mempool.Kept{Tx: chain.NewTx(tx), Since: time.Unix(1_700_000_000+int64(i), 0), Delta: btcutil.Amount(i%2) * -7, Unbroadcast: i%3 == 1})
	}
	return list
}

// elsewhere are deltas of what no file here holds.
func elsewhere() map[chain.Hash]btcutil.Amount {
	return map[chain.Hash]btcutil.Amount{{1}: 5, {2}: -1 << 40}
}

// collect takes what is read.
func collect(got *Contents) Into {
	got.Deltas = map[chain.Hash]btcutil.Amount{}
	return Into{
		Tx:    func(k mempool.Kept) error { got.Txs = append(got.Txs, k); return nil },
		Delta: func(txid chain.Hash, d btcutil.Amount) error { got.Deltas[txid] = d; return nil },
		Waiting: func(txid chain.Hash) {
			at := slices.IndexFunc(got.Txs, func(k mempool.Kept) bool { return k.Tx.ID == txid })
			got.Txs[at].Unbroadcast = true
		},
	}
}

func readAll(t *testing.T, raw []byte) ([]mempool.Kept, error) {
	t.Helper()
	var got Contents
	err := read(bytes.NewReader(raw), collect(&got))
	return got.Txs, err
}

func same(t *testing.T, got, want []mempool.Kept) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d transactions, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].Tx.WID != want[i].Tx.WID || !got[i].Since.Equal(want[i].Since) || got[i].Delta != want[i].Delta || got[i].Unbroadcast != want[i].Unbroadcast {
			t.Errorf("transaction %d is %s of %s, unbroadcast %v", i, got[i].Tx.WID, got[i].Since, got[i].Unbroadcast)
		}
	}
}

func TestWhatIsSavedIsLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mempool.dat")
	if err := Load(path, Into{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	for i, list := range [][]mempool.Kept{some(), nil, some()[:2], some()} {
		how := How{Flush: true}
		if i > 0 {
			how.Key = &[8]byte{byte(i), 0, 255}
		}
		if _, err := Save(path, Contents{list, elsewhere()}, how); err != nil {
			t.Fatal(err)
		}
		if raw, _ := os.ReadFile(path); raw[0] != byte(min(i, 1)+1) {
			t.Errorf("version %d", raw[0])
		}
		var got Contents
		if err := Load(path, collect(&got)); err != nil {
			t.Fatal(err)
		}
		same(t, got.Txs, list)
		if !maps.Equal(got.Deltas, elsewhere()) {
			t.Errorf("deltas %v", got.Deltas)
		}
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("files left behind: %v", files)
	}
	if _, err := Save(filepath.Join(path, "x"), Contents{}, How{}); err == nil {
		t.Error("saved below a file")
	}
	stop := errors.New("enough")
	if err := Load(path, Into{Tx: func(mempool.Kept) error { return stop }}); !errors.Is(err, stop) {
		t.Errorf("fn's error: %v", err)
	}
}

// A file of version 1 with one transaction, byte by byte as Core's mempool.dat has them.
func TestTheFormatIsCores(t *testing.T) {
	const tx = "0200000001" + "0000000000000000000000000000000000000000000000000000000000000000" + "00000000" + "00" + "ffffffff" +
		"01" + "0000000000000000" + "01" + "00" + "00000000"
	raw, _ := hex.DecodeString("0100000000000000" + "0100000000000000" + tx + "00f1536500000000" + "0000000000000000" + "00" + "00")
	var wrote bytes.Buffer
	if err := write(&wrote, Contents{Txs: some()[:1]}, nil); err != nil || !bytes.Equal(wrote.Bytes(), raw) {
		t.Errorf("written as %x, %v", wrote.Bytes(), err)
	}
	got, err := readAll(t, raw)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, some()[:1])
}

// Core hides what comes after the key: each byte of the file is XORed with the
// key's byte of that place, counted from the file's beginning.
func TestADisguisedFileIsRead(t *testing.T) {
	var bare bytes.Buffer
	if err := write(&bare, Contents{Txs: some()}, nil); err != nil {
		t.Fatal(err)
	}
	key := []byte{7, 1, 200, 33, 0, 99, 255, 4}
	raw := append(binary.LittleEndian.AppendUint64(nil, disguised), 8)
	raw = append(raw, key...)
	begin := len(raw)
	raw = append(raw, bare.Bytes()[8:]...)
	for i := begin; i < len(raw); i++ {
		raw[i] ^= key[i%len(key)]
	}
	got, err := readAll(t, raw)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, some())
}

func TestADamagedFileGivesWhatComesBeforeTheDamage(t *testing.T) {
	var whole bytes.Buffer
	if err := write(&whole, Contents{Txs: some()}, nil); err != nil {
		t.Fatal(err)
	}
	raw := whole.Bytes()
	first := 16 + some()[0].Tx.Size + 16
	for size := range first + 60 {
		got, err := readAll(t, raw[:size])
		if !errors.Is(err, ErrFormat) || len(got) > 1 || size >= first && len(got) != 1 {
			t.Fatalf("cut at %d: %d transactions, %v", size, len(got), err)
		}
	}
	for name, damage := range map[string]func([]byte){
		"version": func(b []byte) { b[0] = 3 },
		"key":     func(b []byte) { b[0] = 2 },
		"count":   func(b []byte) { b[15] = 0xff },
		"inputs":  func(b []byte) { b[20] = 0xfd },
	} {
		bad := bytes.Clone(raw)
		damage(bad)
		if _, err := readAll(t, bad); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
