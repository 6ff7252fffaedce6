package rpc_test

import (
	"encoding/json"
	"testing"

	"grapevine/cmd/node"
)

// setInfo is gettxoutsetinfo's answer.
type setInfo struct {
	Height      int32       `json:"height"`
	Best        string      `json:"bestblock"`
	TxOuts      int64       `json:"txouts"`
	BogoSize    int64       `json:"bogosize"`
	MuHash      string      `json:"muhash"`
	Total       json.Number `json:"total_amount"`
	Unspendable json.Number `json:"total_unspendable_amount"`
	Block       *struct {
		Spent      json.Number `json:"prevout_spent"`
		Coinbase   json.Number `json:"coinbase"`
		NewOutputs json.Number `json:"new_outputs_ex_coinbase"`
	} `json:"block_info"`
}

func (w *testNode) setInfo(params ...any) (s setInfo) {
	w.t.Helper()
	if err := json.Unmarshal(w.must("gettxoutsetinfo", params...), &s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// counted is what the index said, as the whole set's count says it.
func (s setInfo) counted() setInfo {
	s.Unspendable, s.Block = "", nil
	return s
}

func TestCoinStatsIndexSaysWhatCountingSays(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.CoinStatsIndex = true })
	addr := w.text("getnewaddress")
	w.must("generatetoaddress", 103, addr)
	w.must("sendtoaddress", addr, 1.5)
	w.must("generatetoaddress", 1, addr)

	seen := map[int]setInfo{}
	for height := 104; height > 100; height-- {
		hash := w.text("getblockhash", height)
		now := w.setInfo("muhash")
		if want := w.setInfo("muhash", nil, false); now.counted() != want || want.Best != hash {
			t.Errorf("at %d the index says %+v, counting %+v", height, now, want)
		}
		if at := w.setInfo("muhash", height); at.counted() != now.counted() || *at.Block != *now.Block {
			t.Errorf("asked for %d: %+v, at the tip %+v", height, at, now)
		}
		seen[height] = now
		w.must("invalidateblock", hash)
	}
	if b := seen[104].Block; b.Spent == "0" || b.NewOutputs == "0" {
		t.Errorf("the block with a payment changed %+v", b)
	}
	w.must("reconsiderblock", seen[104].Best)
	for height, was := range seen {
		if at := w.setInfo("muhash", height); at.counted() != was.counted() {
			t.Errorf("after there and back %d is %+v, was %+v", height, at, was)
		}
		if at := w.setInfo("none", was.Best); at.TxOuts != was.TxOuts || at.MuHash != "" {
			t.Errorf("without a hash %d is %+v", height, at)
		}
	}
	if first := w.setInfo("none", 0); first.Total != "0.00000000" || first.Unspendable != "50.00000000" {
		t.Errorf("genesis: %+v", first)
	}
	w.refused(-8, "hash_serialized_3 hash type cannot be queried for a specific block", "gettxoutsetinfo", "hash_serialized_3", 1)
	w.refused(-8, "Cannot set use_index to false when querying for a specific block", "gettxoutsetinfo", "muhash", 1, false)
}
