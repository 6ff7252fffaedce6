package connect

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/coins"
	"grapevine/chain/script"
)

// mapConnector is a connector above a map.
type mapConnector struct {
	Connector
	set   map[wire.OutPoint]chain.Coin
	asked []wire.OutPoint
}

func newMapConnector(p *chain.Params) *mapConnector {
	d := &mapConnector{set: map[wire.OutPoint]chain.Coin{}}
	d.Connector = Connector{Params: p, Overlay: coins.NewOverlay(), Fetch: d.fetch}
	return d
}

func (d *mapConnector) fetch(ops []wire.OutPoint, into []coins.Found) error {
	d.asked = append(d.asked, ops...)
	for i, op := range ops {
		into[i].Coin, into[i].OK = d.set[op]
	}
	return nil
}

// coin puts an old coin of anyone's into the set.
func (d *mapConnector) coin(n byte) chaintest.Coin {
	op := wire.OutPoint{Hash: chain.Hash{0xcc, n}}
	d.set[op] = chain.Coin{Value: btcutil.SatoshiPerBitcoin, PkScript: chaintest.OpTrue(), Height: 1}
	return chaintest.Coin{Op: op, Value: btcutil.SatoshiPerBitcoin, Script: chaintest.OpTrue()}
}

func spend(t *testing.T, in ...chaintest.Coin) *chain.Tx {
	t.Helper()
	return chaintest.Spend(t, in, chaintest.Pay(btcutil.SatoshiPerBitcoin/2, chaintest.OpTrue()))
}

func TestCoinsOfABlock(t *testing.T) {
	p := chain.RegTest()
	for _, c := range []struct {
		name string
		txs  func(t *testing.T, d *mapConnector) []*chain.Tx
		want error
	}{
		{"old coins", func(t *testing.T, d *mapConnector) []*chain.Tx {
			return []*chain.Tx{spend(t, d.coin(1), d.coin(2)), spend(t, d.coin(3))}
		}, nil},
		{"a coin made before in the block", func(t *testing.T, d *mapConnector) []*chain.Tx {
			first := spend(t, d.coin(1))
			return []*chain.Tx{first, chaintest.SpendOne(t, chaintest.OutputOf(first, 0, nil), chaintest.OpTrue(), 5)}
		}, nil},
		{"a coin made later in the block", func(t *testing.T, d *mapConnector) []*chain.Tx {
			first := spend(t, d.coin(1))
			return []*chain.Tx{chaintest.SpendOne(t, chaintest.OutputOf(first, 0, nil), chaintest.OpTrue(), 5), first}
		}, chain.ErrInputsMissing},
		{"a coin spent twice", func(t *testing.T, d *mapConnector) []*chain.Tx {
			return []*chain.Tx{spend(t, d.coin(1)), chaintest.SpendOne(t, d.coin(1), chaintest.OpTrue(), 7)}
		}, chain.ErrInputsMissing},
		{"a coin that never was", func(t *testing.T, d *mapConnector) []*chain.Tx {
			c := d.coin(1)
			delete(d.set, c.Op)
			return []*chain.Tx{spend(t, c)}
		}, chain.ErrInputsMissing},
		// The coin looked up for the third transaction must not be taken for the
		// output that the first does not have.
		{"an output that its transaction does not have", func(t *testing.T, d *mapConnector) []*chain.Tx {
			first := spend(t, d.coin(1))
			missing := chaintest.Coin{Op: wire.OutPoint{Hash: first.ID, Index: 9}, Value: 5, Script: chaintest.OpTrue()}
			return []*chain.Tx{first, spend(t, missing), spend(t, d.coin(2))}
		}, chain.ErrInputsMissing},
		{"more out than in", func(t *testing.T, d *mapConnector) []*chain.Tx {
			return []*chain.Tx{chaintest.Spend(t, []chaintest.Coin{d.coin(1)}, chaintest.Pay(2*btcutil.SatoshiPerBitcoin, chaintest.OpTrue()))}
		}, chain.ErrInBelowOut},
	} {
		d := newMapConnector(p)
		m := chaintest.Mine(t, p, p.Genesis(), chaintest.With(c.txs(t, d)...))
		_, err := d.Connect(m.Node, m.Block, 1)
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestDisconnectTakesEverythingBack(t *testing.T) {
	p := chain.RegTest()
	d := newMapConnector(p)
	first := spend(t, d.coin(1), d.coin(2))
	second := chaintest.SpendOne(t, chaintest.OutputOf(first, 0, nil), chaintest.OpTrue(), 5)
	m := chaintest.Mine(t, p, p.Genesis(), chaintest.With(first, second))
	e, err := d.Connect(m.Node, m.Block, 1)
	if err != nil {
		t.Fatal(err)
	}
	cache := coins.NewCache()
	for _, ch := range e.Changes {
		cache.Apply(ch)
	}
	changes, err := d.Disconnect(m.Block, e.Spent, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, ch := range changes {
		cache.Apply(ch)
	}
	for op, want := range d.set {
		raw, known := cache.Get(op)
		if c, err := coins.Decode(raw); !known || err != nil || c.Value != want.Value {
			t.Errorf("%v is not back: %v", op, err)
		}
		if _, there, known := d.Overlay.Get(op); !there || !known {
			t.Errorf("%v is not back in the overlay", op)
		}
	}
	for _, tx := range m.Block.Txs {
		if raw, _ := cache.Get(wire.OutPoint{Hash: tx.ID}); raw != nil {
			t.Errorf("an output of %v is still there", tx.ID)
		}
	}
}

// BIP30 where it is needed: before BIP34 a coinbase could be repeated.
func TestT25_BIP30RefusesACoinThatExists(t *testing.T) {
	p := chain.RegTest()
	net := *p.Params
	net.BIP0034Height = 1000
	p.Params = &net
	d := newMapConnector(p)
	m := chaintest.Mine(t, p, p.Genesis())
	d.set[wire.OutPoint{Hash: m.Block.Txs[0].ID}] = chain.Coin{Value: 1, PkScript: chaintest.OpTrue()}
	if _, err := d.Connect(m.Node, m.Block, 1); !errors.Is(err, chain.ErrBIP30) {
		t.Errorf("got %v", err)
	}
	delete(d.set, wire.OutPoint{Hash: m.Block.Txs[0].ID})
	if _, err := d.Connect(m.Node, m.Block, 2); err != nil {
		t.Errorf("got %v", err)
	}
	if _, err := d.Connect(m.Node, m.Block, 3); !errors.Is(err, chain.ErrBIP30) {
		t.Errorf("a coin in the overlay: got %v", err)
	}
}

// The first failure in block order is told, whichever worker is faster, and
// Done is called once, after all tasks: also where signatures are verified together.
func TestJobTellsTheFirstFailure(t *testing.T) {
	key := chaintest.NewKey(1)
	for name, scripts := range map[string][][]byte{
		"P2WPKH": {key.P2WPKH()},
		"P2TR":   {key.P2TR()},
		"mixed":  {key.P2TR(), key.P2WPKH(), key.P2TR()},
	} {
		t.Run(name, func(t *testing.T) { tellsTheFirst(t, key, scripts) })
	}
}

func tellsTheFirst(t *testing.T, key *chaintest.Key, scripts [][]byte) {
	p := chain.RegTest()
	d := newMapConnector(p)
	var txs []*chain.Tx
	for i := range byte(60) {
		c := d.coin(i)
		c.Script, c.Key = scripts[int(i)%len(scripts)], key
		d.set[c.Op] = chain.Coin{Value: c.Value, PkScript: c.Script, Height: 1}
		tx := spend(t, c)
		if i == 17 || i == 40 || i == 59 {
			forged := tx.Copy()
			forged.TxIn[0].Witness[0][20] ^= 1
			tx = chain.NewTx(forged)
		}
		txs = append(txs, tx)
	}
	m := chaintest.Mine(t, p, p.Genesis(), chaintest.With(txs...))
	e, err := d.Connect(m.Node, m.Block, 1)
	if err != nil {
		t.Fatal(err)
	}
	ws := StartWorkers(3)
	defer ws.Close()
	checker := script.New(script.Config{CacheEntries: 10})
	for range 30 {
		told := result(ws, &Job{Block: m.Block, Spent: e.Spent, Checker: checker, Flags: e.Flags})
		if want := txs[17].ID.String(); told == nil || !strings.Contains(told.Error(), want) {
			t.Fatalf("told %v, want the failure in %s", told, want)
		}
	}
}

// result is what the job tells once.
func result(ws *Workers, j *Job) (told error) {
	var wg sync.WaitGroup
	wg.Add(1) // a second Done would panic
	j.Done = func(_ Result, err error) { told = err; wg.Done() }
	j.Start(ws)
	wg.Wait()
	return told
}

// A transaction of more inputs than one task checks is spread over tasks, each with a batch of its own: a bad
// signature is found wherever it stands, and the first is told.
func TestEveryInputOfALargeTransactionIsChecked(t *testing.T) {
	key := chaintest.NewKey(1)
	for name, pay := range map[string][]byte{"P2WPKH": key.P2WPKH(), "P2TR": key.P2TR()} {
		for _, n := range []int{jobInputs, jobInputs + 1, 3 * jobInputs} {
			for _, bad := range [][]int{nil, {0}, {jobInputs - 1}, {n - 1}, {jobInputs / 2, n - 1}} {
				told := afterForging(t, key, pay, n, bad)
				if len(bad) == 0 && told != nil ||
					len(bad) > 0 && (told == nil || !strings.Contains(told.Error(), fmt.Sprintf("input %d of ", bad[0]))) {
					t.Errorf("%s: of %d inputs %v are bad: told %v", name, n, bad, told)
				}
			}
		}
	}
}

// afterForging is what is told of one transaction that spends n coins of the key's, of which some signatures are bad.
func afterForging(t *testing.T, key *chaintest.Key, pay []byte, n int, bad []int) error {
	p := chain.RegTest()
	d := newMapConnector(p)
	in := make([]chaintest.Coin, n)
	for i := range in {
		in[i] = d.coin(byte(i))
		in[i].Script, in[i].Key = pay, key
		d.set[in[i].Op] = chain.Coin{Value: in[i].Value, PkScript: pay, Height: 1}
	}
	forged := spend(t, in...).Copy()
	for _, i := range bad {
		forged.TxIn[i].Witness[0][20] ^= 1
	}
	m := chaintest.Mine(t, p, p.Genesis(), chaintest.With(chain.NewTx(forged)))
	e, err := d.Connect(m.Node, m.Block, 1)
	if err != nil {
		t.Fatal(err)
	}
	ws := StartWorkers(3)
	defer ws.Close()
	return result(ws, &Job{Block: m.Block, Spent: e.Spent, Checker: script.New(script.Config{CacheEntries: 10}), Flags: e.Flags})
}
