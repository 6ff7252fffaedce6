package mainnet

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/script"
)

// firstBlocks are mainnet's blocks from genesis up to height 14,131.
func firstBlocks(t testing.TB) (blocks []*chain.Block) {
	t.Helper()
	raw := fromModule(t, btcd, "blockchain/testdata/blk_0_to_14131.dat")
	for len(raw) >= 8 { // magic, length, block
		size := binary.LittleEndian.Uint32(raw[4:])
		if size == 0 {
			break
		}
		b, err := chain.DecodeBlock(raw[8 : 8+size])
		if err != nil {
			t.Fatalf("block %d: %v", len(blocks), err)
		}
		blocks = append(blocks, b)
		raw = raw[8+size:]
	}
	if len(blocks) != lastBlock+1 {
		t.Fatalf("%d blocks", len(blocks))
	}
	return blocks
}

const (
	lastBlock  = 14_131
	lastHash   = "00000000b3e750f37fdb42e1018799a9f44b546d393b130b369590a072430a1c" // in neutrino's headers too
	lastHeader = 100_000
)

// Every rule holds for every one of the first blocks, over a coin set that is
// a plain map.
func TestFirstBlocksKeepEveryRule(t *testing.T) {
	w := connectAll(t, firstBlocks(t))
	if w.tip.Hash.String() != lastHash || w.signed < 800 {
		t.Fatalf("the tip is %s, %d inputs", w.tip.Hash, w.signed)
	}
	if want := 50 * btcutil.SatoshiPerBitcoin * btcutil.Amount(lastBlock); w.total() != want {
		t.Errorf("coins are worth %v, want %v", w.total(), want)
	}
	t.Logf("height %d, %d inputs, %d coins", w.tip.Height, w.signed, len(w.coins))
}

func connectAll(t *testing.T, blocks []*chain.Block) *connector {
	t.Helper()
	w := &connector{p: chain.MainNet(), checker: script.New(script.Config{}), coins: map[wire.OutPoint]chain.Coin{}}
	w.tip = w.p.Genesis()
	for _, b := range blocks[1:] {
		if err := w.connect(b); err != nil {
			t.Fatalf("height %d: %v", w.tip.Height+1, err)
		}
	}
	return w
}

// total is what all coins are worth.
func (w *connector) total() (sum btcutil.Amount) {
	for _, c := range w.coins {
		sum += c.Value
	}
	return sum
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
