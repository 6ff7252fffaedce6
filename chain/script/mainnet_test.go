package script_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/script"
)

// fromEnv reads the file that an environment variable names; without it the
// test is skipped, for these files come with modules that grapevine does not
// need.
func fromEnv(t *testing.T, name string) []byte {
	t.Helper()
	path := os.Getenv(name)
	if path == "" {
		t.Skipf("%s names no file", name)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestMainnetBlocks connects mainnet's first blocks with every rule on, over a
// coin set that is a plain map. MAINNET_BLOCKS is btcd's
// blockchain/testdata/blk_0_to_14131.dat: magic, length, block, and so on.
func TestMainnetBlocks(t *testing.T) {
	raw := fromEnv(t, "MAINNET_BLOCKS")
	w := &connector{p: chain.MainNet(), checker: script.New(script.Config{}), coins: map[wire.OutPoint]chain.Coin{}}
	w.tip = w.p.Genesis()
	for len(raw) >= 8 {
		size := binary.LittleEndian.Uint32(raw[4:])
		if size == 0 {
			break
		}
		b, err := chain.DecodeBlock(raw[8 : 8+size])
		if err != nil {
			t.Fatal(err)
		}
		raw = raw[8+size:]
		if b.Hash == w.tip.Hash {
			continue // genesis
		}
		if err := w.connect(b); err != nil {
			t.Fatalf("height %d: %v", w.tip.Height+1, err)
		}
	}
	if w.tip.Height < 14_000 || w.signed < 800 {
		t.Fatalf("height %d, %d inputs", w.tip.Height, w.signed)
	}
	t.Logf("height %d, %d inputs", w.tip.Height, w.signed)
}

// connector is the slow, obvious way to connect blocks.
type connector struct {
	p       *chain.Params
	checker *script.Checker
	coins   map[wire.OutPoint]chain.Coin
	tip     *chain.HeaderNode
	signed  int
}

func (w *connector) connect(b *chain.Block) error {
	now := b.Header.Timestamp.Add(time.Hour)
	if err := chain.CheckHeader(w.p, w.tip, &b.Header, now); err != nil {
		return err
	}
	node := chain.NewHeaderNode(w.tip, b.Header)
	if err := chain.CheckBlock(w.p, b); err != nil {
		return err
	}
	if err := chain.CheckBlockContext(w.p, w.tip, b); err != nil {
		return err
	}
	var fees btcutil.Amount
	for i, tx := range b.Txs {
		if i > 0 {
			fee, err := w.spend(node, tx)
			if err != nil {
				return err
			}
			fees += fee
		}
		for k, out := range tx.TxOut {
			w.coins[wire.OutPoint{Hash: tx.ID, Index: uint32(k)}] = chain.Coin{
				Value: btcutil.Amount(out.Value), PkScript: out.PkScript, Height: node.Height, Coinbase: i == 0}
		}
	}
	w.tip = node
	return chain.CheckCoinbaseAmount(w.p, b, node.Height, fees)
}

func (w *connector) spend(node *chain.HeaderNode, tx *chain.Tx) (btcutil.Amount, error) {
	var coins []chain.Coin
	for _, in := range tx.TxIn {
		c, ok := w.coins[in.PreviousOutPoint]
		if !ok {
			return 0, chain.Broken(chain.ErrInputsMissing, "%s", in.PreviousOutPoint)
		}
		coins = append(coins, c)
		delete(w.coins, in.PreviousOutPoint)
		w.signed++
	}
	if err := w.checker.CheckTx(tx, coins, chain.ScriptFlags(w.p, node)); err != nil {
		return 0, err
	}
	return chain.CheckTxInputs(w.p, tx, coins, node.Height)
}

// TestMainnetHeaders walks mainnet's first headers with their retargets.
// MAINNET_HEADERS is neutrino v0.17.1's
// testdata/block-headers-mainnet-1-100_000.bz2, unpacked: a few bytes, then
// headers of 80 bytes in a row from genesis on.
func TestMainnetHeaders(t *testing.T) {
	raw := fromEnv(t, "MAINNET_HEADERS")
	raw = raw[len(raw)%80:]
	p := chain.MainNet()
	tip := p.Genesis()
	changes := 0
	for ; len(raw) >= 80; raw = raw[80:] {
		var h wire.BlockHeader
		if err := h.Deserialize(bytes.NewReader(raw[:80])); err != nil {
			t.Fatal(err)
		}
		if h.BlockHash() == tip.Hash {
			continue
		}
		if err := chain.CheckHeader(p, tip, &h, h.Timestamp.Add(time.Hour)); err != nil {
			t.Fatalf("height %d: %v", tip.Height+1, err)
		}
		if h.Bits != tip.Header.Bits {
			changes++
		}
		tip = chain.NewHeaderNode(tip, h)
	}
	if tip.Height < 99_000 || changes < 30 {
		t.Fatalf("height %d, %d changes of difficulty", tip.Height, changes)
	}
	t.Logf("height %d, %d changes of difficulty, work %s", tip.Height, changes, tip.Work)
}
