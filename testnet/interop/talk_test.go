package interop

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// miner is a key that btcd's blocks pay to: btcd has no wallet.
type miner struct {
	key    *btcec.PrivateKey
	addr   string
	script []byte
}

func newMiner(t *testing.T) miner {
	t.Helper()
	key, err := btcec.NewPrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	a, err := address.NewAddressWitnessPubKeyHash(address.Hash160(key.PubKey().SerializeCompressed()), &chaincfg.RegressionNetParams)
	if err != nil {
		t.Fatal(err)
	}
	script, err := txscript.PayToAddrScript(a)
	if err != nil {
		t.Fatal(err)
	}
	return miner{key: key, addr: a.EncodeAddress(), script: script}
}

// spend signs a transaction that moves the first coin of a block to the same key.
func (m miner) spend(t *testing.T, block *wire.MsgBlock) string {
	t.Helper()
	const fee = 1000 // satoshis, for some 110 virtual bytes
	coinbase := block.Transactions[0]
	value := coinbase.TxOut[0].Value
	tx := wire.NewMsgTx(2)
	prev := coinbase.TxHash()
	tx.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&prev, 0), nil, nil))
	tx.AddTxOut(wire.NewTxOut(value-fee, m.script))
	hashes := txscript.NewTxSigHashes(tx, txscript.NewCannedPrevOutputFetcher(m.script, value))
	witness, err := txscript.WitnessSignature(tx, hashes, 0, value, m.script, txscript.SigHashAll, m.key, true)
	if err != nil {
		t.Fatal(err)
	}
	tx.TxIn[0].Witness = witness
	var b bytes.Buffer
	if err := tx.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b.Bytes())
}

func block(t *testing.T, n node, height int) *wire.MsgBlock {
	t.Helper()
	var hash, raw string
	n.call(t, "getblockhash", &hash, height)
	n.call(t, "getblock", &raw, hash, 0)
	bin, err := hex.DecodeString(raw)
	if err != nil {
		t.Fatal(err)
	}
	var b wire.MsgBlock
	if err := b.Deserialize(bytes.NewReader(bin)); err != nil {
		t.Fatal(err)
	}
	return &b
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestHandshakeBothWays(t *testing.T) {
	for _, who := range []string{"btcd dials", "grapevine dials"} {
		t.Run(who, func(t *testing.T) {
			gv, btcd := startGrapevine(t), startBtcd(t)
			if who == "btcd dials" {
				connect(t, btcd, gv)
			} else {
				connect(t, gv, btcd)
			}
			if _, _, agents := peers(t, gv); !strings.Contains(agents, "btcd") {
				t.Errorf("grapevine takes btcd for %q", agents)
			}
			if _, _, agents := peers(t, btcd); !strings.Contains(agents, "grapevine") {
				t.Errorf("btcd takes grapevine for %q", agents)
			}
		})
	}
}

func TestBtcdSyncsFromUs(t *testing.T) {
	gv := startGrapevine(t)
	mine(t, gv, 200)
	btcd := startBtcd(t)
	connect(t, btcd, gv)
	together(t, gv, btcd, 200)
}

func TestWeSyncFromBtcd(t *testing.T) {
	btcd := startBtcd(t, "--miningaddr="+newMiner(t).addr)
	mine(t, btcd, 200)
	gv := startGrapevine(t)
	connect(t, gv, btcd)
	together(t, gv, btcd, 200)
}

// A transaction given to either is in the other's pool, and in its next block.
func TestTransactionEachWay(t *testing.T) {
	key := newMiner(t)
	gv, btcd := startGrapevine(t), startBtcd(t, "--miningaddr="+key.addr)
	connect(t, gv, btcd)
	mine(t, gv, 101) // our coin, and btcd takes part in gossip only with a fresh tip
	together(t, gv, btcd, 101)
	mine(t, btcd, 101)
	together(t, gv, btcd, 202)

	var ours string
	gv.call(t, "sendtoaddress", &ours, key.addr, json.Number("1.5"))
	wait(t, "our transaction in btcd's pool", func() bool { return inPool(t, btcd, ours) }, gv, btcd)

	var theirs string
	btcd.call(t, "sendrawtransaction", &theirs, key.spend(t, block(t, btcd, 102)))
	wait(t, "btcd's transaction in our pool", func() bool { return inPool(t, gv, theirs) }, gv, btcd)

	mine(t, btcd, 1)
	together(t, gv, btcd, 203)
	if inPool(t, gv, ours) || inPool(t, gv, theirs) {
		t.Error("what is in a block is still in our pool")
	}
	var txs struct {
		Tx []string `json:"tx"`
	}
	gv.call(t, "getblock", &txs, gv.tip(t), 1)
	if !has(txs.Tx, ours) || !has(txs.Tx, theirs) {
		t.Errorf("btcd's block has %v, want %s and %s too", txs.Tx, ours, theirs)
	}
}

func inPool(t *testing.T, n node, txid string) bool {
	t.Helper()
	var pool []string
	n.call(t, "getrawmempool", &pool)
	return has(pool, txid)
}

// Two branches grow apart; when the nodes meet again, the longer one wins on
// both, whoever made it.
func TestReorganisationEachWay(t *testing.T) {
	for _, winner := range []string{"grapevine", "btcd"} {
		t.Run(winner+" wins", func(t *testing.T) {
			gv, btcd := startGrapevine(t), startBtcd(t, "--miningaddr="+newMiner(t).addr)
			connect(t, gv, btcd)
			mine(t, gv, 20)
			together(t, gv, btcd, 20)
			part(t, gv, btcd)

			long, short := gv, btcd
			if winner == "btcd" {
				long, short = btcd, gv
			}
			mine(t, long, 7)
			mine(t, short, 5)
			want := long.tip(t)
			connect(t, gv, btcd)
			together(t, gv, btcd, 27)
			if got := short.tip(t); got != want {
				t.Errorf("both are at %s, the winner was at %s", got, want)
			}
			// And the network goes on from there.
			mine(t, short, 1)
			together(t, gv, btcd, 28)
		})
	}
}

// A branch that overtakes while both are connected.
func TestReorganisationWhileConnected(t *testing.T) {
	gv, btcd := startGrapevine(t), startBtcd(t)
	connect(t, btcd, gv)
	mine(t, gv, 20)
	together(t, gv, btcd, 20)
	var old string
	gv.call(t, "getblockhash", &old, 18)
	gv.call(t, "invalidateblock", nil, old)
	mine(t, gv, 6)
	together(t, gv, btcd, 23)
}
