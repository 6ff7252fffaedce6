package jsonrpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// request is one call as it travels. Version 1.x answers always carry result
// and error; 2.0 answers carry one of them and leave the HTTP status at 200.
type request struct {
	id      json.RawMessage // as sent; nil if there was none
	v2      bool
	method  string
	params  json.RawMessage
	invalid *Error // why it is no request at all
}

func parseRequest(raw json.RawMessage) (r request) {
	var m struct {
		ID      json.RawMessage `json:"id"`
		Version json.RawMessage `json:"jsonrpc"`
		Method  json.RawMessage `json:"method"`
		Params  json.RawMessage `json:"params"`
	}
	if kind(raw) != "object" || json.Unmarshal(raw, &m) != nil {
		r.invalid = Errorf(CodeInvalidRequest, "Invalid Request object")
		return r
	}
	if k := kind(m.ID); k != "object" && k != "array" {
		r.id = m.ID
	}
	r.params = m.Params
	switch string(m.Version) {
	case "", "null", `"1.0"`, `"1.1"`:
	case `"2.0"`:
		r.v2 = true
	default:
		r.invalid = Errorf(CodeInvalidRequest, "JSON-RPC version not supported")
	}
	switch k := kind(m.Params); {
	case kind(m.Method) == "":
		r.invalid = Errorf(CodeInvalidRequest, "Missing method")
	case kind(m.Method) != "string":
		r.invalid = Errorf(CodeInvalidRequest, "Method must be a string")
	case k != "" && k != "null" && k != "array" && k != "object":
		r.invalid = Errorf(CodeInvalidRequest, "Params must be an array or object")
	default:
		_ = json.Unmarshal(m.Method, &r.method) // a string: asked above
	}
	return r
}

// notification says that the client wants no answer (2.0 without an id).
func (r *request) notification() bool { return r.v2 && r.id == nil }

// call runs a request and returns its result, encoded.
func (h *Handler) call(ctx context.Context, r *request, wallet *string) (json.RawMessage, *Error) {
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
	c := &Call{Params: bind(m.params, r.params), method: &m.Method}
	if c.miscounted {
		return nil, c.Usage()
	}
	if wallet != nil {
		c.Wallet, c.OfWallet = *wallet, true
	}
	if err := c.Err(); err != nil {
		return nil, asError(err)
	}
	v, err := m.Do(ctx, c)
	if err == nil {
		err = c.Err()
	}
	if err != nil {
		return nil, asError(err)
	}
	raw, err := encode(v)
	if err != nil {
		return nil, Errorf(CodeInternal, "encode the answer of %s: %s", m.Name, err)
	}
	return raw, nil
}

// asError gives an error without a code bitcoind's code for surprises.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return Errorf(CodeMisc, "%s", err)
}

// encode writes compact JSON on one line, leaving <, > and & as they are.
func encode(v any) (json.RawMessage, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// answer appends one answer, in Core's order of members.
func answer(buf *bytes.Buffer, r *request, result json.RawMessage, fault *Error) {
	if result == nil {
		result = json.RawMessage("null")
	}
	id := r.id
	if id == nil {
		id = json.RawMessage("null")
	}
	errText := json.RawMessage("null")
	if fault != nil {
		errText, _ = encode(fault) // a number and a string always encode
	}
	switch {
	case !r.v2:
		fmt.Fprintf(buf, `{"result":%s,"error":%s,"id":%s}`, result, errText, id)
	case fault != nil:
		fmt.Fprintf(buf, `{"jsonrpc":"2.0","error":%s,"id":%s}`, errText, id)
	default:
		fmt.Fprintf(buf, `{"jsonrpc":"2.0","result":%s,"id":%s}`, result, id)
	}
}
