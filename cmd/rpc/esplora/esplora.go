package esplora

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/rest"
)

// Prefix is where all paths begin.
const Prefix = "/api/"

// Sizes of pages, as Esplora has them.
const (
	blocksPage = 10
	txsPage    = 25
	poolPage   = 50
	recentTxs  = 10
)

// Handler answers /api/….
type Handler struct {
	*explore.API
	readers *rest.Readers
}

// New makes a Handler that shares the readers' places.
func New(api *explore.API, readers *rest.Readers) *Handler { return &Handler{api, readers} }

// route is one kind of question: its path as rest.Match reads it.
type route struct {
	path  string
	do    func(*Handler, context.Context, []string) (rest.Form, error)
	large bool
}

// routes are all that are answered by GET.
var routes = []route{
	{"blocks", (*Handler).blocks, false},
	{"blocks/{}", (*Handler).blocks, false},
	{"blocks/tip/height", (*Handler).tipHeight, false},
	{"blocks/tip/hash", (*Handler).tipHash, false},
	{"block-height/{}", (*Handler).blockAt, false},
	{"block/{}", (*Handler).block, false},
	{"block/{}/header", (*Handler).blockHeader, false},
	{"block/{}/status", (*Handler).blockStatus, false},
	{"block/{}/raw", (*Handler).blockRaw, true},
	{"block/{}/txids", (*Handler).blockIDs, true},
	{"block/{}/txid/{}", (*Handler).blockID, false},
	{"block/{}/txs", (*Handler).blockTxs, true},
	{"block/{}/txs/{}", (*Handler).blockTxs, true},
	{"tx/{}", (*Handler).tx, true},
	{"tx/{}/status", (*Handler).txStatus, false},
	{"tx/{}/hex", (*Handler).txHex, true},
	{"tx/{}/raw", (*Handler).txRaw, true},
	{"tx/{}/merkleblock-proof", (*Handler).merkleBlock, false},
	{"tx/{}/merkle-proof", (*Handler).merkleProof, false},
	{"tx/{}/outspend/{}", (*Handler).outSpend, false},
	{"tx/{}/outspends", (*Handler).outSpends, true},
	{"{address|scripthash}/{}", (*Handler).script, false},
	{"{address|scripthash}/{}/txs", (*Handler).scriptTxs, true},
	{"{address|scripthash}/{}/txs/chain", (*Handler).scriptChain, true},
	{"{address|scripthash}/{}/txs/chain/{}", (*Handler).scriptChain, true},
	{"{address|scripthash}/{}/txs/mempool", (*Handler).scriptPool, true},
	{"{address|scripthash}/{}/utxo", (*Handler).scriptCoins, true},
	{"address-prefix/{}", (*Handler).addressPrefix, false},
	{"mempool", (*Handler).pool, false},
	{"mempool/txids", (*Handler).poolIDs, true},
	{"mempool/recent", (*Handler).poolRecent, false},
	{"fee-estimates", (*Handler).feeEstimates, false},
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, Prefix), "/")
	switch {
	case path == "tx" || path == "txs/package":
		h.broadcast(w, r, path)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "Invalid method")
		return
	}
	// tip/hash and tip/height fit blocks/{} in no way: they have a part more.
	for _, rt := range routes {
		if args, ok := rest.Match(rt.path, strings.Split(path, "/")); ok {
			h.readers.Serve(w, r, rt.large, func(ctx context.Context) (rest.Form, error) {
				f, err := rt.do(h, ctx, args)
				return f, told(err)
			})
			return
		}
	}
	refuse(w, http.StatusNotFound, "endpoint does not exist "+strconv.QuoteToASCII(r.URL.Path))
}

// refuse answers without a place.
func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "text/plain")
	jsonrpc.Send(w, status, []byte(why+"\r\n"))
}

func notFound(what string) error { return rest.Refused(http.StatusNotFound, "%s not found", what) }

func bad(format string, args ...any) error {
	return rest.Refused(http.StatusBadRequest, format, args...)
}

// told gives what went wrong a status; what is our own fault has none.
func told(err error) error {
	var rpc *jsonrpc.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &rpc):
		return notFound("Transaction") // poolapi.Find's only word
	case errors.Is(err, chain.ErrPruned):
		return rest.Refused(http.StatusNotFound, "Block is pruned")
	case errors.Is(err, explore.ErrNotFound), errors.Is(err, ledger.ErrNotFound):
		return rest.Refused(http.StatusNotFound, "%s", err)
	case errors.Is(err, explore.ErrTooLong):
		return bad("%s", err)
	case errors.Is(err, ledger.ErrNoIndex), errors.Is(err, ledger.ErrIndexing), errors.Is(err, ledger.ErrMoved):
		return rest.Refused(http.StatusServiceUnavailable, "%s", err)
	}
	return err
}

// asJSON is an answer in JSON.
func asJSON(v any) (rest.Form, error) {
	raw, err := jsonrpc.Encode(v)
	return rest.Whole("application/json", raw), err
}

// parseHash reads 64 hex digits.
func parseHash(s, what string) (h chain.Hash, err error) {
	if h, err = jsonrpc.ParseHash(what, s); err != nil {
		return h, bad("Invalid %s", what)
	}
	return h, nil
}

// parseNumber reads a number without a sign.
func parseNumber(s, what string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, bad("Invalid %s", what)
	}
	return int(n), nil
}
