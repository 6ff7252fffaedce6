package rpc_test

import (
	"fmt"
	"testing"
	"time"

	"grapevine/cmd/node"
)

// A payment of ours is unbroadcast until a peer has asked for it, also over a
// restart; what a peer has sent us never is.
func TestAPaymentIsUnbroadcastUntilAPeerAsksForIt(t *testing.T) {
	listen := func(c *node.Config) { c.Listen = "127.0.0.1:0" }
	a, b := startIn(t, t.TempDir(), listen), startIn(t, t.TempDir(), listen)
	a.must("generatetoaddress", 101, a.text("getnewaddress"))
	b.must("addnode", a.node.Swarm.Addr().String(), "onetry")
	b.reaches(101)
	b.must("setnetworkactive", false)
	for end := time.Now().Add(time.Minute); string(a.must("getconnectioncount")) != "0" && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
	}
	id := a.text("sendtoaddress", stranger, 1)
	is(t, "alone", a.object("getmempoolinfo"), "unbroadcastcount", 1)
	is(t, "alone", a.object("getmempoolentry", id), "unbroadcast", true)
	a.stop()
	a = startIn(t, a.dir, listen).loaded()
	is(t, "after a restart", a.object("getmempoolinfo"), "unbroadcastcount", 1)

	b.must("setnetworkactive", true)
	b.must("addnode", a.node.Swarm.Addr().String(), "onetry")
	for end := time.Now().Add(time.Minute); fmt.Sprint(a.object("getmempoolinfo")["unbroadcastcount"]) != "0" || len(b.list("getrawmempool")) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%v, and the peer has %v", a.object("getmempoolinfo"), b.list("getrawmempool"))
		}
	}
	is(t, "heard", b.object("getmempoolentry", id), "unbroadcast", false)
}
