package rest

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"

	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/poolapi"
)

// Handler answers /rest/….
type Handler struct {
	chain   *chainapi.API
	pool    *poolapi.API
	readers *Readers
}

// New makes a Handler over those who know the chain and the pool.
func New(chain *chainapi.API, pool *poolapi.API, readers *Readers) *Handler {
	return &Handler{chain: chain, pool: pool, readers: readers}
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
			send(w, nil, http.StatusBadRequest, Text("Parse error\r\n"))
			return
		}
	}
	h.readers.Serve(w, r, p.kind == large, func(context.Context) (Form, error) {
		a, err := p.find(h, q)
		if err != nil {
			return Form{}, err
		}
		return a.as(q.format)
	})
}

// as gives an answer the form that was asked for.
func (a answer) as(format string) (Form, error) {
	switch {
	case format == "json" && a.write != nil:
		write, size, err := a.write()
		return Form{kind: "application/json", write: write, size: size}, err
	case format == "json" && a.json != nil:
		v, err := a.json()
		if err != nil {
			return Form{}, err
		}
		raw, err := jsonrpc.Encode(v)
		return Whole("application/json", append(raw, '\n')), err
	case format == "bin" && a.bytes != nil:
		return Whole("application/octet-stream", a.bytes), nil
	case format == "hex" && a.text != "":
		return Text(a.text + "\n"), nil
	case format == "hex" && a.bytes != nil:
		return Text(hex.EncodeToString(a.bytes) + "\n"), nil
	case a.bytes == nil:
		return Form{}, errJSONOnly()
	}
	return Form{}, errFormat()
}

func errJSONOnly() error { return notFound("output format not found (available: json)") }

func errFormat() error { return notFound("output format not found (available: .bin, .hex, .json)") }
