package swarm

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
)

// fakeTor answers at a control port; each connection's lines come by heard.
type fakeTor struct {
	methods string
	cookie  string // its file
	wrong   bool   // it cannot read the cookie
	refuse  string // answers lines that begin so with 5xx
	heard   chan string
}

const fakeOnion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd"

func (f *fakeTor) serve(conn net.Conn) {
	defer conn.Close()
	for r := bufio.NewReader(conn); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		f.heard <- line
		if _, err := io.WriteString(conn, f.answer(line)); err != nil {
			return
		}
	}
}

func (f *fakeTor) answer(line string) string {
	switch {
	case f.refuse != "" && strings.HasPrefix(line, f.refuse):
		return "515 no\r\n"
	case line == "PROTOCOLINFO 1":
		return fmt.Sprintf("250-PROTOCOLINFO 1\r\n250-AUTH METHODS=%s COOKIEFILE=%q\r\n250-VERSION Tor=\"0.4\"\r\n250 OK\r\n", f.methods, f.cookie)
	case strings.HasPrefix(line, "AUTHCHALLENGE SAFECOOKIE "):
		nonce, _ := hex.DecodeString(strings.TrimPrefix(line, "AUTHCHALLENGE SAFECOOKIE "))
		cookie, _ := os.ReadFile(f.cookie)
		if f.wrong {
			cookie = make([]byte, torCookie)
		}
		theirs := make([]byte, 32)
		h := hmac.New(sha256.New, []byte(torServer))
		h.Write(append(append(cookie, nonce...), theirs...))
		return fmt.Sprintf("250 AUTHCHALLENGE SERVERHASH=%X SERVERNONCE=%X\r\n", h.Sum(nil), theirs)
	case strings.HasPrefix(line, "ADD_ONION NEW:"):
		return "250-ServiceID=" + fakeOnion + "\r\n250-PrivateKey=ED25519-V3:abc=\r\n250 OK\r\n"
	case strings.HasPrefix(line, "ADD_ONION ED25519-V3:abc= "):
		return "250-ServiceID=" + fakeOnion + "\r\n250 OK\r\n"
	}
	return "250 OK\r\n"
}

// serviceBy runs one service until it ends or stands, and says what Tor heard.
func serviceBy(t *testing.T, f *fakeTor, password, keyFile string) (heard []string, stood bool, err error) {
	t.Helper()
	f.heard = make(chan string, 10)
	s := &Swarm{cfg: Config{Params: chain.MainNet(), Net: served(f.serve), Log: slog.New(slog.DiscardHandler)}}
	s.cfg.Tor = TorControl{At: p2p.Proxy{At: netip.MustParseAddrPort("127.0.0.1:9051")}, Password: password, KeyFile: keyFile}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.onion(ctx, netip.MustParseAddrPort("127.0.0.1:8334")) }()
	for ended := false; !ended && !stood; time.Sleep(time.Millisecond) {
		select {
		case err = <-done:
			ended = true
		default:
			stood = len(s.Locals()) == 1
		}
	}
	if stood {
		if got := p2p.HostPortOf(s.Locals()[0]).String(); got != fakeOnion+".onion:8333" {
			t.Errorf("our address is %s", got)
		}
		cancel()
		err = <-done
		if len(s.Locals()) != 0 {
			t.Error("the address stays when the service is gone")
		}
	}
	close(f.heard)
	for line := range f.heard {
		heard = append(heard, line)
	}
	return heard, stood, err
}

func TestTorMakesAnOnionServiceOfUs(t *testing.T) {
	dir := t.TempDir()
	cookie, key := filepath.Join(dir, `a "cookie"`), filepath.Join(dir, "onion_v3_private_key")
	if err := os.WriteFile(cookie, []byte(strings.Repeat("c", torCookie)), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct{ methods, password, says string }{
		{"NULL", "", "AUTHENTICATE"},
		{"COOKIE,SAFECOOKIE", "", "AUTHCHALLENGE SAFECOOKIE "},
		{"SAFECOOKIE,HASHEDPASSWORD", `a "b\`, `AUTHENTICATE "a \"b\\"`},
	} {
		heard, stood, err := serviceBy(t, &fakeTor{methods: c.methods, cookie: cookie}, c.password, key)
		if !stood {
			t.Fatalf("%s: %v after %q", c.methods, err, heard)
		}
		want := "ADD_ONION NEW:ED25519-V3 Port=8333,127.0.0.1:8334"
		if i > 0 {
			want = "ADD_ONION ED25519-V3:abc= Port=8333,127.0.0.1:8334"
		}
		if last := heard[len(heard)-1]; last != want || !strings.HasPrefix(heard[1], c.says) {
			t.Errorf("%s: Tor heard %q", c.methods, heard)
		}
	}
	if raw, err := os.ReadFile(key); string(raw) != "ED25519-V3:abc=" || err != nil {
		t.Errorf("the key is not kept: %q %v", raw, err)
	}
}

func TestTorThatDoesNotHelpIsNoHarm(t *testing.T) {
	dir := t.TempDir()
	cookie, short, bad := filepath.Join(dir, "cookie"), filepath.Join(dir, "short"), filepath.Join(dir, "bad")
	for path, text := range map[string]string{cookie: strings.Repeat("c", torCookie), short: "c", bad: "RSA1024:abc"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for what, c := range map[string]struct {
		tor      fakeTor
		password string
		key      string
	}{
		"no way that we know":    {tor: fakeTor{methods: "COOKIE"}},
		"a password it does not": {tor: fakeTor{methods: "NULL"}, password: "x"},
		"a password of two rows": {tor: fakeTor{methods: "HASHEDPASSWORD"}, password: "x\nADD_ONION"},
		"no cookie file":         {tor: fakeTor{methods: "SAFECOOKIE", cookie: filepath.Join(dir, "none")}},
		"a short cookie":         {tor: fakeTor{methods: "SAFECOOKIE", cookie: short}},
		"somebody else":          {tor: fakeTor{methods: "SAFECOOKIE", cookie: cookie, wrong: true}},
		"refuses us":             {tor: fakeTor{methods: "NULL", refuse: "AUTHENTICATE"}},
		"refuses the service":    {tor: fakeTor{methods: "NULL", refuse: "ADD_ONION"}},
		"another key":            {tor: fakeTor{methods: "NULL"}, key: bad},
	} {
		key := c.key
		if key == "" {
			key = filepath.Join(dir, "key of "+what)
		}
		heard, stood, err := serviceBy(t, &c.tor, c.password, key)
		if err == nil || stood {
			t.Errorf("%s: %v after %q", what, err, heard)
		}
		if c.key == "" {
			if _, err := os.Stat(key); err == nil {
				t.Errorf("%s: a key was kept", what)
			}
		}
		if c.tor.wrong && strings.HasPrefix(heard[len(heard)-1], "AUTHENTICATE") {
			t.Error("somebody who cannot read the cookie is told what it hashes to")
		}
	}
	if raw, _ := os.ReadFile(bad); string(raw) != "RSA1024:abc" {
		t.Error("a key that we do not know was written over")
	}
}
