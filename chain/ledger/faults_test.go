package ledger

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/db"
)

// The child of TestT48_KillMinusNine: it submits the grove's blocks that are
// not there yet, and says which it has promised.
func killedChild(t *testing.T, path string, seed uint64) {
	g := growGrove(t, rand.New(rand.NewPCG(seed, 5)), 80)
	r := start(t, path, func(c *Config, o *db.Options) { c.DBCache = 30_000; o.NoSync = false })
	fmt.Println("open")
	for i, b := range append(leaves(g.trunk), g.blocks...) {
		<-r.later(b.Mined)
		if i%7 == 0 {
			if err := r.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			fmt.Println("promised", i)
		}
	}
	fmt.Println("done")
	os.Stdout.Sync()
	time.Sleep(time.Minute) // to be killed
}

// Twenty processes are killed at any moment, each goes on with the file that
// the one before left. Nothing promised is lost and the coin set is right.
func TestT48_KillMinusNine(t *testing.T) {
	const seed = 11
	if path := os.Getenv("LEDGER_TEST_CHILD"); path != "" {
		killedChild(t, path, seed)
		return
	}
	path := filepath.Join(t.TempDir(), "chain.db")
	g := growGrove(t, rand.New(rand.NewPCG(seed, 5)), 80)
	all := append(leaves(g.trunk), g.blocks...)
	rng := rand.New(rand.NewPCG(1, 1))
	promised := -1
	for range 20 {
		promised = max(promised, runAndKill(t, path, time.Duration(rng.IntN(60))*time.Millisecond))
	}
	if promised < 0 {
		t.Fatal("no child ever came to promise anything")
	}
	r := start(t, path)
	defer r.stop()
	for _, b := range all[:promised+1] {
		if _, st, _ := r.Lookup(b.Node.Hash); b.good && st&HaveBody == 0 {
			t.Fatalf("block at %d was promised and is lost", b.Node.Height)
		}
	}
	for _, b := range all {
		<-r.later(b.Mined)
	}
	have := map[chain.Hash]leaf{}
	for _, b := range g.blocks {
		have[b.Node.Hash] = b
	}
	g.expect(t, r, have, nil)
	r.check0()
}

// runAndKill kills a child after it has opened the file and worked for a while.
func runAndKill(t *testing.T, path string, work time.Duration) (promised int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=TestT48_KillMinusNine")
	cmd.Env = append(os.Environ(), "LEDGER_TEST_CHILD="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	promised = -1
	killer := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	opened := false
	for lines.Scan() {
		switch word, n, _ := strings.Cut(lines.Text(), " "); word {
		case "open":
			opened = true
			killer.Reset(work)
		case "promised":
			promised, _ = strconv.Atoi(n)
		case "done":
			killer.Reset(0)
		}
	}
	cmd.Wait()
	if !opened {
		t.Fatalf("the child could not open the file: %s", stderr.String())
	}
	return promised
}

// check0 proves the file without the twin, which did not see it grow.
func (r *rig) check0() {
	r.t.Helper()
	if err := r.CheckFile(context.Background(), nil); err != nil {
		r.t.Error(err)
	}
}

// A block is invalid at its last transaction while workers run the scripts of
// it and of others: they have all ended when the verdict comes.
func TestT30_BlockBadAtItsLastTransaction(t *testing.T) {
	tr, r := plant(t)
	key := chaintest.NewKey(3)
	tr.Grow(chaintest.Genesis, "a", 130, chaintest.PayTo(key.P2WPKH()))
	tr.AcceptRow("a", 130)
	var txs []*chain.Tx
	for i := range 12 {
		txs = append(txs, chaintest.SpendOne(t, tr.Named(fmt.Sprintf("a%d", i+1)).Coinbase(key), key.P2WPKH(), 1000))
	}
	bad := txs[11].Copy()
	bad.TxIn[0].Witness[0][10] ^= 1
	for i := range sized(15, 1000) {
		name := fmt.Sprintf("bad%d", i)
		m := tr.Block("a130", name, chaintest.With(append(txs[:11:11], chain.NewTx(bad))...))
		err := r.Submit(m)
		if !errors.Is(err, chain.ErrBlockScript) && !strings.Contains(fmt.Sprint(err), string(chain.ErrBlockScript)) {
			t.Fatalf("round %d: %v", i, err)
		}
	}
	tr.Block("a130", "good", chaintest.With(txs...))
	tr.Accept("good")
	r.check()
}

// A reorganisation much deeper than the cache, to a branch that turns out
// invalid, to a good one, and back.
func TestT54_DeepReorganisation(t *testing.T) {
	depth := sized(300, 2000)
	tr, r := plant(t, func(c *Config, _ *db.Options) { c.DBCache = 50_000; c.FilterIndex = false })
	//	genesis -> a1 … aN
	//	        \-> b1 … bN bad!
	//	        \-> c1 … cN c(N+1)
	tr.Grow(chaintest.Genesis, "a", depth)
	tr.AcceptRow("a", depth)
	end := tr.Grow(chaintest.Genesis, "b", depth)
	tr.Block(end, "bad", chaintest.Fees(1))
	end = tr.Grow(chaintest.Genesis, "c", depth+1)
	for i := range depth {
		tr.Side(fmt.Sprintf("b%d", i+1))
	}
	tr.Reject("bad", chain.ErrCoinbaseAmount)
	tr.ExpectTip(fmt.Sprintf("a%d", depth))
	for i := range depth {
		tr.Side(fmt.Sprintf("c%d", i+1))
	}
	tr.Accept(end)
	tr.ExpectTip(end)
	deep, err := r.CoinStats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tr.Block(fmt.Sprintf("a%d", depth), "x1")
	tr.Block("x1", "x2")
	tr.Side("x1")
	tr.Accept("x2")
	tr.ExpectTip("x2")
	r.invalidate(tr.Named("a1"))
	tr.ExpectTip(end)
	r.check()

	direct := newRig(t)
	tr2 := chaintest.NewTree(t, direct.cfg.Params, direct)
	for i := range depth + 1 {
		name := fmt.Sprintf("c%d", i+1)
		tr2.Put(name, tr.Named(name))
		tr2.Accept(name)
	}
	s, err := direct.CoinStats(t.Context())
	if err != nil || s.MuHash != deep.MuHash || s.Serialized3 != deep.Serialized3 {
		t.Errorf("after reorganisations %+v, direct %+v, %v", deep, s, err)
	}
}

// Whatever bit flips in the file: what is served is right, or nothing is.
func TestT52_FlippedBitsAreNeverServed(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	g := growGrove(t, rng, 30)
	dir := t.TempDir()
	path := filepath.Join(dir, "chain.db")
	r := start(t, path)
	g.submitTrunk(t, r)
	for _, b := range g.blocks {
		<-r.later(b.Mined)
	}
	r.stop()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(dir, "bad.db")
	found := 0
	for range 60 {
		flipped := bytes.Clone(whole)
		at := rng.IntN(len(whole))
		flipped[at] ^= 1 << rng.IntN(8)
		if err := os.WriteFile(bad, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := readEverything(t, g, bad); err != nil {
			found++
		}
	}
	if found == 0 {
		t.Error("no flip was ever found")
	}
}

// readEverything checks a file; if that finds nothing, all bodies and coins
// must be right.
func readEverything(t *testing.T, g *grove, path string) error {
	file, err := db.Open(path, Name, Schema, db.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer file.Close()
	l, err := Open(Config{DB: file, Params: g.params})
	if err != nil {
		return err
	}
	checked := CheckFile(t.Context(), path, g.params, nil)
	for _, b := range append(leaves(g.trunk), g.blocks...) {
		if !l.HaveBody(b.Block.Hash) {
			continue
		}
		raw, err := l.RawBlock(b.Block.Hash)
		if err == nil && !bytes.Equal(raw, b.Block.Raw) {
			t.Errorf("a damaged body was served")
		}
		if err != nil && checked == nil {
			t.Errorf("CheckFile found nothing, but: %v", err)
		}
	}
	for op, want := range g.state[l.Tip().Hash] {
		c, ok, err := l.View().Coin(op)
		switch {
		case err == nil && ok && (c.Value != want.Value || !bytes.Equal(c.PkScript, want.PkScript)):
			t.Errorf("a damaged coin was served")
		case checked == nil && (err != nil || !ok):
			t.Errorf("CheckFile found nothing, but coin %v: %v, %v", op, ok, err)
		}
	}
	return checked
}

func TestCheckFileFindsABodyOfAnotherBlock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chain.db")
	r := start(t, path)
	tr := chaintest.NewTree(t, r.cfg.Params, r)
	tr.Grow(chaintest.Genesis, "a", 3)
	tr.AcceptRow("a", 3)
	r.stop()
	if err := CheckFile(t.Context(), path, r.cfg.Params, nil); err != nil {
		t.Fatal(err)
	}
	file, err := db.Open(path, Name, Schema, db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	bodies := db.NewTable("bodies", db.Uint32(), db.Bytes())
	err = file.Update(func(tx *db.Tx) error { return bodies.Put(tx, 2, tr.Named("a2").Block.Raw) })
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	if err := CheckFile(t.Context(), path, r.cfg.Params, nil); !errors.Is(err, db.ErrCorrupt) {
		t.Error(err)
	}
}
