package rpc_test

import (
	"math"
	"testing"
	"time"

	"grapevine/cmd/node"
)

func TestBansComeAndGo(t *testing.T) {
	w := start(t)
	w.must("setban", "10.1.0.0/16", "add", 3600)
	w.must("setban", "10.2.0.1", "add")
	w.refused(-23, "Error: IP/Subnet already banned", "setban", "10.2.0.1", "add")
	w.refused(-23, "Error: IP/Subnet already banned", "setban", "10.1.5.5", "add", 5, true) // the subnet is
	w.refused(-30, "", "setban", "nowhere", "add")
	w.refused(-8, "Error: Absolute timestamp is in the past", "setban", "10.3.0.1", "add", 5, true)
	bans := w.list("listbanned")
	if len(bans) != 2 {
		t.Fatalf("bans: %v", bans)
	}
	is(t, "subnet", bans[0], "address", "10.1.0.0/16")
	is(t, "subnet", bans[0], "ban_duration", 3600)
	is(t, "address", bans[1], "address", "10.2.0.1/32")
	is(t, "address", bans[1], "ban_duration", 86400)
	w.must("setban", "10.1.0.0/16", "remove")
	w.refused(-30, "Error: Unban failed. Requested address/subnet was not previously manually banned.", "setban", "10.1.0.0/16", "remove")
	const onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"
	w.must("setban", onion, "add")
	w.refused(-23, "Error: IP/Subnet already banned", "setban", onion, "add")
	w.refused(-30, "Error: Invalid IP/Subnet", "setban", onion+"/16", "add")
	w.refused(-30, "Error: Invalid IP/Subnet", "setban", "x"+onion[1:], "add") // its checksum
	is(t, "name", w.list("listbanned")[1], "address", onion)
	w.must("setban", onion, "remove")
	w.refused(-30, "Error: Unban failed. Requested address/subnet was not previously manually banned.", "setban", onion, "remove")
	w.must("clearbanned")
	if bans := w.list("listbanned"); len(bans) != 0 {
		t.Errorf("bans: %v", bans)
	}
	w = startIn(t, t.TempDir(), func(c *node.Config) { c.CJDNS, c.BanTime = true, 1234*time.Second })
	w.must("setban", "fc00::1", "add")
	w.refused(-30, "Error: Invalid IP/Subnet", "setban", "fc00::/16", "add")
	is(t, "CJDNS", w.list("listbanned")[0], "address", "fc00::1")
	is(t, "-bantime", w.list("listbanned")[0], "ban_duration", 1234)
	if got := w.list("getnodeaddresses", 0); len(got) != 0 {
		t.Errorf("addresses: %v", got)
	}
}

// An end beyond all that a time can say is one, and no time long ago.
func TestABanForEverHolds(t *testing.T) {
	w := start(t)
	w.must("setban", "10.9.0.1", "add", int64(math.MaxInt64), true)
	w.must("setban", "10.9.0.2", "add", int64(math.MaxInt64))
	for _, where := range []string{"10.9.0.1", "10.9.0.2"} {
		w.refused(-23, "Error: IP/Subnet already banned", "setban", where, "add")
	}
}
