package chainapi

import (
	"context"

	"github.com/btcsuite/btcd/btcutil/v2/gcs"
	"github.com/btcsuite/btcd/btcutil/v2/gcs/builder"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

func (a *API) scanBlocks(ctx context.Context, c *jsonrpc.Call) (any, error) {
	status := func() any {
		return struct {
			Progress int32 `json:"progress"`
			Height   int32 `json:"current_height"`
		}{a.blockScan.percent.Load(), a.blockScan.height.Load()}
	}
	return a.blockScan.do(c.String("action"), status, func() (any, error) {
		job, err := a.newBlockSearch(c)
		if err != nil {
			return nil, err
		}
		defer c.Aside()() // there is one at a time
		return a.searchBlocks(ctx, job)
	})
}

// blockSearch is which blocks to look for what in.
type blockSearch struct {
	from, to *chain.HeaderNode
	scripts  [][]byte
	wanted   needles
	sure     bool // look into the blocks that match
}

func (a *API) newBlockSearch(c *jsonrpc.Call) (job blockSearch, err error) {
	if kind := c.String("filtertype"); kind != "basic" {
		c.Refuse(jsonrpc.CodeInvalidAddress, "Unknown filtertype")
	}
	for _, o := range c.Members("options", "filter_false_positives:bool=false") {
		job.sure = o.Bool("filter_false_positives")
	}
	if err := c.Err(); err != nil {
		return job, err
	}
	if !a.FilterIndex {
		return job, jsonrpc.Errorf(jsonrpc.CodeMisc, "Index is not enabled for filtertype basic")
	}
	job.from, job.to = a.Ledger.AtHeight(0), a.Ledger.Tip()
	if c.Has("start_height") {
		if job.from, err = a.atHeight(c.Int("start_height")); err != nil {
			return job, jsonrpc.Errorf(jsonrpc.CodeMisc, "Invalid start_height")
		}
	}
	if c.Has("stop_height") {
		if job.to, err = a.atHeight(c.Int("stop_height")); err != nil || job.to.Height < job.from.Height {
			return job, jsonrpc.Errorf(jsonrpc.CodeMisc, "Invalid stop_height")
		}
	}
	if err := needObjects(c); err != nil {
		return job, err
	}
	if job.wanted, err = a.needles(c); err != nil {
		return job, err
	}
	for script := range job.wanted {
		job.scripts = append(job.scripts, []byte(script))
	}
	return job, nil
}

type foundBlocks struct {
	From      int32    `json:"from_height"`
	To        int32    `json:"to_height"`
	Blocks    []string `json:"relevant_blocks"`
	Completed bool     `json:"completed"`
}

func (a *API) searchBlocks(ctx context.Context, job blockSearch) (any, error) {
	found := foundBlocks{From: job.from.Height, To: job.to.Height, Blocks: []string{}, Completed: true}
	s := &a.blockScan
	s.height.Store(job.from.Height)
	for h := job.from.Height; h <= job.to.Height; h++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if s.aborted.Load() {
			found.Completed = false
			found.To = max(found.From, h-1)
			break
		}
		n := job.to.Ancestor(h)
		match, err := a.matches(n, job)
		if err != nil {
			return nil, err
		}
		if match {
			found.Blocks = append(found.Blocks, n.Hash.String())
		}
		s.height.Store(h)
		s.percent.Store(int32(100 * int64(h-found.From) / max(1, int64(job.to.Height-found.From))))
	}
	return found, nil
}

// matches says whether a block's filter has one of the scripts, and if that is asked
// for whether the block has it too.
func (a *API) matches(n *chain.HeaderNode, job blockSearch) (bool, error) {
	raw, _, ok, err := a.Ledger.Filter(n.Hash)
	if err != nil || !ok || len(job.scripts) == 0 {
		return false, err
	}
	filter, err := gcs.FromNBytes(builder.DefaultP, builder.DefaultM, raw)
	if err != nil || filter.N() == 0 {
		return false, err
	}
	match, err := filter.MatchAny(builder.DeriveKey(&n.Hash), job.scripts)
	if err != nil || !match || !job.sure {
		return match, err
	}
	return a.inBlock(n, job.wanted)
}

// inBlock says whether a block makes or spends an output with one of the scripts
// [CheckBlockFilterMatches].
func (a *API) inBlock(n *chain.HeaderNode, wanted needles) (bool, error) {
	b, err := a.Ledger.Block(n.Hash)
	if err != nil {
		return false, a.bodyError(err)
	}
	for _, tx := range b.Txs {
		for _, o := range tx.TxOut {
			if wanted[string(o.PkScript)] != nil {
				return true, nil
			}
		}
	}
	spent, err := a.Ledger.SpentBy(b)
	if err != nil {
		return false, err
	}
	for _, coins := range spent {
		for _, coin := range coins {
			if wanted[string(coin.PkScript)] != nil {
				return true, nil
			}
		}
	}
	return false, nil
}
