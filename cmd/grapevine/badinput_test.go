package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// Bad input gets a clear error and loses nothing.
func TestBadInputIsSaidClearly(t *testing.T) {
	dir, home := t.TempDir(), t.TempDir()
	d := startNode(t, dir)
	d.mine(t, 101)
	var to, before, after string
	d.call(t, "getnewaddress", &to)
	before = muhash(t, d)
	const mainnet, testnetAddr = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"
	for _, c := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"odd hex", []string{"tx", "send", "012"}, 2, "3 hex digits are not whole bytes"},
		{"not hex", []string{"tx", "send", "01xy"}, 2, `not hex: "x" at position 3`},
		{"no transaction", []string{"tx", "send", "00"}, 1, "decode"},
		{"trailing bytes", []string{"rpc", "sendrawtransaction", "zz"}, 1, ""},
		{"mainnet address", []string{"wallet", "send", mainnet, "1"}, 1, "address"},
		{"testnet address", []string{"wallet", "send", testnetAddr, "1"}, 1, "address"},
		{"typing error", []string{"wallet", "send", to[:len(to)-1] + "b", "1"}, 1, "address"},
		{"no address", []string{"wallet", "send", "somebody", "1"}, 1, "address"},
		{"mine to a stranger", []string{"mine", "1", "--to", mainnet}, 1, "address"},
		{"nine decimals", []string{"wallet", "send", to, "0.123456789"}, 2, "8 decimals"},
		{"negative", []string{"wallet", "send", to, "-1"}, 2, "negative"},
		{"nothing", []string{"wallet", "send", to, "0"}, 2, "more than nothing"},
		{"words", []string{"wallet", "send", to, "much"}, 2, "invalid amount"},
		{"more than there is", []string{"wallet", "send", to, "21000001"}, 2, "21000000"},
		{"dust", []string{"wallet", "send", to, "0.00000100"}, 1, "amount too small"},
		{"not enough", []string{"wallet", "send", to, "1000"}, 1, "50.00000000"},
		{"bad fee rate", []string{"wallet", "send", to, "1", "--feerate", "fast"}, 2, "fee rate"},
		{"a fee rate of nothing", []string{"wallet", "send", to, "1", "--feerate", "0"}, 1, "lower than the minimum"},
		{"everything for nothing", []string{"wallet", "send", "--all", to, "--feerate", "0.000"}, 1, "lower than the minimum"},
		{"no such block", []string{"block", "5000"}, 1, "out of range"},
		{"no such hash", []string{"block", strings.Repeat("ab", 32)}, 1, "not found"},
		{"no such tx", []string{"tx", strings.Repeat("ab", 32)}, 1, "No such"},
		{"no such method", []string{"rpc", "getgold"}, 1, "Method not found"},
		{"bad words", []string{"wallet", "restore", "one", "two"}, 1, ""},
		{"wrong password", []string{"status", "--rpcuser", "x", "--rpcpassword", "y"}, 1, "refuses us"},
	} {
		s := gv(t, home, append(c.args, "--datadir", dir)...)
		lines := strings.Split(strings.TrimSpace(s.err), "\n")
		if s.status != c.status || !strings.Contains(s.err, c.says) || !strings.HasPrefix(lines[0], "grapevine: ") || s.out != "" {
			t.Errorf("%s: status %d, want %d and %q; stdout %q, stderr:\n%s", c.name, s.status, c.status, c.says, s.out, s.err)
		}
		if len(lines) < 2 {
			t.Logf("%s: nothing says what to do: %s", c.name, s.err)
		}
	}
	if after = muhash(t, d); after != before {
		t.Error("the coins have changed")
	}
	// A witness program that has no meaning yet is an address like others.
	future := strings.TrimSpace(ok(t, home, "wallet", "send", "bcrt1pzyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3p2vsj3", "1", "--feerate", "2", "--datadir", dir))
	if shown := ok(t, home, "rpc", "getrawtransaction", future, "1", "--datadir", dir); !strings.Contains(shown, `"5114`+strings.Repeat("11", 20)+`"`) {
		t.Errorf("paid another script:\n%s", shown)
	}
}

// rawPeer is a peer whose messages the test writes itself.
type rawPeer struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

// meetNode shakes hands as an honest node would.
func meetNode(t *testing.T, addr string) *rawPeer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s := &rawPeer{t: t, conn: conn, in: bufio.NewReader(conn)}
	me := wire.NewNetAddressIPPort(net.IPv4(127, 0, 0, 1), 1, wire.SFNodeNetwork|wire.SFNodeWitness)
	v := wire.NewMsgVersion(me, me, uint64(time.Now().UnixNano()), 0)
	v.Services = wire.SFNodeNetwork | wire.SFNodeWitness
	v.ProtocolVersion = 70016
	s.send(v)
	s.await(wire.CmdVersion)
	s.send(wire.NewMsgVerAck())
	s.await(wire.CmdVerAck)
	return s
}

func (s *rawPeer) send(m wire.Message) {
	s.t.Helper()
	if _, err := wire.WriteMessageWithEncodingN(s.conn, m, wire.ProtocolVersion, wire.TestNet, wire.WitnessEncoding); err != nil {
		s.t.Logf("send %s: %v", m.Command(), err)
	}
}

// next is the next message's command, "" when the node has hung up.
func (s *rawPeer) next() string {
	s.conn.SetReadDeadline(time.Now().Add(time.Minute))
	var head [24]byte
	for i := range head {
		b, err := s.in.ReadByte()
		if err != nil {
			return ""
		}
		head[i] = b
	}
	length := int(head[16]) | int(head[17])<<8 | int(head[18])<<16
	if _, err := s.in.Discard(length); err != nil {
		return ""
	}
	return string(bytes.TrimRight(head[4:16], "\x00"))
}

func (s *rawPeer) await(command string) {
	s.t.Helper()
	for {
		switch got := s.next(); got {
		case command:
			return
		case "":
			s.t.Fatalf("hung up before %s", command)
		}
	}
}

// dropped waits until the node hangs up.
func (s *rawPeer) dropped() bool {
	begin := time.Now()
	for s.next() != "" {
		if time.Since(begin) > time.Minute {
			return false
		}
	}
	return time.Since(begin) < time.Minute
}

// Blocks that break rules: the offender is dropped, the reject word is in the
// log, and the node goes on with the others.
func TestOffenderIsDroppedAndTheWordIsLogged(t *testing.T) {
	d := startNode(t, t.TempDir())
	p := chain.RegTest()
	greedy := chaintest.Mine(t, p, p.Genesis(), chaintest.Fees(1))
	twoCoinbases := chaintest.Mine(t, p, p.Genesis(), chaintest.Tamper(func(b *wire.MsgBlock) { b.Transactions = append(b.Transactions, b.Transactions[0]) }))
	badRoot := chaintest.Mine(t, p, p.Genesis(), chaintest.Damage(func(b *wire.MsgBlock) { b.Transactions[0].TxOut[0].Value-- }))
	lazy := chaintest.Mine(t, p, p.Genesis(), chaintest.Unsolved())
	for _, c := range []struct {
		name, word string
		block      chaintest.Mined
	}{
		{"too much reward", "bad-cb-amount", greedy},
		{"two coinbases", "bad-", twoCoinbases},
		{"merkle root of another block", "bad-txnmrklroot", badRoot},
		{"no work", "high-hash", lazy},
	} {
		s := meetNode(t, d.p2p)
		head := wire.NewMsgHeaders()
		if err := head.AddBlockHeader(&c.block.Block.Header); err != nil {
			t.Fatal(err)
		}
		s.send(head)
		if c.word != "high-hash" {
			s.await(wire.CmdGetData)
			s.send(c.block.Block.MsgBlock())
		}
		if !s.dropped() {
			t.Errorf("%s: the stranger was kept", c.name)
		}
		eventually(t, c.word+" in the log", func() bool { return strings.Contains(d.says(t), c.word) })
		d.call(t, "getblockcount", nil)
	}
	// By RPC the word is the answer.
	var raw bytes.Buffer
	if err := greedy.Block.MsgBlock().Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	var why string
	d.call(t, "submitblock", &why, hex.EncodeToString(raw.Bytes()))
	if !strings.Contains(why, "bad-cb-amount") && !strings.Contains(why, "duplicate-invalid") {
		t.Errorf("submitblock says %q", why)
	}
	d.mine(t, 2)
}

// What we do not know is not an offence.
func TestUnknownMessageIsIgnored(t *testing.T) {
	d := startNode(t, t.TempDir())
	s := meetNode(t, d.p2p)
	if _, err := s.conn.Write([]byte("\xfa\xbf\xb5\xdasomething\x00\x00\x00\x00\x00\x00\x00\x5d\xf6\xe0\xe2")); err != nil {
		t.Fatal(err)
	}
	s.send(wire.NewMsgPing(7))
	s.await(wire.CmdPong)
}
