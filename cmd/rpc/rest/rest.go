package rest

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/poolapi"
)

const (
	// maxReads bounds requests at work at once: each may decode a block, and
	// anybody may ask.
	maxReads = 2
	// maxBytes bounds what all answers together hold in memory until they are
	// sent, and largeBytes is what one may hold: a block and what it spent.
	maxBytes   = 16 << 20
	largeBytes = 8 << 20
	// stallTime is how long an answer may stay unread while others wait for the
	// memory that it takes.
	stallTime = 500 * time.Millisecond
)

// Handler answers /rest/….
type Handler struct {
	chain  *chainapi.API
	pool   *poolapi.API
	places chan struct{}
	budget *jsonrpc.Budget
}

// New makes a Handler over those who know the chain and the pool.
func New(chain *chainapi.API, pool *poolapi.API) *Handler {
	return &Handler{
		chain: chain, pool: pool,
		places: make(chan struct{}, maxReads), budget: jsonrpc.NewBudget(maxBytes, maxBytes, stallTime),
	}
}

// answer is what a path leads to. JSON is made only when it is asked for.
type answer struct {
	bytes []byte // for .bin, and in hex for .hex; nil: there is JSON only
	text  string // for .hex in place of bytes
	json  func() (any, error)
	// write is json's other form: what it gives writes what would be too much to
	// hold, and itself holds size bytes.
	write func() (f func(io.Writer) error, size int, err error)
}

// fault is an HTTP status with its reason.
type fault struct {
	status int
	why    string
}

func (f *fault) Error() string { return f.why }

func notFound(format string, args ...any) error {
	return &fault{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return &fault{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, q, ok := query(r)
	if !ok {
		jsonrpc.Send(w, http.StatusNotFound, nil)
		return
	}
	if p.kind == body {
		var err error
		if q.body, err = io.ReadAll(io.LimitReader(r.Body, maxCoinsBody)); err != nil {
			send(w, nil, http.StatusBadRequest, text("Parse error\r\n"))
			return
		}
	}
	share := h.budget.Begin()
	defer share.End()
	reserved := 0
	if p.kind == large {
		reserved = largeBytes
	}
	if share.Take(r.Context(), reserved) != nil {
		send(w, nil, http.StatusServiceUnavailable, text("too many readers at once\n"))
		return
	}
	form, err := h.read(r.Context(), p, q)
	if f, ok := errors.AsType[*fault](err); ok {
		send(w, nil, f.status, text(f.why+"\r\n"))
		return
	}
	if err != nil {
		send(w, nil, http.StatusInternalServerError, text("the node cannot read this\r\n"))
		return
	}
	if share.Settle(reserved, form.size) != nil {
		send(w, nil, http.StatusServiceUnavailable, text("the answer is too large\n"))
		return
	}
	send(w, share, http.StatusOK, form)
}

// read makes an answer in the form that was asked for, when there is a place for it.
func (h *Handler) read(ctx context.Context, p path, q asked) (form, error) {
	select {
	case h.places <- struct{}{}:
		defer func() { <-h.places }()
	case <-ctx.Done():
		return form{}, ctx.Err()
	}
	a, err := p.find(h, q)
	if err != nil {
		return form{}, err
	}
	return a.as(q.format)
}

// form is an answer as it goes out: in one piece, or written as it is made.
type form struct {
	kind  string
	body  []byte
	write func(io.Writer) error
	size  int // what it holds in memory until it is sent
}

func text(s string) form { return whole("text/plain", []byte(s)) }

func whole(kind string, body []byte) form { return form{kind: kind, body: body, size: len(body)} }

func send(w http.ResponseWriter, share *jsonrpc.Share, status int, f form) {
	w.Header().Set("Content-Type", f.kind)
	if f.write == nil {
		jsonrpc.SendPieces(w, share, status, f.body)
		return
	}
	out := &streamed{w: w, share: share}
	if f.write(out) != nil || out.end() != nil {
		panic(http.ErrAbortHandler) // the reader must not take half of it for all
	}
}

// streamed is an answer that is written as it is made: in one piece of known
// length if it is small, else in chunks.
type streamed struct {
	w     http.ResponseWriter
	share *jsonrpc.Share
	buf   []byte
	begun bool
}

// bufferSize is how much of it goes out at a time.
const bufferSize = 32 << 10

func (s *streamed) Write(b []byte) (int, error) {
	s.buf = append(s.buf, b...)
	if len(s.buf) < bufferSize {
		return len(b), nil
	}
	s.begun = true
	_, err := jsonrpc.NewWriter(s.w, s.share).Write(s.buf)
	s.buf = s.buf[:0]
	if cap(s.buf) > 2*bufferSize {
		s.buf = nil // of one large piece: the next ones are not
	}
	return len(b), err
}

func (s *streamed) end() error {
	if !s.begun {
		jsonrpc.SendPieces(s.w, s.share, http.StatusOK, s.buf)
		return nil
	}
	_, err := jsonrpc.NewWriter(s.w, s.share).Write(s.buf)
	return err
}

// as gives an answer the form that was asked for.
func (a answer) as(format string) (form, error) {
	switch {
	case format == "json" && a.write != nil:
		write, size, err := a.write()
		return form{kind: "application/json", write: write, size: size}, err
	case format == "json" && a.json != nil:
		v, err := a.json()
		if err != nil {
			return form{}, err
		}
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		err = enc.Encode(v)
		return whole("application/json", buf.Bytes()), err
	case format == "bin" && a.bytes != nil:
		return whole("application/octet-stream", a.bytes), nil
	case format == "hex" && a.text != "":
		return text(a.text + "\n"), nil
	case format == "hex" && a.bytes != nil:
		return text(hex.EncodeToString(a.bytes) + "\n"), nil
	case a.bytes == nil:
		return form{}, errJSONOnly()
	}
	return form{}, errFormat()
}

func errJSONOnly() error { return notFound("output format not found (available: json)") }

func errFormat() error { return notFound("output format not found (available: .bin, .hex, .json)") }
