package jsonrpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxBody bounds a request's body: Core's MAX_SIZE for evhttp. A block of
	// 4 MB is 8 MB of hex.
	maxBody = 32 << 20
	// bodyCopies is how often a body stands in memory while its calls run: as it
	// came, as parameters, and as what they mean.
	bodyCopies = 3
	// maxReply bounds the bytes of one answer, which are gathered since its length
	// must be known before its first byte goes out; allReplies those of all
	// answers and bodies beside the one that came first. electrs asks for all of a
	// pool in one batch.
	maxReply   = 128 << 20
	allReplies = 64 << 20
	// leastAnswer is what is set aside for each call of a batch before the first
	// one runs, so that it can be refused when there is no memory for its answer.
	leastAnswer = 160
	// maxDepth bounds nesting, as Core's UniValue does.
	maxDepth = 512
	// maxCalls bounds calls at work at once (Core: -rpcthreads,
	// DEFAULT_HTTP_THREADS); others wait for their turn, as many as there are
	// connections, where Core refuses what -rpcworkqueue does not hold.
	maxCalls = 16
	// maxLarge bounds those of them whose answers are large.
	maxLarge = 2
	// bodyTime is how long an authorised client may take to send its body (Core:
	// twice -rpcservertimeout, which counts from byte to byte).
	bodyTime = 60 * time.Second
	// stallTime is how long an answer may stay unread while others wait for the
	// memory that it takes: who has the password may be slow.
	stallTime = replyTime / 2
)

// Config is what a Handler needs.
type Config struct {
	Methods []Method
	Allow   func(user, password string) bool // who may call
	Hosts   Hosts                            // who may ask without a password
	Warm    func(context.Context) error      // error while the node cannot answer yet; nil: it always can
}

// Handler answers POST / and POST /wallet/NAME.
type Handler struct {
	cfg     Config
	methods map[string]*row
	places  chan struct{} // of calls at work
	large   chan struct{}
	budget  *Budget
	guesses guesses
}

// NewHandler makes a Handler of a table of methods.
func NewHandler(cfg Config) *Handler {
	return &Handler{
		cfg: cfg, methods: index(cfg.Methods),
		places: make(chan struct{}, maxCalls), large: make(chan struct{}, maxLarge),
		budget: NewBudget(allReplies, maxReply, stallTime),
	}
}

// ServeHTTP answers one request, which may hold a batch of calls. The answer
// always carries its Content-Length and is one line.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	wallet, ok := walletOf(r.URL)
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
	share := h.budget.Begin()
	defer share.End()
	body, status := readBody(w, r, share)
	if status != http.StatusOK {
		w.Header().Set("Connection", "close")
		Send(w, status, nil)
		return
	}
	status, reply := h.answerBody(r.Context(), asker{share, wallet}, body)
	if len(reply) > 0 {
		w.Header().Set("Content-Type", "application/json")
	}
	SendPieces(w, share, status, reply...)
}

// asker is where a request's calls come from.
type asker struct {
	share  *Share
	wallet *string // NAME of /wallet/NAME, nil for /
}

// walletOf reads NAME of /wallet/NAME; nil for / and nothing else.
func walletOf(u *url.URL) (*string, bool) {
	if (u.Path == "/" || u.Path == "") && u.RawQuery == "" && !u.ForceQuery {
		return nil, true
	}
	name, ok := strings.CutPrefix(u.Path, "/wallet/")
	return &name, ok
}

// allowed lets in who knows the password. Others are told so, one wrong
// password after the other.
func (h *Handler) allowed(w http.ResponseWriter, r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	if ok && h.cfg.Allow(user, password) {
		if !trust(r.Context()) {
			Send(w, http.StatusServiceUnavailable, []byte("Work queue depth exceeded\n"))
			return false
		}
		return true
	}
	if ok {
		h.guesses.wait(r.Context())
	}
	if !h.cfg.Hosts.Ours(r) {
		Send(w, http.StatusForbidden, nil)
		return false
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="jsonrpc"`)
	Send(w, http.StatusUnauthorized, nil)
	return false
}

func readBody(w http.ResponseWriter, r *http.Request, share *Share) ([]byte, int) {
	if r.ContentLength > maxBody {
		return nil, http.StatusRequestEntityTooLarge
	}
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(bodyTime))                                      // unsupported only by test recorders
	defer context.AfterFunc(r.Context(), func() { _ = rc.SetReadDeadline(time.Now()) })() // the node stops
	body, err := readPieces(http.MaxBytesReader(w, r.Body, maxBody), func(n int) error {
		return share.Take(r.Context(), bodyCopies*n)
	})
	if err == nil { // else what is left of the body must come to an end too
		_ = rc.SetReadDeadline(time.Time{})
	}
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == nil:
		return body, http.StatusOK
	case tooLarge, errors.Is(err, errTooLarge):
		return nil, http.StatusRequestEntityTooLarge
	case errors.Is(err, errNoMemory):
		return nil, http.StatusServiceUnavailable
	}
	return nil, http.StatusBadRequest
}

// readPieces is io.ReadAll that does not copy what it has while it grows: a body
// that is cut off has cost its own bytes once. It asks take for each piece of
// memory when the one before is full.
func readPieces(r io.Reader, take func(n int) error) ([]byte, error) {
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
			more := min(2*cap(piece), most)
			if err := take(more); err != nil {
				return nil, err
			}
			piece = make([]byte, 0, more)
		}
	}
}

func (h *Handler) answerBody(ctx context.Context, from asker, body []byte) (status int, reply [][]byte) {
	var out pieces
	var fault *Error
	switch k := kind(body); {
	case tooDeep(body) || !json.Valid(body):
		fault = Errorf(CodeParse, "Parse error")
	case k == "array":
		return h.answerBatch(ctx, from, body)
	case k != "object":
		fault = Errorf(CodeParse, "Top-level object parse error")
	}
	if fault != nil {
		answer(&out, &request{id: json.RawMessage("null")}, nil, fault)
		out.text("\n")
		return http.StatusInternalServerError, out.all()
	}
	r := parseRequest(body)
	result, fault := h.call(ctx, &r, from)
	if r.notification() && r.invalid == nil {
		return http.StatusNoContent, nil
	}
	answer(&out, &r, result, fault)
	out.text("\n")
	return httpStatus(&r, fault), out.all()
}

// httpStatus is bitcoind's (Core: JSONErrorReply): what is no request shows in
// the status, and the fault of a 1.x call too.
func httpStatus(r *request, fault *Error) int {
	switch {
	case r.invalid != nil:
		return http.StatusBadRequest
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
// alone has no answer; an empty batch has an empty one, as in bitcoind. There is
// no limit to their number but the memory for their answers: a call for whose
// answer there is no memory is refused and not run.
func (h *Handler) answerBatch(ctx context.Context, from asker, body []byte) (int, [][]byte) {
	calls := 0
	for range elements(body) {
		calls++
	}
	// What each is answered at least is set aside before anything is done.
	if from.share.Take(ctx, calls*leastAnswer) != nil {
		return http.StatusRequestEntityTooLarge, nil
	}
	var out pieces
	out.text("[")
	for part := range elements(body) {
		if ctx.Err() != nil {
			break // nobody reads it any more
		}
		r := parseRequest(part)
		result, fault := h.call(ctx, &r, from)
		if r.notification() {
			continue
		}
		if out.size > 1 {
			out.text(",")
		}
		answer(&out, &r, result, fault)
	}
	if calls > 0 && out.size == 1 {
		return http.StatusNoContent, nil
	}
	out.text("]\n")
	return http.StatusOK, out.all()
}

// elements are those of a JSON array that is known to be valid, one by one: a
// body of 32 MB may hold millions.
func elements(array []byte) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		depth, quoted, from := 0, false, 0
		for i := 0; i < len(array); i++ {
			switch c := array[i]; {
			case quoted && c == '\\':
				i++
			case c == '"':
				quoted = !quoted
			case quoted:
			case c == '[' || c == '{':
				if depth++; depth == 1 {
					from = i + 1
				}
			case depth == 1 && (c == ',' || c == ']'):
				part := bytes.TrimSpace(array[from:i])
				if from = i + 1; len(part) > 0 && !yield(part) || c == ']' {
					return
				}
			case c == ']' || c == '}':
				depth--
			}
		}
	}
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
