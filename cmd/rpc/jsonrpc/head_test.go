package jsonrpc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// scripted is a connection that hands out its pieces one read at a time; nil
// is a deadline that passes.
type scripted struct {
	net.Conn
	pieces [][]byte
}

func (s *scripted) Read(p []byte) (int, error) {
	if len(s.pieces) == 0 {
		return 0, io.EOF
	}
	piece := s.pieces[0]
	if piece == nil {
		s.pieces = s.pieces[1:]
		return 0, errDeadline
	}
	n := copy(p, piece)
	if s.pieces[0] = piece[n:]; len(s.pieces[0]) == 0 {
		s.pieces = s.pieces[1:]
	}
	return n, nil
}

var errDeadline = errors.New("deadline")

// readThrough reads all that a repairConn gives, going on after deadlines.
func readThrough(c net.Conn, size int) string {
	var got bytes.Buffer
	buf := make([]byte, size)
	for {
		n, err := c.Read(buf)
		got.Write(buf[:n])
		if err != nil && !errors.Is(err, errDeadline) {
			return got.String()
		}
	}
}

func TestRepairAddsHostOnlyWhereItIsMissing(t *testing.T) {
	const host = "Host: localhost\r\n"
	for _, c := range []struct{ name, in, want string }{
		{"missing", "GET / HTTP/1.1\nA: b\n\n", "GET / HTTP/1.1\n" + host + "A: b\n\n"},
		{"there", "GET / HTTP/1.1\r\nhOST: x\r\n\r\n", "GET / HTTP/1.1\r\nhOST: x\r\n\r\n"},
		{"two requests", "GET / HTTP/1.1\n\nGET /b HTTP/1.1\n\n", "GET / HTTP/1.1\n" + host + "\nGET /b HTTP/1.1\n" + host + "\n"},
		{"a body that looks like a head", "P / H\nContent-Length: 9\n\nGET / H\n\nP / H\n\n", "P / H\n" + host + "Content-Length: 9\n\nGET / H\n\nP / H\n" + host + "\n"},
		{"empty lines between", "P / H\nContent-Length: 1\n\nx\r\n\r\nP / H\n\n", "P / H\n" + host + "Content-Length: 1\n\nxP / H\n" + host + "\n"},
		{"chunked passes to the end", "P / H\nTransfer-Encoding: chunked\n\n1\nx\n\nP / H\n\n", "P / H\n" + host + "Transfer-Encoding: chunked\n\n1\nx\n\nP / H\n\n"},
		{"a percent sign that escapes nothing", "GET /a%zz%25%? HTTP/1.1\nHost: x\n\n", "GET /a%25zz%25%25? HTTP/1.1\nGrapevine-Repaired-Target: 1\r\nHost: x\n\n"},
		{"nonsense length passes", "P / H\nContent-Length: -1\n\nP / H\n\n", "P / H\nContent-Length: -1\n\nP / H\n\n"},
		{"an endless head passes", "GET / H\n" + strings.Repeat("x", 3*maxHead), "GET / H\n" + strings.Repeat("x", 3*maxHead)},
		{"a head as long as may be", strings.Repeat("x", maxHead-2) + "\n\n", strings.Repeat("x", maxHead-2) + "\n" + host + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{1, 2, 7, 4096} { // however the bytes arrive, and are read
				var pieces [][]byte
				for in := []byte(c.in); len(in) > 0; in = in[min(step, len(in)):] {
					pieces = append(pieces, in[:min(step, len(in))], nil)
				}
				if got := readThrough(&repairConn{Conn: &scripted{pieces: pieces}}, step); got != c.want {
					t.Fatalf("in steps of %d: got %.200q, want %.200q", step, got, c.want)
				}
			}
		})
	}
}

func TestOverlongRequestLineIsABadRequest(t *testing.T) {
	for length, want := range map[int]string{1000: "404", maxHead - 15: "404", maxHead - 14: "400", 10_000: "400", 1 << 20: "400"} {
		c, r := dial(t, serve(t))
		go func() {
			_, _ = io.WriteString(c, "GET /"+strings.Repeat("x", length)+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
		}()
		if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 "+want+" ") {
			t.Errorf("a path of %d bytes: %q, %v", length, line, err)
		}
	}
}

// FuzzRepair: no byte that came behind a Host header of the first request is
// lost or changed, but for empty lines between requests and percent signs that
// escape nothing.
func FuzzRepair(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\nHost: a\nContent-Length: 3\n\nabc"), uint8(1))
	f.Add([]byte("\n\nPOST / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost:b\r\n\r\n"), uint8(5))
	f.Add([]byte("%0\n\n"), uint8(5))
	f.Fuzz(func(t *testing.T, in []byte, step uint8) {
		if len(in) > maxHead {
			return // what is too long is refused
		}
		size := int(step)%64 + 1
		var pieces [][]byte
		for rest := in; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			pieces = append(pieces, rest[:min(size, len(rest))])
		}
		got := readThrough(&repairConn{Conn: &scripted{pieces: pieces}}, size)
		strip := strings.NewReplacer("Host: localhost\r\n", "", repairedMark+": 1\r\n", "", "%25", "%", "\r", "", "\n", "")
		all, kept := strip.Replace(string(in)), strip.Replace(got)
		if !strings.HasPrefix(all, kept) {
			t.Fatalf("%q became %q", in, got)
		}
	})
}

func TestDeadlinesReachTheConnection(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	c := &repairConn{Conn: a}
	if err := c.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Fatal("read past a deadline")
	}
}

// A request is known to be here as a whole only when nothing of its body has still to come: whoever reads the rest of
// one has a deadline.
func TestARequestIsKnownToHaveArrived(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
	long := "POST / HTTP/1.1\r\nA: " + strings.Repeat("x", 3*maxHead) + "\r\nContent-Length: 4\r\n\r\n1234"
	for _, c := range []struct {
		name   string
		pieces []string // as they arrive; after each of them what the connection has is read
		want   bool
	}{
		{"all at once", []string{head + "1234"}, true},
		{"without a body", []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n"}, true},
		{"half of the body", []string{head + "12"}, false},
		{"all but a byte", []string{head + "123"}, false},
		{"the head alone", []string{head}, false},
		{"the body later", []string{head, "1234"}, false},
		{"the next one as well", []string{head + "1234" + head + "1234"}, true},
		{"half of the next one", []string{head + "1234" + head + "12"}, false},
		{"chunks", []string{"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n0\r\n\r\n"}, false},
		{"a length that is none", []string{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -4\r\n\r\n1234"}, false},
		{"a whole one and then a head that is too long", []string{head + "1234", long}, false},
		{"a whole one and then nonsense without an end", []string{head + "1234", strings.Repeat("x", maxHead+1)}, false},
	} {
		var pieces [][]byte
		for _, p := range c.pieces {
			for in := []byte(p); len(in) > 0; in = in[min(readSize, len(in)):] {
				pieces = append(pieces, in[:min(readSize, len(in))])
			}
		}
		own := &conn{Conn: &scripted{pieces: pieces}, set: newConns(1)}
		readThrough(&repairConn{Conn: own}, 1<<20)
		if got := Arrived(context.WithValue(t.Context(), connKey{}, own)); got != c.want {
			t.Errorf("%s: arrived: %v", c.name, got)
		}
	}
	if Arrived(t.Context()) {
		t.Error("a request of no connection of ours has arrived")
	}
}
