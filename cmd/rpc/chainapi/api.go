package chainapi

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/chain/miner"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/db"
)

// API answers; its fields are who is asked.
type API struct {
	Params *chain.Params
	Ledger *ledger.Ledger
	Pool   *mempool.Pool
	Miner  *miner.Miner
	// Versions knows the soft forks by version bits.
	Versions *chain.VersionBits
	// Warnings are what people are to be warned of now; nil: of nothing.
	Warnings func() []string
	// Submit hands a block in as a peer's (p2p.Self); it returns when pool and wallet have followed.
	Submit func(context.Context, *chain.Block) error
	// Settle waits until pool and wallet have followed the ledger's event seq.
	Settle func(ctx context.Context, seq uint64) error
	// Followed waits until pool and wallet have followed what has happened so far.
	Followed func(context.Context) error
	// SubmitHeader enters a header as Submit enters a block; FetchBlock asks a peer by its number for a body.
	SubmitHeader func(context.Context, wire.BlockHeader) error
	FetchBlock   func(ctx context.Context, peer int64, n *chain.HeaderNode) error
	// Sync says how high the headers reach and whether bodies are being fetched.
	Sync func() (headers int32, syncing bool)
	// What the ledger keeps beside the chain.
	TxIndex, FilterIndex, CoinStatsIndex, AddressIndex bool

	Prune   ledger.Prune
	Release string // of Core, whose words are said where they differ: policy.Rules' name
	File    *db.DB // the chain's file; nil: methods about it refuse
	Dir     string // where relative paths begin: the network's data directory
	Now     func() time.Time

	check     checkState
	scan      scan // of the coin set
	blockScan scan // of the filters
	lastTxs   encodedTxs
}

// Methods are the rows of what is answered here; each stands with its function.
func (a *API) Methods() []jsonrpc.Method {
	return slices.Concat(a.chainRows(), a.waitRows(), a.blockRows(), a.branchRows(), a.proofRows(), a.scanRows(), a.pruneRows(), a.snapshotRows(), a.miningRows(), a.fileRows())
}

// Warned are the warnings of now.
func (a *API) Warned() []string {
	if a.Warnings == nil {
		return []string{}
	}
	return a.Warnings()
}

func errBlockNotFound() error { return jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Block not found") }

// lookup reads a block hash and finds its header; a fault sticks to p.
func (a *API) lookup(p *jsonrpc.Params, name string, called ...string) (*chain.HeaderNode, ledger.Status, error) {
	h := p.Hash(name, called...)
	if err := p.Err(); err != nil {
		return nil, 0, err
	}
	node, st, ok := a.Ledger.Lookup(h)
	if !ok {
		return nil, 0, errBlockNotFound()
	}
	return node, st, nil
}

// missing is what is said of a body that never came; releases of Core differ.
func (a *API) missing() string {
	if a.old() {
		return "Block not found on disk"
	}
	return "Block not available (not fully downloaded)"
}

// old says whether the words of 28.1 are to be said where others came since.
func (a *API) old() bool { return a.Release == policy.Core28().Name }

// bodyError gives a missing body Core's words.
func (a *API) bodyError(err error) error {
	if errors.Is(err, chain.ErrPruned) {
		return jsonrpc.Errorf(jsonrpc.CodeMisc, "Block not available (pruned data)")
	}
	if errors.Is(err, ledger.ErrNotFound) {
		return jsonrpc.Errorf(jsonrpc.CodeMisc, "%s", a.missing())
	}
	if errors.Is(err, chain.ErrDamaged) {
		return jsonrpc.Errorf(jsonrpc.CodeMisc, "Block not available (%s)", chain.ErrDamaged)
	}
	return err
}
