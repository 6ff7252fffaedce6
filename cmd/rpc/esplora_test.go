package rpc_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"grapevine/cmd/node"
)

// explored is a node with the index by script.
func explored(t *testing.T) *testNode {
	t.Helper()
	return startIn(t, t.TempDir(), func(c *node.Config) { c.AddressIndex = true })
}

// api reads a path of Esplora's API that must be there; JSON is read into v.
func (w *testNode) api(path string, v any) string {
	w.t.Helper()
	status, body := w.send("GET", "/api/"+path, "")
	if status != http.StatusOK {
		w.t.Fatalf("GET /api/%s: %d %s", path, status, body)
	}
	if v != nil {
		if err := json.Unmarshal([]byte(body), v); err != nil {
			w.t.Fatalf("GET /api/%s: %v: %s", path, err, body)
		}
	}
	return body
}

type apiTx struct {
	TxID string
	Fee  int64
	Vin  []struct {
		TxID     string
		Coinbase bool `json:"is_coinbase"`
		Prevout  *struct {
			Value   int64
			Address string `json:"scriptpubkey_address"`
		}
	}
	Vout []struct {
		Value   int64
		Address string `json:"scriptpubkey_address"`
		Type    string `json:"scriptpubkey_type"`
		Asm     string `json:"scriptpubkey_asm"`
	}
	Status struct {
		Confirmed bool
		Height    int    `json:"block_height"`
		Hash      string `json:"block_hash"`
	}
}

type apiSums struct {
	Txs       int   `json:"tx_count"`
	Funded    int   `json:"funded_txo_count"`
	FundedSum int64 `json:"funded_txo_sum"`
	Spent     int   `json:"spent_txo_count"`
	SpentSum  int64 `json:"spent_txo_sum"`
}

type apiScript struct {
	Chain apiSums `json:"chain_stats"`
	Pool  apiSums `json:"mempool_stats"`
}

type apiCoin struct {
	TxID   string
	Vout   int
	Value  int64
	Status struct{ Confirmed bool }
}

func TestEsploraFollowsAPayment(t *testing.T) {
	w := explored(t)
	mine, to := w.text("getnewaddress"), w.text("getnewaddress")
	w.must("generatetoaddress", 101, mine)
	id := w.text("sendtoaddress", to, 1)

	var pooled apiScript
	w.api("address/"+to, &pooled)
	if pooled.Chain != (apiSums{}) || pooled.Pool != (apiSums{1, 1, 1e8, 0, 0}) {
		t.Errorf("before the block: %+v", pooled)
	}
	var tx apiTx
	w.api("tx/"+id, &tx)
	if tx.Status.Confirmed || tx.Fee <= 0 || tx.Vin[0].Prevout == nil || tx.Vin[0].Prevout.Value != 50e8 || tx.Vin[0].Prevout.Address != mine {
		t.Errorf("in the pool: %+v", tx)
	}
	var coins []apiCoin
	if w.api("address/"+to+"/utxo", &coins); len(coins) != 1 || coins[0].TxID != id || coins[0].Value != 1e8 || coins[0].Status.Confirmed {
		t.Errorf("coins: %+v", coins)
	}
	var recent []struct {
		TxID              string
		Fee, VSize, Value int64
	}
	if w.api("mempool/recent", &recent); len(recent) != 1 || recent[0].TxID != id || recent[0].Fee != tx.Fee {
		t.Errorf("recent: %+v", recent)
	}
	var pool struct {
		Count     int
		VSize     int64
		Fees      int64        `json:"total_fee"`
		Histogram [][2]float64 `json:"fee_histogram"`
	}
	if w.api("mempool", &pool); pool.Count != 1 || pool.Fees != tx.Fee || len(pool.Histogram) != 1 || pool.Histogram[0][1] != float64(pool.VSize) {
		t.Errorf("pool: %+v", pool)
	}

	tip := fmt.Sprint(w.list("generatetoaddress", 1, mine)[0])
	var mined apiScript
	w.api("address/"+to, &mined)
	if mined.Pool != (apiSums{}) || mined.Chain != (apiSums{1, 1, 1e8, 0, 0}) {
		t.Errorf("after the block: %+v", mined)
	}
	if w.api("tx/"+id, &tx); !tx.Status.Confirmed || tx.Status.Height != 102 || tx.Status.Hash != tip {
		t.Errorf("in the chain: %+v", tx.Status)
	}
	script := w.object("getaddressinfo", to)["scriptPubKey"].(string)
	raw, _ := hex.DecodeString(script)
	sum := sha256.Sum256(raw)
	var same apiScript
	if w.api("scripthash/"+hex.EncodeToString(sum[:]), &same); same.Chain != mined.Chain {
		t.Errorf("by script hash: %+v", same)
	}
	var txs []apiTx
	if w.api("address/"+to+"/txs", &txs); len(txs) != 1 || txs[0].TxID != id {
		t.Errorf("history: %+v", txs)
	}
	var proof struct {
		Height int `json:"block_height"`
		Merkle []string
		Pos    int
	}
	if w.api("tx/"+id+"/merkle-proof", &proof); proof.Height != 102 || proof.Pos != 1 || len(proof.Merkle) != 1 {
		t.Errorf("proof: %+v", proof)
	}
	if got := w.list("verifytxoutproof", w.api("tx/"+id+"/merkleblock-proof", nil)); len(got) != 1 || got[0] != id {
		t.Errorf("the proof proves %v", got)
	}
	var spent struct {
		Spent  bool
		TxID   string
		Vin    int
		Status struct{ Confirmed bool }
	}
	if w.api("tx/"+tx.Vin[0].TxID+"/outspend/0", &spent); !spent.Spent || spent.TxID != id || spent.Vin != 0 || !spent.Status.Confirmed {
		t.Errorf("who spends the coinbase: %+v", spent)
	}
	var all []struct{ Spent bool }
	if w.api("tx/"+id+"/outspends", &all); len(all) != len(tx.Vout) || all[0].Spent || all[1].Spent {
		t.Errorf("nobody has spent it: %+v", all)
	}
	if hex := w.api("tx/"+id+"/hex", nil); hex != w.text("getrawtransaction", id) {
		t.Error("hex differs")
	}
	var found []string
	if w.api("address-prefix/"+to[:len(to)-4], &found); !slices.Contains(found, to) {
		t.Errorf("addresses that begin so: %v", found)
	}
}

func TestEsploraTurnsPages(t *testing.T) {
	w := explored(t)
	to := w.text("getnewaddress")
	w.must("generatetoaddress", 61, to)
	var got []string
	last, sizes := "", []int{}
	for {
		var page []apiTx
		path := "address/" + to + "/txs/chain"
		if last != "" {
			path += "/" + last
		}
		if w.api(path, &page); len(page) == 0 {
			break
		}
		sizes = append(sizes, len(page))
		for _, tx := range page {
			got = append(got, fmt.Sprint(tx.Status.Height))
			last = tx.TxID
		}
	}
	if !slices.Equal(sizes, []int{25, 25, 11}) || got[0] != "61" || got[60] != "1" {
		t.Errorf("pages of %v: %v", sizes, got)
	}
	var blocks []struct {
		ID     string
		Height int
		Txs    int `json:"tx_count"`
		Size   int
		Weight int
		Before *string `json:"previousblockhash"`
	}
	if w.api("blocks", &blocks); len(blocks) != 10 || blocks[0].Height != 61 || blocks[9].Height != 52 || blocks[0].Weight <= blocks[0].Size {
		t.Errorf("%+v", blocks)
	}
	if w.api("blocks/3", &blocks); len(blocks) != 4 || blocks[3].Height != 0 || blocks[3].Before != nil || *blocks[2].Before != blocks[3].ID {
		t.Errorf("%+v", blocks)
	}
	tip := w.text("getbestblockhash")
	for path, want := range map[string]string{
		"blocks/tip/height":                               "61",
		"blocks/tip/hash":                                 tip,
		"block-height/61":                                 tip,
		"block/" + tip + "/header":                        w.text("getblockheader", tip, false),
		"block/" + tip + "/txid/0":                        last61(w, tip),
		"block/" + tip + "/status":                        `{"in_best_chain":true,"height":61,"next_best":null}`,
		"fee-estimates":                                   `{}`,
		"mempool/txids":                                   `[]`,
		"address/" + to + "/txs/mempool":                  `[]`,
		"address/" + stranger + "/utxo":                   `[]`,
		"block/" + w.text("getblockhash", 60) + "/status": `{"in_best_chain":true,"height":60,"next_best":"` + tip + `"}`,
		"tx/" + last61(w, tip) + "/outspend/0":            `{"spent":false}`,
	} {
		if body := w.api(path, nil); body != want {
			t.Errorf("%s: %s, want %s", path, body, want)
		}
	}
	w.must("invalidateblock", tip)
	if body := w.api("block/"+tip+"/status", nil); body != `{"in_best_chain":false,"next_best":null}` {
		t.Errorf("of a block that has left the chain: %s", body)
	}
	var page []apiTx
	if w.api("address/"+to+"/txs", &page); page[0].Status.Height != 60 {
		t.Errorf("the history still begins at %d", page[0].Status.Height)
	}
}

func last61(w *testNode, tip string) string {
	return w.object("getblock", tip)["tx"].([]any)[0].(string)
}

func TestEsploraTakesTransactions(t *testing.T) {
	w := explored(t)
	mine := w.text("getnewaddress")
	w.must("generatetoaddress", 101, mine)
	funded := w.object("fundrawtransaction", w.text("createrawtransaction", []any{}, []any{map[string]any{stranger: 1}}))
	signed := w.object("signrawtransactionwithwallet", funded["hex"])["hex"].(string)
	id := w.object("decoderawtransaction", signed)["txid"].(string)
	if status, body := w.send("POST", "/api/tx", signed); status != 200 || body != id {
		t.Errorf("%d %s, want %s", status, body, id)
	}
	if status, body := w.send("POST", "/api/tx", signed+"\n"); status != 200 || body != id {
		t.Errorf("again: %d %s", status, body)
	}
	for body, want := range map[string]string{
		"":                         `sendrawtransaction RPC error: {"code":-22,"message":"TX decode failed`,
		"zz":                       `sendrawtransaction RPC error: {"code":-22`,
		strings.Repeat("00", 5000): `sendrawtransaction RPC error: {"code":-22`,
		strings.Repeat("00", 5e5):  `the body did not come whole, or is too large`,
		bump(signed):               `sendrawtransaction RPC error: {"code":-2`,
	} {
		if status, got := w.send("POST", "/api/tx", body); status != 400 || !strings.Contains(got, want) {
			t.Errorf("%.40s: %d %s, want %s", body, status, got, want)
		}
	}
	for body, want := range map[string]string{"": "want a JSON array", "[]": "want a JSON array", `["zz"]`: "Invalid transaction hex for item 0"} {
		if status, got := w.send("POST", "/api/txs/package", body); status != 400 || !strings.Contains(got, want) {
			t.Errorf("package %s: %d %s", body, status, got)
		}
	}
	if status, _ := w.send("GET", "/api/tx", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("GET /api/tx: %d", status)
	}
}

// bump spends another output of the same transaction, which is not there.
func bump(tx string) string { return strings.Replace(tx, "00000000fdffffff", "09000000fdffffff", 1) }

func TestEsploraRefusesNonsense(t *testing.T) {
	w := explored(t)
	for path, want := range map[string]int{
		"": 404, "{script}/" + nowhere: 404, "{address|scripthash}/" + nowhere: 404, "nosuch": 404, "block": 404, "block/": 404, "tx/zz": 400, "tx/" + nowhere: 404, "tx/" + nowhere + "/status": 404, "tx/" + nowhere[:63]: 400,
		"block/zz": 400, "block/" + nowhere: 404, "block-height/1": 404, "block-height/-1": 400, "block-height/99999999999": 400, "blocks/x": 400,
		"address/x": 400, "address/1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa": 400, "scripthash/zz": 400, "scripthash/" + nowhere + "/txs/chain/zz": 400,
		"scripthash/" + nowhere + "/txs/chain/" + nowhere: 404, "tx/" + nowhere + "/outspend/x": 400, "mempool/x": 404, "address/%00/txs": 400,
		"address/" + strings.Repeat("x", 3000): 400,
	} {
		if status, body := w.send("GET", "/api/"+path, ""); status != want || want != 404 && body == "" {
			t.Errorf("%s: %d %s, want %d", path, status, body, want)
		}
	}
	if status, _ := w.send("DELETE", "/api/mempool", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("DELETE: %d", status)
	}
	if status, _ := w.send("POST", "/api/mempool", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", status)
	}
	foreign := func(r *http.Request) { r.Host = "evil.example" }
	if status, _ := w.send("GET", "/api/mempool", "", foreign); status != http.StatusForbidden {
		t.Errorf("by a stranger's name: %d", status)
	}
	origin := func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }
	if status, _ := w.send("POST", "/api/tx", "00", origin); status != http.StatusForbidden {
		t.Errorf("from a stranger's page: %d", status)
	}
	off := start(t) // without the index by script
	if status, body := off.send("GET", "/api/blocks/tip/height", ""); status != 404 || !strings.Contains(body, "--esplora") {
		t.Errorf("without the index: %d %s", status, body)
	}
}
