package rest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/poolapi"
)

// maxHeaders bounds the headers of one answer (Core: MAX_REST_HEADERS_RESULTS).
const maxHeaders = 2000

// Config is who answers.
type Config struct {
	Params *chain.Params
	Ledger *ledger.Ledger
	Chain  *chainapi.API
	Pool   *poolapi.API
}

// maxReads bounds requests at work at once: each may hold a block in memory, and
// anybody may ask.
const maxReads = 16

// Handler answers /rest/….
type Handler struct {
	cfg   Config
	slots chan struct{}
}

// New makes a Handler.
func New(cfg Config) *Handler { return &Handler{cfg: cfg, slots: make(chan struct{}, maxReads)} }

// answer is what a path leads to. JSON is made only when it is asked for.
type answer struct {
	bytes []byte // for .bin, and in hex for .hex; nil: JSON only
	text  string // for .hex in place of bytes
	json  func() (any, error)
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
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		send(w, http.StatusMethodNotAllowed, "text/plain", []byte("only GET\n"))
		return
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-r.Context().Done():
		return
	}
	format := strings.TrimPrefix(path.Ext(r.URL.Path), ".")
	where := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/rest/"), "."+format)
	a, err := h.find(strings.Split(where, "/"), r)
	var kind string
	var body []byte
	if err == nil {
		kind, body, err = a.as(format)
	}
	if err != nil {
		status := http.StatusInternalServerError
		if f, ok := err.(*fault); ok {
			status = f.status
		}
		send(w, status, "text/plain", []byte(err.Error()+"\r\n"))
		return
	}
	send(w, http.StatusOK, kind, body)
}

func send(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	jsonrpc.Send(w, status, body)
}

// as gives an answer the form that was asked for.
func (a answer) as(format string) (kind string, body []byte, err error) {
	switch {
	case format == "json" && a.json != nil:
		v, err := a.json()
		if err != nil {
			return "", nil, err
		}
		var buf bytes.Buffer
		err = json.NewEncoder(&buf).Encode(v)
		return "application/json", buf.Bytes(), err
	case format == "bin" && a.bytes != nil:
		return "application/octet-stream", a.bytes, nil
	case format == "hex" && a.text != "":
		return "text/plain", []byte(a.text + "\n"), nil
	case format == "hex" && a.bytes != nil:
		return "text/plain", []byte(hex.EncodeToString(a.bytes) + "\n"), nil
	}
	return "", nil, notFound("output format not found (available: bin, hex, json)")
}

// find follows a path without its format.
func (h *Handler) find(parts []string, r *http.Request) (answer, error) {
	switch name, args := parts[0], parts[1:]; {
	case name == "chaininfo" && len(args) == 0:
		return answer{json: func() (any, error) { return h.cfg.Chain.Info(), nil }}, nil
	case name == "deploymentinfo" && len(args) <= 1:
		return h.deployments(args)
	case name == "blockfilter" && len(args) == 2:
		return h.filter(args[0], args[1])
	case name == "getutxos" && len(args) > 0:
		return h.coins(args)
	case name == "mempool" && len(args) == 1 && args[0] == "info":
		return answer{json: func() (any, error) { return h.cfg.Pool.Info(), nil }}, nil
	case name == "mempool" && len(args) == 1 && args[0] == "contents":
		verbose := r.URL.Query().Get("verbose") != "false"
		return answer{json: func() (any, error) { return h.cfg.Pool.Contents(verbose), nil }}, nil
	case name == "block" && len(args) == 2 && args[0] == "notxdetails":
		return h.block(args[1], 1)
	case name == "block" && len(args) == 1:
		return h.block(args[0], 3)
	case name == "blockpart" && len(args) == 1:
		return h.blockPart(args[0], r)
	case name == "headers" && len(args) == 2:
		return h.headers(args[1], args[0])
	case name == "headers" && len(args) == 1:
		return h.headers(args[0], r.URL.Query().Get("count"))
	case name == "blockhashbyheight" && len(args) == 1:
		return h.hashAt(args[0])
	case name == "tx" && len(args) == 1:
		return h.tx(args[0])
	case name == "spenttxouts" && len(args) == 1:
		return h.spent(args[0])
	}
	return answer{}, notFound("no such path")
}

func parseHash(s string) (chain.Hash, error) {
	h, err := chainHash(s)
	if err != nil {
		return h, badRequest("Invalid hash: %s", s)
	}
	return h, nil
}
