package p2p

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"
)

// seen is a peer of which all is known that getpeerinfo tells.
func seen() PeerInfo {
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	return PeerInfo{
		Link: Link{Number: 4, Kind: FullRelay, Permissions: MayStay | MayRelay, Hello: Hello{
			Transport: 2, Session: [32]byte{0xab, 31: 1}, Version: 70016, UserAgent: "/a<b&c/", StartHeight: 7,
			Services: wire.SFNodeNetwork | wire.SFNodeWitness | 1<<40, Relay: true,
		}},
		Greeted: true, Addr: "10.0.0.1:8333", LocalAddr: "10.0.0.2:4444", Network: IPv4, MappedAS: 64500, Connected: at(100), TimeSkew: -3 * time.Second,
		Listens: "10.0.0.1:8334", AddrRelay: true, AddrsTaken: 5, AddrsLimited: 6,
		BytesSent: 1 << 40, BytesRecv: 2, SentPerMsg: map[string]uint64{"ping": 32}, RecvPerMsg: map[string]uint64{"*other*": 1}, LastSend: at(101), LastRecv: at(102),
		Ping: 1500 * time.Microsecond, MinPing: time.Microsecond, PingWait: 2 * time.Second,
		Height: 9, Headers: 10, Presynced: -1, InFlight: []int32{11, 12}, LastBlock: at(103), LastTx: at(104),
		BlocksFrom: 13, TxsFrom: 14, BlocksTo: 15, TxsTo: 16, HBTo: true, HBFrom: true, FeeFilter: 1000, Node: "3",
	}
}

const seenRow = `{"id":4,"node":3,"addr":"10.0.0.1:8333","addrbind":"10.0.0.2:4444","network":"ipv4",` +
	`"services":"0000010000000009","servicesnames":["NETWORK","WITNESS","UNKNOWN[2^40]"],"relaytxes":true,` +
	`"lastsend":101,"lastrecv":102,"last_transaction":104,"last_block":103,"bytessent":1099511627776,"bytesrecv":2,"conntime":100,"timeoffset":-3,` +
	`"pingtime":0.0015,"minping":0.000001,"pingwait":2,"version":70016,"subver":"/a\u003cb\u0026c/","inbound":false,"bip152_hb_to":true,"bip152_hb_from":true,` +
	`"startingheight":7,"presynced_headers":-1,"synced_headers":10,"synced_blocks":9,"inflight":[11,12],` +
	`"addr_relay_enabled":true,"addr_processed":5,"addr_rate_limited":6,"permissions":["noban","relay","download"],"minfeefilter":0.00001000,` +
	`"bytessent_per_msg":{"ping":32},"bytesrecv_per_msg":{"*other*":1},"connection_type":"outbound-full-relay","transport_protocol_type":"v2",` +
	`"session_id":"ab00000000000000000000000000000000000000000000000000000000000001","mapped_as":64500,` +
	`"blocks_from":13,"txs_from":14,"blocks_to":15,"txs_to":16,"listens":"10.0.0.1:8334"}`

func TestARowOfGetPeerInfoIsReadAsItIsWritten(t *testing.T) {
	raw, err := json.Marshal(seen())
	if err != nil || string(raw) != seenRow {
		t.Errorf("got  %s\nwant %s\n%v", raw, seenRow, err)
	}
	var back PeerInfo
	if err := json.Unmarshal(raw, &back); err != nil || !reflect.DeepEqual(back, seen()) {
		t.Errorf("got  %+v\nwant %+v\n%v", back, seen(), err)
	}
	list := []PeerInfo{seen(), {}}
	if err := json.Unmarshal([]byte(`[{"id":1,"inbound":true,"minping":0,"more":{}},{"permissions":["noban","else"],"transport_protocol_type":"v3x"},{}]`), &list); err != nil {
		t.Fatal(err)
	}
	if p := list[0]; p.Number != 1 || !p.Inbound() || p.Addr != "" || p.MinPing != 1 || !p.Relay {
		t.Errorf("a row of few members is read as %+v", p)
	}
	if p := list[1]; p.Permissions != MayStay || p.Transport != 0 || p.Inbound() {
		t.Errorf("a row with unknown words is read as %+v", p)
	}
}

// Times that cannot be are the longest, or unknown; a time that ran back is not told.
func TestTimesOfARowAreBounded(t *testing.T) {
	var p PeerInfo
	if err := json.Unmarshal([]byte(`{"pingtime":1e300,"minping":-1,"pingwait":0}`), &p); err != nil || p.Ping != 1<<62 || p.MinPing != 0 || p.PingWait != 1 {
		t.Errorf("%v, %v, %v; %v", p.Ping, p.MinPing, p.PingWait, err)
	}
	p.PingWait = -time.Second
	if raw, err := json.Marshal(p); err != nil || strings.Contains(string(raw), "pingwait") {
		t.Errorf("%s, %v", raw, err)
	}
}

// What was not measured is left out, what is empty is not; what was given counts from the handshake on.
func TestARowOfWhoHasNotGreeted(t *testing.T) {
	raw, err := json.Marshal(PeerInfo{Link: Link{Kind: Inbound}, SentPerMsg: map[string]uint64{}, RecvPerMsg: map[string]uint64{}})
	want := `{"id":0,"addr":"","addrbind":"","network":"","services":"0000000000000000","servicesnames":[],"relaytxes":false,` +
		`"lastsend":0,"lastrecv":0,"last_transaction":0,"last_block":0,"bytessent":0,"bytesrecv":0,"conntime":0,"timeoffset":0,` +
		`"version":0,"subver":"","inbound":true,"bip152_hb_to":false,"bip152_hb_from":false,"startingheight":0,"presynced_headers":0,"synced_headers":0,"synced_blocks":0,"inflight":[],` +
		`"addr_relay_enabled":false,"addr_processed":0,"addr_rate_limited":0,"permissions":[],"minfeefilter":0.00000000,` +
		`"bytessent_per_msg":{},"bytesrecv_per_msg":{},"connection_type":"inbound","transport_protocol_type":"detecting","session_id":""}`
	if err != nil || string(raw) != want {
		t.Errorf("got  %s\nwant %s\n%v", raw, want, err)
	}
	greeted, err := json.Marshal(PeerInfo{Greeted: true, Link: Link{Kind: Inbound}})
	if given := `,"blocks_from":0,"txs_from":0,"blocks_to":0,"txs_to":0}`; err != nil || !strings.HasSuffix(string(greeted), given) {
		t.Errorf("greeted: %s, %v; want at its end %s", greeted, err, given)
	}
	for _, row := range []string{want, string(greeted)} { // and who reads a row writes the same
		var p PeerInfo
		if err := json.Unmarshal([]byte(row), &p); err != nil || p.Greeted != (row == string(greeted)) {
			t.Errorf("greeted %v, %v: %s", p.Greeted, err, row)
		}
		if back, err := json.Marshal(p); err != nil || string(back) != row {
			t.Errorf("got  %s\nwant %s\n%v", back, row, err)
		}
	}
}

func TestARowThatCannotBeRead(t *testing.T) {
	for _, raw := range []string{`[]`, `"x"`, `{"id":"x"}`, `{"services":"xyz"}`, `{"session_id":"0"}`, `{"minfeefilter":"x"}`, `{"pingtime":"1"}`, `{"lastsend":1.5}`, `{"inbound":1}`, `{"mapped_as":-1}`} {
		var p PeerInfo
		if err := json.Unmarshal([]byte(raw), &p); err == nil {
			t.Errorf("%s is read as %+v", raw, p)
		}
	}
}

// An event names the same peer by few words.
func TestBriefNamesAPeer(t *testing.T) {
	p := seen()
	for why, want := range map[bool]string{
		false: `{"id":4,"addr":"10.0.0.1:8333","local":"10.0.0.2:4444","inbound":false,"listens":"10.0.0.1:8334","node":"3"}`,
		true:  `{"id":4,"addr":"10.0.0.1:8333","local":"10.0.0.2:4444","inbound":false,"listens":"10.0.0.1:8334","node":"3","connection":"outbound-full-relay","agent":"/a\u003cb\u0026c/"}`,
	} {
		raw, err := json.Marshal(p.Brief(why))
		if err != nil || string(raw) != want {
			t.Errorf("got  %s\nwant %s\n%v", raw, want, err)
		}
		var back PeerInfo
		if err := back.Brief(true).UnmarshalJSON(raw); err != nil || back.Where() != p.Where() || back.Node != "3" || why != (back.Kind == FullRelay) {
			t.Errorf("read as %+v, %v", back, err)
		}
	}
}
