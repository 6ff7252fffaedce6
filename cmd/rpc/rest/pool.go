package rest

import (
	"io"

	"github.com/btcsuite/btcd/chainhash/v2"
)

const errPoolURI = "Invalid URI format. Expected /rest/mempool/<info|contents>.json"

func (h *Handler) poolInfo(q asked) (answer, error) {
	if q.what != "" {
		return answer{}, badRequest(errPoolURI)
	}
	return answer{json: func() (any, error) { return h.pool.Info(), nil }}, nil
}

// poolContents is what getrawmempool answers, with ?verbose=B&mempool_sequence=B.
func (h *Handler) poolContents(q asked) (answer, error) {
	if q.what != "contents" {
		return answer{}, badRequest(errPoolURI)
	}
	if q.format != "json" {
		return answer{}, errJSONOnly()
	}
	verbose, err := q.choice("verbose", "true")
	if err != nil {
		return answer{}, err
	}
	sequence, err := q.choice("mempool_sequence", "false")
	switch {
	case err != nil:
		return answer{}, err
	case verbose && sequence:
		return answer{}, badRequest(`Verbose results cannot contain mempool sequence values. (hint: set "verbose=false")`)
	case sequence:
		return answer{json: func() (any, error) { return h.pool.Sequence(), nil }}, nil
	}
	write := func(w io.Writer) error { return h.pool.WriteContents(w, verbose) }
	size := h.pool.Pool.Stats().Size * chainhash.HashSize
	return answer{write: func() (func(io.Writer) error, int, error) { return write, size, nil }}, nil
}

// choice reads a value that is true or false.
func (q asked) choice(name, byDefault string) (bool, error) {
	value, given, err := q.value(name)
	if err != nil {
		return false, err
	}
	if !given {
		value = byDefault
	}
	if value != "true" && value != "false" {
		return false, badRequest(`The "%s" query parameter must be either "true" or "false".`, name)
	}
	return value == "true", nil
}
