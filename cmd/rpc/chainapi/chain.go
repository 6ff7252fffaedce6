package chainapi

import (
	"cmp"
	"context"
	"encoding/hex"
	"math"
	"slices"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// chainRows are about the chain as a whole.
func (a *API) chainRows() []jsonrpc.Method {
	return slices.Concat(jsonrpc.Group("Blockchain",
		jsonrpc.Method{Name: "getblockchaininfo", Do: a.getBlockchainInfo,
			Help: "The state of the chain: height, headers, best block, difficulty, sync progress, bytes on disk."},
		jsonrpc.Method{Name: "getdeploymentinfo", Params: "blockhash:hex?", Do: a.getDeploymentInfo,
			Help: "The soft forks, and whether they hold for the block after the one named (by default the tip)."},
		jsonrpc.Method{Name: "getblockcount", Do: a.getBlockCount,
			Help: "The height of the verified chain; genesis is 0."},
		jsonrpc.Method{Name: "getbestblockhash", Do: a.getBestBlockHash,
			Help: "The hash of the last block of the verified chain."},
		jsonrpc.Method{Name: "getblockhash", Params: "height:int", Do: a.getBlockHash,
			Help: "The hash of the block at a height of the verified chain.", Example: "100"},
		jsonrpc.Method{Name: "getdifficulty", Do: a.getDifficulty,
			Help: "How much harder the tip's target is than the easiest one of mainnet."},
		jsonrpc.Method{Name: "getchaintips", Do: a.getChainTips,
			Help: "The ends of all branches known: height, hash, length of the branch, and active, valid-fork, valid-headers, headers-only or invalid."},
	), jsonrpc.Group("Util",
		jsonrpc.Method{Name: "getindexinfo", Params: "index_name:text?", Do: a.getIndexInfo,
			Help: "The indexes that are kept, and how far they reach."},
	))
}

func (a *API) getBlockCount(context.Context, *jsonrpc.Call) (any, error) {
	return a.Ledger.Tip().Height, nil
}

func (a *API) getBestBlockHash(context.Context, *jsonrpc.Call) (any, error) {
	return jsonrpc.Hash(a.Ledger.Tip().Hash), nil
}

func (a *API) getDifficulty(context.Context, *jsonrpc.Call) (any, error) {
	return show.Difficulty(a.Ledger.Tip().Header.Bits), nil
}

func (a *API) getBlockHash(_ context.Context, c *jsonrpc.Call) (any, error) {
	n, err := a.atHeight(c.Int("height"))
	if err != nil {
		return nil, err
	}
	return jsonrpc.Hash(n.Hash), nil
}

func (a *API) atHeight(height int64) (*chain.HeaderNode, error) {
	var n *chain.HeaderNode
	if height >= 0 && height <= math.MaxInt32 {
		n = a.Ledger.AtHeight(int32(height))
	}
	if n == nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Block height out of range")
	}
	return n, nil
}

type blockchainInfo struct {
	Chain       string      `json:"chain"`
	Blocks      int32       `json:"blocks"`
	Headers     int32       `json:"headers"`
	Best        string      `json:"bestblockhash"`
	Bits        string      `json:"bits,omitempty"` // these two came with Core 29
	Target      string      `json:"target,omitempty"`
	Difficulty  show.Number `json:"difficulty"`
	Time        int64       `json:"time"`
	MedianTime  int64       `json:"mediantime"`
	Progress    show.Number `json:"verificationprogress"`
	InitialSync bool        `json:"initialblockdownload"`
	ChainWork   string      `json:"chainwork"`
	SizeOnDisk  int64       `json:"size_on_disk"`
	Pruned      bool        `json:"pruned"`
	pruneInfo
	Challenge    string   `json:"signet_challenge,omitempty"`
	WarningsList []string `json:"warnings"`
}

func (a *API) getBlockchainInfo(context.Context, *jsonrpc.Call) (any, error) {
	return a.Info(), nil
}

// Info is what getblockchaininfo and /rest/chaininfo.json answer.
func (a *API) Info() any {
	tip := a.Ledger.Tip()
	headers, syncing := a.Sync()
	headers = max(headers, tip.Height)
	info := blockchainInfo{
		Chain: show.ChainName(a.Params.Params), Blocks: tip.Height, Headers: headers, Best: tip.Hash.String(),
		Difficulty: show.Difficulty(tip.Header.Bits),
		Time:       tip.Header.Timestamp.Unix(), MedianTime: tip.MedianTimePast(),
		Progress: a.progress(tip, headers, syncing), InitialSync: syncing, ChainWork: tip.Work.String(),
		Pruned: a.Prune.On, pruneInfo: newPruneInfo(a.Prune, a.Ledger),
		Challenge: hex.EncodeToString(a.Params.SignetChallenge), WarningsList: a.Warned(),
	}
	if !a.old() {
		info.Bits, info.Target = show.Bits(tip.Header.Bits), show.Target(tip.Header.Bits)
	}
	if a.File != nil {
		info.SizeOnDisk = a.File.Size()
	}
	return info
}

// progress is the share of the chain that is verified. While we are syncing
// with a public network, the blocks that must have been made since the best
// header are part of it: before the first header comes it is near 0, not 1 [GuessVerificationProgress].
func (a *API) progress(tip *chain.HeaderNode, headers int32, syncing bool) show.Number {
	expected := int64(headers)
	if best := a.Ledger.BestHeader(); syncing && !a.Params.Local() {
		expected += max(0, int64(a.Now().Sub(best.Header.Timestamp)/a.Params.TargetTimePerBlock))
	}
	if expected <= int64(tip.Height) {
		return 1
	}
	return show.Number(tip.Height) / show.Number(expected)
}

type chainTip struct {
	Height    int32  `json:"height"`
	Hash      string `json:"hash"`
	BranchLen int32  `json:"branchlen"`
	Status    string `json:"status"`
}

func (a *API) getChainTips(context.Context, *jsonrpc.Call) (any, error) {
	tips := []chainTip{}
	for _, t := range a.Ledger.Tips() {
		tips = append(tips, chainTip{t.Node.Height, t.Node.Hash.String(), t.BranchLen, t.Status})
	}
	slices.SortStableFunc(tips, func(a, b chainTip) int { return cmp.Compare(b.Height, a.Height) }) // highest first, as Core
	return tips, nil
}

type indexInfo struct {
	Synced bool  `json:"synced"`
	Best   int32 `json:"best_block_height"`
}

func (a *API) getIndexInfo(_ context.Context, c *jsonrpc.Call) (any, error) {
	all := map[string]indexInfo{}
	height, synced := a.Ledger.Indexed()
	add := func(name string, on bool) {
		if only := c.String("index_name"); on && (only == "" || only == name) {
			all[name] = indexInfo{Synced: synced, Best: height}
		}
	}
	add("txindex", a.TxIndex)
	add("basic block filter index", a.FilterIndex)
	add("coinstatsindex", a.CoinStatsIndex)
	add("addressindex", a.AddressIndex)
	return all, nil
}
