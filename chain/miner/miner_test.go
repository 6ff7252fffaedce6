package miner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/mempool"
	"grapevine/chain/script"
)

// book is a ledger in memory that knows the rules, and a pool that follows it.
type book struct {
	params *chain.Params
	tip    *chain.HeaderNode
	coins  map[wire.OutPoint]chain.Coin
	blocks []*chain.Block
	now    time.Time
	pool   *mempool.Pool
	checks *script.Checker
	tried  int
}

func newBook() *book {
	p := chain.RegTest()
	b := &book{params: p, tip: p.Genesis(), coins: map[wire.OutPoint]chain.Coin{}, checks: script.New(script.Config{})}
	b.now = b.tip.Header.Timestamp.Add(time.Hour)
	b.pool = mempool.New(mempool.Config{
		Params: p, View: func() mempool.View { return view{b} }, Script: b.checks, Now: func() time.Time { return b.now },
	})
	return b
}

type view struct{ *book }

func (v view) Tip() *chain.HeaderNode { return v.tip }

func (v view) Coin(op wire.OutPoint) (chain.Coin, bool, error) {
	c, ok := v.coins[op]
	return c, ok, nil
}

func (b *book) Tip() *chain.HeaderNode { return b.tip }

func (b *book) TryTemplate(h wire.BlockHeader, txs []*chain.Tx) error {
	h.MerkleRoot, _ = chain.TxRoot(txs)
	return b.TryBlock((&Template{Header: h, Coinbase: txs[0], Txs: templateTxs(txs[1:]), Weight: chain.BlockWeight(txs)}).block())
}

func templateTxs(txs []*chain.Tx) (list []TemplateTx) {
	for _, tx := range txs {
		list = append(list, TemplateTx{Tx: tx})
	}
	return list
}

func (b *book) TryBlock(block *chain.Block) error {
	b.tried++
	if err := chain.CheckHeaderContext(b.params, b.tip, &block.Header, b.now); err != nil {
		return err
	}
	if err := chain.CheckBlock(b.params, block); err != nil {
		return err
	}
	if err := chain.CheckBlockContext(b.params, b.tip, block); err != nil {
		return err
	}
	made, height := map[wire.OutPoint]chain.Coin{}, b.tip.Height+1
	var fees btcutil.Amount
	for i, tx := range block.Txs {
		for n, out := range tx.TxOut {
			made[wire.OutPoint{Hash: tx.ID, Index: uint32(n)}] = chain.Coin{Value: btcutil.Amount(out.Value), PkScript: out.PkScript, Height: height, Coinbase: i == 0}
		}
		if i == 0 {
			continue
		}
		var coins []chain.Coin
		for _, in := range tx.TxIn {
			c, ok := made[in.PreviousOutPoint]
			if !ok {
				c, ok = b.coins[in.PreviousOutPoint]
			}
			if !ok {
				return chain.Broken(chain.ErrInputsMissing, "%s", in.PreviousOutPoint)
			}
			coins = append(coins, c)
		}
		fee, err := chain.CheckTxInputs(b.params, tx, coins, height)
		if err != nil {
			return err
		}
		if err := b.checks.CheckTx(tx, coins, chain.StandardFlags); err != nil {
			return err
		}
		fees += fee
	}
	return chain.CheckCoinbaseAmount(b.params, block, height, fees)
}

func (b *book) submit(_ context.Context, block *chain.Block) error {
	if err := chain.CheckWork(b.params, &block.Header); err != nil {
		return err
	}
	if block.Header.PrevBlock != b.tip.Hash {
		return chain.ErrInconclusive
	}
	if err := b.TryBlock(block); err != nil {
		return err
	}
	b.tip = chain.NewHeaderNode(b.tip, block.Header)
	for i, tx := range block.Txs {
		for _, in := range tx.TxIn {
			delete(b.coins, in.PreviousOutPoint)
		}
		for n, out := range tx.TxOut {
			b.coins[wire.OutPoint{Hash: tx.ID, Index: uint32(n)}] = chain.Coin{Value: btcutil.Amount(out.Value), PkScript: out.PkScript, Height: b.tip.Height, Coinbase: i == 0}
		}
	}
	b.blocks = append(b.blocks, block)
	b.pool.Apply(chain.Delta{Connected: []chain.Linked{{Node: b.tip, Block: block}}, Tip: b.tip})
	return nil
}

func (b *book) miner(change ...func(*Config)) *Miner {
	cfg := Config{Params: b.params, Ledger: b, Pool: b.pool, Submit: b.submit, Now: func() time.Time { return b.now }, ExtraNonce: 7}
	for _, f := range change {
		f(&cfg)
	}
	return New(cfg)
}

func generate(t *testing.T, m *Miner, n int, payTo []byte) []chain.Hash {
	t.Helper()
	hashes, err := m.Generate(t.Context(), n, payTo, 0)
	if err != nil || len(hashes) != n {
		t.Fatalf("%d of %d blocks, %v", len(hashes), n, err)
	}
	return hashes
}

func add(t *testing.T, b *book, tx *chain.Tx) *chain.Tx {
	t.Helper()
	if _, err := b.pool.Add(tx); err != nil {
		t.Fatal(err)
	}
	return tx
}

func TestGeneratedBlocksFollowEachOther(t *testing.T) {
	b := newBook()
	hashes := generate(t, b.miner(), 300, chaintest.NewKey(1).P2WPKH())
	if b.tip.Height != 300 || hashes[299] != b.tip.Hash {
		t.Fatalf("tip %v", b.tip)
	}
	for i, block := range b.blocks[1:] {
		if block.Header.Timestamp.Before(b.now) {
			t.Fatalf("block %d is older than now", i+2)
		}
	}
}

func TestPoolGoesIntoTheBlockWithWitnessesAndFees(t *testing.T) {
	b := newBook()
	m, key := b.miner(), chaintest.NewKey(1)
	generate(t, m, 101, key.P2WPKH())
	parent := add(t, b, chaintest.SpendOne(t, chaintest.OutputOf(b.blocks[0].Txs[0], 0, key), key.P2TR(), 1000))
	child := add(t, b, chaintest.SpendOne(t, chaintest.OutputOf(parent, 0, key), key.P2PKH(), 9000))
	tmpl, err := m.Template(t.Context(), key.P2TR())
	if err != nil {
		t.Fatal(err)
	}
	if tmpl.CoinbaseValue != 50e8+10_000 || len(tmpl.Txs) != 2 || tmpl.Txs[1].Depends[0] != 1 || tmpl.Txs[1].Fee != 9000 {
		t.Fatalf("%+v", tmpl)
	}
	if len(tmpl.Commitment) != 38 || tmpl.Height != 102 || tmpl.MinTime != b.tip.MedianTimePast()+1 || tmpl.Weight < parent.Weight+child.Weight {
		t.Fatalf("%+v", tmpl)
	}
	generate(t, m, 1, key.P2TR())
	block := b.blocks[101]
	if again, err := chain.DecodeBlock(block.Raw); err != nil || again.Hash != block.Hash || again.Weight != block.Weight {
		t.Fatalf("its bytes are another block: %v", err)
	}
	if len(block.Txs) != 3 || block.Txs[1].ID != parent.ID || block.Txs[2].ID != child.ID || block.Txs[0].TxOut[0].Value != 50e8+10_000 {
		t.Fatalf("%d transactions", len(block.Txs))
	}
	if b.pool.Stats().Size != 0 {
		t.Fatal("the pool has not followed")
	}
}

func TestTwoBlocksOfOneParentToOneAddressDiffer(t *testing.T) {
	b := newBook()
	m, script := b.miner(), chaintest.OpTrue()
	one, err1 := m.SolveBlock(t.Context(), script, nil)
	two, err2 := m.SolveBlock(t.Context(), script, nil)
	if err1 != nil || err2 != nil || one.Hash == two.Hash || one.Txs[0].ID == two.Txs[0].ID {
		t.Fatal(err1, err2)
	}
}

// Under bitcoind's name a coinbase is what Core makes: height and OP_0, up to 29 without a lock time.
func TestACoinbaseMayBeAsCores(t *testing.T) {
	b := newBook()
	m, script := b.miner(), chaintest.OpTrue()
	m.cfg.NoExtraNonce, m.cfg.NoLockTime = true, true
	one, err1 := m.SolveBlock(t.Context(), script, nil)
	two, err2 := m.SolveBlock(t.Context(), script, nil)
	if err1 != nil || err2 != nil || one.Txs[0].ID != two.Txs[0].ID {
		t.Fatal(err1, err2)
	}
	cb := one.Txs[0]
	want := append(chain.HeightScript(b.Tip().Height+1), 0)
	if in := cb.TxIn[0]; !bytes.Equal(in.SignatureScript, want) || in.Sequence != 0xffffffff || cb.LockTime != 0 {
		t.Errorf("%x, sequence %x, lock time %d", in.SignatureScript, in.Sequence, cb.LockTime)
	}
}

func TestGenerateBlockHoldsExactlyTheGiven(t *testing.T) {
	b := newBook()
	m, key := b.miner(), chaintest.NewKey(1)
	generate(t, m, 101, key.P2WPKH())
	coin := chaintest.OutputOf(b.blocks[0].Txs[0], 0, key)
	add(t, b, chaintest.SpendOne(t, coin, key.P2WPKH(), 1000))
	rival := chaintest.SpendOne(t, coin, key.P2TR(), 500)
	block, err := m.GenerateBlock(t.Context(), key.P2TR(), []*chain.Tx{rival})
	if err != nil || len(block.Txs) != 2 || block.Txs[1].ID != rival.ID || block.Hash != b.tip.Hash || block.Txs[0].TxOut[0].Value != 50e8 {
		t.Fatal(err)
	}
	if b.pool.Stats().Size != 0 {
		t.Fatal("the rival's rival is still there")
	}
	if _, err := m.GenerateBlock(t.Context(), key.P2TR(), []*chain.Tx{rival}); !errors.Is(err, chain.ErrInputsMissing) {
		t.Fatalf("a double spend: %v", err)
	}
	if b.tip.Height != 102 {
		t.Fatal("it was submitted")
	}
}

func TestTimeIsAfterTheMedianWhenTheClockIsBehind(t *testing.T) {
	b := newBook()
	m := b.miner()
	generate(t, m, 20, chaintest.OpTrue())
	b.now = b.now.Add(-30 * time.Minute)
	generate(t, m, 1, chaintest.OpTrue())
	if got, want := b.tip.Header.Timestamp.Unix(), b.tip.Parent.MedianTimePast()+1; got != want {
		t.Fatalf("time %d, want %d", got, want)
	}
}

// A template is given again as long as it is what would be made anew, and never longer: after whatever may happen
// it holds what Template chooses.
func TestTheLatestTemplateIsWhatWouldBeMadeNow(t *testing.T) {
	b := newBook()
	m, key := b.miner(), chaintest.NewKey(1)
	generate(t, m, 103, key.P2WPKH())
	coin := func(i int) chaintest.Coin { return chaintest.OutputOf(b.blocks[i].Txs[0], 0, key) }
	first := chaintest.SpendOne(t, coin(0), key.P2TR(), 1000)
	second := chaintest.SpendOne(t, coin(1), key.P2TR(), 2000)
	payTo := key.P2WPKH()
	var before *Template
	for _, step := range []struct {
		name string
		do   func()
		same bool
	}{
		{"the first", func() {}, false},
		{"nothing", func() {}, true},
		{"a transaction", func() { add(t, b, first) }, false},
		{"another", func() { add(t, b, second) }, false},
		{"time", func() { b.now = b.now.Add(time.Hour) }, true},
		{"it counts as paying more", func() { b.pool.Prioritise(first.ID, 10_000) }, false},
		{"what is not there counts as paying more", func() { b.pool.Prioritise(chain.Hash{1}, 10_000) }, true},
		{"it is replaced", func() { add(t, b, chaintest.SpendOne(t, coin(0), key.P2WPKH(), 20_000)) }, false},
		{"another payee", func() { payTo = key.P2TR() }, false},
		{"a block", func() { generate(t, m, 1, key.P2TR()) }, false},
		{"an empty one", func() { generate(t, m, 1, key.P2TR()) }, false},
	} {
		step.do()
		got, err1 := m.Latest(t.Context(), payTo)
		want, err2 := m.Template(t.Context(), payTo)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(step.name, err)
		}
		if !slices.EqualFunc(got.Txs, want.Txs, func(a, b TemplateTx) bool { return a.Tx == b.Tx && a.Fee == b.Fee }) || got.Parent != b.tip ||
			got.Updates != b.pool.Updates() || got.Header.Timestamp != want.Header.Timestamp || got.CoinbaseValue != want.CoinbaseValue || !bytes.Equal(got.payTo, payTo) {
			t.Errorf("%s: %+v, want %+v", step.name, got, want)
		}
		if same := before != nil && before.Coinbase == got.Coinbase; same != step.same {
			t.Errorf("%s: it is the last one: %v", step.name, same)
		}
		before = got
	}
}

// Who gives up waiting for another's template leaves it alone.
func TestWaitingForATemplateEndsWithItsContext(t *testing.T) {
	m := newBook().miner()
	<-m.kept
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Latest(ctx, chaintest.OpTrue()); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	m.kept <- nil
	if _, err := m.Latest(t.Context(), chaintest.OpTrue()); err != nil {
		t.Fatal(err)
	}
}

// never finds anything.
type never struct{ asked *int }

func (n never) Solve(ctx context.Context, _ *wire.BlockHeader, _ uint64) (bool, error) {
	*n.asked++
	return false, ctx.Err()
}

func TestGenerateEndsWhenTriesRunOut(t *testing.T) {
	b, asked := newBook(), 0
	m := b.miner(func(c *Config) { c.Solver = never{&asked} })
	hashes, err := m.Generate(t.Context(), 3, chaintest.OpTrue(), 3*sliceTries)
	if err != nil || len(hashes) != 0 || asked != 3 || b.tried != 3 {
		t.Fatalf("%v %v, asked %d, tried %d", hashes, err, asked, b.tried)
	}
}

func TestGenerateEndsWithItsContext(t *testing.T) {
	b, asked := newBook(), 0
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.miner(func(c *Config) { c.Solver = never{&asked} }).Generate(ctx, 1, chaintest.OpTrue(), 0); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	h := wire.BlockHeader{Bits: 0x1d00ffff}
	if _, err := (CPU{}).Solve(ctx, &h, 1<<40); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestBlockThatWasSlowerIsNoFailure(t *testing.T) {
	b := newBook()
	m := b.miner(func(c *Config) {
		c.Submit = func(context.Context, *chain.Block) error { return chain.ErrInconclusive }
	})
	if hashes, err := m.Generate(t.Context(), 1, chaintest.OpTrue(), 0); err != nil || len(hashes) != 1 {
		t.Fatal(hashes, err)
	}
}

func TestTemplateThatTheLedgerRefusesIsAnError(t *testing.T) {
	b := newBook()
	b.now = b.now.Add(-1000 * time.Hour) // the parent's time is far ahead of the clock
	if _, err := b.miner().Generate(t.Context(), 1, chaintest.OpTrue(), 0); !errors.Is(err, chain.ErrTimeTooNew) {
		t.Fatal(err)
	}
}

// unsure is a ledger whose coins move away and back under a trial, so often: it gives no verdict, and
// its tip is the same before and after.
type unsure struct {
	*book
	times int
}

func (u *unsure) TryTemplate(h wire.BlockHeader, txs []*chain.Tx) error {
	if u.times--; u.times >= 0 {
		return fmt.Errorf("%w: the coins moved", chain.ErrInconclusive)
	}
	return u.book.TryTemplate(h, txs)
}

// No verdict is no refusal, whatever the tip is afterwards: the template is made anew, and given up
// once the coins never rest.
func TestATemplateIsTriedUntilThereIsAVerdict(t *testing.T) {
	for _, tc := range []struct {
		times int
		want  error
	}{{0, nil}, {1, nil}, {settleTries - 1, nil}, {settleTries, errUnsettled}} {
		b := newBook()
		m := b.miner(func(c *Config) { c.Ledger = &unsure{b, tc.times} })
		got, err := m.Template(t.Context(), chaintest.OpTrue())
		if !errors.Is(err, tc.want) || err == nil && got.Parent != b.tip || errors.Is(err, chain.ErrInconclusive) {
			t.Errorf("unsure %d times: %v", tc.times, err)
		}
	}
}

func TestPoolThatDoesNotFollowIsAnError(t *testing.T) {
	b := newBook()
	m := b.miner()
	generate(t, m, 1, chaintest.OpTrue())
	b.tip = b.tip.Parent
	synctest.Test(t, func(t *testing.T) { // waiting takes no time
		if _, err := m.Template(t.Context(), chaintest.OpTrue()); !errors.Is(err, errUnsettled) {
			t.Fatal(err)
		}
	})
}

func TestCPUSolvesAsTheRuleAsks(t *testing.T) {
	p := chain.RegTest()
	for i := range 50 {
		h := p.GenesisBlock.Header
		h.Nonce, h.Timestamp = 0, h.Timestamp.Add(time.Duration(i)*time.Second)
		if ok, err := (CPU{}).Solve(t.Context(), &h, 1000); !ok || err != nil || chain.CheckWork(p, &h) != nil {
			t.Fatal(i, ok, err)
		}
	}
	h := wire.BlockHeader{Bits: 0x1d00ffff, Nonce: 0xffffff00}
	if ok, err := (CPU{}).Solve(t.Context(), &h, 1<<20); ok || err != nil {
		t.Fatal("nonces ran out:", ok, err)
	}
	if ok, err := (CPU{}).Solve(t.Context(), &wire.BlockHeader{}, 1); ok || err != nil {
		t.Fatal("bits that no header may claim:", ok, err)
	}
}

// BenchmarkAssembleFrom5000 fills a pool with signed transactions and asks for a block, tried by the ledger of this test.
func BenchmarkAssembleFrom5000(b *testing.B) {
	book, key := newBook(), chaintest.NewKey(1)
	m := book.miner()
	if _, err := m.Generate(b.Context(), 101, key.P2WPKH(), 0); err != nil {
		b.Fatal(err)
	}
	fan := func(from chaintest.Coin, n int) *chain.Tx {
		outs := make([]*wire.TxOut, n)
		for i := range outs {
			outs[i] = chaintest.Pay((from.Value-1e6)/btcutil.Amount(n), key.P2WPKH())
		}
		return chaintest.Spend(b, []chaintest.Coin{from}, outs...)
	}
	first := fan(chaintest.OutputOf(book.blocks[0].Txs[0], 0, key), 5)
	txs := []*chain.Tx{first}
	for i := range 5 {
		txs = append(txs, fan(chaintest.OutputOf(first, i, key), 1000))
	}
	if _, err := m.GenerateBlock(b.Context(), key.P2WPKH(), txs); err != nil {
		b.Fatal(err)
	}
	for i := range 5000 {
		from := chaintest.OutputOf(txs[1+i/1000], i%1000, key)
		if _, err := book.pool.Add(chaintest.SpendOne(b, from, key.P2TR(), btcutil.Amount(500+i))); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := m.Template(b.Context(), key.P2WPKH()); err != nil {
			b.Fatal(err)
		}
	}
}
