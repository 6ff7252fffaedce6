package rpc_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/cmd/rpc/client"
	"grapevine/wallet/psbt"
)

// of talks to a wallet by its name.
func (w *testNode) of(name string) *testNode {
	w.t.Helper()
	c, err := client.Dial(w.url+"/wallet/"+name, "u", "p")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(c.Close)
	other := *w
	other.Client = c
	return &other
}

func TestAStuckPaymentIsReplacedByOneThatPaysMore(t *testing.T) {
	w := rich(t)
	id := w.text("sendtoaddress", stranger, 1, "rent", "", false, true, nil, "unset", nil, 1)
	w.refused(-8, "…Insufficient total fee", "bumpfee", id, raw(`{"fee_rate":1.05}`))
	w.refused(-4, "…is too high (cannot be higher than -maxtxfee 0.10)", "bumpfee", id, raw(`{"fee_rate":100000}`))
	w.refused(-3, "Unexpected key feeRate", "bumpfee", id, raw(`{"feeRate":2}`))
	w.refused(-8, "Change position is out of range", "bumpfee", id, raw(`{"original_change_index":2}`))
	w.refused(-5, "Invalid or non-wallet transaction id", "bumpfee", nowhere)
	w.refused(-8, "Invalid parameter, output argument cannot be an empty array", "bumpfee", id, raw(`{"outputs":[]}`))
	signed := w.object("psbtbumpfee", id, raw(`{"fee_rate":5}`))
	if done := w.object("walletprocesspsbt", signed["psbt"]); done["complete"] != true {
		t.Errorf("the PSBT is not complete: %v", done)
	}
	better := w.object("bumpfee", id)
	entry := w.object("gettransaction", better["txid"])
	is(t, "replacement", entry, "replaces_txid", id)
	is(t, "replacement", entry, "comment", "rent")
	is(t, "original", w.object("gettransaction", id), "replaced_by_txid", better["txid"])
	if fmt.Sprint(better["fee"]) <= fmt.Sprint(better["origfee"]) {
		t.Errorf("fees: %v", better)
	}
	w.refused(-4, fmt.Sprintf("Cannot bump transaction %s which was already bumped by transaction %s", id, better["txid"]), "bumpfee", id)
	pool := fmt.Sprint(w.list("getrawmempool"))
	if strings.Contains(pool, id) || !strings.Contains(pool, fmt.Sprint(better["txid"])) {
		t.Errorf("the pool has %s", pool)
	}
	// Paid back to ourselves: the original never happens.
	third := w.object("bumpfee", better["txid"], map[string]any{"outputs": []any{map[string]any{w.text("getnewaddress"): "0.5"}}})
	w.must("generatetoaddress", 1, stranger)
	w.refused(-1, "…:0 is already spent", "bumpfee", third["txid"])

	final := w.text("sendtoaddress", stranger, 1, "", "", false, false)
	w.refused(-4, "Transaction is not BIP 125 replaceable", "bumpfee", final)
	first := w.text("sendtoaddress", w.text("getnewaddress"), 1)
	w.must("sendall", []any{stranger})
	w.refused(-8, "Transaction has descendants in the wallet", "bumpfee", first)
}

func TestEverythingIsSentAndNothingIsLeft(t *testing.T) {
	w := rich(t)
	w.refused(-8, "Must provide at least one address without a specified amount", "sendall", []any{map[string]any{stranger: 1}})
	w.refused(-8, "Cannot combine send_max with specific inputs.", "sendall", []any{stranger}, nil, "unset", nil, raw(`{"inputs":[],"send_max":true}`))
	w.refused(-8, "Fee rate (0.500 sat/vB) is lower than the minimum fee rate setting (1.000 sat/vB)", "sendall", []any{stranger}, nil, "unset", 0.5)
	w.refused(-6, "Assigned more value to outputs than available funds.", "sendall", []any{stranger, map[string]any{w.text("getnewaddress"): 20_000_000}})
	w.refused(-8, "…is not part of wallet.", "sendall", []any{stranger}, nil, "unset", nil, raw(`{"inputs":[{"txid":"`+nowhere+`","vout":0}]}`))
	sent := w.object("sendall", []any{stranger}, nil, "unset", 2)
	if sent["complete"] != true || fmt.Sprint(w.must("getbalance")) != "[48 46 48 48 48 48 48 48 48 48]" {
		t.Errorf("%v; left %s", sent, w.must("getbalance"))
	}
}

// A PSBT that says of its coins what is not so is not signed; a legacy input without
// its transaction is not either.
func TestPSBTsThatLieAreNotSigned(t *testing.T) {
	w := rich(t)
	made := w.object("walletcreatefundedpsbt", []any{}, []any{map[string]any{stranger: 1}})
	change := func(edit func(p *psbt.PSBT)) string {
		p, err := psbt.DecodeText(fmt.Sprint(made["psbt"]))
		if err != nil {
			t.Fatal(err)
		}
		edit(p)
		return p.Text()
	}
	for name, edit := range map[string]func(*psbt.PSBT){
		"amount": func(p *psbt.PSBT) {
			out := p.Inputs[0].WitnessUTXO()
			p.SetWitness(0, wire.NewTxOut(out.Value+1, out.PkScript))
		},
		"script": func(p *psbt.PSBT) {
			out := p.Inputs[0].WitnessUTXO()
			p.SetWitness(0, wire.NewTxOut(out.Value, append([]byte{0, 20}, make([]byte, 20)...)))
		},
	} {
		lie := change(edit)
		w.refused(-22, "…contradicts what is known of its coins", "walletprocesspsbt", lie)
		if got := w.object("walletprocesspsbt", lie, false); got["complete"] != false {
			t.Errorf("%s: without signing: %v", name, got)
		}
	}
	ask := change(func(p *psbt.PSBT) { p.Inputs[0][string([]byte{psbt.InSigHash})] = []byte{1, 0, 0, 0} })
	w.refused(-22, "Specified sighash value does not match value stored in PSBT", "walletprocesspsbt", ask, true, "SINGLE")
	if got := w.object("walletprocesspsbt", ask, true, "ALL"); got["complete"] != true {
		t.Errorf("of the kind that is asked for: %v", got)
	}
	if got := w.object("walletprocesspsbt", made["psbt"]); got["complete"] != true || got["hex"] == nil {
		t.Errorf("the honest one: %v", got)
	}
}

// Two of three sign, each in a wallet of its own, behind a witness script hash and in
// a script of a taproot tree; a fourth wallet watches and makes the PSBT.
func TestTwoOfThreeSignAPSBT(t *testing.T) {
	w := rich(t)
	var keys []string
	for _, name := range []string{"a", "b", "c"} {
		w.must("createwallet", name)
		info := w.of(name).object("getaddressinfo", w.of(name).text("getnewaddress"))
		desc := fmt.Sprint(info["desc"])
		keys = append(keys, desc[strings.IndexByte(desc, '(')+1:strings.IndexByte(desc, ')')])
	}
	for i, d := range []string{
		"wsh(sortedmulti(2," + strings.Join(keys, ",") + "))",
		"tr(50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0,multi_a(2," + strings.Join(keys, ",") + "))",
	} {
		desc := w.object("getdescriptorinfo", d)["descriptor"]
		name := fmt.Sprint("watch", i)
		w.must("createwallet", name, true, true, "", false, true, false, false) // as Sparrow makes one: 8 by position
		watch := w.of(name)
		watch.must("importdescriptors", []any{map[string]any{"desc": desc, "timestamp": "now"}})
		addr := fmt.Sprint(w.list("deriveaddresses", desc)[0])
		if info := watch.object("getaddressinfo", addr); i == 0 {
			is(t, "getaddressinfo", info, "script", "multisig")
			is(t, "getaddressinfo", info, "sigsrequired", 2)
		}
		w.of("").must("sendtoaddress", addr, 3)
		w.must("generatetoaddress", 1, stranger)
		change := map[string]any{"changeAddress": addr, "fee_rate": 5}
		p := fmt.Sprint(watch.object("walletcreatefundedpsbt", []any{}, []any{map[string]any{stranger: 1}}, 0, change)["psbt"])
		if got := watch.object("walletprocesspsbt", p); got["complete"] != false {
			t.Errorf("%s: signed by who only watches: %v", d, got)
		}
		one := w.of("a").object("walletprocesspsbt", p)["psbt"]
		two := w.of("c").object("walletprocesspsbt", p)["psbt"]
		if fin := w.object("finalizepsbt", one); fin["complete"] != false {
			t.Errorf("%s: one signature is enough", d)
		}
		fin := w.object("finalizepsbt", w.text("combinepsbt", []any{one, two}))
		if fin["complete"] != true {
			t.Fatalf("%s: two signatures are not enough: %v", d, fin)
		}
		id := w.text("sendrawtransaction", fin["hex"])
		e := w.object("getmempoolentry", id)
		size, fee := number(t, e["vsize"]), e["fees"].(map[string]any)["base"].(float64)
		sats := int64(math.Round(fee * 1e8))
		if sats < 5*size || sats > 5*size+60 {
			t.Errorf("%s: a fee of %d for %d vB at 5 sat/vB", d, sats, size)
		}
	}
}
