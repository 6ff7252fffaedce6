package rpc_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/cmd/node"
)

func TestTransactionsAreProvedToBeInBlocks(t *testing.T) {
	for _, indexed := range []bool{false, true} {
		w := startIn(t, t.TempDir(), func(c *node.Config) { c.TxIndex = indexed })
		blocks := w.list("generatetodescriptor", 3, "raw(51)")
		block := w.object("getblock", blocks[1])
		id := block["tx"].([]any)[0]
		proof := w.text("gettxoutproof", []any{id})
		if again := w.text("gettxoutproof", []any{id}, blocks[1]); again != proof {
			t.Errorf("with the block: %s, without %s", again, proof)
		}
		if proved := w.list("verifytxoutproof", proof); len(proved) != 1 || proved[0] != id {
			t.Errorf("proved: %v", proved)
		}
		if got := w.list("verifytxoutproof", proof[:len(proof)-2]+"00"); len(got) != 0 {
			t.Errorf("a spoiled proof proves %v", got)
		}
		w.refused(-8, "Parameter 'txids' cannot be empty", "gettxoutproof", []any{})
		w.refused(-8, fmt.Sprintf("Invalid parameter, duplicated txid: %s", id), "gettxoutproof", []any{id, id})
		w.refused(-5, "Transaction not yet in block", "gettxoutproof", []any{nowhere})
		w.refused(-5, "Block not found", "gettxoutproof", []any{id}, nowhere)
		w.refused(-5, "Not all transactions found in specified or retrieved block", "gettxoutproof", []any{id}, blocks[2])
		w.must("invalidateblock", blocks[1])
		w.refused(-5, "Block not found in chain", "verifytxoutproof", proof)
		w.refused(-1, "DataStream::read(): end of data: iostream error", "verifytxoutproof", proof[:20])
	}
}

// headerOf makes a header that builds on the tip, with the work that regtest asks for.
func headerOf(w *testNode, spoil func(*wire.BlockHeader)) (hash, text string) {
	raw, _ := hex.DecodeString(w.text("getblockheader", w.text("getbestblockhash"), false))
	var h wire.BlockHeader
	if err := h.Deserialize(bytes.NewReader(raw)); err != nil {
		w.t.Fatal(err)
	}
	h.PrevBlock, h.MerkleRoot, h.Timestamp = chain.HeaderHash(&h), chain.Hash{1}, h.Timestamp.Add(time.Second)
	spoil(&h)
	for chain.CheckWork(chain.RegTest(), &h) != nil {
		h.Nonce++
	}
	var buf bytes.Buffer
	_ = h.Serialize(&buf)
	return chain.HeaderHash(&h).String(), hex.EncodeToString(buf.Bytes())
}

func TestHeadersAreHandedIn(t *testing.T) {
	w := start(t)
	w.must("generatetodescriptor", 1, "raw(51)")
	hash, good := headerOf(w, func(*wire.BlockHeader) {})
	for range 2 { // a second time it is known
		if got := string(w.must("submitheader", good)); got != "null" {
			t.Errorf("a good header: %s", got)
		}
	}
	w.must("syncwithvalidationinterfacequeue")
	is(t, "its tip", w.list("getchaintips")[0], "hash", hash)
	is(t, "its tip", w.list("getchaintips")[0], "status", "headers-only")
	_, old := headerOf(w, func(h *wire.BlockHeader) { h.Timestamp = h.Timestamp.Add(-time.Hour * 24 * 365 * 30) })
	_, stranger := headerOf(w, func(h *wire.BlockHeader) { h.PrevBlock = chain.Hash{9} })
	_, soon := headerOf(w, func(h *wire.BlockHeader) { h.Timestamp = time.Unix(1<<32-1, 0) })
	w.refused(-25, "time-too-old", "submitheader", old)
	w.refused(-25, "time-too-new", "submitheader", soon)
	w.refused(-25, "Must submit previous header ("+chain.Hash{9}.String()+") first", "submitheader", stranger)
	for _, text := range []string{"", "zz", good[:158]} {
		w.refused(-22, "Block header decode failed", "submitheader", text)
	}
	w.refused(-1, "Block header missing", "getblockfrompeer", nowhere, 0)
	w.refused(-1, "Peer does not exist", "getblockfrompeer", hash, 7)
	w.refused(-1, "Block already downloaded", "getblockfrompeer", w.text("getbestblockhash"), 0)
	w.must("invalidateblock", hash)
	w.refused(-25, "duplicate-invalid", "submitheader", good)
}

// Of branches with equal work people choose, the last choice counts.
func TestPreciousBlocksWinAmongEquals(t *testing.T) {
	w := start(t)
	w.must("generatetodescriptor", 1, "raw(51)")
	a := fmt.Sprint(w.list("generatetodescriptor", 2, "raw(51)")[1])
	w.must("invalidateblock", w.text("getblockhash", 2))
	b := fmt.Sprint(w.list("generatetodescriptor", 2, "raw(52)")[1])
	w.must("reconsiderblock", a)
	for _, choice := range []string{b, a, a, b} {
		w.must("preciousblock", choice)
		if got := w.text("getbestblockhash"); got != choice {
			t.Errorf("%s was chosen, %s is the tip", choice, got)
		}
	}
	w.must("preciousblock", w.text("getblockhash", 1)) // less work: nothing happens
	if got := w.text("getbestblockhash"); got != b {
		t.Errorf("the tip went to %s", got)
	}
	w.refused(-5, "Block not found", "preciousblock", nowhere)
}

func TestTransactionsOfTheChainAreCounted(t *testing.T) {
	w := start(t)
	w.must("generatetodescriptor", 5, "raw(51)")
	st := w.object("getchaintxstats")
	is(t, "a month", st, "txcount", 6)
	is(t, "a month", st, "window_block_count", 4)
	is(t, "a month", st, "window_tx_count", 4)
	is(t, "two blocks", w.object("getchaintxstats", 2, w.text("getblockhash", 4)), "window_tx_count", 2)
	if _, there := w.object("getchaintxstats", 0)["window_interval"]; there {
		t.Error("no blocks have an interval")
	}
	for _, n := range []int{-1, 5} {
		w.refused(-8, "Invalid block count: should be between 0 and the block's height - 1", "getchaintxstats", n)
	}
	stale := w.text("getbestblockhash")
	w.must("invalidateblock", stale)
	w.refused(-8, "Block is not in main chain", "getchaintxstats", nil, stale)
	is(t, "of a fresh chain", start(t).object("getchaintxstats"), "window_block_count", 0)
}

func TestBlocksAreFoundByTheirFilters(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.FilterIndex = true })
	w.must("generatetodescriptor", 2, "raw(51)")
	mine := w.list("generatetodescriptor", 1, "raw(5252)")[0]
	for _, sure := range []bool{false, true} {
		found := w.object("scanblocks", "start", []any{"raw(5252)"}, 0, nil, nil, map[string]any{"filter_false_positives": sure})
		if blocks := found["relevant_blocks"].([]any); len(blocks) != 1 || blocks[0] != mine || found["completed"] != true {
			t.Errorf("found %v", found)
		}
		is(t, "found", found, "to_height", 3)
	}
	if blocks := w.object("scanblocks", "start", []any{"raw(5252)"}, 0, 2)["relevant_blocks"].([]any); len(blocks) != 0 {
		t.Errorf("below it: %v", blocks)
	}
	w.refused(-1, "Invalid start_height", "scanblocks", "start", []any{}, 4)
	w.refused(-1, "Invalid stop_height", "scanblocks", "start", []any{}, 2, 1)
	w.refused(-5, "Unknown filtertype", "scanblocks", "start", []any{}, 0, 1, "extended")
	w.refused(-8, "Invalid action 'look'", "scanblocks", "look")
	if got := string(w.must("scanblocks", "status")) + string(w.must("scanblocks", "abort")); got != "nullfalse" {
		t.Errorf("nothing is under way: %s", got)
	}
	startIn(t, t.TempDir(), func(c *node.Config) { c.FilterIndex = false }).
		refused(-1, "Index is not enabled for filtertype basic", "scanblocks", "start", []any{})
}

// With the rules of 28.1 its words are said too.
func TestOldWordsAreSaidWithTheOldRules(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.Policy = policy.Core28() })
	w.must("generatetodescriptor", 1, "raw(51)")
	hash, header := headerOf(w, func(*wire.BlockHeader) {})
	w.must("submitheader", header)
	w.must("syncwithvalidationinterfacequeue")
	w.refused(-1, "Block not found on disk", "getblock", hash)
	has(t, "31", start(t).object("getblockchaininfo"), "bits target")
	for _, member := range []string{"bits", "target"} { // they came with Core 29
		if got, there := w.object("getblockchaininfo")[member]; there {
			t.Errorf("getblockchaininfo has %s: %v", member, got)
		}
	}
}
