package jsonrpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// maxBody bounds a request's body: Core's MAX_SIZE for evhttp. A block of
	// 4 MB is 8 MB of hex.
	maxBody = 32 << 20
	// maxBatch bounds the calls of one batch; electrs and lnd ask for up to
	// 1,000 at once.
	maxBatch = 5000
	// maxReply bounds the bytes a batch's answer may gather, since its length
	// must be known before its first byte goes out.
	maxReply = 256 << 20
	// maxDepth bounds nesting, as Core's UniValue does.
	maxDepth = 512
	// maxCalls bounds requests at work at once; more wait for their turn.
	maxCalls = 64
	// bodyTime is how long an authorised client may take to send its body.
	bodyTime = 60 * time.Second
	// replyTime is how long a client may take to read its answer.
	replyTime = 120 * time.Second
	// guessDelay slows down who guesses passwords, as bitcoind does.
	guessDelay = 250 * time.Millisecond
)

// Config is what a Handler needs.
type Config struct {
	Methods []Method
	Allow   func(user, password string) bool // who may call
	Warm    func(context.Context) error      // error while the node cannot answer yet; nil: it always can
}

// Handler answers POST / and POST /wallet/NAME.
type Handler struct {
	cfg     Config
	methods map[string]*row
	slots   chan struct{}
}

// NewHandler makes a Handler of a table of methods.
func NewHandler(cfg Config) *Handler {
	return &Handler{cfg: cfg, methods: index(cfg.Methods), slots: make(chan struct{}, maxCalls)}
}

// ServeHTTP answers one request, which may hold a batch of calls. The answer
// always carries its Content-Length and is one line.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	wallet, ok := walletOf(r.URL.Path)
	if !ok {
		Send(w, http.StatusNotFound, nil)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		Send(w, http.StatusMethodNotAllowed, []byte("JSONRPC server handles only POST requests\n"))
		return
	}
	if !h.allowed(w, r) {
		return
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-r.Context().Done():
		return
	}
	body, status := readBody(w, r)
	if status != http.StatusOK {
		w.Header().Set("Connection", "close")
		Send(w, status, nil)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	status, reply := h.answerBody(r.Context(), body, wallet)
	Send(w, status, reply)
}

// walletOf reads NAME of /wallet/NAME; nil for /.
func walletOf(path string) (*string, bool) {
	if path == "/" || path == "" {
		return nil, true
	}
	name, ok := strings.CutPrefix(path, "/wallet/")
	return &name, ok
}

func (h *Handler) allowed(w http.ResponseWriter, r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	if ok && h.cfg.Allow(user, password) {
		return true
	}
	if ok {
		select {
		case <-time.After(guessDelay):
		case <-r.Context().Done():
		}
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="jsonrpc"`)
	Send(w, http.StatusUnauthorized, nil)
	return false
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, int) {
	if r.ContentLength > maxBody {
		return nil, http.StatusRequestEntityTooLarge
	}
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(bodyTime)) // unsupported only by test recorders
	body, err := readPieces(http.MaxBytesReader(w, r.Body, maxBody))
	_ = rc.SetReadDeadline(time.Time{})
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, http.StatusRequestEntityTooLarge
	}
	if err != nil {
		return nil, http.StatusBadRequest
	}
	return body, http.StatusOK
}

// readPieces is io.ReadAll that does not copy what it has while it grows: a body
// that is cut off has cost its own bytes once.
func readPieces(r io.Reader) ([]byte, error) {
	const most = 1 << 20
	piece := make([]byte, 0, 512)
	var full [][]byte
	for {
		n, err := r.Read(piece[len(piece):cap(piece)])
		piece = piece[:len(piece)+n]
		switch {
		case err == io.EOF && full == nil:
			return piece, nil
		case err == io.EOF:
			return bytes.Join(append(full, piece), nil), nil
		case err != nil: // io.ErrUnexpectedEOF too: the rest is missing
			return nil, err
		case len(piece) == cap(piece):
			full = append(full, piece)
			piece = make([]byte, 0, min(2*cap(piece), most))
		}
	}
}

// Send writes an answer of known length. net/http would chunk a long one, which
// clients that read HTTP by hand do not understand. Who does not read it within
// replyTime is cut off.
func Send(w http.ResponseWriter, status int, body []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(replyTime))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who no longer listens needs no answer
}

func (h *Handler) answerBody(ctx context.Context, body []byte, wallet *string) (status int, reply []byte) {
	var buf bytes.Buffer
	parts, batch, fault := split(body)
	if fault != nil {
		answer(&buf, &request{}, nil, fault)
		buf.WriteByte('\n')
		return http.StatusBadRequest, buf.Bytes()
	}
	if batch {
		return h.answerBatch(ctx, parts, wallet)
	}
	r := parseRequest(parts[0])
	result, fault := h.call(ctx, &r, wallet)
	if r.notification() {
		return http.StatusNoContent, nil
	}
	answer(&buf, &r, result, fault)
	buf.WriteByte('\n')
	return httpStatus(&r, fault), buf.Bytes()
}

// httpStatus is bitcoind's: the fault of a 1.x call shows in the status too.
func httpStatus(r *request, fault *Error) int {
	switch {
	case fault == nil || r.v2:
		return http.StatusOK
	case fault.Code == CodeInvalidRequest:
		return http.StatusBadRequest
	case fault.Code == CodeMethodNotFound:
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}

// answerBatch runs the calls one after the other. A batch of notifications
// alone has no answer; an empty batch has an empty one, as in bitcoind.
func (h *Handler) answerBatch(ctx context.Context, parts []json.RawMessage, wallet *string) (int, []byte) {
	var buf bytes.Buffer
	buf.WriteByte('[')
	for _, part := range parts {
		if ctx.Err() != nil {
			break // nobody reads it any more
		}
		r := parseRequest(part)
		var result json.RawMessage
		fault := Errorf(CodeMisc, "the answers of this batch exceed %d MiB: ask for less at once", maxReply>>20)
		if buf.Len() < maxReply {
			result, fault = h.call(ctx, &r, wallet)
		}
		if r.notification() {
			continue
		}
		if buf.Len() > 1 {
			buf.WriteByte(',')
		}
		answer(&buf, &r, result, fault)
	}
	if len(parts) > 0 && buf.Len() == 1 {
		return http.StatusNoContent, nil
	}
	buf.WriteString("]\n")
	return http.StatusOK, buf.Bytes()
}

// split parses a body into its calls and refuses what is no JSON, too deep, too
// many, or followed by anything else.
func split(body []byte) (parts []json.RawMessage, batch bool, fault *Error) {
	parseError := Errorf(CodeParse, "Parse error")
	if tooDeep(body) {
		return nil, false, parseError
	}
	if kind(body) != "array" {
		if !json.Valid(body) {
			return nil, false, parseError
		}
		return []json.RawMessage{body}, false, nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if _, err := dec.Token(); err != nil {
		return nil, true, parseError
	}
	for dec.More() {
		if len(parts) == maxBatch {
			return nil, true, Errorf(CodeInvalidRequest, "a batch may hold %d requests", maxBatch)
		}
		var part json.RawMessage
		if dec.Decode(&part) != nil {
			return nil, true, parseError
		}
		parts = append(parts, part)
	}
	if _, err := dec.Token(); err != nil {
		return nil, true, parseError
	}
	if len(bytes.Trim(body[dec.InputOffset():], " \t\r\n")) != 0 {
		return nil, true, parseError
	}
	return parts, true, nil
}

// tooDeep counts brackets outside strings.
func tooDeep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > maxDepth {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}
