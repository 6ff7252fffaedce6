package rpc_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/cmd/node"
)

func TestServicesAreThoseThatPeersAreTold(t *testing.T) {
	for _, c := range []struct {
		plain           bool
		services, names string
	}{
		{false, "0000000000000c49", "[NETWORK WITNESS COMPACT_FILTERS NETWORK_LIMITED P2P_V2]"},
		{true, "0000000000000449", "[NETWORK WITNESS COMPACT_FILTERS NETWORK_LIMITED]"},
	} {
		w := startIn(t, t.TempDir(), func(cfg *node.Config) { cfg.PlainTransport = c.plain })
		info := w.object("getnetworkinfo")
		is(t, "getnetworkinfo", info, "localservices", c.services)
		is(t, "getnetworkinfo", info, "localservicesnames", c.names)
	}
}

// Who waits for RPC need not wait until peers can connect, too.
func TestAnswersBeginWhenPeersMayConnect(t *testing.T) {
	for range 10 {
		a := startIn(t, t.TempDir(), func(c *node.Config) { c.Listen = "127.0.0.1:0" })
		select {
		case <-a.node.Swarm.Ready():
		default:
			t.Fatal("RPC answers, and peers cannot connect yet")
		}
		a.stop()
	}
}

// Whoever was added and has dialled us first is connected all the same.
func TestAddedNodeMayHaveDialledUs(t *testing.T) {
	listen := func(c *node.Config) { c.Listen = "127.0.0.1:0" }
	a, b := startIn(t, t.TempDir(), listen), startIn(t, t.TempDir(), listen)
	us, them := a.node.Swarm.Addr().String(), b.node.Swarm.Addr().String()
	b.must("addnode", us, "onetry")
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if p := a.node.Swarm.Peers(); len(p) == 1 && p[0].Listens == them && p[0].Proven {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the peer does not say where it listens")
		}
	}
	a.must("addnode", them, "add")
	added := a.list("getaddednodeinfo", them)[0]
	is(t, "added", added, "connected", true)
	is(t, "added", added, "addresses", "[map[address:"+a.node.Swarm.Peers()[0].Addr+" connected:inbound]]")
	is(t, "at the other end", b.list("getpeerinfo")[0], "addr", us)

	b.must("addnode", "127.0.0.9", "add") // nobody is there, at the usual port
	nobody := b.list("getaddednodeinfo", "127.0.0.9")[0]
	is(t, "nobody", nobody, "addednode", "127.0.0.9")
	is(t, "nobody", nobody, "connected", false)
	b.refused(-24, "Error: Node has not been added.", "getaddednodeinfo", us)
}

func TestNothingIsVerifiedBeforeTheFirstHeader(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.Params = chain.TestNet4() })
	info := w.object("getblockchaininfo")
	is(t, "testnet4", info, "initialblockdownload", true)
	is(t, "testnet4", info, "verificationprogress", 0)
	w.refused(-1, "setmocktime is for regression testing (-regtest mode) only", "setmocktime", 1)
}

// getpeerinfo as Core's: connections that have not greeted too, numbers from 0 that
// failed dials do not use up, the session of an encrypted connection, and waits that
// follow the time that was set.
func TestPeersAreShownAsCoreDoes(t *testing.T) {
	listen := func(c *node.Config) { c.Listen = "127.0.0.1:0" }
	a, b := startIn(t, t.TempDir(), listen), startIn(t, t.TempDir(), listen)
	b.must("addnode", "127.0.0.1:1", "onetry") // nobody is there
	b.must("addnode", a.node.Swarm.Addr().String(), "onetry")
	p := b.greeted()
	is(t, "dialled", p, "id", 0)
	is(t, "dialled", p, "connection_type", "manual")
	is(t, "dialled", p, "transport_protocol_type", "v2")
	has(t, "getpeerinfo", p, "addr_relay_enabled addr_processed addr_rate_limited bip152_hb_to bip152_hb_from session_id")
	session := fmt.Sprint(p["session_id"])
	if len(session) != 64 || strings.Trim(session, "0") == "" {
		t.Errorf("session %q", session)
	}
	same := false // once the other end has the handshake behind it too
	for end := time.Now().Add(time.Minute); !same && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for _, q := range a.list("getpeerinfo") {
			same = same || q.(map[string]any)["session_id"] == session
		}
	}
	if !same {
		t.Error("the two ends have another session")
	}
	pushes := func(w *testNode, to, from bool) bool {
		for _, q := range w.list("getpeerinfo") {
			q := q.(map[string]any)
			if q["bip152_hb_to"] == to && q["bip152_hb_from"] == from && q["addr_relay_enabled"] == true {
				return true
			}
		}
		return false
	}
	for end := time.Now().Add(time.Minute); !pushes(b, true, false) || !pushes(a, false, true); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("whom the dialled one pushes blocks to: %v, %v", a.list("getpeerinfo"), b.list("getpeerinfo"))
		}
	}
	before := len(a.list("getpeerinfo"))
	conn, err := net.Dial("tcp", a.node.Swarm.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var silent map[string]any
	for end := time.Now().Add(time.Minute); silent == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for _, q := range a.list("getpeerinfo") {
			if q := q.(map[string]any); q["addr"] == conn.LocalAddr().String() {
				silent = q
			}
		}
	}
	is(t, "not greeted", silent, "version", 0)
	is(t, "not greeted", silent, "subver", "")
	is(t, "not greeted", silent, "startingheight", -1)
	is(t, "not greeted", silent, "transport_protocol_type", "detecting")
	if n := a.must("getconnectioncount"); fmt.Sprint(string(n)) < fmt.Sprint(before) {
		t.Errorf("%s connections", n)
	}
	a.must("disconnectnode", "", silent["id"])
}
