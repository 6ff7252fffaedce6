package rpc_test

import (
	"encoding/hex"
	"encoding/json"
	"testing"
)

// A body that does not fit its header leaves nothing behind: no header without a
// block, and who waits for blocks to reach headers goes on.
func TestSubmitblockOfAWrongRootLeavesNoHeader(t *testing.T) {
	w := rich(t)
	made := w.object("generateblock", stranger, []any{}, false)
	raw := mustBlock(t, made["hex"].(string))
	good := hex.EncodeToString(raw)
	raw[len(raw)-1] ^= 1 // the lock time of the coinbase
	if got := string(w.must("submitblock", hex.EncodeToString(raw))); got != `"bad-txnmrklroot"` {
		t.Errorf("a wrong root: %s", got)
	}
	info := w.object("getblockchaininfo")
	is(t, "after a wrong root", info, "headers", 101)
	is(t, "after a wrong root", info, "blocks", 101)
	is(t, "after a wrong root", info, "verificationprogress", json.Number("1"))
	if tips := w.list("getchaintips"); len(tips) != 1 {
		t.Errorf("tips: %v", tips)
	}
	w.refused(-5, "Block not found", "getblockheader", made["hash"])
	if got := string(w.must("submitblock", good)); got != "null" {
		t.Errorf("the right copy: %s", got)
	}
	is(t, "after the right copy", w.object("getblockchaininfo"), "blocks", 102)
}
