package swarm

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"grapevine/p2p"
)

// dest is a destination, with what is behind it if it is a private key.
func dest(first byte, behind int) []byte {
	d := make([]byte, destSize+4+behind)
	d[0], d[destSize-1] = first, 4 // a certificate of four bytes
	return d
}

// callers is a SAM bridge at which streams come in: one that is a peer, then one whose
// destination is none, then nobody.
type callers struct {
	t *testing.T

	mu       sync.Mutex
	made     int      // keys
	sessions []string // destinations of the sessions
	accepts  int
}

func (b *callers) serve(conn net.Conn) {
	defer conn.Close()
	for r := bufio.NewReader(conn); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		b.mu.Lock()
		answer, stay := b.answer(line)
		b.mu.Unlock()
		if _, err := io.WriteString(conn, answer); err != nil || !stay {
			return
		}
	}
}

func (b *callers) answer(line string) (answer string, stay bool) {
	switch {
	case strings.HasPrefix(line, "HELLO"):
		return "HELLO REPLY RESULT=OK VERSION=3.1\n", true
	case line == "DEST GENERATE SIGNATURE_TYPE=7\n":
		b.made++
		return "DEST REPLY PUB=x PRIV=" + i2pText().EncodeToString(dest(7, 40)) + "\n", true
	case strings.HasPrefix(line, "SESSION CREATE"):
		_, rest, _ := strings.Cut(line, "DESTINATION=")
		name, _, _ := strings.Cut(rest, " ")
		b.sessions = append(b.sessions, name)
		return "SESSION STATUS RESULT=OK DESTINATION=" + name + "\n", true
	case strings.HasPrefix(line, "STREAM ACCEPT"):
		b.accepts++
		switch b.accepts {
		case 1:
			return "STREAM STATUS RESULT=OK\n" + i2pText().EncodeToString(dest(9, 0)) + " FROM_PORT=0 TO_PORT=0\nhello", false
		case 2:
			return "STREAM STATUS RESULT=OK\nAAAA\n", false
		}
		return "STREAM STATUS RESULT=OK\n", true
	}
	b.t.Errorf("the bridge was told %q", line)
	return "", false
}

// Our destination is made once and kept; who comes has the name of its own.
func TestPeersComeInOverI2P(t *testing.T) {
	b, file := &callers{t: t}, filepath.Join(t.TempDir(), "i2p_private_key")
	bridge := p2p.Proxy{At: netip.MustParseAddrPort("127.0.0.1:7656")}
	s := newSAM(bridge, file, slog.New(slog.DiscardHandler))
	var ours netip.AddrPort
	accept := func(ctx context.Context) (net.Conn, netip.AddrPort, error) {
		return s.accept(ctx, served(b.serve), func(at netip.AddrPort) { ours = at })
	}
	conn, from, err := accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(conn)
	conn.Close()
	want, _ := addrOfDest(dest(9, 0))
	if string(got) != "hello" || from != want || conn.RemoteAddr().String() != p2p.HostPortOf(want).String() {
		t.Errorf("%q from %v, %v", got, from, conn.RemoteAddr())
	}
	if own, _ := addrOfDest(dest(7, 0)); ours != own {
		t.Errorf("our own address is %v, not that of the public part %v", ours, own)
	}
	if _, _, err := accept(t.Context()); err == nil {
		t.Error("a destination that is none is taken")
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, _, err := accept(ctx); err == nil {
		t.Error("nobody came, and is here")
	}
	s.close()
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != i2pPermission {
		t.Fatalf("the key is not kept, or for all to read: %v %v", st, err)
	}
	again := newSAM(bridge, file, slog.New(slog.DiscardHandler))
	defer again.close()
	if _, err := again.session(t.Context(), served(b.serve)); err != nil {
		t.Fatal(err)
	}
	if b.made != 1 || len(b.sessions) != 2 || b.sessions[0] != b.sessions[1] || b.sessions[0] != i2pText().EncodeToString(dest(7, 40)) {
		t.Errorf("%d keys were made for %d sessions", b.made, len(b.sessions))
	}
}

// A file that holds no key is an error, and stays as it is.
func TestADamagedKeyOfI2PIsNotReplaced(t *testing.T) {
	long := dest(1, 0)
	long[destSize-1] = 5 // says that it is longer than it is
	for what, raw := range map[string][]byte{"empty": {}, "a byte short": dest(1, 0)[:destSize-1], "cut": long, "huge": dest(1, maxI2PKey)} {
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		b := &callers{t: t}
		s := newSAM(p2p.Proxy{At: netip.MustParseAddrPort("127.0.0.1:7656")}, file, slog.New(slog.DiscardHandler))
		if _, err := s.session(t.Context(), served(b.serve)); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", what, err)
		}
		s.close()
		if now, _ := os.ReadFile(file); string(now) != string(raw) || b.made > 0 {
			t.Errorf("%s: the file was written anew", what)
		}
	}
}
