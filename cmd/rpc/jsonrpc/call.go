package jsonrpc

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
)

// request is one call as it travels. Version 1.x answers always carry result
// and error; 2.0 answers carry one of them and leave the HTTP status at 200.
type request struct {
	id      json.RawMessage // on one line; nil if there was none
	v2      bool
	method  string
	params  json.RawMessage
	invalid *Error // why it is no request at all
}

// parseRequest reads a request [JSONRPCRequest::parse].
func parseRequest(raw json.RawMessage) (r request) {
	if kind(raw) != "object" {
		r.id, r.invalid = json.RawMessage("null"), Errorf(CodeInvalidRequest, "Invalid Request object")
		return r
	}
	var id, version, method, params json.RawMessage
	for part := range elements(raw) {
		name, value := member(part)
		var at *json.RawMessage
		switch string(name) {
		case "id":
			at = &id
		case "jsonrpc":
			at = &version
		case "method":
			at = &method
		case "params":
			at = &params
		}
		if at != nil && *at == nil { // of two the first counts
			*at = value
		}
	}
	if r.id = id; bytes.ContainsAny(id, " \t\r\n") { // of any type
		var line bytes.Buffer
		_ = json.Compact(&line, id) // it is JSON
		r.id = line.Bytes()
	}
	r.invalid = r.read(version, method, params)
	return r
}

func (r *request) read(version, method, params json.RawMessage) *Error {
	switch k := kind(version); {
	case k != "" && k != "null" && k != "string":
		return Errorf(CodeInvalidRequest, "jsonrpc field must be a string")
	case string(version) == `"2.0"`:
		r.v2 = true
	case k == "string" && string(version) != `"1.0"` && string(version) != `"1.1"`:
		return Errorf(CodeInvalidRequest, "JSON-RPC version not supported")
	}
	switch kind(method) {
	case "", "null":
		return Errorf(CodeInvalidRequest, "Missing method")
	case "string":
		r.method = textOf(method)
	default:
		return Errorf(CodeInvalidRequest, "Method must be a string")
	}
	switch kind(params) {
	case "", "null", "array", "object":
		r.params = params
		return nil
	}
	return Errorf(CodeInvalidRequest, "Params must be an array or object")
}

// notification says that the client wants no answer (2.0 without an id).
func (r *request) notification() bool { return r.v2 && r.id == nil }

// call runs a request and returns its result, encoded [CRPCTable::execute, ExecuteCommand].
func (h *Handler) call(ctx context.Context, r *request, from asker) (json.RawMessage, *Error) {
	if r.invalid != nil {
		return nil, r.invalid
	}
	m, ok := h.methods[r.method]
	if !ok {
		return nil, Errorf(CodeMethodNotFound, "Method not found")
	}
	if h.cfg.Warm != nil && !m.Early {
		if err := h.cfg.Warm(ctx); err != nil {
			return nil, asError(err)
		}
	}
	if h.cfg.Log.Enabled(ctx, slog.LevelDebug) {
		h.cfg.Log.Debug("an RPC call", "method", r.method, "user", from.user)
	}
	c := &Call{Params: m.bind(r.params), method: &m.Method}
	if c.miscounted && h.cfg.Brief {
		return nil, Errorf(CodeInvalidParams, "wrong number of parameters, want: %s", m.usage())
	}
	if c.miscounted {
		return nil, c.Usage()
	}
	if from.wallet != nil {
		c.Wallet, c.OfWallet = *from.wallet, true
	}
	if err := c.Err(); err != nil {
		return nil, asError(err)
	}
	c.running = Running{r.method, time.Now()}
	h.running.begin(&c.running)
	defer h.running.end(&c.running)
	raw, err := h.work(ctx, &m.Method, c, from.share)
	if err != nil {
		return nil, asError(err)
	}
	return raw, nil
}

// work runs a method when there is a place for it (Core: -rpcthreads,
// -rpcworkqueue) and memory for its answer: what was done is never left
// without an answer for want of it.
func (h *Handler) work(ctx context.Context, m *Method, c *Call, share *Share) (json.RawMessage, error) {
	if m.Early {
		return do(ctx, m, c)
	}
	reserved := smallAnswer
	if m.Large {
		reserved = largeAnswer
	}
	if err := share.Take(ctx, reserved); err != nil {
		return nil, h.budget.refusal(err)
	}
	raw, err := h.inPlace(ctx, m, c)
	if full := share.Settle(reserved, len(raw)); full != nil {
		return nil, h.budget.refusal(full)
	}
	return raw, err
}

func (h *Handler) inPlace(ctx context.Context, m *Method, c *Call) (json.RawMessage, error) {
	if m.Large {
		if err := enter(ctx, h.large); err != nil {
			return nil, err
		}
		defer func() { <-h.large }()
	}
	if err := enter(ctx, h.places); err != nil {
		return nil, err
	}
	defer func() { <-h.places }()
	if h.queue == nil {
		c.places = h.places
	}
	return do(ctx, m, c)
}

func do(ctx context.Context, m *Method, c *Call) (json.RawMessage, error) {
	v, err := m.Do(ctx, c)
	if err == nil {
		err = c.Err()
	}
	if err != nil {
		return nil, err
	}
	raw, err := Encode(v)
	if err != nil {
		return nil, Errorf(CodeInternal, "encode the answer of %s: %s", m.Name, err)
	}
	return raw, nil
}

// Encoded is JSON as Encode writes it, by whom knows a shorter way to it; by itself it is an answer, and not read again.
type Encoded []byte

// MarshalJSON gives it its place within another answer.
func (e Encoded) MarshalJSON() ([]byte, error) { return json.RawMessage(e).MarshalJSON() }

// Hex is bytes as text.
func Hex(raw []byte) Encoded {
	text := append(make([]byte, 0, hex.EncodedLen(len(raw))+2), '"')
	return append(hex.AppendEncode(text, raw), '"')
}

// Hash is a hash as people write it, which is its last byte first, as text.
func Hash(h chainhash.Hash) Encoded {
	slices.Reverse(h[:])
	return Hex(h[:])
}

// enter takes a place, or gives up when nobody waits for the answer any more [WorkQueue::Enqueue].
func enter(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	default:
	}
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// asError gives an error without a code bitcoind's code for surprises.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if errors.Is(err, context.Canceled) { // the node stops, or nobody reads the answer
		return Errorf(CodeNotConnected, "Shutting down")
	}
	return Errorf(CodeMisc, "%s", err)
}

// Encode writes compact JSON on one line, leaving <, > and & as they are.
func Encode(v any) (json.RawMessage, error) {
	switch v := v.(type) { // what most answers are
	case string:
		if isPlain(v) {
			return append(append(append(make([]byte, 0, len(v)+2), '"'), v...), '"'), nil
		}
	case int:
		return strconv.AppendInt(nil, int64(v), 10), nil
	case int32:
		return strconv.AppendInt(nil, int64(v), 10), nil
	case Encoded:
		return json.RawMessage(v), nil
	}
	var out written
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out, []byte("\n")), nil
}

// written is what was written: an encoder's answer, which it writes at once, in as much memory as it takes.
type written []byte

func (w *written) Write(b []byte) (int, error) {
	*w = append(*w, b...)
	return len(b), nil
}

// answerFrame is more than what stands in an answer beside result, error and id.
const answerFrame = 48

// answer appends one answer, in Core's order of members [JSONRPCReplyObj].
func answer(out *pieces, r *request, result json.RawMessage, fault *Error) {
	var errText json.RawMessage
	if fault != nil {
		errText, _ = Encode(fault) // a number and a string always encode
	}
	out.expect(len(result) + len(errText) + len(r.id) + answerFrame)
	switch {
	case !r.v2:
		out.text(`{"result":`)
		out.value(result)
		out.text(`,"error":`)
		out.value(errText)
	case fault != nil:
		out.text(`{"jsonrpc":"2.0","error":`)
		out.value(errText)
	default:
		out.text(`{"jsonrpc":"2.0","result":`)
		out.value(result)
	}
	if r.id != nil {
		out.text(`,"id":`)
		out.add(r.id)
	}
	out.text("}")
}
