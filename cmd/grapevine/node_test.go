package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"grapevine/testnet/process"
)

func TestSignalStopsTheNodeCleanly(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		d := startNode(t, t.TempDir())
		d.mine(t, 3)
		begin := time.Now()
		d.cmd.Process.Signal(sig)
		if status := d.wait(t, 2*time.Minute); status != 0 {
			t.Errorf("%v: status %d\n%s", sig, status, d.says(t))
		}
		t.Logf("%v: stopped after %v", sig, time.Since(begin))
		if !strings.Contains(d.says(t), "grapevine has stopped") {
			t.Errorf("%v: no farewell:\n%s", sig, d.says(t))
		}
		if now := process.Running(d.dir); now.PID != 0 {
			t.Errorf("it still says that it runs: %+v", now)
		}
	}
}

func TestRPCStopStopsTheNode(t *testing.T) {
	d := startNode(t, t.TempDir())
	d.call(t, "stop", nil)
	if status := d.wait(t, 2*time.Minute); status != 0 {
		t.Errorf("status %d\n%s", status, d.says(t))
	}
}

func TestPortInUseNamesItsFlag(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, flag := range []string{"--listen", "--rpclisten"} {
		s := gv(t, t.TempDir(), "node", "--datadir", t.TempDir(), "--listen", "127.0.0.1:0", "--rpclisten", "127.0.0.1:0", flag, l.Addr().String())
		want := []string{flag + ":", l.Addr().String(), "address already in use", "Choose another address with " + flag}
		for _, w := range want {
			if s.status != 1 || !strings.Contains(s.err, w) {
				t.Errorf("%s: status %d, want %q in\n%s", flag, s.status, w, s.err)
			}
		}
	}
}

func TestDataDirectoryInUseIsRefusedByName(t *testing.T) {
	d := startNode(t, t.TempDir())
	begin := time.Now()
	s := gv(t, t.TempDir(), "node", "--datadir", d.dir, "--listen", "off", "--rpclisten", "off")
	if s.status != 1 || !strings.Contains(s.err, d.dir) || !strings.Contains(s.err, "in use by another process") || !strings.Contains(s.err, "choose another") {
		t.Errorf("status %d\n%s", s.status, s.err)
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("refused after %v", took)
	}
	d.call(t, "getblockcount", nil) // the first one does not mind
}

func TestCorruptChainFileIsSaidAndCheckIsNamed(t *testing.T) {
	dir := t.TempDir()
	d := startNode(t, dir)
	d.mine(t, 20)
	d.call(t, "stop", nil)
	d.wait(t, 2*time.Minute)
	file := filepath.Join(dir, "chain.db")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if out := ok(t, dir, "db", "check", "--datadir", dir); !strings.Contains(out, "the chain file is whole") {
		t.Errorf("db check says %q", out)
	}
	for name, damage := range map[string]func([]byte) []byte{
		"not a database": func([]byte) []byte { return []byte("these are not the coins you are looking for") },
		"cut short":      func(b []byte) []byte { return b[:len(b)/64] },
		"zeros":          func(b []byte) []byte { return make([]byte, len(b)) },
	} {
		if err := os.WriteFile(file, damage(append([]byte{}, whole...)), 0o600); err != nil {
			t.Fatal(err)
		}
		s := gv(t, dir, "node", "--datadir", dir, "--listen", "off", "--rpclisten", "127.0.0.1:0")
		if s.status != 1 || !strings.Contains(s.err, "corrupt") || !strings.Contains(s.err, "grapevine db check --datadir "+dir) || strings.Contains(s.err, "goroutine ") {
			t.Errorf("%s: node: status %d\n%s", name, s.status, s.err)
		}
		s = gv(t, dir, "db", "check", "--datadir", dir)
		if s.status != 1 || !strings.Contains(s.err, "corrupt") || strings.Contains(s.err, "goroutine ") {
			t.Errorf("%s: db check: status %d\n%s%s", name, s.status, s.out, s.err)
		}
	}
}

// What is right for the chain, which can be had again, would lose a wallet.
func TestEachDamagedFileHasItsOwnAdvice(t *testing.T) {
	dir := t.TempDir()
	d := startNode(t, dir)
	d.mine(t, 1)
	d.call(t, "stop", nil)
	d.wait(t, 2*time.Minute)
	s := gv(t, dir, "node", "--network", "signet", "--datadir", dir, "--listen", "off", "--rpclisten", "off")
	if s.status != 1 || !strings.Contains(s.err, "another --network") {
		t.Errorf("chain of another network: status %d\n%s", s.status, s.err)
	}
	keys, err := os.ReadFile(filepath.Join(dir, "wallets", "wallet.db"))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("wallets/wallet.db", []byte("no keys in here"))
	s = gv(t, dir, "node", "--datadir", dir, "--listen", "off", "--rpclisten", "off")
	if s.status != 1 || !strings.Contains(s.err, "keep the damaged file") || strings.Contains(s.err, "fetches the chain") {
		t.Errorf("damaged wallet: status %d\n%s", s.status, s.err)
	}
	write("wallets/wallet.db", keys)
	write("peers.db", []byte("no peers in here"))
	d = startNode(t, dir)
	if said := d.says(t); !strings.Contains(said, "the address book is damaged") {
		t.Errorf("damaged address book:\n%s", said)
	}
	if _, err := os.Stat(filepath.Join(dir, "peers.db.damaged")); err != nil {
		t.Error(err)
	}
}

func TestKilledNodeComesBackAsItWas(t *testing.T) {
	dir := t.TempDir()
	d := startNode(t, dir)
	d.mine(t, 105)
	var to, txid, tip, before string
	d.call(t, "getnewaddress", &to)
	d.call(t, "sendtoaddress", &txid, to, 1)
	d.call(t, "getbestblockhash", &tip)
	before = muhash(t, d)
	d.kill()
	d = startNode(t, dir)
	var again string
	d.call(t, "getbestblockhash", &again)
	if again != tip {
		t.Errorf("tip %s, was %s", again, tip)
	}
	if after := muhash(t, d); after != before {
		t.Errorf("coins %s, were %s", after, before)
	}
	var history []historyEntry
	d.call(t, "wallethistory", &history)
	if len(history) == 0 || history[0].TxID != txid {
		t.Errorf("the payment is forgotten: %+v", history[:min(1, len(history))])
	}
}

func muhash(t *testing.T, d *daemon) string {
	t.Helper()
	var s struct {
		MuHash string `json:"muhash"`
	}
	d.call(t, "gettxoutsetinfo", &s, "muhash")
	if len(s.MuHash) != 64 {
		t.Fatalf("muhash %q", s.MuHash)
	}
	return s.MuHash
}

// A copy that is no chain file, or not a whole one, is said to be that.
func TestDBCheckOfAFileSaysWhatIsWrongWithIt(t *testing.T) {
	dir := t.TempDir()
	d := startNode(t, dir)
	d.mine(t, 30)
	to := filepath.Join(t.TempDir(), "copy.db")
	ok(t, dir, "db", "backup", to, "--datadir", dir)
	whole, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	words := []byte("The Times 03/Jan/2009") // of genesis
	if !bytes.Contains(whole, words) {
		t.Fatal("genesis is not in the copy")
	}
	for _, c := range []struct {
		what string
		raw  []byte
		args []string
		want string
	}{
		{"a flipped bit", bytes.ReplaceAll(whole, words, []byte("The Times 13/Jan/2009")), nil, "wrong checksum"},
		{"cut short", whole[:len(whole)/2], nil, "corrupt"},
		{"another network", whole, []string{"--network", "testnet4"}, "another network's chain"},
		{"empty", []byte{}, nil, ""},
	} {
		if err := os.WriteFile(to, c.raw, 0o600); err != nil {
			t.Fatal(err)
		}
		s := gv(t, dir, append([]string{"db", "check", to}, c.args...)...)
		if s.status != 1 || !strings.Contains(s.err, c.want) || strings.Contains(s.err, "goroutine ") {
			t.Errorf("%s: status %d\n%s%s", c.what, s.status, s.out, s.err)
		}
	}
	if s := gv(t, dir, "db", "check", to+".nowhere"); s.status != 1 || !strings.Contains(s.err, "there is no file") {
		t.Errorf("no file: status %d %s", s.status, s.err)
	}
	if s := gv(t, dir, "db", "check", to, to); s.status != 2 {
		t.Errorf("two files: status %d %s", s.status, s.err)
	}
	if s := gv(t, dir, "db", "check", filepath.Join(dir, "wallets", "wallet.db")); s.status != 1 {
		t.Errorf("a wallet in use: status %d %s", s.status, s.err)
	}
}

// db works on the file when no node runs, and through RPC when one does.
func TestDBCommandsWithAndWithoutTheNode(t *testing.T) {
	dir, home := t.TempDir(), t.TempDir()
	d := startNode(t, dir)
	d.mine(t, 30)
	for _, running := range []bool{true, false} {
		if !running {
			d.call(t, "stop", nil)
			d.wait(t, 2*time.Minute)
		}
		var info dbDescription
		asked(t, home, &info, "db", "info", "--datadir", dir)
		if info.Height != 30 || info.Headers != 31 || info.Size == 0 || info.Path != filepath.Join(dir, "chain.db") {
			t.Errorf("running %v: info %+v", running, info)
		}
		var check checked
		asked(t, home, &check, "db", "check", "--datadir", dir)
		if !check.OK {
			t.Errorf("running %v: check %+v", running, check)
		}
		copyDir := t.TempDir()
		to := filepath.Join(copyDir, "chain.db")
		var c copied
		asked(t, home, &c, "db", "backup", to, "--datadir", dir)
		if st, err := os.Stat(to); err != nil || st.Size() != c.Bytes || c.Bytes == 0 {
			t.Errorf("running %v: backup %+v, %v", running, c, err)
		}
		if s := gv(t, home, "db", "backup", to, "--datadir", dir); s.status != 1 || !strings.Contains(s.err, "is there already") {
			t.Errorf("running %v: overwritten: status %d %s", running, s.status, s.err)
		}
		// The copy is a chain file, in a data directory or anywhere.
		asked(t, home, &info, "db", "info", "--datadir", copyDir)
		if info.Height != 30 {
			t.Errorf("running %v: the copy is at %d", running, info.Height)
		}
		asked(t, home, &info, "db", "info", to)
		asked(t, home, &check, "db", "check", to)
		if info.Height != 30 || !check.OK || check.Path != to || check.Checked == 0 {
			t.Errorf("running %v: named, the copy is %+v, %+v", running, info, check)
		}
	}
	if s := gv(t, home, "db", "info", "--datadir", t.TempDir()); s.status != 1 || !strings.Contains(s.err, "there is no chain file") {
		t.Errorf("no file: status %d %s", s.status, s.err)
	}
}

// Everything a stranger may send wrongly: he is dropped, or, where it is harmless,
// passed over until the handshake's time is up; the node goes on.
func TestNodeSurvivesBadMessages(t *testing.T) {
	d := startNode(t, t.TempDir())
	const magic = "\xfa\xbf\xb5\xda"
	for name, bytes := range map[string]string{
		"another network":  "\xf9\xbe\xb4\xd9version\x00\x00\x00\x00\x00\x00\x00\x00\x00\x5d\xf6\xe0\xe2",
		"too long":         magic + "version\x00\x00\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x00",
		"wrong checksum":   magic + "verack\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04",
		"truncated":        magic + "version\x00\x00\x00\x00\x00\x60\x00\x00\x00\x00\x00\x00\x00abc",
		"verack at first":  magic + "verack\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x5d\xf6\xe0\xe2",
		"unknown at first": magic + "zzzzzz\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x5d\xf6\xe0\xe2",
		"HTTP":             "GET / HTTP/1.1\r\nCookie: " + strings.Repeat("x", 5000) + "\r\n\r\n", // 64 bytes alone could be a key of BIP324
		"noise":            strings.Repeat("\xde\xad\xbe\xef", 5000),
	} {
		c, err := net.Dial("tcp", d.p2p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, bytes); err != nil && name != "noise" {
			t.Errorf("%s: %v", name, err)
		}
		if name == "truncated" {
			c.(*net.TCPConn).CloseWrite()
		}
		harmless := name == "wrong checksum" || strings.HasSuffix(name, "at first")
		c.SetReadDeadline(time.Now().Add(2 * time.Minute))
		if harmless {
			c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		}
		if _, err := io.Copy(io.Discard, c); err != nil && !harmless {
			if nerr, ok := err.(net.Error); ok && nerr.Timeout() {
				t.Errorf("%s: the stranger was kept", name)
			}
		}
		c.Close()
		d.call(t, "getblockcount", nil)
	}
	d.mine(t, 1)
	if d.ended() {
		t.Fatal(d.says(t))
	}
}

// A chain longer than the window of bodies, and than one headers message of 2,000; `make soak`
// takes two messages.
func TestFreshNodeSyncsThousandsOfBlocks(t *testing.T) {
	long := 2100
	if soaking() {
		long = 4000
	}
	a := startNode(t, t.TempDir())
	a.mine(t, long)
	b := startNode(t, t.TempDir(), "--addnode", a.p2p)
	eventually(t, "b to reach the tip", func() bool {
		var h int
		b.call(t, "getblockcount", &h)
		return h == long
	})
	if x, y := muhash(t, a), muhash(t, b); x != y {
		t.Errorf("coins %s and %s", x, y)
	}
}

// A list of peers is enough to meet: b is told of a by it alone, and c by a's name.
func TestPeerListIsEnoughToMeet(t *testing.T) {
	a := startNode(t, t.TempDir(), "--maxupload", "10000000")
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte(a.p2p+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := startNode(t, t.TempDir(), "--peers", list)
	_, port, _ := strings.Cut(a.p2p, ":")
	if err := os.WriteFile(list, []byte("localhost:"+port+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := startNode(t, t.TempDir(), "--peers", list)
	for _, newcomer := range []*daemon{b, c} {
		eventually(t, "a newcomer to meet a", func() bool {
			var n int
			newcomer.call(t, "getconnectioncount", &n)
			return n > 0
		})
	}
}
