package msg_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// samples is one of each message that can be encoded.
func samples(t testing.TB) []wire.Message {
	p := chain.RegTest()
	m := chaintest.Mine(t, p, p.Genesis())
	tx := chaintest.SpendOne(t, m.Coinbase(nil), chaintest.OpTrue(), 1000)
	h := m.Block.Hash
	two := chaintest.Mine(t, p, m.Node, chaintest.With(tx))
	when := time.Unix(1_600_000_000, 0)
	inv := []*wire.InvVect{wire.NewInvVect(wire.InvTypeTx, &h), wire.NewInvVect(5, &h)}
	locator := &wire.MsgGetHeaders{ProtocolVersion: 70016, BlockLocatorHashes: []*chainhash.Hash{&h, &h}, HashStop: h}
	return []wire.Message{
		&msg.Block{Block: m.Block},
		&msg.Tx{Tx: tx},
		&wire.MsgInv{InvList: inv}, &wire.MsgGetData{InvList: inv}, &wire.MsgNotFound{InvList: inv},
		&wire.MsgHeaders{Headers: []*wire.BlockHeader{&m.Block.Header}},
		locator, (*wire.MsgGetBlocks)(locator),
		&wire.MsgAddr{AddrList: []*wire.NetAddress{wire.NewNetAddressTimestamp(when, 9, net.IPv4(10, 1, 2, 3), 8333)}},
		&msg.AddrV2{Addrs: []p2p.Addr{
			{At: netip.MustParseAddrPort("10.1.2.3:8333"), Services: 1 << 40, Seen: when.Unix()},
			{At: netip.MustParseAddrPort("[2001:db8::1]:1"), Services: 9, Seen: when.Unix()},
			{At: overlay("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion", 8333), Services: 9, Seen: when.Unix()},
			{At: overlay("c4gfnttsuwqomiygupdqqqyy5y5emnk5c73hrfvatri67prd7vyq.b32.i2p", 0), Services: 9, Seen: when.Unix()},
			{At: netip.AddrPortFrom(p2p.ViaCJDNS(netip.MustParseAddr("fc00:1:2:3:4:5:6:7")), 8333), Services: 9, Seen: when.Unix()},
		}},
		&wire.MsgVersion{ProtocolVersion: 70016, Services: 9, Timestamp: when, Nonce: 7, UserAgent: "/a/", LastBlock: -1,
			AddrYou: wire.NetAddress{IP: net.IPv4(1, 2, 3, 4), Port: 5}, AddrMe: wire.NetAddress{IP: net.IPv6zero}},
		&wire.MsgVerAck{}, &wire.MsgWTxIdRelay{}, &wire.MsgSendAddrV2{}, &wire.MsgSendHeaders{},
		&wire.MsgGetAddr{}, &wire.MsgMemPool{}, &wire.MsgPing{Nonce: 1}, &wire.MsgPong{Nonce: 2}, &wire.MsgFeeFilter{MinFee: 1000},
		&wire.MsgGetCFilters{StopHash: h}, &wire.MsgGetCFHeaders{StopHash: h}, &wire.MsgGetCFCheckpt{StopHash: h},
		&msg.SendCmpct{Announce: true, Version: 2},
		&msg.Have{Last: h, Count: 11, Held: []byte{0xff, 0x07}, Fetching: []byte{0x01, 0x04}}, msg.NewHave(h, 0),
		&msg.Feature{ID: "some/thing", Data: []byte{1, 2}}, &msg.Feature{ID: msg.FeatureHave, Data: []byte{}},
		msg.Compact(two.Block, 77, []int{0}), msg.Compact(two.Block, 78, []int{0, 1}),
		&msg.GetBlockTxn{Block: h, Indexes: []int{0, 1, 7, 65535}},
		&msg.BlockTxn{Block: h, Txs: two.Block.Txs},
		msg.NewHave(h, 0), have(h),
		&msg.Given{Last: h, Count: 11, Given: []byte{0xff, 0x07}}, msg.NewGiven(h, 0), msg.NewGiven(h, msg.MaxHave),
		&msg.Twin{Nonce: 1 << 63, At: netip.MustParseAddrPort("127.0.0.1:18444")},
		&msg.Twin{Nonce: 7, At: netip.MustParseAddrPort("[2001:db8::1]:8333"), Yes: true},
		&msg.Opaque{Name: "merkleblock", Payload: []byte{1, 2, 3}},
		&msg.FilterLoad{MsgFilterLoad: wire.MsgFilterLoad{Filter: []byte{1, 2, 3}, HashFuncs: 1 << 31, Tweak: 7, Flags: 2}},
		&msg.FilterAdd{Data: make([]byte, 521)}, &wire.MsgFilterClear{},
	}
}

func have(h chain.Hash) *msg.Have {
	m := msg.NewHave(h, 1021)
	m.Held.Set(0)
	m.Held.Set(1020)
	m.Fetching.Set(9)
	return m
}

func TestHaveSpeaksOfBits(t *testing.T) {
	_, payload := encode(t, have(chain.Hash{1}))
	m, err := msg.Decode(msg.CmdHave, payload)
	if err != nil {
		t.Fatal(err)
	}
	got := m.(*msg.Have)
	for i := -1; i < 2000; i++ {
		if got.Held.Has(i) != (i == 0 || i == 1020) || got.Fetching.Has(i) != (i == 9) {
			t.Errorf("bit %d: held %v, fetching %v", i, got.Held.Has(i), got.Fetching.Has(i))
		}
	}
	for what, spoil := range map[string]func([]byte){
		"a bit beyond the end": func(p []byte) { p[len(p)-1] |= 0x80 },
		"1025 blocks":          func(p []byte) { p[32], p[33] = 1, 4 },
	} {
		p := bytes.Clone(payload)
		spoil(p)
		if _, err := msg.Decode(msg.CmdHave, p); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
	for what, p := range map[string][]byte{
		"a bit beyond the end": append(make([]byte, 32), 7, 0, 0x80),
		"1025 blocks":          append(make([]byte, 32), append([]byte{1, 4}, make([]byte, 129)...)...),
		"half of a row":        append(make([]byte, 32), 9, 0, 0),
	} {
		if _, err := msg.Decode(msg.CmdGiven, p); err == nil {
			t.Errorf("given: %s was taken", what)
		}
	}
	for _, id := range []string{"abc", strings.Repeat("x", 81), "a\nbcd"} {
		p := append(append([]byte{byte(len(id))}, id...), 0)
		if _, err := msg.Decode(msg.CmdFeature, p); err == nil {
			t.Errorf("the id %q was taken", id)
		}
	}
}

func encode(t testing.TB, m wire.Message) (string, []byte) {
	t.Helper()
	command, payload, err := msg.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return command, payload
}

func TestWhatDecodesEncodesToTheSameBytes(t *testing.T) {
	for _, m := range samples(t) {
		command, payload := encode(t, m)
		got, err := msg.Decode(command, payload)
		if err != nil {
			t.Errorf("%s: %v", command, err)
			continue
		}
		if again, b := encode(t, got); again != command || !bytes.Equal(b, payload) {
			t.Errorf("%s: %x came back as %s %x", command, payload, again, b)
		}
	}
}

// As in Core: what ends too early is ignored, and so is what follows the end.
func TestT2_TruncatedMessagesAndTrailingBytesAreIgnored(t *testing.T) {
	for _, m := range samples(t) {
		command, payload := encode(t, m)
		if command == "merkleblock" {
			continue // not read at all
		}
		for cut := range len(payload) {
			if _, err := msg.Decode(command, payload[:cut]); !errors.Is(err, msg.ErrUnreadable) && (command != "version" || err != nil) {
				t.Errorf("%s of %d bytes by its first %d: %v", command, len(payload), cut, err)
			}
		}
		longer, err := msg.Decode(command, append(bytes.Clone(payload), 0))
		if err != nil {
			t.Errorf("%s with a byte more: %v", command, err)
			continue
		}
		if _, again := encode(t, longer); !bytes.Equal(again, payload) {
			t.Errorf("%s with a byte more is read as %x, not %x", command, again, payload)
		}
	}
}

// What Core reads and then punishes, and what it only does not read.
func TestWhichMalformedMessagesAreOffences(t *testing.T) {
	header := make([]byte, 80)
	cmpct := func(rest ...byte) []byte { return append(append(bytes.Clone(header), make([]byte, 8)...), rest...) }
	none := append(append([]byte{1, 0, 0, 0, 1}, make([]byte, 41)...), 0, 0, 0, 0, 0) // a transaction without outputs
	for _, c := range []struct {
		what, command string
		payload       []byte
		offence       bool
	}{
		{"a ping without a nonce", "ping", nil, false},
		{"a transaction that ends early", "tx", none[:len(none)-1], false},
		{"a block without a count", "block", header, false},
		{"a user agent of 257 bytes", "version", append(append(make([]byte, 80), 0xfd, 1, 1), make([]byte, 257+5)...), false},
		{"50,001 entries that are announced", "inv", list(50_001, 36), true},
		{"50,001 entries of which two are there", "inv", list(50_001, 36)[:3+72], false},
		{"50,001 entries that are asked for", "getdata", list(50_001, 36), true},
		{"50,001 entries that were not found", "notfound", list(50_001, 36), false},
		{"2,001 headers", "headers", list(2001, 81), true},
		{"1,001 addresses", "addr", list(1001, 30), true},
		{"a transaction at the place behind the end", "cmpctblock", append(cmpct(0, 1, 1), none...), true},
		{"a place beyond 16 bits", "cmpctblock", append(cmpct(0, 1, 0xfe, 0, 0, 1, 0), none...), false},
		{"65,536 short ids", "cmpctblock", append(cmpct(0xfe, 0, 0, 1, 0), make([]byte, 65_536*6+1)...), false},
	} {
		_, err := msg.Decode(c.command, c.payload)
		var offence p2p.Offence
		if errors.As(err, &offence) != c.offence || msg.Ignored(err) == c.offence {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	for n, want := range map[int]error{101: nil, 102: msg.ErrLongLocator} {
		p := append(append(make([]byte, 4), byte(n)), make([]byte, 32*n+32)...)
		var offence p2p.Offence
		if _, err := msg.Decode("getheaders", p); !errors.Is(err, want) || errors.As(err, &offence) {
			t.Errorf("locator of %d: %v", n, err)
		}
	}
}

func TestAnyAnnounceByteButZeroAsksForPushes(t *testing.T) {
	for _, b := range []byte{0, 1, 2, 255} {
		m, err := msg.Decode(msg.CmdSendCmpct, []byte{b, 2, 0, 0, 0, 0, 0, 0, 0})
		if s, ok := m.(*msg.SendCmpct); !ok || s.Announce != (b != 0) {
			t.Errorf("%d: %v, %v", b, m, err)
		}
	}
}

func list(n, elem int) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{0xfd}, uint16(n))
	return append(b, make([]byte, n*elem)...)
}

func TestT3_T12_T38_EntriesAreLimited(t *testing.T) {
	for _, c := range []struct {
		command   string
		max, elem int
		head      int
		tail      int
	}{
		{"inv", 50_000, 36, 0, 0},
		{"getdata", 50_000, 36, 0, 0},
		{"notfound", 50_000, 36, 0, 0},
		{"headers", 2000, 81, 0, 0},
		{"addr", 1000, 30, 0, 0},
		{"addrv2", 1000, 13, 0, 0},
	} {
		fill := func(n int) []byte {
			p := list(n, c.elem)
			if c.command == "addrv2" {
				for i := range n {
					p[3+i*13+5], p[3+i*13+6] = 1, 4
				}
			}
			return p
		}
		if _, err := msg.Decode(c.command, fill(c.max)); err != nil {
			t.Errorf("%d of %s: %v", c.max, c.command, err)
		}
		if _, err := msg.Decode(c.command, fill(c.max+1)); err == nil {
			t.Errorf("%d of %s were taken", c.max+1, c.command)
		}
	}
	for n, want := range map[int]bool{101: true, 102: false} {
		p := append(append(make([]byte, 4), byte(n)), make([]byte, 32*n+32)...)
		if _, err := msg.Decode("getheaders", p); (err == nil) != want {
			t.Errorf("locator of %d: %v", n, err)
		}
	}
}

func TestT2_NumbersMustBeInTheirShortestForm(t *testing.T) {
	for _, p := range [][]byte{
		append([]byte{0xfd, 1, 0}, make([]byte, 36)...),
		append([]byte{0xfe, 1, 0, 0, 0}, make([]byte, 36)...),
		append([]byte{0xff, 1, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 36)...),
	} {
		if _, err := msg.Decode("inv", p); err == nil {
			t.Errorf("%x was taken", p[:9])
		}
	}
}

func TestT2_HugeCountsCostNothing(t *testing.T) {
	count := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	three := append(bytes.Clone(count), make([]byte, 3*100)...)
	for _, command := range []string{"cmpctblock", "getblocktxn", "blocktxn", "inv", "getdata", "notfound", "headers", "addr", "addrv2", "tx", "block", "version", "getheaders"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i, p := range [][]byte{three, append(make([]byte, 80), three...), append(make([]byte, 4), three...)} {
			_, err := msg.Decode(command, p)
			if err == nil && i == 0 && strings.Contains("inv getdata notfound headers addr addrv2 tx", command) { // elsewhere what is read may end before the count
				t.Errorf("%s with a count of 2^64-1 was taken", command)
			}
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
			t.Errorf("%s allocated %d bytes", command, n)
		}
	}
}

func overlay(name string, port uint16) netip.AddrPort {
	at, _ := p2p.HostPort{Host: name, Port: port}.AddrPort()
	return at
}

// Addresses in a form that cannot be read are ignored, those of unknown networks are
// passed over; too many of them are an offence.
func TestAddressesOfAnotherFormAreIgnored(t *testing.T) {
	head := append([]byte{1, 0x61, 0xbc, 0x66, 0x49, 0}, 1)
	for what, p := range map[string][]byte{
		"empty":                         {},
		"one that is 513 bytes long":    append(append(append(bytes.Clone(head), 0xfd, 1, 2), make([]byte, 513)...), 0x20, 0x8d),
		"one that ends before its port": append(bytes.Clone(head), 4, 9, 9, 9, 9),
		"an IPv4 address of five bytes": append(bytes.Clone(head), 5, 9, 9, 9, 9, 9, 0x20, 0x8d),
	} {
		if _, err := msg.Decode("addrv2", p); !errors.Is(err, msg.ErrUnreadable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	two := []byte{2, 1, 2, 3, 4, 1, 0x99, 2, 0xab, 0xab, 0x20, 0x8d, 1, 2, 3, 4, 1, 1, 4, 9, 9, 9, 9, 0x20, 0x8d}
	m, err := msg.Decode("addrv2", two)
	if err != nil || len(msg.Addrs(m)) != 1 {
		t.Errorf("an unknown network before a known one: %v %v", m, err)
	}
	if m, err := msg.Decode("addrv2", []byte{0}); err != nil || len(msg.Addrs(m)) != 0 {
		t.Errorf("none: %v", err)
	}
	var malformed *msg.DecodeError
	if _, err := msg.Decode("addrv2", append([]byte{0xfd, 0xe9, 3}, make([]byte, 1001*13)...)); !errors.As(err, &malformed) {
		t.Errorf("1001 of them: %v", err)
	}
}

// A pong of another length, and bytes behind a name that has none, are harmless.
func TestHarmlessLengthsAreNoOffence(t *testing.T) {
	for _, command := range []string{"verack", "wtxidrelay", "sendaddrv2", "sendheaders", "getaddr", "mempool"} {
		if m, err := msg.Decode(command, []byte("more")); err != nil || m.Command() != command {
			t.Errorf("%s: %v", command, err)
		}
	}
	for n := range 8 {
		if _, err := msg.Decode("pong", make([]byte, n)); !errors.Is(err, msg.ErrUnreadable) {
			t.Errorf("a pong of %d bytes: %v", n, err)
		}
	}
	m, err := msg.Decode("pong", []byte{7, 0, 0, 0, 0, 0, 0, 0, 1})
	if pong, ok := m.(*wire.MsgPong); !ok || pong.Nonce != 7 {
		t.Errorf("a pong of 9 bytes: %v", err)
	}
}

func TestUnknownCommandsAreCalledThat(t *testing.T) {
	if _, err := msg.Decode("gossip", nil); !errors.Is(err, msg.ErrUnknownCommand) {
		t.Errorf("err = %v", err)
	}
	for _, name := range strings.Fields("merkleblock reject cfilter cfheaders cfcheckpt") {
		if m, err := msg.Decode(name, []byte{1}); err != nil || m.Command() != name {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}

func TestBareTxHasNoWitness(t *testing.T) {
	p := chain.RegTest()
	k := chaintest.NewKey(1)
	m := chaintest.Mine(t, p, p.Genesis(), chaintest.PayTo(k.P2WPKH()))
	tx := chaintest.SpendOne(t, m.Coinbase(k), chaintest.OpTrue(), 1000)
	command, payload := encode(t, &msg.BareTx{Tx: tx})
	got, err := msg.Decode(command, payload)
	if err != nil {
		t.Fatal(err)
	}
	if bare := got.(*msg.Tx); bare.WID != tx.ID || bare.ID != tx.ID || tx.WID == tx.ID {
		t.Errorf("txid %v, wtxid %v of %v", bare.ID, bare.WID, tx.ID)
	}
}

func TestCompactBlocksNameWhatTheyCarry(t *testing.T) {
	p := chain.RegTest()
	m := chaintest.Mine(t, p, p.Genesis())
	tx := chaintest.SpendOne(t, m.Coinbase(nil), chaintest.OpTrue(), 1000)
	b := chaintest.Mine(t, p, m.Node, chaintest.With(tx)).Block
	c := msg.Compact(b, 77, []int{0})
	if c.TxCount() != 2 || len(c.Prefilled) != 1 || c.Prefilled[0].Tx != b.Txs[0] || c.ShortIDs[0] != c.Key().Of(tx.WID) {
		t.Errorf("%+v", c)
	}
	if c.Key().Of(tx.WID)>>48 != 0 || msg.Compact(b, 78, []int{0}).ShortIDs[0] == c.ShortIDs[0] {
		t.Error("short ids are 48 bits that the nonce changes")
	}
}

func TestT19_PlacesMustFitTheBlock(t *testing.T) {
	head := make([]byte, 88)
	tx := append(append([]byte{1, 0, 0, 0, 1}, make([]byte, 41)...), 0, 0, 0, 0, 0) // no outputs
	for what, p := range map[string][]byte{
		"a place past the end": append(append(bytes.Clone(head), 0, 1, 1), tx...),
		"a place past 65535":   append(append(bytes.Clone(head), 0, 1, 0xfe, 0, 0, 1, 0), tx...),
		"65537 short ids":      append(append(bytes.Clone(head), 0xfe, 1, 0, 1, 0), make([]byte, 65537*6+1)...),
	} {
		if _, err := msg.Decode(msg.CmdCmpctBlock, p); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
	if _, err := msg.Decode(msg.CmdCmpctBlock, append(append(bytes.Clone(head), 0, 1, 0), tx...)); err != nil {
		t.Errorf("a good one: %v", err)
	}
	if _, err := msg.Decode(msg.CmdGetBlockTxn, append(make([]byte, 32), 2, 0xfd, 0xff, 0xff, 0)); err == nil {
		t.Error("getblocktxn for place 65536 was taken")
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range samples(f) {
		command, payload := encode(f, m)
		f.Add(command, payload)
	}
	f.Fuzz(func(t *testing.T, command string, payload []byte) {
		m, err := msg.Decode(command, bytes.Clone(payload))
		if err != nil {
			return
		}
		again, b, err := msg.Encode(m)
		if err != nil {
			t.Fatalf("%s decodes but does not encode: %v", command, err)
		}
		if again != command {
			t.Fatalf("%s became %s", command, again)
		}
		m, err = msg.Decode(command, b) // without what follows the end, and what is not kept
		if err != nil {
			t.Fatalf("%s: %x became %x: %v", command, payload, b, err)
		}
		if _, c, err := msg.Encode(m); err != nil || !bytes.Equal(b, c) {
			t.Fatalf("%s: %x became %x and then %x (%v)", command, payload, b, c, err)
		}
	})
}
