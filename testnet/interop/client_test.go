package interop

import (
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcjson"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/rpcclient"
	"github.com/btcsuite/btcd/wire/v2"
)

// account is for btcd's client library, which lnd and others use for bitcoind.
func account(gv node) *rpcclient.ConnConfig {
	return &rpcclient.ConnConfig{
		Host: strings.TrimPrefix(gv.rpc.RPC, "http://"), User: gv.rpc.User, Pass: gv.rpc.Password,
		HTTPPostMode: true, DisableTLS: true, Params: "regtest",
	}
}

// A client library takes us for a bitcoind and is served.
func TestBtcdsClientLibrary(t *testing.T) {
	c, err := rpcclient.New(account(startGrapevine(t)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Shutdown()
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	kind, err := c.BackendVersion()
	must("BackendVersion", err)
	if want := rpcclient.BitcoindPost25.String(); kind.String() != want {
		t.Errorf("taken for %q, want %q", kind, want)
	}
	to, err := c.GetNewAddress("")
	must("GetNewAddress", err)
	hashes, err := c.GenerateToAddress(102, to, nil)
	must("GenerateToAddress", err)
	txid, err := c.SendToAddress(to, btcutil.SatoshiPerBitcoin)
	must("SendToAddress", err)
	entry, err := c.GetMempoolEntry(txid.String())
	must("GetMempoolEntry", err)
	if entry.VSize == 0 {
		t.Error("a transaction of no size")
	}
	signed := spendFirst(t, c, to)
	answers, err := c.TestMempoolAccept([]*wire.MsgTx{signed}, 0)
	must("TestMempoolAccept", err)
	if len(answers) != 1 || !answers[0].Allowed {
		t.Errorf("answers %+v", answers)
	}
	_, err = c.SendRawTransaction(signed, false)
	must("SendRawTransaction", err)
	must("InvalidateBlock", c.InvalidateBlock(hashes[101]))
	must("ReconsiderBlock", c.ReconsiderBlock(hashes[101]))
	tip, err := c.GetBlockVerboseTx(hashes[101])
	must("GetBlockVerboseTx", err)
	if tip.Confirmations != 1 || len(tip.Tx) != 1 {
		t.Errorf("tip %+v", tip)
	}
	_, err = c.GetBlockHash(5000)
	var refusal *btcjson.RPCError
	if !errors.As(err, &refusal) || refusal.Code != btcjson.ErrRPCInvalidParameter {
		t.Errorf("a block that is not there: %v", err)
	}
}

// spendFirst moves the wallet's first coin back to it.
func spendFirst(t *testing.T, c *rpcclient.Client, to address.Address) *wire.MsgTx {
	t.Helper()
	coins, err := c.ListUnspent()
	if err != nil || len(coins) == 0 {
		t.Fatalf("%d coins: %v", len(coins), err)
	}
	const fee = 1000 // satoshis
	amount, err := btcutil.NewAmount(coins[0].Amount)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := c.CreateRawTransaction([]btcjson.TransactionInput{{Txid: coins[0].TxID, Vout: coins[0].Vout}},
		map[address.Address]btcutil.Amount{to: amount - fee}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, whole, err := c.SignRawTransactionWithWallet(raw)
	if err != nil || !whole {
		t.Fatalf("signed %v: %v", whole, err)
	}
	return signed
}

// In a batch each call has its own answer, as lnd asks for transactions.
func TestBtcdsClientLibraryAsksInBatches(t *testing.T) {
	c, err := rpcclient.NewBatch(account(startGrapevine(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Shutdown()
	genesis, missing, count := c.GetBlockHashAsync(0), c.GetBlockHashAsync(5), c.GetBlockCountAsync()
	if err := c.Send(); err != nil {
		t.Fatal(err)
	}
	if h, err := genesis.Receive(); err != nil || !h.IsEqual(chaincfg.RegressionNetParams.GenesisHash) {
		t.Errorf("genesis is %v, %v", h, err)
	}
	var refusal *btcjson.RPCError
	if _, err := missing.Receive(); !errors.As(err, &refusal) {
		t.Errorf("a block that is not there: %v", err)
	}
	if n, err := count.Receive(); err != nil || n != 0 {
		t.Errorf("%d blocks, %v", n, err)
	}
}
