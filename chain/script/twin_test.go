package script

import (
	"math/rand"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// What the fast road parses, btcec parses strictly and to the same numbers.
func FuzzParseSig(f *testing.F) {
	for n := range uint32(20) {
		f.Add(append(ecdsa.Sign(chaintest.NewKey(n+1).Private(), make([]byte, 32)).Serialize(), 1))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		sig := parseSig(raw)
		if sig == nil {
			return
		}
		strict, err := ecdsa.ParseDERSignature(raw[:len(raw)-1])
		if err != nil || !strict.IsEqual(ecdsa.NewSignature(sig.r, sig.s)) {
			t.Fatalf("%x: btcec says %v, %v", raw, strict, err)
		}
		if raw[len(raw)-1] != 1 {
			t.Fatal("another hash type")
		}
	})
}

// The fast road's hashes are the library's, for transactions of any shape.
func TestT27_HashesAgreeWithTxscript(t *testing.T) {
	rnd := rand.New(rand.NewSource(143))
	random := func(n int) []byte { b := make([]byte, n); rnd.Read(b); return b }
	for range 200 {
		tx := unsigned()
		tx.Version, tx.LockTime = int32(rnd.Uint32()), rnd.Uint32()
		coins := []chain.Coin{{Value: 5, PkScript: chaintest.NewKey(1).P2TR()}}
		for range 1 + rnd.Intn(300) {
			in := *tx.TxIn[0]
			copy(in.PreviousOutPoint.Hash[:], random(32))
			in.Sequence, in.SignatureScript = rnd.Uint32(), random(rnd.Intn(80))
			tx.TxIn = append(tx.TxIn, &in)
			coins = append(coins, chain.Coin{Value: 7, PkScript: random(rnd.Intn(300))})
		}
		for range rnd.Intn(300) {
			tx.AddTxOut(chaintest.Pay(9, random(rnd.Intn(300))))
		}
		tx.TxIn[0].SignatureScript = []byte{1}
		tx.TxIn[0].Witness = [][]byte{{1}}
		p := Prepare(chain.NewTx(tx), coins)
		prevs := txscript.NewMultiPrevOutFetcher(nil)
		for i, in := range tx.TxIn {
			prevs.AddPrevOut(in.PreviousOutPoint, chaintest.Pay(coins[i].Value, coins[i].PkScript))
		}
		hashes := txscript.NewTxSigHashes(tx, prevs)
		i := rnd.Intn(len(tx.TxIn))
		code := chaintest.NewKey(2).P2PKH()
		same := func(name string, got chain.Hash, want []byte, err error) {
			if err != nil || string(got[:]) != string(want) {
				t.Fatalf("%s of input %d of %d: got %x, want %x, %v", name, i, len(tx.TxIn), got, want, err)
			}
		}
		want, err := txscript.CalcSignatureHash(code, txscript.SigHashAll, tx, i)
		same("legacy", p.legacyHash(i, code), want, err)
		want, err = txscript.CalcWitnessSigHash(code, hashes, txscript.SigHashAll, tx, i, int64(coins[i].Value))
		same("witness", p.witnessHash(i, code), want, err)
		want, err = txscript.CalcTaprootSignatureHash(hashes, txscript.SigHashDefault, tx, i, prevs)
		same("taproot", p.taprootHash(i), want, err)
	}
}

func TestWorkersMayShareWhatIsPrepared(t *testing.T) {
	c := New(Config{})
	var all sync.WaitGroup
	for _, tr := range trials(t) {
		p := tr.prepared()
		for range 4 {
			all.Go(func() {
				if err := c.CheckInput(p, 0, chain.StandardFlags); err != nil {
					t.Errorf("%s: %v", tr.form, err)
				}
				c.Remember(p.tx, chain.StandardFlags)
				c.Known(p.tx, chain.ConsensusFlags)
			})
		}
	}
	all.Wait()
}
