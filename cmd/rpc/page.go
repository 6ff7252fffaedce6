package rpc

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/events"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/poolapi"
	"grapevine/p2p/swarm"
)

// Page answers browsers at the server's port. Run does what goes on beside the answers, until ctx ends.
type Page interface {
	http.Handler
	Run(ctx context.Context) error
}

// Backend is what a page may ask of the server that it is mounted in.
type Backend struct {
	Chain   *chainapi.API
	Pool    *poolapi.API
	Swarm   *swarm.Swarm
	Explore *explore.API // nil: nobody explores
	Events  *events.Hub
	// Call runs a method, as who has the password may, and decodes its answer into result unless that is nil.
	Call func(ctx context.Context, method string, result any, params ...any) error
	// Allow says whether these, which came with a request, are a user and the password of one who may call everything.
	// A wrong one is told to the log and waits its turn, as it does at RPC.
	Allow func(r *http.Request, user, password string) bool
}

// HasPage says whether browsers are answered.
func (s *Server) HasPage() bool { return s.page != nil }

// backend is this server as a page sees it.
func (s *Server) backend() Backend {
	return Backend{Chain: s.cfg.Chain, Pool: s.cfg.Pool, Swarm: s.cfg.Swarm, Explore: s.cfg.Explore, Events: s.cfg.Events, Call: s.call, Allow: s.mayAll}
}

func (s *Server) call(ctx context.Context, method string, result any, params ...any) error {
	raw, err := s.calls.Ask(ctx, method, params...)
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(raw, result)
}

func (s *Server) mayAll(r *http.Request, user, password string) bool {
	if !s.calls.Admit(r, user, password) {
		return false
	}
	_, all := s.access.may(user)
	return all
}

// Paths below which a page takes forms. All others are read.
const (
	pageActs    = "/do/"
	pageSession = "/session/"
)

// asksPage says whether a request is the page's to answer: not RPC's, nor that of a program at a path of its own.
func asksPage(r *http.Request) bool {
	switch p := r.URL.Path; r.Method {
	case http.MethodGet, http.MethodHead:
		return !isProgram(p)
	case http.MethodPost:
		return strings.HasPrefix(p, pageActs) || strings.HasPrefix(p, pageSession)
	}
	return false
}

// isProgram says whether programs ask at that path.
func isProgram(path string) bool {
	return isOpen(path) || strings.HasPrefix(path, "/wallet/")
}

// runPage starts what the page does beside its answers; wait returns when it has ended. Where it fails, the server
// goes on: pages are shown as they were.
func (s *Server) runPage(ctx context.Context, cancel context.CancelFunc) (wait func()) {
	if s.page == nil {
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.page.Run(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("the page no longer follows the node", "err", err)
		}
	}()
	return func() { cancel(); <-ended }
}
