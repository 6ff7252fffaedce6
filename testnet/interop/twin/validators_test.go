package twin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/database"
	_ "github.com/btcsuite/btcd/database/ffldb" // btcd's only store
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/script"
	"grapevine/db"
)

// verdict is what became of an offered block.
type verdict string

const (
	connected verdict = "connected"
	stored    verdict = "stored beside the chain"
	refused   verdict = "refused"
)

// validator is one of the two.
type validator interface {
	offer(raw []byte) (verdict, error) // the error says why it was refused
	tip() chain.Hash
	forget(hash chain.Hash) // as invalidateblock does
	coin(op wire.OutPoint) (chain.Coin, bool)
}

// ours is the ledger behind the checks that a header goes through.
type ours struct {
	t      *testing.T
	params *chain.Params
	now    time.Time
	l      *ledger.Ledger

	verdicts chan error // of the one block that is being validated
}

func newOurs(t *testing.T, p *chain.Params, now time.Time) *ours {
	t.Helper()
	file, err := db.Open(filepath.Join(t.TempDir(), "chain.db"), ledger.Name, ledger.Schema, db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(ledger.Config{DB: file, Params: p, Now: time.Now,
		Script: script.New(script.Config{CacheEntries: 1000})})
	if err != nil {
		t.Fatal(err)
	}
	o := &ours{t: t, params: p, now: now, l: l, verdicts: make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { o.follow(ctx) })
	running.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
		file.Close()
	})
	return o
}

func (o *ours) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case ev := <-o.l.Events():
			for _, v := range ev.Verdicts {
				o.verdicts <- v.Err
			}
		}
	}
}

func (o *ours) offer(raw []byte) (verdict, error) {
	b, err := chain.DecodeBlock(raw)
	if err != nil {
		return refused, err
	}
	parent, _, ok := o.l.Lookup(b.Header.PrevBlock)
	if !ok {
		return refused, chain.ErrUnknownParent
	}
	if err := chain.CheckHeader(o.params, parent, &b.Header, o.now); err != nil {
		return refused, err
	}
	o.l.Submit(chain.NewHeaderNode(parent, b.Header), b, 1)
	select {
	case err = <-o.verdicts:
	case <-time.After(time.Minute):
		o.t.Fatal("our ledger says nothing")
	}
	switch {
	case err == nil:
		return connected, nil
	case errors.Is(err, chain.ErrInconclusive):
		return stored, nil
	}
	return refused, err
}

func (o *ours) tip() chain.Hash { return o.l.Tip().Hash }

func (o *ours) forget(hash chain.Hash) {
	if _, err := o.l.Invalidate(o.t.Context(), hash); err != nil {
		o.t.Fatal(err)
	}
}

func (o *ours) coin(op wire.OutPoint) (chain.Coin, bool) {
	c, ok, err := o.l.View().Coin(op)
	if err != nil {
		o.t.Fatal(err)
	}
	return c, ok
}

// theirs is btcd's package blockchain.
type theirs struct {
	t *testing.T
	c *blockchain.BlockChain
}

// fixedTime is a clock that stands still.
type fixedTime time.Time

func (f fixedTime) AdjustedTime() time.Time         { return time.Time(f) }
func (f fixedTime) AddTimeSample(string, time.Time) {}
func (f fixedTime) Offset() time.Duration           { return 0 }

func newTheirs(t *testing.T, p *chain.Params, now time.Time) *theirs {
	t.Helper()
	file, err := database.Create("ffldb", filepath.Join(t.TempDir(), "blocks"), wire.TestNet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	params := chaincfg.RegressionNetParams
	params.BIP0034Height, params.BIP0065Height, params.BIP0066Height = p.BIP0034Height, p.BIP0065Height, p.BIP0066Height
	params.SubsidyReductionInterval = p.SubsidyReductionInterval
	params.Deployments[chaincfg.DeploymentCSV].AlwaysActiveHeight = uint32(max(p.CSVHeight, 1))
	params.Deployments[chaincfg.DeploymentSegwit].AlwaysActiveHeight = uint32(max(p.SegwitHeight, 1))
	params.Deployments[chaincfg.DeploymentTaproot].AlwaysActiveHeight = uint32(max(p.SegwitHeight, 1))
	c, err := blockchain.New(&blockchain.Config{DB: file, ChainParams: &params, TimeSource: fixedTime(now),
		SigCache: txscript.NewSigCache(1000), UtxoCacheMaxSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return &theirs{t, c}
}

func (b *theirs) offer(raw []byte) (verdict, error) {
	r := bytes.NewReader(raw)
	var msg wire.MsgBlock
	if err := msg.Deserialize(r); err != nil {
		return refused, err
	}
	if r.Len() > 0 {
		return refused, fmt.Errorf("%d bytes after the end", r.Len())
	}
	main, orphan, err := b.c.ProcessBlock(btcutil.NewBlock(&msg), blockchain.BFNone)
	switch {
	case err != nil:
		return refused, err
	case orphan:
		return refused, chain.ErrUnknownParent
	case main:
		return connected, nil
	}
	return stored, nil
}

func (b *theirs) tip() chain.Hash { return b.c.BestSnapshot().Hash }

func (b *theirs) forget(hash chain.Hash) {
	if err := b.c.InvalidateBlock((*chainhash.Hash)(&hash)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *theirs) coin(op wire.OutPoint) (chain.Coin, bool) {
	e, err := b.c.FetchUtxoEntry(op)
	if err != nil {
		b.t.Fatal(err)
	}
	if e == nil || e.IsSpent() {
		return chain.Coin{}, false
	}
	return chain.Coin{Value: btcutil.Amount(e.Amount()), PkScript: e.PkScript(), Height: e.BlockHeight(), Coinbase: e.IsCoinBase()}, true
}
