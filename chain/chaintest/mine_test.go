package chaintest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/script"
)

func check(p *chain.Params, m chaintest.Mined) error {
	now := m.Node.Header.Timestamp.Add(time.Hour)
	return errors.Join(
		chain.CheckHeader(p, m.Node.Parent, &m.Node.Header, now),
		chain.CheckBlock(p, m.Block),
		chain.CheckBlockContext(p, m.Node.Parent, m.Block),
	)
}

func TestMinedBlocksKeepEveryRule(t *testing.T) {
	p := chain.RegTest()
	parent := p.Genesis()
	for _, m := range chaintest.Grow(t, p, parent, chaintest.Times(300)) {
		if err := check(p, m); err != nil {
			t.Fatalf("height %d: %v", m.Node.Height, err)
		}
	}
}

func TestSpendsOfEveryKindAreSignedWell(t *testing.T) {
	p := chain.RegTest()
	key := chaintest.NewKey(7)
	tip := p.Genesis()
	var coins []chaintest.Coin
	for _, pk := range [][]byte{key.P2PKH(), key.P2WPKH(), key.P2TR(), chaintest.OpTrue()} {
		m := chaintest.Mine(t, p, tip, chaintest.PayTo(pk))
		coins = append(coins, m.Coinbase(key))
		tip = m.Node
	}
	coins[3].Key = nil
	rows := chaintest.Grow(t, p, tip, chaintest.Times(100))
	tx := chaintest.Spend(t, coins, chaintest.Pay(1e9, chaintest.OpTrue()))
	m := chaintest.Mine(t, p, rows[99].Node, chaintest.With(tx), chaintest.Fees(19e9))
	if err := check(p, m); err != nil {
		t.Fatal(err)
	}
	spent := make([]chain.Coin, len(coins))
	for i, c := range coins {
		spent[i] = chain.Coin{Value: c.Value, PkScript: c.Script, Height: int32(i + 1), Coinbase: true}
	}
	if _, err := chain.CheckTxInputs(p, tx, spent, m.Node.Height); err != nil {
		t.Fatal(err)
	}
	if err := script.New(script.Config{}).CheckTx(tx, spent, chain.StandardFlags); err != nil {
		t.Fatal(err)
	}
	if err := chain.CheckCoinbaseAmount(p, m.Block, m.Node.Height, 19e9); err != nil {
		t.Fatal(err)
	}
}

func TestTamperAndDamageBreakWhatTheySay(t *testing.T) {
	p := chain.RegTest()
	value := func(msg *wire.MsgBlock) { msg.Transactions[0].TxOut[0].Value++ }
	m := chaintest.Mine(t, p, p.Genesis(), chaintest.Tamper(value))
	if err := check(p, m); err != nil {
		t.Fatalf("a tampered block is sealed again, got %v", err)
	}
	if err := chain.CheckCoinbaseAmount(p, m.Block, 1, 0); !errors.Is(err, chain.ErrCoinbaseAmount) {
		t.Fatalf("got %v, want %v", err, chain.ErrCoinbaseAmount)
	}
	m = chaintest.Mine(t, p, p.Genesis(), chaintest.Damage(value))
	if err := check(p, m); !errors.Is(err, chain.ErrBadMerkleRoot) {
		t.Fatalf("got %v, want %v", err, chain.ErrBadMerkleRoot)
	}
	m = chaintest.Mine(t, p, p.Genesis(), chaintest.Unsolved())
	if err := check(p, m); !errors.Is(err, chain.ErrHighHash) {
		t.Fatalf("got %v, want %v", err, chain.ErrHighHash)
	}
}
