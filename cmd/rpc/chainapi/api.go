package chainapi

import (
	"context"
	"errors"
	"time"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/chain/miner"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/db"
)

// Config is who answers.
type Config struct {
	Params *chain.Params
	Ledger *ledger.Ledger
	Pool   *mempool.Pool
	Miner  *miner.Miner
	// Submit enters a block by the one door; it returns when pool and wallet have followed.
	Submit func(context.Context, *chain.Block) error
	// Settle waits until pool and wallet have followed the ledger's event seq.
	Settle func(ctx context.Context, seq uint64) error
	// Sync says how high the headers reach and whether bodies are being fetched.
	Sync func() (headers int32, syncing bool)
	// What the ledger keeps beside the chain.
	TxIndex, FilterIndex, CoinStatsIndex bool
	File                                 *db.DB // the chain's file; nil: methods about it refuse
	Now                                  func() time.Time
}

// API has the methods.
type API struct {
	cfg   Config
	check checkState
}

// New makes an API.
func New(cfg Config) *API { return &API{cfg: cfg} }

// Methods is the table of what is answered here.
func (a *API) Methods() []jsonrpc.Method {
	return []jsonrpc.Method{
		{Name: "getblockchaininfo", Do: a.getBlockchainInfo},
		{Name: "getdeploymentinfo", Params: "blockhash?", Do: a.getDeploymentInfo},
		{Name: "getblockcount", Do: a.getBlockCount},
		{Name: "getbestblockhash", Do: a.getBestBlockHash},
		{Name: "getblockhash", Params: "height", Do: a.getBlockHash},
		{Name: "getdifficulty", Do: a.getDifficulty},
		{Name: "getchaintips", Do: a.getChainTips},
		{Name: "getindexinfo", Params: "index_name?", Do: a.getIndexInfo},
		{Name: "waitfornewblock", Params: "timeout? current_tip?", Do: a.waitForNewBlock},
		{Name: "waitforblock", Params: "blockhash timeout?", Do: a.waitForBlock},
		{Name: "waitforblockheight", Params: "height timeout?", Do: a.waitForBlockHeight},

		{Name: "getblock", Params: "blockhash verbosity|verbose?", Do: a.getBlock},
		{Name: "getblockheader", Params: "blockhash verbose?", Do: a.getBlockHeader},
		{Name: "getblockstats", Params: "hash_or_height stats?", Do: a.getBlockStats},
		{Name: "getblockfilter", Params: "blockhash filtertype?", Do: a.getBlockFilter},
		{Name: "gettxoutsetinfo", Params: "hash_type? hash_or_height? use_index?", Do: a.getTxOutSetInfo},
		{Name: "invalidateblock", Params: "blockhash", Do: a.invalidateBlock},
		{Name: "reconsiderblock", Params: "blockhash", Do: a.reconsiderBlock},

		{Name: "submitblock", Params: "hexdata dummy?", Do: a.submitBlock},
		{Name: "generatetoaddress", Params: "nblocks address maxtries?", Do: a.generateToAddress},
		{Name: "generatetodescriptor", Params: "num_blocks descriptor maxtries?", Do: a.generateToDescriptor},
		{Name: "generateblock", Params: "output transactions submit?", Do: a.generateBlock},
		{Name: "getblocktemplate", Params: "template_request?", Do: a.getBlockTemplate},
		{Name: "getmininginfo", Do: a.getMiningInfo},
		{Name: "getnetworkhashps", Params: "nblocks? height?", Do: a.getNetworkHashPS},

		{Name: "verifychain", Params: "checklevel? nblocks?", Do: a.verifyChain},
		{Name: "dbinfo", Do: a.dbInfo},
		{Name: "dbcheck", Do: a.dbCheck},
		{Name: "dbprogress", Do: a.dbProgress},
		{Name: "dbbackup", Params: "destination", Do: a.dbBackup},
	}
}

func errBlockNotFound() error { return jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Block not found") }

// lookup reads a block hash and finds its header; a fault sticks to c.
func (a *API) lookup(c *jsonrpc.Call, name string) (*chain.HeaderNode, ledger.Status, error) {
	h := c.Hash(name)
	if err := c.Err(); err != nil {
		return nil, 0, err
	}
	node, st, ok := a.cfg.Ledger.Lookup(h)
	if !ok {
		return nil, 0, errBlockNotFound()
	}
	return node, st, nil
}

// bodyError gives a missing body Core's words.
func bodyError(err error) error {
	if errors.Is(err, ledger.ErrNotFound) {
		return jsonrpc.Errorf(jsonrpc.CodeMisc, "Block not available (not fully downloaded)")
	}
	if errors.Is(err, chain.ErrDamaged) {
		return jsonrpc.Errorf(jsonrpc.CodeMisc, "Block not available (%s)", chain.ErrDamaged)
	}
	return err
}
