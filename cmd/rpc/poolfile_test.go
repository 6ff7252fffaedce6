package rpc_test

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"grapevine/cmd/node"
	"grapevine/cmd/rpc/client"
)

// hears tells a node the story, all of it.
func (w *testNode) hears(s story) {
	w.t.Helper()
	for _, b := range s.blocks {
		w.must("submitblock", hex.EncodeToString(b.Block.Raw))
	}
	w.must("sendrawtransaction", hex.EncodeToString(s.waits.Raw()))
}

// loaded waits for the first answer: by then the pool of the last run is there.
func (w *testNode) loaded() *testNode {
	w.t.Helper()
	var info map[string]any
	err := w.Call(w.ctx, "getmempoolinfo", &info)
	for end := time.Now().Add(time.Minute); isCode(err, -28) && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		err = w.Call(w.ctx, "getmempoolinfo", &info)
	}
	if err != nil || info["loaded"] != true {
		w.t.Fatalf("the node answers though the pool is not loaded: %v, %v", info, err)
	}
	return w
}

func isCode(err error, code int) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Code == code
}

func TestThePoolIsThereAfterARestart(t *testing.T) {
	w, s := start(t), tell(t)
	w.hears(s)
	id := s.waits.ID.String()
	came, _ := at(w.object("getmempoolentry", id), "time")
	w.stop()
	later := func(c *node.Config) { c.Now = func() time.Time { return time.Now().Add(time.Hour) } }
	again := startIn(t, w.dir, later).loaded()
	is(t, "after a restart", again.object("getmempoolentry", id), "time", came)
	is(t, "its coin", again.list("gettxspendingprevout", []any{map[string]any{"txid": s.paid.ID.String(), "vout": 1}})[0], "spendingtxid", id)
	again.must("generatetoaddress", 1, stranger)
	again.stop()
	if third := startIn(t, w.dir).loaded(); len(third.list("getrawmempool")) != 0 {
		t.Error("what was mined is in the pool")
	}
}

func TestABrokenPoolFileIsIgnored(t *testing.T) {
	w, s := start(t), tell(t)
	w.hears(s)
	w.stop()
	path := filepath.Join(w.dir, "mempool.dat")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw[:len(raw)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	again := startIn(t, w.dir).loaded()
	if pool := again.list("getrawmempool"); len(pool) != 0 {
		t.Errorf("half a transaction is in the pool: %v", pool)
	}
	again.must("sendrawtransaction", hex.EncodeToString(s.waits.Raw()))
	again.stop()
	if whole, err := os.ReadFile(path); err != nil || len(whole) != len(raw) {
		t.Errorf("the file was not written anew: %d bytes, %v", len(whole), err)
	}
}

func TestAPoolGoesToAnotherNode(t *testing.T) {
	w, s := start(t), tell(t)
	w.hears(s)
	path := filepath.Join(w.dir, "mempool.dat")
	is(t, "savemempool", w.object("savemempool"), "filename", path)
	other := start(t)
	for _, b := range s.blocks {
		other.must("submitblock", hex.EncodeToString(b.Block.Raw))
	}
	other.must("importmempool", path)
	if pool := other.list("getrawmempool"); len(pool) != 1 || pool[0] != s.waits.ID.String() {
		t.Errorf("pool: %v", pool)
	}
	other.must("importmempool", path, map[string]any{"use_current_time": false}) // it is there already
	other.refused(-8, "", "importmempool", "mempool.dat")
	other.refused(-1, "", "importmempool", filepath.Join(w.dir, "none"))
	other.refused(-1, "", "importmempool", filepath.Join(w.dir, "chain.db"))
}
