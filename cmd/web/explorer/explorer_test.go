package explorer_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/cmd/node"
)

// grown has a chain of 103 blocks: the coinbase of block 1 was paid to another key in block 102, and
// something of that waits in the pool.
func grown(t *testing.T, edits ...func(*node.Config)) (w *world, paid, waits *chain.Tx) {
	t.Helper()
	w = start(t, edits...)
	hashes := w.mine(101)
	other := chaintest.NewKey(2)
	paid = w.submit(chaintest.Spend(t, []chaintest.Coin{w.coinbase(hashes[0])}, chaintest.Pay(20e8, other.P2TR()), chaintest.Pay(29e8, w.key.P2WPKH())))
	w.mine(2)
	waits = w.submit(chaintest.SpendOne(t, chaintest.OutputOf(paid, 0, other), w.key.P2PKH(), 5000))
	return w, paid, waits
}

func TestEveryPageShowsWhatTheNodeKnows(t *testing.T) {
	w, paid, waits := grown(t)
	tip := w.node.Ledger.Tip()
	in := tip.Parent // block 102

	w.page("/blocks", ">103<", "/block/"+tip.Hash.String())
	w.page("/block/"+in.Hash.String(), "Block 102", ">active<", paid.ID.String(), "50 BTC new and 1 BTC of fees", `rel="next">Block after`, in.Header.MerkleRoot.String())
	w.page("/tx/"+paid.ID.String(), "confirmed", "block 102", "2 confirmations", "1 BTC", "20 BTC", "29 BTC", "unspent", "waits to be spent", waits.ID.String(), "witness_v1_taproot", "<svg")
	w.page("/tx/"+waits.ID.String(), "waits for a block", "next block takes it", "it stands alone", "by itself", "0.00005000 BTC", "Schnorr signature by the key", "(final)")
	w.page("/pool", ">1<", waits.ID.String(), "0.00005000 BTC", "heat-")
	w.page("/reorgs", "no branches")
	w.page("/search", "What can be sought")
	w.page("/node", "Over time", "Nobody is connected", "transactions, scripts", "chain.db", "standard error")
	for _, path := range []string{"/blocks?page=6", "/blocks?page=1", "/block/" + tip.Hash.String() + "?page=1"} {
		w.page(path)
	}
	if status, _, head := w.get("/block/102"); status != http.StatusSeeOther || head.Get("Location") != "/block/"+in.Hash.String() {
		t.Errorf("by height: %d to %s", status, head.Get("Location"))
	}
}

func TestAddressPage(t *testing.T) {
	w, paid, waits := grown(t)
	mine := addressOf(w, w.key.P2WPKH())
	body := w.page("/address/"+mine, "5130 BTC", paid.ID.String(), "witness_v0_keyhash", "Older")
	if n := strings.Count(body, `href="/tx/`); n != 50 { // 25 of the history, 25 coins
		t.Errorf("%d transactions on the first page", n)
	}
	w.page("/address/"+addressOf(w, w.key.P2PKH()), "Waiting for a block", waits.ID.String(), "0 BTC")
	w.page("/address/"+addressOf(w, chaintest.NewKey(9).P2TR()), "no transaction of it", "Nothing is left")
	hash := scriptHash(w.key.P2WPKH())
	w.page("/script/"+hash, mine, "5130 BTC")
	if status, _, head := w.get(fmt.Sprintf("/script/%x", w.key.P2WPKH())); status != http.StatusSeeOther || head.Get("Location") != "/script/"+hash {
		t.Errorf("by the script: %d to %s", status, head.Get("Location"))
	}
	// Page by page the whole history, each transaction once.
	seen, path := map[string]bool{}, "/address/"+mine
	for pages := 0; path != "" && pages < 10; pages++ {
		body := w.page(path)
		history := between(body, `id="history"`, `id="coins"`)
		for _, part := range strings.Split(history, `<th scope="row"><a class="hash" href="/tx/`)[1:] {
			if seen[part[:64]] {
				t.Fatalf("%s twice", part[:64])
			}
			seen[part[:64]] = true
		}
		path = between(history, `<li><a href="`, `" rel="next"`)
		if at := strings.LastIndex(path, `"`); at >= 0 {
			path = path[at+1:]
		}
	}
	if len(seen) != 104 { // 103 rewards, and the payment
		t.Errorf("%d transactions in all pages", len(seen))
	}
}

// Without indexes a page says what it cannot know and how to change that; the rest is there.
func TestWithoutIndexes(t *testing.T) {
	w, paid, waits := grown(t, func(c *node.Config) { c.TxIndex, c.AddressIndex = false, false })
	in := w.node.Ledger.Tip().Parent.Hash.String()
	w.page("/blocks")
	w.page("/block/"+in, paid.ID.String()+"?block="+in)
	w.page("/tx/"+paid.ID.String()+"?block="+in, "confirmed", "waits to be spent")
	first := w.node.Ledger.AtHeight(1).Hash
	w.page("/tx/"+w.block(first).Txs[0].ID.String()+"?block="+first.String(), "spent", "--addressindex", "coinbase")
	w.page("/tx/"+waits.ID.String(), "waits for a block")
	w.fails(http.StatusNotFound, "/tx/"+paid.ID.String(), "--txindex")
	w.page("/address/"+addressOf(w, w.key.P2WPKH()), "--addressindex", "witness_v0_keyhash")
	w.page("/script/"+scriptHash(w.key.P2WPKH()), "--addressindex")
	w.fails(http.StatusNotFound, "/search?q="+paid.ID.String(), "--txindex")
	w.page("/node", "none (--txindex, --addressindex)")
	w.page("/pool", waits.ID.String())
}

func TestAReorganisationIsToldAndDrawn(t *testing.T) {
	w, paid, waits := grown(t)
	tip := w.node.Ledger.Tip()
	fork := tip.Ancestor(101)
	old102, old103 := tip.Parent, tip
	// genesis - … - 101 - 102 - 103          with paid in 102
	//                   \ 102' - 103' - 104'
	n := fork
	for range 3 {
		n = w.give(chaintest.Mine(t, chain.RegTest(), n, chaintest.Extra(7))).Node
	}
	if w.node.Ledger.Tip().Hash != n.Hash {
		t.Fatalf("the tip is at height %d", w.node.Ledger.Tip().Height)
	}
	w.page("/reorgs", "<svg", `aria-label="Block 103, stale`, `aria-label="Block 104, active`, "valid-fork", "was in the chain until a reorganisation", ">101<", old103.Hash.String())
	w.page("/block/"+old102.Hash.String(), ">stale<", "a reorganisation has replaced it", "leaves the chain behind", "1 block", n.Ancestor(102).Hash.String())
	w.page("/block/"+n.Ancestor(102).Hash.String(), ">active<", "Other blocks of this height", old102.Hash.String())
	w.page("/blocks", "+1 stale", "1 branch")
	w.page("/tx/"+paid.ID.String()+"?block="+old102.Hash.String(), "not in the chain", "waits in <a")
	w.page("/tx/"+paid.ID.String(), "waits for a block", "Built on by", waits.ID.String(), "2 transactions hang together")
	w.page("/search?q="+old103.Hash.String(), "not in the chain")

	// Its coin is spent otherwise in the branch that wins in the end.
	rival := chaintest.SpendOne(t, w.coinbase(tip.Ancestor(1).Hash), w.key.P2TR(), 9000)
	n = w.give(chaintest.Mine(t, chain.RegTest(), n, chaintest.With(rival), chaintest.Fees(9000))).Node
	w.page("/tx/"+paid.ID.String()+"?block="+old102.Hash.String(), "Neither the pool nor the chain has it", "What it spends, others spend", rival.ID.String(), "in block 105")

	seq, err := w.node.Ledger.Invalidate(t.Context(), n.Hash)
	if err != nil {
		t.Fatal(err, seq)
	}
	w.page("/block/"+n.Hash.String(), ">invalid<", "marked invalid by hand")
	w.page("/reorgs", ">invalid<", "marked invalid by hand")
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, ok := strings.Cut(s, to)
	if !ok {
		return ""
	}
	return s
}
