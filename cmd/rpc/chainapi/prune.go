package chainapi

import (
	"context"
	"time"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/jsonrpc"
)

// pruneRows are about old blocks that are deleted.
func (a *API) pruneRows() []jsonrpc.Method {
	return jsonrpc.Group("Blockchain",
		jsonrpc.Method{Name: "pruneblockchain", Params: "height:int", Do: a.pruneBlockchain,
			Help: "Deletes old blocks up to a height, or (a number above a billion) those made two hours and more before a Unix time, in whole units of 128 MiB. The last 288 stay. The answer is the height of the last block that is pruned. The node must run with -prune.", Example: "1000"},
	)
}

const (
	// timesFrom is the least number that is taken for a time: no height is as high, and no block as old.
	timesFrom = 1_000_000_000
	// timeWindow is how far times of blocks may be out of order [TIMESTAMP_WINDOW].
	timeWindow = 2 * time.Hour
)

func (a *API) pruneBlockchain(ctx context.Context, c *jsonrpc.Call) (any, error) {
	height, tip := c.Int("height"), a.Ledger.Tip().Height
	if !a.Prune.On {
		c.Refuse(jsonrpc.CodeMisc, "Cannot prune blocks because node is not in prune mode.")
	}
	if height < 0 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Negative block height.")
	}
	if height > timesFrom {
		n := a.earliest(height - int64(timeWindow/time.Second))
		if n == nil {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Could not find block with at least the specified timestamp.")
		}
		height = int64(n.Height)
	}
	switch {
	case tip < a.Prune.After(a.Params):
		c.Refuse(jsonrpc.CodeMisc, "Blockchain is too short for pruning.")
	case height > int64(tip):
		c.Refuse(jsonrpc.CodeInvalidParam, "Blockchain is shorter than the attempted prune height.")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := a.Ledger.PruneTo(ctx, int32(height)); err != nil {
		return nil, err
	}
	if to, ok := a.Ledger.PruneHeight(); ok {
		return to, nil
	}
	return -1, nil
}

// earliest is the first block of the chain at or before which some block is as late as
// that [FindEarliestAtLeast]; nil when none is.
func (a *API) earliest(unix int64) *chain.HeaderNode {
	for h := int32(0); ; h++ {
		n := a.Ledger.AtHeight(h)
		if n == nil || n.Header.Timestamp.Unix() >= unix {
			return n
		}
	}
}

// pruneInfo is what getblockchaininfo says of pruning; all nil where all is kept.
type pruneInfo struct {
	Height    *int32 `json:"pruneheight,omitempty"` // of the lowest block that is kept, 0: all are
	Automatic *bool  `json:"automatic_pruning,omitempty"`
	Target    *int64 `json:"prune_target_size,omitempty"`
}

func newPruneInfo(p ledger.Prune, l *ledger.Ledger) (i pruneInfo) {
	if !p.On {
		return i
	}
	first, automatic := int32(0), p.Target > 0
	if to, ok := l.PruneHeight(); ok {
		first = to + 1
	}
	i.Height, i.Automatic = &first, &automatic
	if automatic {
		i.Target = &p.Target
	}
	return i
}
