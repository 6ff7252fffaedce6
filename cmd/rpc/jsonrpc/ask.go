package jsonrpc

import (
	"context"
	"encoding/json"
	"net/http"
)

// Ask runs a method for somebody in this process, in the places and the memory that calls share.
func (h *Handler) Ask(ctx context.Context, method string, params ...any) (json.RawMessage, error) {
	if params == nil {
		params = []any{}
	}
	raw, err := Encode(params)
	if err != nil {
		return nil, err
	}
	share := h.budget.Begin()
	defer share.End()
	result, fault := h.call(ctx, &request{v2: true, method: method, params: raw}, asker{share: share, user: "page"})
	if fault != nil {
		return nil, fault
	}
	return result, nil
}

// Admit says whether these are a user and its password, which came with a request. A wrong one is told to the log, and
// waits its turn among all wrong ones.
func (h *Handler) Admit(r *http.Request, user, password string) bool {
	if h.cfg.Allow(user, password) {
		return true
	}
	h.cfg.Log.Warn("wrong RPC password", "from", r.RemoteAddr)
	h.guesses.wait(r.Context())
	return false
}
