package rpc_test

import (
	"testing"
	"time"

	"grapevine/cmd/node"
)

// greeted waits until a peer's handshake is done and shows that peer.
func (w *testNode) greeted() map[string]any {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for _, p := range w.list("getpeerinfo") {
			if p := p.(map[string]any); p["version"] != 0.0 {
				return p
			}
		}
	}
	w.t.Fatal("nobody has greeted")
	return nil
}

// The address book as tests fill it: Core's answers, and only routable addresses where
// the network is like a public one.
func TestTheAddressBookIsFilledByHand(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.Public = true })
	add := func(want string, params ...any) {
		t.Helper()
		if got := string(w.must("addpeeraddress", params...)); got != want {
			t.Errorf("addpeeraddress %v: %s, want %s", params, got, want)
		}
	}
	good := `{"success":true}`
	add(`{"success":false}`, "", 8333)
	add(`{"success":false}`, "node.example", 8333)
	add(`{"success":false}`, "fe80::1%a.onion", 8333)
	add(`{"error":"failed-adding-to-new","success":false}`, "127.0.0.1", 8333)
	add(good, "1.2.3.4", 8333, true)
	add(good, "2.0.0.1", 8333)
	add(good, "2803:0:1234:abcd::1", 45324)
	add(`{"error":"failed-adding-to-new","success":false}`, "1.2.3.4", 8333, true)
	w.refused(-1, "JSON integer out of range", "addpeeraddress", "1.2.3.4", 65536)
	w.refused(-1, "JSON integer out of range", "addpeeraddress", "1.2.3.4", -1)
	info := w.object("getaddrmaninfo")
	for network, want := range map[string]string{
		"all_networks": "map[new:2 total:3 tried:1]", "ipv4": "map[new:1 total:2 tried:1]",
		"ipv6": "map[new:1 total:1 tried:0]", "onion": "map[new:0 total:0 tried:0]",
	} {
		is(t, "getaddrmaninfo", info, network, want)
	}
	raw := w.object("getrawaddrman")
	tried := raw["tried"].(map[string]any)
	if len(tried) != 1 || len(raw["new"].(map[string]any)) != 2 {
		t.Fatalf("getrawaddrman: %v", raw)
	}
	for _, a := range tried {
		has(t, "getrawaddrman", a.(map[string]any), "address port services time network source source_network")
		is(t, "getrawaddrman", a.(map[string]any), "source", "1.2.3.4")
	}
}

func TestConnectionsOfAKindAreOpenedUpToTheirLimit(t *testing.T) {
	a := startIn(t, t.TempDir(), func(c *node.Config) { c.Listen, c.DialNobody = "127.0.0.1:0", true })
	b := startIn(t, t.TempDir(), func(c *node.Config) { c.DialNobody, c.MaxPeers = true, 1 })
	at := a.node.Swarm.Addr().String()
	for i, kind := range []string{"addr-fetch", "block-relay-only", "outbound-full-relay", " feeler "} {
		b.must("addconnection", at, kind, i%2 == 0)
		if kind != " feeler " {
			is(t, kind, b.greeted(), "connection_type", kind)
			b.must("disconnectnode", at)
		}
		for end := time.Now().Add(time.Minute); len(b.list("getpeerinfo")) > 0 && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
	}
	b.refused(-1, "Error: Could not send message to peer", "sendmsgtopeer", 17, "addr", "00")
	b.refused(-8, "…addconnection \"address\"", "addconnection", at, "manual", true)
	b.must("addconnection", at, "outbound-full-relay", true)
	id := b.greeted()["id"]
	b.refused(-34, "Error: Already at capacity for specified connection type.", "addconnection", "127.0.0.1:1", "outbound-full-relay", true)
	b.must("sendmsgtopeer", id, "addr", "00")
	b.refused(-8, "Error: msg_type too long, max length is 12", "sendmsgtopeer", id, "thirteenchars", "00")
	b.refused(-8, "Error parsing input for msg", "sendmsgtopeer", id, "addr", "0")
}
