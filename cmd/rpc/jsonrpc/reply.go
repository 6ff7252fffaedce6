package jsonrpc

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"
)

const (
	// pieceSize is how much of an answer is written at a time: a reader that
	// takes this much now and then is not stalled.
	pieceSize = 16 << 10
	// replyTime is how long a client may take nothing of its answer before it is
	// cut off (Core: -rpcservertimeout, DEFAULT_HTTP_SERVER_TIMEOUT).
	replyTime = 30 * time.Second
)

// pieces is an answer as it is gathered. It grows without copying what it has.
type pieces struct {
	full [][]byte
	last []byte
	size int
}

// add appends b, which from now on belongs to the answer.
func (p *pieces) add(b []byte) {
	if len(b) > pieceSize { // it stands for itself
		p.size += len(b)
		p.full = append(p.full, p.last, b)
		p.last = nil
		return
	}
	p.grow(len(b))
	p.last = append(p.last, b...)
}

// expect makes place for a small answer at once.
func (p *pieces) expect(n int) {
	if n <= pieceSize && len(p.last)+n > cap(p.last) {
		p.size -= n
		p.grow(n)
	}
}

func (p *pieces) text(s string) {
	p.grow(len(s))
	p.last = append(p.last, s...)
}

// value appends JSON; nil is null.
func (p *pieces) value(raw json.RawMessage) {
	if raw == nil {
		p.text("null")
		return
	}
	p.add(raw)
}

// grow makes place for n bytes, at most pieceSize, behind the last. A small answer is one piece.
func (p *pieces) grow(n int) {
	p.size += n
	switch {
	case len(p.last)+n <= cap(p.last):
	case len(p.last)+n <= pieceSize:
		p.last = slices.Grow(p.last, max(n, cap(p.last), 256))
	default:
		p.full = append(p.full, p.last)
		p.last = make([]byte, 0, max(n, min(2*cap(p.last), 1<<20)))
	}
}

func (p *pieces) all() [][]byte { return append(p.full, p.last) }

// Send writes an answer of known length. net/http would chunk a long one, which
// clients that read HTTP by hand do not understand. Who does not read it is cut
// off.
func Send(w http.ResponseWriter, status int, body []byte) {
	SendPieces(w, nil, status, body)
}

// SendPieces is Send for an answer that counts in a budget.
func SendPieces(w http.ResponseWriter, s *Share, status int, body ...[]byte) {
	size := 0
	for _, b := range body {
		size += len(b)
	}
	if _, said := w.Header()["Content-Type"]; !said && status != http.StatusNoContent {
		w.Header().Set("Content-Type", "text/html; charset=ISO-8859-1") // libevent's
	}
	w.Header().Set("Content-Length", strconv.Itoa(size))
	w.WriteHeader(status)
	out := &Writer{w: w, limit: http.NewResponseController(w), share: s}
	if size == 0 {
		out.wait(replyTime)
	}
	for _, b := range body {
		if _, err := out.Write(b); err != nil {
			return // who no longer listens needs no answer
		}
	}
}

// Writer writes an answer in pieces, each of which its reader must take in time.
type Writer struct {
	w     io.Writer
	limit interface{ SetWriteDeadline(time.Time) error }
	share *Share
}

// NewWriter makes a Writer; share may be nil.
func NewWriter(w http.ResponseWriter, share *Share) *Writer {
	out := &Writer{w: w, limit: http.NewResponseController(w), share: share}
	out.wait(replyTime) // for an answer without a body, too
	return out
}

// NewLineWriter makes a Writer of a line's answer; line is nil for what answers none.
func NewLineWriter(conn net.Conn, line *Line) *Writer {
	out := &Writer{w: conn, limit: conn}
	if line != nil {
		out.share = line.share
	}
	return out
}

func (o *Writer) wait(d time.Duration) {
	_ = o.limit.SetWriteDeadline(time.Now().Add(d)) // unsupported only by test recorders
}

func (o *Writer) Write(b []byte) (written int, err error) {
	if o.share != nil {
		defer o.share.writing(0, nil)
	}
	n := 0
	for len(b) > 0 && err == nil {
		o.wait(replyTime) // before writing: a cut that comes later stands
		if o.share != nil && !o.share.writing(n, func() { o.wait(-time.Second) }) {
			return written, os.ErrDeadlineExceeded
		}
		n, err = o.w.Write(b[:min(len(b), pieceSize)])
		written += n
		b = b[n:]
	}
	return written, err
}
