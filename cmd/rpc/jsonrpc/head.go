package jsonrpc

import (
	"bytes"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxHead bounds the bytes of a request head held while its end is awaited, as
// Core's MAX_HEADERS_SIZE. A longer head is passed on as it is and net/http
// refuses it.
const maxHead = 8192

// badHead stands for a request line that is too long: net/http answers it with
// 400, as libevent does.
const badHead = "?\r\n\r\n"

// unbounded as a body length: everything from here on is passed through.
const unbounded = -1

// repairConn is a connection on which requests without a Host header reach
// net/http, which would refuse them. The electrs of Blockstream and mempool.space
// write their own HTTP and send none; bitcoind's libevent never asked for it.
//
// It reads a head up to its empty line, adds "Host:" when there is none, then
// passes the body through by Content-Length, so that it knows where the next
// head begins. What it cannot follow (chunked bodies, nonsense) it passes
// through unchanged to the end of the connection. A read that fails (net/http
// interrupts reads by deadlines) loses nothing: the state is kept for the next.
type repairConn struct {
	net.Conn
	in   []byte // bytes received and not looked at yet
	out  []byte // bytes ready for the reader
	kept []byte // what in and out are parts of, most often: the same from request to request
	body int    // bytes of the body still to be passed through, or unbounded
}

func (c *repairConn) Read(p []byte) (int, error) {
	if len(p) == 1 && c.body == 0 && len(c.out) == 0 && c.watches() {
		return 0, nil
	}
	for {
		if len(c.out) > 0 {
			n := copy(p, c.out)
			c.out = c.out[n:]
			return n, nil
		}
		if len(c.in) > 0 && c.advance() {
			continue
		}
		if c.body != 0 && len(c.in) == 0 { // the common case of large bodies: no copy
			n, err := c.Conn.Read(c.limit(p))
			c.passed(n)
			return n, err
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
}

// limit shortens p to what still belongs to the body.
func (c *repairConn) limit(p []byte) []byte {
	if c.body != unbounded && len(p) > c.body {
		return p[:c.body]
	}
	return p
}

func (c *repairConn) passed(n int) {
	if c.body != unbounded {
		c.body -= n
	}
}

// readSize is how much is read at a time, at least half of it.
const readSize = 4096

// fill reads more. Nothing waits in out, whose memory it may take.
func (c *repairConn) fill() error {
	if c.kept == nil {
		c.kept = make([]byte, 0, readSize)
	}
	c.in = slices.Grow(append(c.kept, c.in...), readSize/2)
	c.kept = c.in[:0]
	n, err := c.Conn.Read(c.in[len(c.in):cap(c.in)])
	c.in = c.in[:len(c.in)+n]
	if n > 0 {
		return nil
	}
	return err
}

// advance moves bytes from in to out; false when it needs more of them.
func (c *repairConn) advance() bool {
	if c.body != 0 {
		n := len(c.limit(c.in))
		c.out, c.in = c.in[:n:n], c.in[n:]
		c.passed(n)
		return true
	}
	c.tell(false)
	c.in = bytes.TrimLeft(c.in, "\r\n") // empty lines between requests: RFC 9112, 2.2
	if line := bytes.IndexByte(c.in, '\n'); line > maxHead || line < 0 && len(c.in) > maxHead {
		c.in, c.out, c.body = nil, []byte(badHead), unbounded
		return true
	}
	end := headEnd(c.in)
	if end == 0 {
		if len(c.in) <= maxHead {
			return false
		}
		c.body = unbounded
		return true
	}
	head := c.in[:end]
	c.in = c.in[end:]
	c.out, c.body = repairHead(head)
	c.tell(c.body != unbounded && c.body <= len(c.in))
	return true
}

// watches says that a read of one byte is net/http's look whether a client is still there: see hangUp.
func (c *repairConn) watches() bool {
	own, ok := c.Conn.(*conn)
	if !ok {
		return false
	}
	c.in = bytes.TrimLeft(c.in, "\r\n") // as advance does
	return own.hang.ask(len(c.in) > 0)
}

// tell says whether the request that is passed on is here as a whole: see Arrived.
func (c *repairConn) tell(whole bool) {
	if own, ok := c.Conn.(*conn); ok {
		own.whole.Store(whole)
	}
}

// headEnd is the length of the head with its empty line, or 0 if it is not
// complete. Lines end in \n or \r\n.
func headEnd(b []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return 0
		}
		line := b[at : at+i]
		at += i + 1
		if len(bytes.TrimRight(line, "\r")) == 0 {
			return at
		}
	}
}

// repairHead adds a Host line after the request line where none is, and says
// how long the body is.
func repairHead(head []byte) (out []byte, body int) {
	hasHost, chunked := false, false
	first := bytes.IndexByte(head, '\n') + 1
	for line := range bytes.Lines(head[first:]) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case isName(name, "host"):
			hasHost = true
		case isName(name, "transfer-encoding"):
			chunked = true
		case isName(name, "content-length"):
			n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
			if err != nil || n < 0 {
				return head, unbounded
			}
			body = n
		}
	}
	if chunked {
		body = unbounded
	}
	line, repaired := repairTarget(head[:first])
	if hasHost && !repaired {
		return head, body
	}
	out = slices.Clone(line)
	if repaired {
		out = append(out, repairedMark+": 1\r\n"...)
	}
	if !hasHost {
		out = append(out, "Host: localhost\r\n"...)
	}
	return append(out, head[first:]...), body
}

// isName says whether a header's name is that one, which is written small.
func isName(name []byte, small string) bool {
	return len(name) == len(small) && strings.EqualFold(string(name), small)
}

// repairedMark is the header that a request has whose target was repaired. Who
// sends it by himself has his "%25" read as "%", and nothing else.
const repairedMark = "Grapevine-Repaired-Target"

// repairTarget writes each % of a request line that begins no escape as one, since
// net/http refuses such a line; libevent leaves it to who answers.
func repairTarget(line []byte) (out []byte, repaired bool) {
	if bytes.IndexByte(line, '%') < 0 {
		return line, false
	}
	for i := 0; i < len(line); i++ {
		out = append(out, line[i])
		if line[i] == '%' && !escapes(line[i:]) {
			out, repaired = append(out, "25"...), true
		}
	}
	return out, repaired
}

// escapes says whether what begins with a percent sign begins with an escape.
func escapes[T string | []byte](s T) bool { return len(s) > 2 && isHex(s[1]) && isHex(s[2]) }

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

// Target is a request's path and query as they were sent; valid says whether they
// hold nothing but what RFC 3986 allows there (libevent: evhttp_uri_parse).
func Target(r *http.Request) (target string, valid bool) {
	target = r.RequestURI
	switch {
	case !strings.HasPrefix(target, "/"): // of a proxy's kind, with the host
		target = r.URL.RequestURI()
	case r.Header.Get(repairedMark) != "":
		target = strings.ReplaceAll(target, "%25", "%")
	}
	return target, isURI(target)
}

func isURI(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', strings.IndexByte("-._~!$&'()*+,;=:@/?#", c) >= 0:
		case c == '%' && escapes(s[i:]):
			i += 2
		default:
			return false
		}
	}
	return true
}

// CloseWrite: see closeWrite.
func (c *repairConn) CloseWrite() error { return closeWrite(c.Conn) }

// closeWrite lets net/http end its side first, so that a refusal is read before
// the connection is reset under a body nobody wants.
func closeWrite(c net.Conn) error {
	if t, ok := c.(interface{ CloseWrite() error }); ok {
		return t.CloseWrite()
	}
	return nil
}
