package poolapi

import (
	"context"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/cmd/rpc/jsonrpc"
)

// Config is who answers.
type Config struct {
	Params *chain.Params
	Ledger *ledger.Ledger
	Pool   *mempool.Pool
	// Submit enters a transaction by the one door and returns its verdict.
	Submit  func(context.Context, *chain.Tx) error
	TxIndex bool // the ledger keeps where each transaction is
	File    File // nil: the methods about it refuse
}

// File is where the pool is kept over a restart.
type File interface {
	Loaded() bool
	// Save writes the pool and returns the file's path; dump.ErrNotLoaded.
	Save() (path string, err error)
	// Import gives the pool what a file holds; fresh: as if it came now.
	Import(ctx context.Context, path string, fresh bool) error
}

// API has the methods.
type API struct{ cfg Config }

// New makes an API.
func New(cfg Config) *API { return &API{cfg: cfg} }

// Methods is the table of what is answered here.
func (a *API) Methods() []jsonrpc.Method {
	return []jsonrpc.Method{
		{Name: "getmempoolinfo", Do: a.getMempoolInfo},
		{Name: "getrawmempool", Params: "verbose? mempool_sequence?", Do: a.getRawMempool},
		{Name: "getmempoolentry", Params: "txid", Do: a.getMempoolEntry},
		{Name: "getmempoolancestors", Params: "txid verbose?", Do: a.getMempoolAncestors},
		{Name: "getmempooldescendants", Params: "txid verbose?", Do: a.getMempoolDescendants},
		{Name: "savemempool", Do: a.saveMempool},
		{Name: "importmempool", Params: "filepath options?", Do: a.importMempool},
		{Name: "gettxspendingprevout", Params: "outputs", Do: a.getTxSpendingPrevout},
		{Name: "gettxout", Params: "txid n include_mempool?", Do: a.getTxOut},
		{Name: "estimatesmartfee", Params: "conf_target estimate_mode?", Do: a.estimateSmartFee},

		{Name: "getrawtransaction", Params: "txid verbosity|verbose? blockhash?", Do: a.getRawTransaction},
		{Name: "sendrawtransaction", Params: "hexstring maxfeerate? maxburnamount?", Do: a.sendRawTransaction},
		{Name: "testmempoolaccept", Params: "rawtxs maxfeerate?", Do: a.testMempoolAccept},
		{Name: "submitpackage", Params: "package maxfeerate? maxburnamount?", Do: a.submitPackage},

		{Name: "createrawtransaction", Params: "inputs outputs locktime? replaceable? version?", Do: a.createRawTransaction},
		{Name: "decoderawtransaction", Params: "hexstring iswitness?", Do: a.decodeRawTransaction},
		{Name: "decodescript", Params: "hexstring", Do: a.decodeScript},
		{Name: "validateaddress", Params: "address", Do: a.validateAddress},
	}
}
