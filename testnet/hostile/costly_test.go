package hostile_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p/msg"
	"grapevine/testnet/hostile"
)

// mostChecks is how often a script can check a signature with three opcodes
// each: 201 are the most that a script may have.
const mostChecks = 67

// slowScript checks one signature n times over: each time the whole transaction
// is hashed.
func slowScript(key *chaintest.Key, n int) []byte {
	pub := key.Private().PubKey().SerializeCompressed()
	script := append([]byte{txscript.OP_DATA_33}, pub...)
	for range n - 1 {
		script = append(script, txscript.OP_2DUP, txscript.OP_CHECKSIG, txscript.OP_DROP)
	}
	return append(script, txscript.OP_CHECKSIG)
}

// padding is an output that makes each hash of a transaction long.
func padding(bytes int) *wire.TxOut {
	return wire.NewTxOut(0, append([]byte{txscript.OP_RETURN}, make([]byte, bytes)...))
}

// slowTx spends slow coins.
func slowTx(t testing.TB, key *chaintest.Key, coins []chaintest.Coin, pad ...*wire.TxOut) *chain.Tx {
	tx := wire.NewMsgTx(2)
	var sum btcutil.Amount
	for _, c := range coins {
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: c.Op, Sequence: math.MaxUint32})
		sum += c.Value
	}
	tx.AddTxOut(chaintest.Pay(sum-10_000_000, anyone()))
	tx.TxOut = append(tx.TxOut, pad...)
	sigs := make([][]byte, len(coins))
	for i, c := range coins {
		sig, err := txscript.RawTxInSignature(tx, i, c.Script, txscript.SigHashAll, key.Private())
		if err != nil {
			t.Fatal(err)
		}
		if sigs[i], err = txscript.NewScriptBuilder().AddData(sig).Script(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range sigs {
		tx.TxIn[i].SignatureScript = sigs[i]
	}
	return chain.NewTx(tx)
}

// slowCoins mines n coins that are slow to spend.
func (h *harness) slowCoins(n, checks int) []chaintest.Coin {
	h.t.Helper()
	return h.split(h.coin(2), n, slowScript(h.key, checks))
}

// T35: their scripts, if they ran, would keep a core busy half of the time.
func TestT35_SlowNonStandardTransactions(t *testing.T) {
	const each = 60 // inputs, of 67 hashes of 100 kB
	n := 10
	if full() {
		n = 100
	}
	underAttack(t, func(t *testing.T, h *harness) {
		coins := h.slowCoins(each, mostChecks)
		txs := make([]*chain.Tx, n)
		for i := range txs {
			pad := slices.Repeat([]*wire.TxOut{chaintest.Pay(btcutil.Amount(1000+i), anyone())}, 2000) // nothing but the scripts is against policy
			txs[i] = slowTx(t, h.key, coins, pad...)
		}
		p := h.attacker(1)
		before, begun := spent(), time.Now()
		for _, tx := range txs {
			p.Say(&msg.Tx{Tx: tx})
			time.Sleep(600 * time.Millisecond)
		}
		used, most := spent()-before, time.Since(begun)/10
		t.Logf("%d slow transactions in %v: %v of processor time", n, time.Since(begun), used)
		if used > most {
			t.Errorf("slow transactions cost %v of processor time, at most %v is a tenth of it", used, most)
		}
		if n := h.target.Swarm.Status().PoolSize; n != 0 {
			t.Errorf("%d of them are in the pool", n)
		}
		h.stays(p, "who sends what we do not relay")
	})
}

// T34: a transaction of 1 MB, as old as Bitcoin, each input of which is signed
// with a hash of all of it: 3.3 GB to be hashed.
func TestT34_QuadraticBlock(t *testing.T) {
	inputs := 200 // a two-thousandth of the work
	if full() {
		inputs = 8_700
	}
	h := newHarness(t, chain.RegTest())
	loose := h.cheap(100)
	heavy := slowTx(t, h.key, h.slowCoins(inputs, 1))
	if full() && heavy.Size < 980_000 {
		t.Errorf("a transaction of %d bytes, 1 MB was wanted", heavy.Size)
	}
	if took := h.validating(h.block(h.tip(), chaintest.With(heavy)), nil, loose); took > 30*time.Second {
		t.Errorf("a block of quadratic hashing took %v", took)
	}
}

// T36: while a block that takes twenty seconds to check is checked, the node
// answers as ever, and an honest branch takes over when it is through.
func TestT36_BlockThatIsSlowToCheck(t *testing.T) {
	inputs, checks, pad, least := 40, 8, 200_000, 20*time.Millisecond // 64 MB to be hashed
	if full() {
		inputs, checks, pad, least = 280, mostChecks, 850_000, 10*time.Second // 16 GB, in both nodes
	}
	h := newHarness(t, chain.RegTest())
	loose := h.cheap(100)
	tx := slowTx(t, h.key, h.slowCoins(inputs, checks), padding(pad))
	slow := h.block(h.tip(), chaintest.With(tx))
	rivals := h.branch(h.tip(), 2)
	if took := h.validating(slow, rivals, loose); took < least {
		t.Errorf("the block took %v: it was not slow", took)
	}
	h.within(30*time.Second, "the honest branch is the tip", func() bool { return h.tip().Hash == rivals[1].Node.Hash })
}

// validating sends a slow block, in real time, and until its verdict asks for what
// must not wait for it: a part of the block, pings, headers, and that
// transactions of loose coins travel. In the middle of it come rivals.
func (h *harness) validating(slow chaintest.Mined, rivals []chaintest.Mined, loose []chaintest.Coin) (took time.Duration) {
	h.t.Helper()
	p, rival, before := h.attacker(1), h.attacker(2), h.tip()
	p.Say(hostile.Headers(slow.Node))
	time.Sleep(100 * time.Millisecond)
	begun := time.Now()
	p.Say(&msg.Block{Block: slow.Block})
	time.Sleep(100 * time.Millisecond)
	// Whoever was told of it gets its parts already.
	h.within(blockMost, "a part of the block that is being checked", func() bool {
		h.friend.Say(&msg.GetBlockTxn{Block: slow.Node.Hash, Indexes: []int{0}})
		_, err := h.friend.Await(msg.CmdBlockTxn, 100*time.Millisecond)
		return err == nil
	})
	serve(rival, rivals...)
	rival.Say(hostile.Headers(nodes(rivals)...))
	answers, worst := 0, time.Duration(0)
	for n := 0; h.tip() == before; time.Sleep(10 * time.Millisecond) {
		for _, ask := range []func() error{h.pinged, h.toldHeaders, func() error { return h.told(pass(loose[n], 1000)) }} {
			at := time.Now()
			if err := ask(); err != nil {
				h.t.Fatal(err)
			}
			answers++
			worst = max(worst, time.Since(at))
		}
		n = min(n+1, len(loose)-1)
		if time.Since(begun) > 5*time.Minute {
			h.t.Fatal("the block is never through")
		}
	}
	took = time.Since(begun)
	h.t.Logf("%d bytes, validated in %v; the slowest of %d answers took %v", len(slow.Block.Raw), took, answers, worst)
	most := pingMost
	if !full() {
		most = blockMost // others use the processor too, or the race detector runs
	}
	if worst > most {
		h.t.Errorf("while a block is checked an answer takes %v", worst)
	}
	for _, bad := range h.target.Ledger.InvalidHeaders() {
		h.t.Errorf("block %v was refused: it was not as slow as it could be", bad.Node.Hash)
	}
	return took
}

func (h *harness) pinged() error { return ping(h.friend, 10*time.Second) }

// toldHeaders asks for what only the loop can answer.
func (h *harness) toldHeaders() error {
	if err := h.friend.Say(&wire.MsgGetHeaders{BlockLocatorHashes: []*chain.Hash{&h.base[5].Node.Hash}}); err != nil {
		return err
	}
	_, err := h.friend.Await("headers", 10*time.Second)
	return err
}

// told waits until a transaction of the friend's has reached the honest node.
func (h *harness) told(tx *chain.Tx) error {
	if err := h.friend.Say(&msg.Tx{Tx: tx}); err != nil {
		return err
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if _, ok := h.honest.Pool.Entry(tx.ID); ok {
			return nil
		}
	}
	return fmt.Errorf("transaction %v: %w", tx.ID, hostile.ErrSilent)
}
