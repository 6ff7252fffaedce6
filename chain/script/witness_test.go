package script

import (
	"errors"
	"runtime"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/script/secp256k1"
)

// tapscript is a coin locked by one script alone, and its control block.
func tapscript(t *testing.T, code []byte) (coin chain.Coin, control []byte) {
	t.Helper()
	internal := chaintest.NewKey(3).Private().PubKey()
	tree := txscript.AssembleTaprootScriptTree(txscript.NewBaseTapLeaf(code))
	root := tree.RootNode.TapHash()
	pk, err := txscript.PayToTaprootScript(txscript.ComputeTaprootOutputKey(internal, root[:]))
	if err != nil {
		t.Fatal(err)
	}
	block := tree.LeafMerkleProofs[0].ToControlBlock(internal)
	control, err = block.ToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return chain.Coin{Value: 1e8, PkScript: pk}, control
}

func checkWitness(coin chain.Coin, witness wire.TxWitness) error {
	tx := unsigned()
	tx.TxIn[0].Witness = witness
	return New(Config{}).CheckTx(chain.NewTx(tx), []chain.Coin{coin}, chain.ConsensusFlags)
}

// The largest threshold that a tapscript's stack of 1,000 items has room for
// with one key to spare.
func TestT32_998Of999Tapscript(t *testing.T) {
	n := part(999, 9) // all 999 keys, or 111
	need := n - 1
	var keys []*btcec.PrivateKey
	b := txscript.NewScriptBuilder(txscript.WithScriptAllocSize(40 * n))
	var code []byte
	for i := range n {
		key := chaintest.NewKey(uint32(i + 1)).Private()
		keys = append(keys, key)
		code = append(append(code, txscript.OP_DATA_32), schnorr.SerializePubKey(key.PubKey())...)
		op := byte(txscript.OP_CHECKSIGADD)
		if i == 0 {
			op = txscript.OP_CHECKSIG
		}
		code = append(code, op)
	}
	tail, err := b.AddInt64(int64(need)).AddOp(txscript.OP_NUMEQUAL).Script()
	if err != nil {
		t.Fatal(err)
	}
	code = append(code, tail...)
	coin, control := tapscript(t, code)

	tx := unsigned()
	tx.TxIn[0].Witness = wire.TxWitness{{1}}
	p := Prepare(chain.NewTx(tx), []chain.Coin{coin})
	h, err := txscript.CalcTapscriptSignaturehash(&p.hashes, txscript.SigHashDefault, tx, 0, ownCoin{&p.coins[0]}, txscript.NewBaseTapLeaf(code))
	if err != nil {
		t.Fatal(err)
	}
	witness := make(wire.TxWitness, n, n+2)
	for i, key := range keys[:need] {
		sig, err := schnorr.Sign(key, h)
		if err != nil {
			t.Fatal(err)
		}
		witness[n-1-i] = sig.Serialize() // the first key's on top
	}
	if err := checkWitness(coin, append(witness, code, control)); err != nil {
		t.Fatal(err)
	}
	witness[1] = nil
	if checkWitness(coin, append(witness, code, control)) == nil {
		t.Fatal("997 signatures are enough")
	}
}

func TestT32_StacksAndItemsAtTheirLimits(t *testing.T) {
	drop := func(n int) []byte { // a tapscript that drops n items and succeeds
		code := make([]byte, n)
		for i := range code {
			code[i] = txscript.OP_DROP
		}
		return append(code, txscript.OP_TRUE)
	}
	items := func(n, size int) wire.TxWitness {
		w := make(wire.TxWitness, n, n+2)
		for i := range w {
			w[i] = make([]byte, size)
		}
		return w
	}
	success := []byte{0x50} // OP_SUCCESS80: nothing else is looked at
	for _, tc := range []struct {
		name    string
		code    []byte
		witness wire.TxWitness
		good    bool
	}{
		{"1,000 items", drop(1000), items(1000, 1), true},
		{"1,001 items", drop(1001), items(1001, 1), false},
		{"an item of 520 bytes", drop(1), items(1, 520), true},
		{"an item of 521 bytes", drop(1), items(1, 521), false},
		{"500,000 items for OP_SUCCESS", success, items(500_000, 0), true},
		{"an item of 3.9 MB for OP_SUCCESS", success, items(1, 3_900_000), true},
	} {
		coin, control := tapscript(t, tc.code)
		if err := checkWitness(coin, append(tc.witness, tc.code, control)); (err == nil) != tc.good {
			t.Errorf("%s: got %v", tc.name, err)
		}
	}
	long := append(make([]byte, 0, 100_000), drop(0)...)
	for len(long) < 100_000 {
		long = append(long, txscript.OP_NOP)
	}
	coin, control := tapscript(t, long)
	if err := checkWitness(coin, wire.TxWitness{long, control}); err != nil {
		t.Errorf("a tapscript of 100,000 bytes: %v", err)
	}
}

func TestT32_AnnexIsSigned(t *testing.T) {
	key := chaintest.NewKey(4)
	coin := chain.Coin{Value: 1e8, PkScript: key.P2TR()}
	annex := make([]byte, 1_000_000)
	annex[0] = txscript.TaprootAnnexTag
	tx := unsigned()
	tx.TxIn[0].Witness = wire.TxWitness{{1}}
	p := Prepare(chain.NewTx(tx), []chain.Coin{coin})
	secret := txscript.TweakTaprootPrivKey(*key.Private(), nil)
	sign := func(h []byte) []byte {
		sig, err := schnorr.Sign(secret, h)
		if err != nil {
			t.Fatal(err)
		}
		return sig.Serialize()
	}
	plain := p.taprootHash(0)
	if err := checkWitness(coin, wire.TxWitness{sign(plain[:])}); err != nil {
		t.Fatal(err)
	}
	if checkWitness(coin, wire.TxWitness{sign(plain[:]), annex}) == nil {
		t.Fatal("an annex that nobody signed passes")
	}
}

func TestOnlyWhatWasRememberedIsKnown(t *testing.T) {
	c := New(Config{CacheEntries: 4})
	tr := trials(t)[0]
	tx := chain.NewTx(tr.tx)
	bad := []chain.Coin{{Value: tr.coin().Value, PkScript: []byte{txscript.OP_RETURN}}}
	if err := c.CheckTx(tx, bad, chain.ConsensusFlags); !errors.Is(err, chain.ErrBlockScript) || c.Known(tx, 0) {
		t.Fatalf("got %v", err)
	}
	c.Remember(tx, chain.ConsensusFlags)
	if !c.Known(tx, chain.ConsensusFlags) || !c.Known(tx, txscript.ScriptBip16) || c.Known(tx, chain.StandardFlags) {
		t.Fatal("known under the wrong flags")
	}
	if err := c.CheckTx(tx, bad, chain.ConsensusFlags); err != nil {
		t.Fatalf("what is known is checked again: %v", err)
	}
	other := tr.tx.Copy()
	for i := range 8 { // twice the bound: the first is forgotten
		other.LockTime = uint32(i + 1)
		c.Remember(chain.NewTx(other), chain.ConsensusFlags)
		if n := len(c.known.young) + len(c.known.old); n > 4 {
			t.Fatalf("%d entries, the bound is 4", n)
		}
	}
	if c.Known(tx, 0) {
		t.Fatal("nothing is ever forgotten")
	}
}

// The entries' sizes that the bounds of the caches are chosen by.
func TestCachesTakeWhatTheySay(t *testing.T) {
	const known, keys = 1 << 15, keyEntries
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	c := New(Config{CacheEntries: known})
	start := heap()
	for i := range 3 * known { // more than it holds
		c.known.put(chain.Hash{byte(i), byte(i >> 8), byte(i >> 16)}, chain.ConsensusFlags)
	}
	between := heap()
	for i := range 3 * keys {
		c.keys.put([33]byte{byte(i), byte(i >> 8), byte(i >> 16)}, new(secp256k1.Affine))
	}
	end := heap()
	if n := len(c.known.young) + len(c.known.old); n > known {
		t.Errorf("%d transactions are known, the bound is %d", n, known)
	}
	if n := len(c.keys.young) + len(c.keys.old); n > keys {
		t.Errorf("%d keys are kept, the bound is %d", n, keys)
	}
	t.Logf("%d bytes for a transaction, %d for a key", (between-start)/known, (end-between)/keys)
	if (between-start)/known > 90 || (end-between)/keys > 250 {
		t.Errorf("%d bytes for a transaction, %d for a key", (between-start)/known, (end-between)/keys)
	}
	runtime.KeepAlive(c)
}
