package poolapi

import (
	"context"
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
)

// API answers; its fields are who is asked.
type API struct {
	Params *chain.Params
	Ledger *ledger.Ledger
	Pool   *mempool.Pool
	// Submit hands a transaction in as a peer's (p2p.Self) and returns the verdict.
	Submit func(context.Context, *chain.Tx) error
	// AnnounceAgain tells peers of transactions of the pool that they have not heard of.
	AnnounceAgain func(ctx context.Context, wtxids ...chain.Hash) error
	// SubmitPackage gives the pool a child with its parents; what enters is announced.
	SubmitPackage func(context.Context, []*chain.Tx, policy.FeeRate) (mempool.PackageResult, error)

	// Prioritise adds to what a transaction counts as paying.
	Prioritise func(ctx context.Context, txid chain.Hash, more btcutil.Amount) error
	// MockForward moves the node's schedule; nil on public networks.
	MockForward func(context.Context, time.Duration) error

	NoEstimates bool // the pool hears nothing of others' transactions [-blocksonly]

	TxIndex bool // the ledger keeps where each transaction is
	File    File // nil: the methods about it refuse
}

// Methods are the rows of what is answered here; each stands with its function.
func (a *API) Methods() []jsonrpc.Method {
	return slices.Concat(a.poolRows(), a.feeRows(), a.miningRows(), a.fileRows(), a.rawRows(), a.sendRows())
}

// File is where the pool is kept over a restart.
type File interface {
	Loaded() bool
	// Save writes the pool and returns the file's path; dump.ErrNotLoaded.
	Save() (path string, err error)
	// Import gives the pool what a file holds.
	Import(ctx context.Context, path string, what Import) error
}

// Import says what of a pool's file counts.
type Import struct {
	Fresh       bool // its transactions come now, not when the file says
	Deltas      bool // what prioritisetransaction had added
	Unbroadcast bool // what nobody had asked for
}
