package jsonrpc

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// maxBody bounds a request's body: Core's MAX_SIZE for evhttp. A block of
	// 4 MB is 8 MB of hex [evhttp_set_max_body_size].
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
	// May says what a user may call: the methods of only, or all; nil: everything.
	May  func(user string) (only map[string]bool, all bool)
	Warm func(context.Context) error // error while the node cannot answer yet; nil: it always can
	// Threads are the calls at work at once, and Queue the requests that may wait
	// beside them (Core: -rpcthreads, -rpcworkqueue). 0 for both: maxCalls are at work,
	// not counting those that wait for the world, and as many requests wait as there
	// are connections.
	Threads, Queue int
	// Brief answers a wrong count of parameters with the code of JSON-RPC and one line; else the method's help is the
	// answer, as with bitcoind.
	Brief    bool
	BodyTime time.Duration // how long a client may take to send a body; 0: a minute
	Log      *slog.Logger  // nil discards
}

// Handler answers POST / and POST /wallet/NAME.
type Handler struct {
	cfg     Config
	methods map[string]*row
	places  chan struct{} // of calls at work
	large   chan struct{}
	queue   chan struct{} // of requests at work or waiting; nil: as many as come
	budget  *Budget
	guesses guesses
	running running
}

// NewHandler makes a Handler of a table of methods.
func NewHandler(cfg Config) *Handler {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handler{
		cfg: cfg, methods: index(cfg.Methods),
		places: make(chan struct{}, cmp.Or(cfg.Threads, maxCalls)), large: make(chan struct{}, maxLarge),
		budget: NewBudget(allReplies, maxReply, stallTime),
	}
	if cfg.Threads > 0 {
		h.queue = make(chan struct{}, cfg.Threads+cfg.Queue)
	}
	return h
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
		if r.Method == http.MethodHead {
			w.Header()["Content-Type"] = nil // none, as libevent for an answer without a body
		}
		Send(w, http.StatusMethodNotAllowed, []byte("JSONRPC server handles only POST requests\n"))
		return
	}
	user, ok := h.allowed(w, r)
	if !ok {
		return
	}
	if !h.enqueue() {
		h.cfg.Log.Warn("an RPC request was refused: as many wait as may wait", "queue", h.cfg.Queue)
		Send(w, http.StatusServiceUnavailable, []byte(queueFull))
		return
	}
	defer h.dequeue()
	share := h.budget.Begin()
	defer share.End()
	body, status := h.readBody(w, r, share)
	if status != http.StatusOK {
		w.Header().Set("Connection", "close")
		Send(w, status, nil)
		return
	}
	from := asker{share: share, wallet: wallet, user: user}
	if h.cfg.May != nil {
		only, all := h.cfg.May(user)
		from.only, from.listed = only, !all
	}
	status, reply := h.answerBody(r.Context(), from, body)
	if len(reply) > 0 {
		w.Header().Set("Content-Type", "application/json")
	}
	SendPieces(w, share, status, reply...)
}

// asker is where a request's calls come from.
type asker struct {
	share  *Share
	wallet *string // NAME of /wallet/NAME, nil for /
	user   string
	listed bool            // the user may call what is in only, and nothing else
	only   map[string]bool // nil: nothing at all
}

// walletOf reads NAME of /wallet/NAME; nil for / and nothing else [WALLET_ENDPOINT_BASE].
func walletOf(u *url.URL) (*string, bool) {
	if (u.Path == "/" || u.Path == "") && u.RawQuery == "" && !u.ForceQuery {
		return nil, true
	}
	name, ok := strings.CutPrefix(u.Path, "/wallet/")
	return &name, ok
}

// queueFull is Core's word for a request that nobody has a place for.
const queueFull = "Work queue depth exceeded"

// enqueue takes a place in the work queue, among those at work and waiting; who comes without the
// password never has one [http_reject_request_cb].
func (h *Handler) enqueue() bool {
	if h.queue == nil {
		return true
	}
	select {
	case h.queue <- struct{}{}:
		return true
	default:
		return false
	}
}

func (h *Handler) dequeue() {
	if h.queue != nil {
		<-h.queue
	}
}

// allowed lets in who knows the password. Others are told so, one wrong
// password after the other.
func (h *Handler) allowed(w http.ResponseWriter, r *http.Request) (user string, allowed bool) {
	user, password, ok := r.BasicAuth()
	if ok && h.Admit(r, user, password) {
		if !trust(r.Context()) {
			Send(w, http.StatusServiceUnavailable, []byte(queueFull))
			return "", false
		}
		return user, true
	}
	if !h.cfg.Hosts.Ours(r) {
		Send(w, http.StatusForbidden, nil)
		return "", false
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="jsonrpc"`)
	Send(w, http.StatusUnauthorized, nil)
	return "", false
}

func (h *Handler) readBody(w http.ResponseWriter, r *http.Request, share *Share) ([]byte, int) {
	if r.ContentLength > maxBody {
		return nil, http.StatusRequestEntityTooLarge
	}
	in := r.Body
	if r.ContentLength < 0 { // else net/http reads as much as that
		in = http.MaxBytesReader(w, in, maxBody)
	}
	var rc *http.ResponseController
	if !Arrived(r.Context()) {
		rc = http.NewResponseController(w)
		_ = rc.SetReadDeadline(time.Now().Add(bodyTime))                                      // unsupported only by test recorders
		defer context.AfterFunc(r.Context(), func() { _ = rc.SetReadDeadline(time.Now()) })() // the node stops
	}
	body, err := readPieces(in, r.ContentLength, func(n int) error {
		return share.Take(r.Context(), bodyCopies*n)
	})
	if err == nil && rc != nil { // else what is left of the body must come to an end too
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

// ReadAll reads a body as it comes, when there is memory for each piece of it.
func (s *Share) ReadAll(ctx context.Context, r io.Reader) ([]byte, error) {
	return readPieces(r, -1, func(n int) error { return s.Take(ctx, n) })
}

// readPieces is io.ReadAll that does not copy what it has while it grows: a body
// that is cut off has cost its own bytes once. It asks take for each piece of
// memory when the one before is full. said is how long it says it is; -1: it does not.
func readPieces(r io.Reader, said int64, take func(n int) error) ([]byte, error) {
	const first, most = 512, 1 << 20
	if said < 0 || said >= first {
		said = first - 1
	}
	piece := make([]byte, 0, said+1)
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
	switch k := kind(body); {
	case !valid(body):
		return faulty(Errorf(CodeParse, "Parse error"))
	case from.listed && from.only == nil:
		h.forbid(from.user, "")
		return http.StatusForbidden, nil
	case k == "array":
		return h.answerBatch(ctx, from, body)
	case k != "object":
		return faulty(Errorf(CodeParse, "Top-level object parse error"))
	}
	r := parseRequest(body)
	if r.invalid == nil && from.listed && !from.only[r.method] {
		h.forbid(from.user, r.method)
		return http.StatusForbidden, nil
	}
	result, fault := h.call(ctx, &r, from)
	if r.notification() && r.invalid == nil {
		return http.StatusNoContent, nil
	}
	return single(&r, result, fault)
}

// single is an answer that stands for itself.
func single(r *request, result json.RawMessage, fault *Error) (status int, reply [][]byte) {
	var out pieces
	answer(&out, r, result, fault)
	out.text("\n")
	return httpStatus(r, fault), out.all()
}

// faulty answers a body that holds no request.
func faulty(fault *Error) (status int, reply [][]byte) {
	return single(&request{id: json.RawMessage("null")}, nil, fault)
}

func (h *Handler) forbid(user, method string) {
	h.cfg.Log.Warn("an RPC user may not call this", "user", user, "method", method)
}

// mayBatch says whether a user may call all that a batch holds: one method
// that is not on the list, and nothing of it is done.
func (h *Handler) mayBatch(from asker, body []byte) (may bool, fault *Error) {
	if !from.listed {
		return true, nil
	}
	for part := range elements(body) {
		if kind(part) != "object" {
			return false, Errorf(CodeInvalidRequest, "Invalid Request object")
		}
		r := parseRequest(part)
		if r.method == "" && r.invalid != nil {
			return false, Errorf(CodeParse, "JSON value of type null is not of expected type string") // of "method"
		}
		if !from.only[r.method] {
			h.forbid(from.user, r.method)
			return false, nil
		}
	}
	return true, nil
}

// httpStatus is bitcoind's [JSONErrorReply]: what is no request shows in
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
// answer there is no memory is refused and not run [JSONRPCExecBatch].
func (h *Handler) answerBatch(ctx context.Context, from asker, body []byte) (int, [][]byte) {
	switch may, fault := h.mayBatch(from, body); {
	case fault != nil:
		return faulty(fault)
	case !may:
		return http.StatusForbidden, nil
	}
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

// elements are those of a JSON array, or the members of an object, that is known to be valid, one
// by one: a body of 32 MB may hold millions.
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
			case depth == 1 && (c == ',' || c == ']' || c == '}'):
				part := bytes.TrimSpace(array[from:i])
				if from = i + 1; len(part) > 0 && !yield(slices.Clip(part)) || c != ',' {
					return
				}
			case c == ']' || c == '}':
				depth--
			}
		}
	}
}
