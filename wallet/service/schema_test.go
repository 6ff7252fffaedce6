package service

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/db"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// told is what the code that wrote testdata/schema1.db said of it.
type told struct {
	Words     string
	Seed      string
	Confirmed int64
	Rows      []wallet.Row
	Sent      string // a payment in a block
	Waiting   string // one in no block
	Labelled  string // a script labelled "rent é"
	Next      [wallet.BranchCount]uint32
}

func unzip(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// oldWorld is the chain that the wallet of testdata/schema1.db had followed, and
// the file written out.
func oldWorld(t *testing.T) (w *world, path string, said told) {
	t.Helper()
	w = newWorld(t)
	w.ahead = 20
	lines := bufio.NewScanner(bytes.NewReader(unzip(t, "schema1.blocks.gz")))
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		raw, err := hex.DecodeString(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		block, err := chain.DecodeBlock(raw)
		if err != nil {
			t.Fatal(err)
		}
		m := chaintest.Mined{Node: chain.NewHeaderNode(w.tip(), block.Header), Block: block}
		w.active = append(w.active, m)
		w.bodies[m.Node.Hash] = block
	}
	path = filepath.Join(t.TempDir(), "wallet.db")
	if err := os.WriteFile(path, unzip(t, "schema1.db.gz"), 0o600); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("testdata/schema1.json")
	if err == nil {
		err = json.Unmarshal(raw, &said)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w, path, said
}

// testdata/schema1.db was written by the code that knew one seed, rows of it and
// imports beside them, all in clear.
func TestAWalletOfTheFirstSchemaIsTakenOverWhole(t *testing.T) {
	w, path, said := oldWorld(t)
	u := &user{w: w, path: path, mine: map[string]bool{}}
	u.open(1)
	t.Cleanup(func() { u.file.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, when := range []string{"when first opened", "when opened again"} {
		checkOld(ctx, t, u, said)
		if t.Failed() {
			t.Fatal(when)
		}
		u.restart(2)
	}
	if _, err := u.pay(u.script(wallet.Taproot), 1e8); err != nil {
		t.Errorf("a payment from it: %v", err)
	}
}

// A kill may come between the new number and what the new code writes.
func TestTheNumberOfTheFirstSchemaGoesBeforeAnythingElse(t *testing.T) {
	w, path, said := oldWorld(t)
	before := version(t, path)
	file, err := OpenFile(path, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if after := version(t, path); before != 1 || after != 2 {
		t.Errorf("the file's version is %d, then %d", before, after)
	}
	u := &user{w: w, path: path, mine: map[string]bool{}}
	u.open(1)
	checkOld(t.Context(), t, u, said)
	told := traces(u)
	told["the old words"] = []byte(said.Words)
	told["the old seed"] = []byte(said.Seed)
	if err := u.Encrypt(t.Context(), []byte("pass")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.Service.Close() })
	if got := found(t, filepath.Dir(path), told); len(got) > 0 {
		t.Errorf("in clear after encryption: %q", got)
	}
	if now := version(t, path); now != 2 {
		t.Errorf("the encrypted file's version is %d", now)
	}
}

// version is the schema's number in a copy of a file.
func version(t *testing.T, path string) uint32 {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(copied, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	for n := range uint32(10) {
		if d, err := db.Open(copied, "wallet", n, db.Options{ReadOnly: true}); err == nil {
			d.Close()
			return n
		}
	}
	t.Fatal("its version is none that was ever there")
	return 0
}

func checkOld(ctx context.Context, t *testing.T, u *user, said told) {
	t.Helper()
	if name, there := u.Name(); !there || name != "old" {
		t.Errorf("it is called %q, %v", name, there)
	}
	if words, err := u.Words(ctx); err != nil || words != said.Words {
		t.Errorf("its words are %q, %v", words, err)
	}
	if b := u.balance(); int64(b.Confirmed) != said.Confirmed {
		t.Errorf("it has %d, want %d", b.Confirmed, said.Confirmed)
	}
	rows, err := u.Rows(ctx)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]wallet.Row{}
	for _, r := range rows {
		have[r.Desc] = r
	}
	for _, want := range said.Rows {
		if got, there := have[descriptor.Bare(want.Desc)]; !there || got.Next != want.Next || got.Change != want.Change || got.Active != want.Active && !got.Words {
			t.Errorf("row %s is %+v, want %+v", want.Desc, got, want)
		}
	}
	for _, id := range []string{said.Sent, said.Waiting} {
		hash, err := chainhash.NewHashFromStr(id)
		if err != nil {
			t.Fatal(err)
		}
		if e := u.entry(*hash); !e.FromMe {
			t.Errorf("payment %s is not ours", id)
		}
	}
	script, err := hex.DecodeString(said.Labelled)
	if err != nil {
		t.Fatal(err)
	}
	if o, ours, err := u.Owned(ctx, script); err != nil || !ours || o.Label != "rent é" {
		t.Errorf("the labelled script: %+v, %v, %v", o, ours, err)
	}
}
