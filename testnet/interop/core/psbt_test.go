package core

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// stranger is paid, by blocks and by both sides.
const stranger = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"

// nobody is a point of the curve whose key nobody has (BIP341).
const nobody = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0"

// A multisig of two of three: a key of a wallet of grapevine's, one of a wallet of the
// other side, and a third that signs nothing. Both sides watch it, each makes payments,
// and both sign: one after the other, or each the same and then put together.
func TestTwoNodesSignOnePSBT(t *testing.T) {
	ours, theirs := start(t)
	for _, n := range []node{ours, theirs} {
		ask[any](n, "", "createwallet", n.signer)
	}
	ask[any](ours, "", "createwallet", "third")
	keys := []string{ours.account(ours.signer), theirs.account(theirs.signer), ours.account("third")}
	ask[any](ours, "", "generatetoaddress", 1, ask[string](ours, "third", "getnewaddress"))
	ask[any](ours, "", "generatetoaddress", 100, stranger)
	on := func(branch int) string {
		step := fmt.Sprintf("/%d/*", branch)
		return strings.Join(keys, step+",") + step
	}
	for _, k := range []kind{
		{"wsh", "bech32", func(b int) string { return "wsh(sortedmulti(2," + on(b) + "))" }},
		{"sh-wsh", "p2sh-segwit", func(b int) string { return "sh(wsh(multi(2," + on(b) + ")))" }},
		{"tr-leaf", "bech32m", func(b int) string { return "tr(" + nobody + ",sortedmulti_a(2," + on(b) + "))" }},
		{"tr-tree", "bech32m", func(b int) string {
			return fmt.Sprintf("tr(%s,{multi_a(2,%s),and_v(v:pk(%s/%d/*),older(1000))})", nobody, on(b), keys[2], b)
		}},
	} {
		t.Run(k.name, func(t *testing.T) {
			ours, theirs := ours.in(t), theirs.in(t)
			for _, n := range []node{ours, theirs} {
				n.watches(k)
			}
			pays(ours, theirs, k, false)
			pays(theirs, ours, k, false)
			pays(ours, theirs, k, true)
			pays(theirs, ours, k, true)
		})
	}
}

// kind is a form of multisig: the name of the wallets that watch it, the type of its
// addresses, and the descriptor of its receipts (0) and its change (1).
type kind struct {
	name, addresses string
	form            func(branch int) string
}

// account is the key of a wallet's segwit rows with where it comes from:
// [FINGERPRINT/84h/1h/0h]tpub….
func (n node) account(wallet string) string {
	n.t.Helper()
	type row struct{ Desc string }
	all := ask[struct{ Descriptors []row }](n, wallet, "listdescriptors")
	for _, r := range all.Descriptors {
		if key := regexp.MustCompile(`^wpkh\((\[[0-9a-f]{8}[/0-9h']+\]tpub\w+)`).FindStringSubmatch(r.Desc); key != nil {
			return key[1]
		}
	}
	n.t.Fatalf("%s: %s has no segwit row: %v", n.name, wallet, all)
	return ""
}

// watches makes a wallet without private keys for the receipts and the change of a kind.
func (n node) watches(k kind) {
	n.t.Helper()
	ask[any](n, "", "createwallet", k.name, true, true, "", false, true, false, false)
	var wishes []any
	for branch := range 2 {
		desc := ask[struct{ Descriptor string }](n, "", "getdescriptorinfo", k.form(branch)).Descriptor
		wishes = append(wishes, map[string]any{"desc": desc, "timestamp": "now", "active": true, "internal": branch == 1, "range": []any{0, 50}})
	}
	for _, done := range ask[[]struct {
		Success bool
		Error   any
	}](n, k.name, "importdescriptors", wishes) {
		if !done.Success {
			n.t.Fatalf("%s: import: %v", n.name, done.Error)
		}
	}
}

// filled is what walletprocesspsbt and finalizepsbt answer.
type filled struct {
	PSBT     string
	Hex      string
	Complete bool
}

// pays makes a payment of the multisig's on one side, and has both sign it: first the one
// that made it and then the other, who sends it, or (together) each the same.
func pays(maker, other node, k kind, together bool) {
	maker.t.Helper()
	watch := k.name
	addr := ask[string](other, watch, "getnewaddress", "", k.addresses)
	maker.isKnown(watch, addr)
	rich := maker
	if !rich.rich {
		rich = other
	}
	ask[any](rich, "third", "sendtoaddress", addr, 3)
	ask[any](rich, "", "generatetoaddress", 1, stranger)
	agree(maker, other, watch)

	made := ask[filled](maker, watch, "walletcreatefundedpsbt", []any{}, []any{map[string]any{stranger: 1}}, 0, map[string]any{"fee_rate": 7, "change_type": k.addresses}).PSBT
	first := maker.signs(made, false)
	second := ""
	if together {
		side := other.signs(made, false)
		second = ask[string](maker, "", "combinepsbt", []any{first, side})
	} else {
		analysed(maker, other, first)
		second = other.signs(first, true)
	}
	analysed(maker, other, second)
	done := ask[filled](other, "", "finalizepsbt", second)
	if again := ask[filled](maker, "", "finalizepsbt", second); !done.Complete || again != done {
		maker.t.Fatalf("finalized: %+v by %s, %+v by %s", done, other.name, again, maker.name)
	}
	id := ask[string](other, "", "sendrawtransaction", done.Hex)
	maker.await("transaction in the pool", func() bool {
		return strings.Contains(fmt.Sprint(ask[[]string](maker, "", "getrawmempool")), id)
	})
	ask[any](rich, "", "generatetoaddress", 1, stranger)
	agree(maker, other, watch)
}

// signs adds signatures, which must make it complete or not.
func (n node) signs(psbt string, complete bool) string {
	n.t.Helper()
	got := ask[filled](n, n.signer, "walletprocesspsbt", psbt)
	if got.Complete != complete || got.PSBT == psbt {
		n.t.Fatalf("%s: signed: complete %v; changed %v", n.name, got.Complete, got.PSBT != psbt)
	}
	return got.PSBT
}

// isKnown says that a wallet that watches knows an address that the other side handed out.
func (n node) isKnown(wallet, addr string) {
	n.t.Helper()
	info := ask[struct{ IsMine, Solvable bool }](n, wallet, "getaddressinfo", addr)
	if !info.IsMine || !info.Solvable {
		n.t.Fatalf("%s: %s is %+v", n.name, addr, info)
	}
}

// analysed asks both what is missing: they must say the same. (The size of a taproot
// input Core does not estimate.)
func analysed(a, b node, psbt string) {
	a.t.Helper()
	type missing struct {
		Fee    float64
		Next   string
		Inputs []map[string]any
	}
	x, y := ask[missing](a, "", "analyzepsbt", psbt), ask[missing](b, "", "analyzepsbt", psbt)
	if !reflect.DeepEqual(x, y) {
		a.t.Errorf("%s says %+v, %s says %+v", a.name, x, b.name, y)
	}
}

// agree waits for one tip, and compares what both wallets that watch have.
func agree(a, b node, watch string) {
	a.t.Helper()
	tip := func(n node) string { return ask[string](n, "", "getbestblockhash") }
	b.await("same tip", func() bool { return tip(a) == tip(b) })
	ask[any](a, "", "syncwithvalidationinterfacequeue")
	ask[any](b, "", "syncwithvalidationinterfacequeue")
	type balances struct{ Mine map[string]float64 }
	x, y := ask[balances](a, watch, "getbalances"), ask[balances](b, watch, "getbalances")
	if !reflect.DeepEqual(x, y) {
		a.t.Errorf("%s has %v, %s has %v", a.name, x, b.name, y)
	}
}
