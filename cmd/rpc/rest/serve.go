package rest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"grapevine/cmd/rpc/jsonrpc"
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

// Readers are all who read without a password, whatever they ask for: they share
// the places at work and one budget of memory.
type Readers struct {
	places chan struct{}
	budget *jsonrpc.Budget
	bodies *jsonrpc.Budget // of what is sent, so that who sends slowly holds up no reader
}

// Body reads what a request sends, of most bytes at most; end gives back the memory that it takes.
func (rs *Readers) Body(w http.ResponseWriter, r *http.Request, most int64) (body []byte, end func(), err error) {
	share := rs.bodies.Begin()
	body, err = share.ReadAll(r.Context(), http.MaxBytesReader(w, r.Body, most))
	return body, share.End, err
}

// NewReaders has all places free.
func NewReaders() *Readers {
	return &Readers{places: make(chan struct{}, maxReads), budget: jsonrpc.NewBudget(maxBytes, maxBytes, stallTime),
		bodies: jsonrpc.NewBudget(maxBytes, maxBytes, stallTime)}
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

// Refused is an answer of that status that says why.
func Refused(status int, format string, args ...any) error {
	return &fault{status, fmt.Sprintf(format, args...)}
}

// Serve answers one request with what read makes, when there is a place for it and, if it may
// be as large as a block, memory. Errors of Refused are told, others not.
func (rs *Readers) Serve(w http.ResponseWriter, r *http.Request, large bool, read func(context.Context) (Form, error)) {
	share := rs.budget.Begin()
	defer share.End()
	reserved := 0
	if large {
		reserved = largeBytes
	}
	if share.Take(r.Context(), reserved) != nil {
		send(w, nil, http.StatusServiceUnavailable, Text("too many readers at once\n"))
		return
	}
	form, err := rs.inPlace(r.Context(), read)
	if f, ok := errors.AsType[*fault](err); ok {
		send(w, nil, f.status, Text(f.why+"\r\n"))
		return
	}
	if err != nil {
		send(w, nil, http.StatusInternalServerError, Text("the node cannot read this\r\n"))
		return
	}
	if share.Settle(reserved, form.size) != nil {
		send(w, nil, http.StatusServiceUnavailable, Text("the answer is too large\n"))
		return
	}
	send(w, share, cmp.Or(form.status, http.StatusOK), form)
}

func (rs *Readers) inPlace(ctx context.Context, read func(context.Context) (Form, error)) (Form, error) {
	select {
	case rs.places <- struct{}{}:
		defer func() { <-rs.places }()
	case <-ctx.Done():
		return Form{}, ctx.Err()
	}
	return read(ctx)
}

// Form is an answer as it goes out: in one piece, or written as it is made.
type Form struct {
	kind  string
	body  []byte
	write func(io.Writer) error
	size  int // what it holds in memory until it is sent

	status int // 0: 200
}

// WithStatus is the answer with a status of its own.
func (f Form) WithStatus(status int) Form {
	f.status = status
	return f
}

// Text is an answer in plain text.
func Text(s string) Form { return Whole("text/plain", []byte(s)) }

// Whole is an answer of a media type, in one piece.
func Whole(kind string, body []byte) Form { return Form{kind: kind, body: body, size: len(body)} }

func send(w http.ResponseWriter, share *jsonrpc.Share, status int, f Form) {
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
