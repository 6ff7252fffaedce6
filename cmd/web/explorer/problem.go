package explorer

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/jsonrpc"
)

// problem is a page that cannot be shown, and what to do instead.
type problem struct {
	status int
	title  string
	why    string
	help   string // what to try; "": what can be sought
}

func (p *problem) Error() string { return p.why }

// absent: there is no such thing.
func absent(title, format string, args ...any) error {
	return &problem{status: http.StatusNotFound, title: title, why: fmt.Sprintf(format, args...)}
}

// wrong: the question has no meaning.
func wrong(title, format string, args ...any) error {
	return &problem{status: http.StatusBadRequest, title: title, why: fmt.Sprintf(format, args...)}
}

// problemView is the page for an error that can be told; others come back.
func problemView(err error) (view, error) {
	p, told := errors.AsType[*problem](err)
	rpc, ofPool := errors.AsType[*jsonrpc.Error](err)
	switch {
	case told:
	case ofPool: // poolapi.Find's
		p = &problem{http.StatusNotFound, "Not found", rpc.Message, ""}
	case errors.Is(err, chain.ErrPruned):
		p = &problem{http.StatusNotFound, "Pruned", "The node has deleted this block's transactions to save disk.", "A node without --prune keeps them."}
	case errors.Is(err, explore.ErrNotFound), errors.Is(err, ledger.ErrNotFound):
		p = &problem{http.StatusNotFound, "Not found", err.Error(), ""}
	case errors.Is(err, explore.ErrTooLong):
		p = &problem{http.StatusUnprocessableEntity, "Too long", err.Error(), "Page by page its transactions can be read."}
	case errors.Is(err, ledger.ErrNoIndex):
		p = &problem{http.StatusNotFound, "No index by script", "The node does not keep which transactions pay a script.",
			"Start it with --addressindex; the index is then made in the background. Esplora's API and Electrum's protocol use it too."}
	case errors.Is(err, ledger.ErrIndexing):
		p = &problem{http.StatusServiceUnavailable, "Not yet", "The index by script is still being made.", "The Node page says how far it has come."}
	case errors.Is(err, ledger.ErrMoved):
		p = &problem{http.StatusServiceUnavailable, "The chain has moved", "The chain moved while this page was read.", "Ask again."}
	case errors.Is(err, context.DeadlineExceeded):
		p = &problem{http.StatusServiceUnavailable, "Too much at once", "This would take longer than a page may.", "RPC and REST have no such limit."}
	default:
		return view{}, err
	}
	return view{name: "problem", title: p.title, status: p.status, still: true,
		data: struct{ Title, Why, Help string }{p.title, p.why, p.help}}, nil
}
