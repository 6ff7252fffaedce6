package chainapi

import (
	"context"
	"time"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

// tipLook is how often a waiting call looks at the tip.
const tipLook = 20 * time.Millisecond

type tipPlace struct {
	Hash   string `json:"hash"`
	Height int32  `json:"height"`
}

// wait answers the tip as soon as it is the one wanted, or after timeout
// milliseconds (0: never) as it is.
func (a *API) wait(ctx context.Context, c *jsonrpc.Call, wanted func(*chain.HeaderNode) bool) (any, error) {
	timeout := c.Int("timeout", 0)
	if timeout < 0 {
		c.Refuse(jsonrpc.CodeMisc, "Negative timeout")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(timeout)*time.Millisecond)
		defer cancel()
	}
	look := time.NewTicker(tipLook)
	defer look.Stop()
	for {
		tip := a.cfg.Ledger.Tip()
		if wanted(tip) || ctx.Err() != nil {
			return tipPlace{tip.Hash.String(), tip.Height}, nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
		}
	}
}

func (a *API) waitForNewBlock(ctx context.Context, c *jsonrpc.Call) (any, error) {
	old := a.cfg.Ledger.Tip().Hash
	if c.Has("current_tip") {
		old = c.Hash("current_tip")
	}
	return a.wait(ctx, c, func(tip *chain.HeaderNode) bool { return tip.Hash != old })
}

func (a *API) waitForBlock(ctx context.Context, c *jsonrpc.Call) (any, error) {
	hash := c.Hash("blockhash")
	return a.wait(ctx, c, func(tip *chain.HeaderNode) bool { return tip.Hash == hash })
}

func (a *API) waitForBlockHeight(ctx context.Context, c *jsonrpc.Call) (any, error) {
	height := c.Int("height", 0)
	return a.wait(ctx, c, func(tip *chain.HeaderNode) bool { return int64(tip.Height) >= height })
}
