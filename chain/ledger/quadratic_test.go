package ledger

import (
	"os"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// quadraticInputs is how many inputs the test's transaction has: each of them
// is signed with a hash over all of them. 6,800 make it 1 MB, the most that a
// block may hold, and 2.4 GB to be hashed.
func quadraticInputs() int {
	if os.Getenv("GRAPEVINE_FULL") != "" {
		return 6_800
	}
	return 850 // a sixty-fourth of the work
}

// payKey is a script that asks for a signature of the key.
func payKey(key *chaintest.Key) []byte {
	pub := key.Private().PubKey().SerializeCompressed()
	return append(append([]byte{byte(len(pub))}, pub...), txscript.OP_CHECKSIG)
}

// signLegacy signs every input of tx, whose coins are all locked by pk.
func signLegacy(t *testing.T, tx *wire.MsgTx, pk []byte, key *chaintest.Key) {
	t.Helper()
	for i := range tx.TxIn {
		h, err := txscript.CalcSignatureHash(pk, txscript.SigHashAll, tx, i)
		if err != nil {
			t.Fatal(err)
		}
		sig := append(ecdsa.Sign(key.Private(), h).Serialize(), byte(txscript.SigHashAll))
		tx.TxIn[i].SignatureScript = append([]byte{byte(len(sig))}, sig...)
	}
}

// A block whose hashing grows with the square of its size is validated within
// thirty seconds, and meanwhile readers are answered at once.
func TestT34_QuadraticSignatureHashes(t *testing.T) {
	n := quadraticInputs()
	p := chain.RegTest()
	key := chaintest.NewKey(1)
	pk := payKey(key)
	blocks := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(101))
	coin := blocks[0].Coinbase(nil)
	spread := make([]*wire.TxOut, n)
	for i := range spread {
		spread[i] = chaintest.Pay(1000, pk)
	}
	many := chaintest.Spend(t, []chaintest.Coin{coin}, spread...)
	big := wire.NewMsgTx(1)
	for i := range n {
		big.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&many.ID, uint32(i)), nil, nil))
	}
	big.AddTxOut(chaintest.Pay(1000, chaintest.OpTrue()))
	signLegacy(t, big, pk, key)
	before := chaintest.Mine(t, p, blocks[100].Node, chaintest.With(many))
	heavy := chaintest.Mine(t, p, before.Node, chaintest.With(chain.NewTx(big)))

	r := newRig(t)
	for _, m := range append(blocks, before) {
		if err := r.Submit(m); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	verdict := r.later(heavy)
	slowest := time.Duration(0)
	for waiting := true; waiting; {
		select {
		case err := <-verdict:
			if err != nil {
				t.Fatal(err)
			}
			waiting = false
		case <-time.After(5 * time.Millisecond):
			asked := time.Now()
			_, ok, err := r.View().Coin(wire.OutPoint{Hash: many.ID})
			if err != nil || !ok && r.Tip().Hash == before.Node.Hash {
				t.Fatalf("a coin that the block spends is gone before its verdict: %v", err)
			}
			if _, err := r.RawBlock(before.Node.Hash); err != nil {
				t.Fatal(err)
			}
			slowest = max(slowest, time.Since(asked))
		}
	}
	took := time.Since(begin)
	if took > 30*time.Second || slowest > 5*time.Second {
		t.Errorf("the verdict took %v, a reader waited %v", took, slowest)
	}
	t.Logf("%d inputs, block of %d bytes: %v, readers waited %v at most", n, len(heavy.Block.Raw), took, slowest)
}
