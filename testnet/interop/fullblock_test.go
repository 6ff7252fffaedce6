package interop

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/blockchain/fullblocktests"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/cmd/rpc/client"
)

// vectorRun feeds blocks to our node. A block that comes before its parent is
// refused (we keep no orphans without asking for the parent first) and offered
// again after it.
type vectorRun struct {
	t       *testing.T
	gv      node
	known   map[chainhash.Hash]bool
	waiting map[chainhash.Hash][][]byte // by missing parent
}

func newVectorRun(t *testing.T, gv node) *vectorRun {
	return &vectorRun{t: t, gv: gv, waiting: map[chainhash.Hash][][]byte{},
		known: map[chainhash.Hash]bool{*chaincfg.RegressionNetParams.GenesisHash: true}}
}

// offer is submitblock: "" is accepted into the best chain.
func (j *vectorRun) offer(raw []byte) string {
	j.t.Helper()
	var why *string
	err := j.gv.Call(j.t.Context(), "submitblock", &why, hex.EncodeToString(raw))
	var refusal *client.Error
	switch {
	case errors.As(err, &refusal):
		return "error: " + refusal.Message
	case err != nil:
		j.t.Fatalf("submitblock: %v\n%s", err, tail(j.gv.log))
	case why == nil:
		return ""
	}
	return *why
}

func kept(why string) bool { return why == "" || why == "inconclusive" || why == "duplicate" }

// submit offers a block and, if it is kept, those that waited for it. It
// returns the last word that was said about a block of this branch.
func (j *vectorRun) submit(raw []byte) string {
	j.t.Helper()
	why := j.offer(raw)
	if len(raw) < 80 {
		return why
	}
	parent := chainhash.Hash(raw[4:36])
	if !j.known[parent] {
		j.waiting[parent] = append(j.waiting[parent], raw)
		return why
	}
	if !kept(why) {
		return why
	}
	hash := chainhash.DoubleHashH(raw[:80])
	j.known[hash] = true
	children := j.waiting[hash]
	delete(j.waiting, hash)
	for _, child := range children {
		if w := j.submit(child); !kept(w) {
			why = w
		}
	}
	return why
}

func encode(b *wire.MsgBlock) []byte {
	var w bytes.Buffer
	if err := b.Serialize(&w); err != nil {
		panic(err) // a buffer takes everything
	}
	return w.Bytes()
}

// check holds one instance; "" is as expected.
func (j *vectorRun) check(instance fullblocktests.TestInstance) (name, problem string) {
	j.t.Helper()
	switch x := instance.(type) {
	case fullblocktests.AcceptedBlock:
		why := j.submit(encode(x.Block))
		isTip := j.gv.tip(j.t) == x.Block.BlockHash().String()
		if (kept(why) || x.IsOrphan) && isTip == x.IsMainChain {
			return x.Name, ""
		}
		return x.Name, fmt.Sprintf("should be accepted (best chain: %v), was %q, tip: %v", x.IsMainChain, why, isTip)
	case fullblocktests.RejectedBlock:
		why := j.submit(encode(x.Block))
		if why != "" && j.gv.tip(j.t) != x.Block.BlockHash().String() {
			return x.Name, ""
		}
		return x.Name, fmt.Sprintf("should be rejected (%v), was %q", x.RejectCode, why)
	case fullblocktests.OrphanOrRejectedBlock:
		return x.Name, j.tipStays(encode(x.Block), false)
	case fullblocktests.RejectedNonCanonicalBlock:
		return x.Name, j.tipStays(x.RawBlock, true)
	case fullblocktests.ExpectedTip:
		if got := j.gv.tip(j.t); got != x.Block.BlockHash().String() {
			return x.Name, "the tip is " + got
		}
		return x.Name, ""
	case fullblocktests.BlockDisconnectExpectUTXO:
		return x.Name, j.afterDisconnect(x)
	}
	return fmt.Sprintf("%T", instance), "unknown kind of test"
}

// tipStays submits something that must not become the tip; refused says
// whether it must also be told so.
func (j *vectorRun) tipStays(raw []byte, refused bool) string {
	before := j.gv.tip(j.t)
	why := j.submit(raw)
	if after := j.gv.tip(j.t); after != before || (refused && why == "") {
		return fmt.Sprintf("was %q, the tip went from %s to %s", why, before, after)
	}
	return ""
}

// afterDisconnect takes a block off the chain and looks whether a coin is
// there. Siblings of equal work must not take its place, or more than that
// block would be disconnected: they are invalidated for the time of the look.
func (j *vectorRun) afterDisconnect(x fullblocktests.BlockDisconnectExpectUTXO) string {
	j.t.Helper()
	tip := j.gv.tip(j.t)
	var head struct {
		Parent string `json:"previousblockhash"`
	}
	j.gv.call(j.t, "getblockheader", &head, x.BlockHash.String())
	marked := []string{x.BlockHash.String()}
	j.gv.call(j.t, "invalidateblock", nil, x.BlockHash.String())
	for now := j.gv.tip(j.t); now != head.Parent; now = j.gv.tip(j.t) {
		if len(marked) > 10 {
			return "the tip never came to the block's parent"
		}
		j.gv.call(j.t, "invalidateblock", nil, now)
		marked = append(marked, now)
	}
	var coin *struct {
		Best string `json:"bestblock"`
	}
	j.gv.call(j.t, "gettxout", &coin, x.OutPoint.Hash.String(), x.OutPoint.Index, false)
	for i := len(marked) - 1; i >= 0; i-- {
		j.gv.call(j.t, "reconsiderblock", nil, marked[i])
	}
	if (coin != nil) != x.Expected {
		return fmt.Sprintf("after %s was disconnected coin %s is there: %v, want %v", x.BlockHash, x.OutPoint, coin != nil, x.Expected)
	}
	// Equal work: whoever of the two is the tip now, the next block decides.
	if now := j.gv.tip(j.t); now != tip {
		j.t.Logf("tip after reconsiderblock is %s, was %s", now, tip)
	}
	return ""
}

// btcd's full block tests, all 205: every rule about blocks, and what a
// reorganisation does to coins.
func TestFullBlocks(t *testing.T) {
	groups, err := fullblocktests.Generate(false)
	if err != nil {
		t.Fatal(err)
	}
	j := newVectorRun(t, startGrapevine(t))
	var good, bad, coins int
	for _, group := range groups {
		for _, instance := range group {
			name, problem := j.check(instance)
			if problem != "" {
				bad++
				t.Errorf("%s: %s", name, problem)
				continue
			}
			good++
			if _, ok := instance.(fullblocktests.BlockDisconnectExpectUTXO); ok {
				coins++
			}
		}
	}
	t.Logf("%d as expected (%d of them coins after a disconnect), %d not", good, coins, bad)
	if good+bad != 205 || coins+bad < 3 {
		t.Errorf("there should be 205 instances, 3 of them about coins")
	}
}
