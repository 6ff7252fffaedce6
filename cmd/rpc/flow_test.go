package rpc_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/client"
)

// rich starts a node whose wallet has one mature coin of 50 BTC.
func rich(t *testing.T) *testNode {
	t.Helper()
	w := start(t)
	addr := w.text("getnewaddress", "mine")
	if n := len(w.list("generatetoaddress", 1, addr)); n != 1 {
		t.Fatalf("%d blocks", n)
	}
	w.must("generatetoaddress", 100, stranger)
	if got := string(w.must("getbalance")); got != "50.00000000" {
		t.Fatalf("balance %s", got)
	}
	return w
}

func TestPaymentFromWalletToBlock(t *testing.T) {
	w := rich(t)
	id := w.text("sendtoaddress", stranger, json.RawMessage("1.5"), "rent")

	// In the pool: every method that knows of it agrees.
	if pool := w.list("getrawmempool"); len(pool) != 1 || pool[0] != id {
		t.Fatalf("pool: %v", pool)
	}
	e := w.object("getmempoolentry", id)
	has(t, "getmempoolentry", e, "vsize weight time height descendantcount descendantsize ancestorcount ancestorsize wtxid fees.base fees.modified fees.ancestor fees.descendant depends spentby bip125-replaceable unbroadcast")
	has(t, "getrawmempool true", w.object("getrawmempool", true)[id].(map[string]any), "vsize fees.base depends")
	raw := w.text("getrawtransaction", id)
	tx := w.object("getrawtransaction", id, true)
	is(t, "pool tx", tx, "hex", raw)
	if _, ok := tx["blockhash"]; ok {
		t.Error("a pool transaction has a blockhash")
	}
	if _, told := w.object("getrawtransaction", id, 2)["fee"]; told { // as in Core, though it could be
		t.Error("the fee of a pool transaction")
	}
	spending := w.list("gettxspendingprevout", []any{map[string]any{"txid": tx["vin"].([]any)[0].(map[string]any)["txid"], "vout": 0}})
	is(t, "gettxspendingprevout", spending[0], "spendingtxid", id)
	wtx := w.object("gettransaction", id)
	has(t, "gettransaction", wtx, "amount fee confirmations trusted txid wtxid walletconflicts time timereceived bip125-replaceable details hex lastprocessedblock")
	is(t, "gettransaction", wtx, "amount", -1.5)
	is(t, "gettransaction", wtx, "confirmations", 0)
	is(t, "gettransaction", wtx, "comment", "rent")
	is(t, "detail", wtx["details"].([]any)[0], "category", "send")

	// The same bytes again: nothing changes, and the answer is the same.
	if again := w.text("sendrawtransaction", raw); again != id {
		t.Errorf("again: %s", again)
	}

	block := fmt.Sprint(w.list("generatetoaddress", 1, stranger)[0])
	if pool := w.list("getrawmempool"); len(pool) != 0 {
		t.Errorf("pool after the block: %v", pool)
	}
	mined := w.object("getrawtransaction", id, 1)
	is(t, "mined", mined, "blockhash", block)
	is(t, "mined", mined, "confirmations", 1)
	full := w.object("getrawtransaction", id, 2)
	is(t, "prevout", full["vin"].([]any)[0], "prevout.value", 50)
	is(t, "fee", full, "fee", e["fees"].(map[string]any)["base"])
	is(t, "mined in block", w.object("getrawtransaction", id, 1, block), "in_active_chain", true)
	is(t, "wallet", w.object("gettransaction", id), "blockhash", block)
	w.refused(-27, "Transaction outputs already in utxo set", "sendrawtransaction", raw)

	b := w.object("getblock", block)
	has(t, "getblock", b, "hash confirmations size weight height version merkleroot tx time nonce bits difficulty chainwork nTx strippedsize versionHex mediantime previousblockhash target")
	is(t, "getblock", b, "nTx", 2)
	is(t, "getblock", b, "tx", "["+b["tx"].([]any)[0].(string)+" "+id+"]")
	if got := w.text("getblock", block, false); len(got) != 2*int(b["size"].(float64)) {
		t.Errorf("getblock false: %d digits for %v bytes", len(got), b["size"])
	}
	deep := w.object("getblock", block, 3)["tx"].([]any)[1].(map[string]any)
	is(t, "getblock 3", deep["vin"].([]any)[0], "prevout.generated", true)
	is(t, "getblock 3", deep, "fee", full["fee"])
	st := w.object("getblockstats", 102)
	has(t, "getblockstats", st, "height blockhash feerate_percentiles total_weight txs time avgfee minfeerate utxo_increase subsidy totalfee")
	is(t, "getblockstats", st, "txs", 2)
	is(t, "getblockstats", st, "ins", 1)
	if some := string(w.must("getblockstats", block, []string{"txs"})); some != `{"txs":2}` {
		t.Errorf("getblockstats of txs: %s", some)
	}

	if lines := w.list("listtransactions", "*", 10); len(lines) != 2 {
		t.Errorf("listtransactions: %v", lines)
	} else {
		has(t, "listtransactions", lines[1].(map[string]any), "address category amount vout fee confirmations blockhash blockheight blockindex blocktime txid walletconflicts time timereceived abandoned")
		is(t, "newest last", lines[1], "txid", id)
		is(t, "mined first", lines[0], "category", "generate")
	}
	history := w.list("wallethistory")
	is(t, "wallethistory", history[0], "txid", id)
	is(t, "wallethistory", history[0], "amount", -1.5)
	has(t, "wallethistory", history[0].(map[string]any), "fee confirmations height time addresses label")
	has(t, "listsinceblock", w.object("listsinceblock", block), "transactions removed lastblock")
	has(t, "listunspent", w.list("listunspent")[0].(map[string]any), "txid vout address scriptPubKey amount confirmations spendable solvable safe")
}

func TestRawTransactionByHand(t *testing.T) {
	w := rich(t)
	bare := w.text("createrawtransaction", []any{}, []any{map[string]any{stranger: json.RawMessage("0.1")}, map[string]any{"data": "cafe"}})
	is(t, "bare", w.object("decoderawtransaction", bare), "vin", "[]")
	funded := w.object("fundrawtransaction", bare, map[string]any{"fee_rate": 5, "changePosition": 2})
	has(t, "fundrawtransaction", funded, "hex fee changepos")
	is(t, "funded", funded, "changepos", 2)
	signed := w.object("signrawtransactionwithwallet", funded["hex"])
	is(t, "signed", signed, "complete", true)

	unsigned := w.list("testmempoolaccept", []any{funded["hex"]})[0]
	is(t, "unsigned", unsigned, "allowed", false)
	if why, _ := at(unsigned, "reject-reason"); !strings.HasPrefix(fmt.Sprint(why), "mempool-script-verify-flag-failed") {
		t.Errorf("unsigned: %v", why)
	}
	ok := w.list("testmempoolaccept", []any{signed["hex"]}, "0.10000000")[0] // text, as mempool/electrs sends it
	has(t, "testmempoolaccept", ok.(map[string]any), "txid wtxid allowed vsize fees.base fees.effective-feerate fees.effective-includes")
	is(t, "accepted", ok, "allowed", true)
	dear := w.list("testmempoolaccept", []any{signed["hex"]}, json.RawMessage("0.00001"))[0]
	is(t, "dear", dear, "reject-reason", "max-fee-exceeded")

	w.refused(-25, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)", "sendrawtransaction", signed["hex"], json.RawMessage("0.00001"))
	if err := w.Call(w.ctx, "sendrawtransaction", nil, funded["hex"]); err == nil || !strings.Contains(err.Error(), "mempool-script-verify-flag-failed") {
		t.Errorf("unsigned: %v", err)
	}
	checkLimits(w, fmt.Sprint(signed["hex"]), fmt.Sprint(funded["hex"]))
	if got := w.text("sendrawtransaction", signed["hex"], 0); got != fmt.Sprint(ok.(map[string]any)["txid"]) {
		t.Errorf("sent %s", got)
	}
	is(t, "again", w.list("testmempoolaccept", []any{signed["hex"]})[0], "reject-reason", "txn-already-in-mempool")

	orphan := w.text("createrawtransaction", []any{map[string]any{"txid": nowhere, "vout": 0}}, map[string]any{stranger: 1})
	w.refused(-25, "bad-txns-inputs-missingorspent", "sendrawtransaction", orphan)
	is(t, "orphan", w.list("testmempoolaccept", []any{orphan})[0], "reject-reason", "missing-inputs")
	w.refused(-8, "Array must contain between 2 and 25 transactions.", "submitpackage", []any{orphan})
	w.refused(-25, "package topology disallowed. not child-with-parents or parents depend on each other.", "submitpackage", []any{orphan, signed["hex"]})
}

// checkLimits of what a client would pay and burn: good is a transaction that the pool would
// take, unsigned the same one without signatures. What is burnt is looked at before the rest
// of the answer, the fee after the pool's verdict.
func checkLimits(w *testNode, good, unsigned string) {
	w.t.Helper()
	const burns = "Unspendable output exceeds maximum configured by user (maxburnamount)"
	const tooDear = "Fee rates larger than or equal to 1BTC/kvB are not accepted"
	for _, rate := range []json.RawMessage{raw("1"), raw("1.00000001"), raw(`"1.000000000"`)} {
		w.refused(-8, tooDear, "sendrawtransaction", good, rate)
		w.refused(-8, tooDear, "testmempoolaccept", []any{good}, rate)
		w.refused(-8, tooDear, "submitpackage", []any{good, good}, rate)
	}
	is(w.t, "below the limit", w.list("testmempoolaccept", []any{good}, raw("0.99999999"))[0], "allowed", true)
	is(w.t, "no limit", w.list("testmempoolaccept", []any{good}, 0)[0], "allowed", true)
	err := w.Call(w.ctx, "sendrawtransaction", nil, unsigned, raw("0.00001"))
	if err == nil || !strings.Contains(err.Error(), "mempool-script-verify-flag-failed") {
		w.t.Errorf("unsigned and too dear: %v", err)
	}
	burning := strings.Replace(unsigned, "0000000000000000"+"046a02cafe", "e803000000000000"+"046a02cafe", 1) // 1,000 satoshis
	w.refused(-25, burns, "sendrawtransaction", burning)
	w.refused(-25, burns, "sendrawtransaction", burning, 1) // before the rate
	w.refused(-25, burns, "sendrawtransaction", burning, 0, raw("0.00000999"))
	w.refused(-25, burns, "submitpackage", []any{good, burning}, 0, raw("0.00000999"))
	if err := w.Call(w.ctx, "sendrawtransaction", nil, burning, 0, raw("0.00001000")); err == nil || !strings.Contains(err.Error(), "bad-txns-in-belowout") {
		w.t.Errorf("what may be burnt: %v", err)
	}
}

func TestBlocksGivenTakenBackAndGivenAgain(t *testing.T) {
	w := rich(t)
	id := w.text("sendtoaddress", stranger, 1)
	tip := fmt.Sprint(w.list("generatetoaddress", 1, stranger)[0])
	raw := w.text("getblock", tip, 0)
	if got := string(w.must("submitblock", raw)); got != `"duplicate"` {
		t.Errorf("known block: %s", got)
	}

	w.must("invalidateblock", tip)
	if got := string(w.must("getblockcount")); got != "101" {
		t.Fatalf("height %s", got)
	}
	if pool := w.list("getrawmempool"); len(pool) != 1 || pool[0] != id {
		t.Errorf("the payment is not back in the pool: %v", pool)
	}
	is(t, "wallet", w.object("gettransaction", id), "confirmations", 0)
	is(t, "stale", w.object("getblockheader", tip), "confirmations", -1)
	is(t, "tips", w.list("getchaintips")[0], "status", "invalid")
	w.refused(-8, "Block height out of range", "getblockhash", 102)
	w.must("reconsiderblock", tip)
	if got := w.text("getbestblockhash"); got != tip {
		t.Errorf("tip %s", got)
	}

	b := mustBlock(t, raw)
	b[4] ^= 1 // another parent
	if got := string(w.must("submitblock", hex.EncodeToString(b))); got != `"prev-blk-not-found"` && got != `"high-hash"` {
		t.Errorf("unknown parent: %s", got)
	}
	b = mustBlock(t, raw)
	b[36] ^= 1 // another merkle root: no longer enough work, or the wrong root
	if got := string(w.must("submitblock", hex.EncodeToString(b))); got != `"high-hash"` && got != `"bad-txnmrklroot"` {
		t.Errorf("another root: %s", got)
	}
}

func mustBlock(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestTemplateCanBeSolvedBySomebodyElse(t *testing.T) {
	w := rich(t)
	id := w.text("sendtoaddress", stranger, 1)
	tpl := w.object("getblocktemplate", map[string]any{"rules": []string{"segwit"}})
	has(t, "getblocktemplate", tpl, "capabilities version rules vbavailable vbrequired previousblockhash transactions coinbaseaux coinbasevalue longpollid target mintime mutable noncerange sigoplimit sizelimit weightlimit curtime bits height default_witness_commitment")
	tx := tpl["transactions"].([]any)[0]
	is(t, "template", tx, "txid", id)
	has(t, "template tx", tx.(map[string]any), "data txid hash depends fee sigops weight")

	made := w.object("generateblock", stranger, []string{id}, false)
	if got := string(w.must("getblocktemplate", map[string]any{"mode": "proposal", "data": made["hex"]})); got != "null" {
		t.Errorf("proposal: %s", got)
	}
	stuffed := new(wire.MsgBlock)
	if err := stuffed.Deserialize(bytes.NewReader(mustBlock(t, made["hex"].(string)))); err != nil {
		t.Fatal(err)
	}
	in := stuffed.Transactions[0].TxIn[0]
	in.Witness = append(in.Witness, make([]byte, 5_000_000)) // more than any message may bring
	var buf bytes.Buffer
	_ = stuffed.Serialize(&buf)
	if got := string(w.must("submitblock", hex.EncodeToString(buf.Bytes()))); got != `"bad-witness-nonce-size"` {
		t.Errorf("submitblock of a copy with too large a witness: %s", got)
	}
	if got := string(w.must("submitblock", made["hex"])); got != "null" {
		t.Errorf("submitblock: %s", got)
	}
	if got := w.text("getbestblockhash"); got != made["hash"] {
		t.Errorf("tip %s, want %v", got, made["hash"])
	}
	w.refused(-5, "Transaction "+nowhere+" not in mempool.", "generateblock", "raw(51)", []string{nowhere})
}

// Scripts that never name a wallet go on working beside those that make wallets by name.
func TestTheUnnamedWalletIsAskedForByName(t *testing.T) {
	w := start(t)
	w.must("getbalance") // it makes itself, with keys
	w.refused(-4, "…already exists.", "createwallet", "", true)
	is(t, "createwallet", w.object("createwallet", "one"), "name", "one")
	is(t, "createwallet", w.object("createwallet", "two"), "name", "two")
	w.refused(-19, "Wallet file not specified (must request wallet RPC through /wallet/<filename> uri-path).", "getnewaddress")
	is(t, "createwallet", w.object("createwallet", ""), "name", "")
	address := w.text("getnewaddress")
	unnamed, _ := client.Dial(w.url+"/wallet/", "u", "p")
	var info struct{ IsMine bool }
	if err := unnamed.Call(w.ctx, "getaddressinfo", &info, address); err != nil || !info.IsMine {
		t.Errorf("the address of a call that names no wallet: %+v, %v", info, err)
	}
	w.refused(-4, "…already exists.", "createwallet", "")
}

func TestWalletNamesOfHarnesses(t *testing.T) {
	w := start(t)
	is(t, "createwallet", w.object("createwallet", "default"), "name", "default")
	w.refused(-35, `Wallet "default" is already loaded.`, "loadwallet", "default")
	if got := w.list("listwallets"); len(got) != 1 || got[0] != "default" {
		t.Errorf("listwallets: %v", got)
	}
	named, _ := client.Dial(w.url+"/wallet/default", "u", "p")
	if err := named.Call(w.ctx, "getnewaddress", nil); err != nil {
		t.Errorf("/wallet/default: %v", err)
	}
	other, _ := client.Dial(w.url+"/wallet/other", "u", "p")
	if e, ok := errors.AsType[*client.Error](other.Call(w.ctx, "getnewaddress", nil)); !ok || e.Code != -18 {
		t.Errorf("/wallet/other: %v", e)
	}
	is(t, "createwallet", w.object("createwallet", "other"), "name", "other")
	w.refused(-19, "Wallet file not specified (must request wallet RPC through /wallet/<filename> uri-path).", "getbalance")
	if err := other.Call(w.ctx, "getbalance", nil); err != nil {
		t.Errorf("/wallet/other: %v", err)
	}
	w.must("unloadwallet", "other")
	w.refused(-18, "Requested wallet does not exist or is not loaded", "unloadwallet", "other")
	w.refused(-4, "…already exists.", "createwallet", "other")
	is(t, "loadwallet", w.object("loadwallet", "other"), "name", "other")
	w.must("unloadwallet", "other")
	if got := fmt.Sprint(w.object("listwalletdir")["wallets"]); got != "[map[name:default] map[name:other]]" {
		t.Errorf("listwalletdir: %s", got)
	}
	for _, name := range []string{"../x", "/x", "a/../b", ".", strings.Repeat("x", 201), "a\x00b"} {
		w.refused(-4, "", "createwallet", name)
		w.refused(-4, "", "loadwallet", name)
	}
	w.refused(-3, "", "unloadwallet")
	w.refused(-18, "…Path does not exist", "loadwallet", "nosuch")
	w.refused(-4, "…avoid reuse", "getbalance", "*", 0, false, true)
	w.refused(-4, "…avoid reuse", "sendtoaddress", stranger, 1, "", "", false, true, nil, "unset", true)

	addr := w.text("getnewaddress", "shop", "bech32m")
	info := w.object("getaddressinfo", addr)
	is(t, "getaddressinfo", info, "ismine", true)
	is(t, "getaddressinfo", info, "labels", "[shop]")
	if got := fmt.Sprint(w.list("listlabels")); got != "[ shop]" { // "" is that of the address above
		t.Errorf("labels: %s", got)
	}
	is(t, "shop", w.object("getaddressesbylabel", "shop")[addr], "purpose", "receive")
	w.refused(-11, "No addresses with label bar", "getaddressesbylabel", "bar")
	w.must("setlabel", addr, "bar")
	if got := w.object("getaddressesbylabel", "bar"); len(got) != 1 {
		t.Errorf("bar: %v", got)
	}
	is(t, "validateaddress", w.object("validateaddress", addr), "witness_version", 1)
	is(t, "validateaddress", w.object("validateaddress", "x"), "isvalid", false)
}

func TestLockedCoinsAreLeftAlone(t *testing.T) {
	w := rich(t)
	coin := w.list("listunspent")[0].(map[string]any)
	w.must("lockunspent", false, []any{map[string]any{"txid": coin["txid"], "vout": coin["vout"]}})
	if got := w.list("listlockunspent"); len(got) != 1 {
		t.Errorf("listlockunspent: %v", got)
	}
	w.refused(-6, "", "sendtoaddress", stranger, 1)
	w.must("lockunspent", true)
	w.text("sendtoaddress", stranger, 1)
}

func TestBackupsAreNewFiles(t *testing.T) {
	w := rich(t)
	path := filepath.Join(t.TempDir(), "chain.db")
	got := w.object("dbbackup", path)
	if st, err := os.Stat(path); err != nil || fmt.Sprint(float64(st.Size())) != fmt.Sprint(got["bytes"]) {
		t.Errorf("dbbackup: %v, %v", got, err)
	}
	w.refused(-20, "", "dbbackup", path)
	w.refused(-8, "", "dbbackup", "relative.db")
	w.must("backupwallet", filepath.Join(t.TempDir(), "wallet.db"))
}

// fetch gets a REST path.
func (w *testNode) fetch(path string) (status int, kind string, body []byte) {
	w.t.Helper()
	resp, err := http.Get(w.url + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if len(resp.TransferEncoding) > 0 {
		w.t.Errorf("%s is chunked", path)
	}
	body, err = io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), body
}

func TestRESTAgreesWithRPC(t *testing.T) {
	w := rich(t)
	id := w.text("sendtoaddress", stranger, 1)
	tip := fmt.Sprint(w.list("generatetoaddress", 1, stranger)[0])
	block := w.text("getblock", tip, 0)
	header := w.text("getblockheader", tip, false)
	hash, err := chain.DecodeBlock(mustBlock(t, block))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/rest/block/" + tip + ".hex":                       block + "\n",
		"/rest/block/" + tip + ".bin":                       string(mustBlock(t, block)),
		"/rest/headers/1/" + tip + ".hex":                   header + "\n",
		"/rest/headers/" + tip + ".hex?count=7":             header + "\n",
		"/rest/blockhashbyheight/102.hex":                   tip + "\n",
		"/rest/blockhashbyheight/102.bin":                   string(hash.Hash[:]),
		"/rest/blockhashbyheight/102.json":                  `{"blockhash":"` + tip + "\"}\n",
		"/rest/tx/" + id + ".hex":                           w.text("getrawtransaction", id) + "\n",
		"/rest/blockpart/" + tip + ".bin?offset=0&size=80":  string(mustBlock(t, header)),
		"/rest/spenttxouts/" + genesis + ".bin":             "\x01\x00",
		"/rest/blockpart/" + tip + ".hex?offset=76&size=04": block[152:160] + "\n",
	} {
		if status, _, body := w.fetch(path); status != 200 || string(body) != want {
			t.Errorf("%s: %d %q, want %q", path, status, body, want)
		}
	}
	_, _, spent := w.fetch("/rest/spenttxouts/" + tip + ".json")
	if s := string(spent); !strings.HasPrefix(s, `[[],[{"value":50.00000000,"scriptPubKey":`) {
		t.Errorf("spenttxouts: %s", s)
	}
	out := w.object("getrawtransaction", id, 1)["vout"].([]any)[0]
	value, script := fmt.Sprintf("%.8f", out.(map[string]any)["value"]), fmt.Sprint(valueAt(out, "scriptPubKey.hex"))
	_, _, coins := w.fetch("/rest/getutxos/" + nowhere + "-0/" + id + "-0.json")
	if s := string(coins); !strings.HasPrefix(s, `{"chainHeight":102,"chaintipHash":"`+tip+`","bitmap":"01","utxos":[{"height":102,"value":`+value) {
		t.Errorf("getutxos: %s", s)
	}
	// Height, tip, one byte of bits, one coin: version, height, amount, script.
	_, _, coins = w.fetch("/rest/getutxos/checkmempool/" + nowhere + "-0/" + id + "-0.bin")
	raw := mustBlock(t, script)
	if n := len(coins); n != 4+32+2+1+4+4+8+1+len(raw) || coins[37] != 2 || coins[43] != 102 || string(coins[n-len(raw):]) != string(raw) {
		t.Errorf("getutxos: %x", coins)
	}
	_, _, filter := w.fetch("/rest/blockfilter/basic/" + tip + ".bin")
	if got, want := hex.EncodeToString(filter[34:]), w.object("getblockfilter", tip)["filter"]; got != want || string(filter[1:33]) != string(hash.Hash[:]) {
		t.Errorf("blockfilter: %x", filter)
	}
	for _, path := range []string{"/rest/deploymentinfo.json", "/rest/deploymentinfo/" + genesis + ".json", "/rest/blockfilter/basic/" + genesis + ".json", "/rest/chaininfo.json", "/rest/block/" + tip + ".json", "/rest/block/notxdetails/" + tip + ".json", "/rest/tx/" + id + ".json", "/rest/mempool/info.json", "/rest/mempool/contents.json", "/rest/headers/5/" + genesis + ".json"} {
		if status, kind, body := w.fetch(path); status != 200 || kind != "application/json" || !json.Valid(body) {
			t.Errorf("%s: %d %s %s", path, status, kind, body)
		}
	}
	for path, want := range map[string]int{
		"/rest/getutxos/x-1.json": 400, "/rest/getutxos/" + id + ".json": 400, "/rest/getutxos/checkmempool.json": 400, "/rest/getutxos.json": 400,
		"/rest/blockfilter/extended/" + tip + ".bin": 400, "/rest/blockfilter/basic/" + nowhere + ".bin": 404, "/rest/deploymentinfo/" + nowhere + ".json": 400,
		"/rest/block/ab.bin": 400, "/rest/block/" + nowhere + ".bin": 404, "/rest/block/" + tip + ".xml": 400, "/rest/nothing.json": 404,
		"/rest/headers/5000/" + tip + ".bin": 400, "/rest/blockhashbyheight/103.bin": 404, "/rest/blockhashbyheight/x.bin": 400,
		"/rest/blockpart/" + tip + ".bin?offset=0&size=99999999": 400, "/rest/tx/" + nowhere + ".hex": 404, "/rest/": 404,
	} {
		if status, _, body := w.fetch(path); status != want {
			t.Errorf("%s: %d %s, want %d", path, status, body, want)
		}
	}
	_, _, metrics := w.fetch("/metrics")
	for _, want := range []string{"grapevine_height 102\n", "grapevine_peers{direction=\"in\"} 0\n", "grapevine_pool_transactions 0\n", "grapevine_step_duration_seconds_bucket{le=\"+Inf\"} "} {
		if !strings.Contains(string(metrics), want) {
			t.Errorf("metrics: no %q in %s", want, metrics)
		}
	}
}

func TestPromisesSurviveARestart(t *testing.T) {
	w := rich(t)
	id := w.text("sendtoaddress", stranger, 2)
	tip := w.text("getbestblockhash")
	w.stop()
	again := startIn(t, w.dir)
	if got := again.text("getbestblockhash"); got != tip {
		t.Errorf("tip %s, want %s", got, tip)
	}
	is(t, "payment", again.object("gettransaction", id), "amount", -2)
}

// A node whose file was copied while it ran is in the state of one that was
// killed: bodies are on disk, the coins' last flush is old.
func TestPromisesSurviveACrash(t *testing.T) {
	w := rich(t)
	raw, err := os.ReadFile(filepath.Join(w.dir, "chain.db"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "chain.db"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	again := startIn(t, dir)
	if got, want := again.text("getbestblockhash"), w.text("getbestblockhash"); got != want {
		t.Errorf("the first answer after a crash is tip %s, want %s", got, want)
	}
}
