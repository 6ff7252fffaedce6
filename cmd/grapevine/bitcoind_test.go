package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"grapevine/cmd/rpc/client"
)

// freePort is a port that nobody listens at just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// bitcoindLine is a command line under bitcoind's name, on regtest and alone.
func bitcoindLine(dir, port string, more ...string) []string {
	return append([]string{"bitcoind", "-regtest", "-datadir=" + dir, "-rpcport=" + port, "-listen=0", "-listenonion=0", "-connect=0", "-keypool=1", "-printtoconsole=0"}, more...)
}

func TestUnderBitcoindsNameItStartsAndStopsAsCore(t *testing.T) {
	dir, home, port := t.TempDir(), t.TempDir(), freePort(t)
	started, stopped, blocks := filepath.Join(dir, "started"), filepath.Join(dir, "stopped"), filepath.Join(dir, "blocks")
	if err := os.Mkdir(blocks, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bitcoin.conf"), []byte("uacomment=one\nuacomment=two\nnosuch=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, home, bitcoindLine(dir, port, "-uacomment=three", "-startupnotify=echo > "+started, "-shutdownnotify=echo > "+stopped, "-blocknotify=echo > "+blocks+"/%s")...)
	end := make(chan said, 1)
	go func() { end <- run(t, cmd) }()
	cookie := filepath.Join(dir, "regtest", ".cookie")
	eventually(t, "a cookie", func() bool { _, err := os.Stat(cookie); return err == nil })
	c, err := client.DialCookie("http://127.0.0.1:"+port, cookie)
	if err != nil {
		t.Fatal(err)
	}
	var info struct{ SubVersion string }
	eventually(t, "an answer", func() bool { return c.Call(t.Context(), "getnetworkinfo", &info) == nil })
	if want := "/Satoshi:31.0.0/grapevine:" + version + "(three; one; two)/"; info.SubVersion != want {
		t.Errorf("subversion %q, want %q", info.SubVersion, want)
	}
	pid := filepath.Join(dir, "regtest", "bitcoind.pid")
	written, err := os.ReadFile(pid)
	if err != nil {
		t.Error(err)
	}
	var hashes []string
	if err := c.Call(t.Context(), "generatetoaddress", &hashes, 2, "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"); err != nil {
		t.Fatal(err)
	}
	for _, h := range hashes {
		eventually(t, "-blocknotify for "+h, func() bool { _, err := os.Stat(filepath.Join(blocks, h)); return err == nil })
	}
	eventually(t, "-startupnotify", func() bool { _, err := os.Stat(started); return err == nil })
	second := gv(t, home, bitcoindLine(dir, freePort(t))...)
	if want := fmt.Sprintf("Error: Cannot obtain a lock on data directory %s. Bitcoin Core is probably already running.\n", filepath.Join(dir, "regtest")); second.status != 1 || second.err != want {
		t.Errorf("a second one: status %d, %q; want %q", second.status, second.err, want)
	}
	if err := c.Call(t.Context(), "stop", nil); err != nil {
		t.Fatal(err)
	}
	if s := <-end; s.status != 0 || s.err != "" || s.out != "" {
		t.Errorf("stopped: %+v", s)
	}
	if strings.TrimSpace(string(written)) != strconv.Itoa(cmd.Process.Pid) {
		t.Errorf("pid file %q, want %d", written, cmd.Process.Pid)
	}
	for _, path := range []string{cookie, pid} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is left", path)
		}
	}
	if _, err := os.Stat(stopped); err != nil {
		t.Errorf("-shutdownnotify: %v", err)
	}
	log, err := os.ReadFile(filepath.Join(dir, "regtest", "debug.log"))
	for _, want := range []string{"Ignoring unknown configuration value nosuch\n", `Config file arg: uacomment="one"`, `Command-line arg: uacomment="three"`, "init message: Done loading\n", "Shutdown: done\n"} {
		if err != nil || !strings.Contains(string(log), want) {
			t.Errorf("no %q in debug.log (%v)", want, err)
		}
	}
}

// What ends the node once its log is open stands there too: who started it in the background is sent to read it.
func TestUnderBitcoindsNameTheLogSaysWhyItEnded(t *testing.T) {
	home := t.TempDir()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		chain, dir string
		line       []string
		want       string
	}{
		{"regtest", "regtest", []string{"-listen", "-bind=" + taken.Addr().String()}, "Unable to bind to " + taken.Addr().String() + " on this computer. Bitcoin Core is probably already running."},
		{"regtest", "regtest", []string{"-uacomment=("}, "User Agent comment (() contains unsafe characters."},
		{"regtest", "regtest", []string{"-listen", "-bind=a.b"}, "Cannot resolve -bind address: 'a.b'"},
		{"regtest", "regtest", []string{"-externalip=a.b"}, "Cannot resolve -externalip address: 'a.b'"},
		{"regtest", "regtest", []string{"-maxmempool=1"}, "-maxmempool must be at least 5 MB"},
		{"regtest", "regtest", []string{"-rpcport=x"}, "Invalid port specified in -rpcport: 'x'"},
		{"regtest", "regtest", []string{"-walletdir="}, `Specified -walletdir "" does not exist`},
		{"test", "testnet3", []string{"-acceptstalefeeestimates"}, "acceptstalefeeestimates is not supported on test chain."},
		{"main", "", []string{"-acceptstalefeeestimates"}, "acceptstalefeeestimates is not supported on main chain."},
	} {
		dir := t.TempDir()
		line := append(bitcoindLine(dir, freePort(t), "-noregtest", "-chain="+c.chain), c.line...)
		s := gv(t, home, line...)
		log, err := os.ReadFile(filepath.Join(dir, c.dir, "debug.log"))
		if s.status != 1 || !strings.HasPrefix(s.err, "Error: "+c.want+"\n") || err != nil || !strings.Contains(string(log), " Error: "+c.want+"\n") {
			t.Errorf("%s %q: %+v, and the log (%v):\n%s", c.chain, c.line, s, err, log)
		}
	}
}

func TestUnderBitcoindsNameItRunsInTheBackground(t *testing.T) {
	dir, home, port := t.TempDir(), t.TempDir(), freePort(t)
	if s := gv(t, home, bitcoindLine(dir, port, "-daemonwait")...); s.status != 0 || s.err != "" || s.out != "grapevine starting\n" {
		t.Fatalf("-daemonwait: %+v", s)
	}
	c, err := client.DialCookie("http://127.0.0.1:"+port, filepath.Join(dir, "regtest", ".cookie"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Call(t.Context(), "getblockcount", nil); err != nil { // it answers already
		t.Error(err)
	}
	if err := c.Call(t.Context(), "stop", nil); err != nil {
		t.Fatal(err)
	}
	pid := filepath.Join(dir, "regtest", "bitcoind.pid")
	eventually(t, "its end", func() bool { _, err := os.Stat(pid); return err != nil })
	if err := os.Mkdir(filepath.Join(dir, "regtest", "other.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	if s := gv(t, home, bitcoindLine(dir, port, "-daemonwait", "-debuglogfile=other.log")...); s.status != 1 || s.err != "Error during initialization - check debug.log for details\n" {
		t.Errorf("one that cannot start: %+v", s)
	}
}

func TestUnderBitcoindsNameStartErrorsAreCores(t *testing.T) {
	home := t.TempDir()
	for line, want := range map[string]string{
		"-nosuch=1":                                 "Error: Error parsing command line arguments: Invalid parameter -nosuch=1",
		"word":                                      "Error: Command line contains unexpected token 'word', see bitcoind -h for a list of options.",
		"-datadir=/nosuch/dir":                      `Error: Specified data directory "/nosuch/dir" does not exist.`,
		"-conf=/nosuch.conf":                        `Error: Error reading configuration file: specified config file "/nosuch.conf" could not be opened.`,
		"-signet":                                   "Error: Invalid combination of -regtest, -signet, -testnet, -testnet4 and -chain. Can use at most one.",
		"-noregtest -chain=gold":                    "Error: Unknown chain gold.",
		"-port=0":                                   "Error: Invalid port specified in -port: '0'",
		"-blocksdir=/nosuch":                        `Error: Specified blocks directory "/nosuch" does not exist.`,
		"-uacomment=(":                              "Error: User Agent comment (() contains unsafe characters.",
		"-bind=127.0.0.1:1":                         "Error: Cannot set -bind or -whitebind together with -listen=0",
		"-listenonion=1":                            "Error: Cannot set -listen=0 together with -listenonion=1",
		"-proxy=abc..abc:23456":                     "Error: Invalid -proxy address or hostname: 'abc..abc:23456'",
		"-proxy=192.0.0.1:def":                      "Error: Invalid port specified in -proxy: '192.0.0.1:def'",
		"-proxy=unix:":                              "Error: Invalid -proxy address or hostname: 'unix:'",
		"-onion=xyz..xyz:23456":                     "Error: Invalid -onion address or hostname: 'xyz..xyz:23456'",
		"-i2psam=192.0.0.1:def":                     "Error: Invalid port specified in -i2psam: '192.0.0.1:def'",
		"-i2psam=unix:/tmp/sam":                     "Error: Invalid -i2psam address or hostname: 'unix:/tmp/sam'",
		"-maxuploadtarget=1x":                       "Error: Unable to parse -maxuploadtarget: '1x'",
		"-maxuploadtarget=-1":                       "Error: Unable to parse -maxuploadtarget: '-1'",
		"-maxuploadtarget=16777216T":                "Error: Unable to parse -maxuploadtarget: '16777216T'",
		"-asmap=/nosuch/map":                        `Error: Could not find asmap file "/nosuch/map"`,
		"-asmap=/dev/null":                          `Error: Could not parse asmap file "/dev/null"`,
		"-onlynet=abc":                              "Error: Unknown network specified in -onlynet: 'abc'",
		"-onlynet=i2p":                              "Error: Outbound connections restricted to i2p (-onlynet=i2p) but -i2psam is not provided",
		"-onlynet=cjdns":                            "Error: Outbound connections restricted to CJDNS (-onlynet=cjdns) but -cjdnsreachable is not provided",
		"-onlynet=onion":                            "Error: Outbound connections restricted to Tor (-onlynet=onion) but the proxy for reaching the Tor network is not provided: none of -proxy, -onion or -listenonion is given",
		"-blockfilterindex=fast":                    "Error: Unknown -blockfilterindex value fast.",
		"-testactivationheight=x@1":                 "Error: Invalid name (x@1) for -testactivationheight=name@height.",
		"-testactivationheight=segwit":              "Error: Invalid format (segwit) for -testactivationheight=name@height.",
		"-testactivationheight=segwit@-1":           "Error: Invalid height value (segwit@-1) for -testactivationheight=name@height.",
		"-vbparams=testdummy:0":                     "Error: Version bits parameters malformed, expecting deployment:start:end[:min_activation_height]",
		"-vbparams=testdummy:0:1:2:3":               "Error: Version bits parameters malformed, expecting deployment:start:end[:min_activation_height]",
		"-vbparams=testdummy:x:1":                   "Error: Invalid nStartTime (x)",
		"-vbparams=testdummy:0:9223372036854775808": "Error: Invalid nTimeout (9223372036854775808)",
		"-vbparams=testdummy:0:1:2147483648":        "Error: Invalid min_activation_height (2147483648)",
		"-vbparams=segwit:0:1":                      "Error: Invalid deployment (segwit)",
		"-minimumchainwork=zz":                      "Error: Invalid non-hex (zz) minimum chain work value specified",
		"-debug=abc":                                "Error: Unsupported logging category -debug=abc.",
		"-pid=/nosuch/pid":                          "Error: Unable to create the PID file '/nosuch/pid': no such file or directory",
		"-uacomment=" + strings.Repeat("a", 256):    "Error: Total length of network version string (290) exceeds maximum length (256). Reduce the number or size of uacomments.",
	} {
		var s said
		if dir := t.TempDir(); strings.Contains(line, "-datadir") {
			s = gv(t, home, append([]string{"bitcoind", "-regtest"}, strings.Fields(line)...)...)
		} else {
			s = gv(t, home, bitcoindLine(dir, "1", strings.Fields(line)...)...)
		}
		if s.status != 1 || strings.TrimSpace(s.err) != want {
			t.Errorf("%s: status %d, stderr %q, want %q", line, s.status, s.err, want)
		}
	}
}
