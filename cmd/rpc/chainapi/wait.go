package chainapi

import (
	"context"
	"math"
	"time"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

// tipPoll is how often a waiting call reads the tip.
const tipPoll = 20 * time.Millisecond

// maxTimeout in milliseconds is the longest that a Duration can count: 292 years.
const maxTimeout = int64(math.MaxInt64 / time.Millisecond)

type tipPlace struct {
	Hash   string `json:"hash"`
	Height int32  `json:"height"`
}

// wait answers the tip as soon as it is the one wanted, or after timeout
// milliseconds (0: never) as it is.
func (a *API) wait(ctx context.Context, c *jsonrpc.Call, wanted func(*chain.HeaderNode) bool) (any, error) {
	timeout := c.Int("timeout")
	if timeout < 0 {
		c.Refuse(jsonrpc.CodeMisc, "Negative timeout")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(min(timeout, maxTimeout))*time.Millisecond)
		defer cancel()
	}
	defer c.Aside()()
	poll := time.NewTicker(tipPoll)
	defer poll.Stop()
	for {
		tip := a.Ledger.Tip()
		if wanted(tip) || ctx.Err() != nil {
			return tipPlace{tip.Hash.String(), tip.Height}, nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
		}
	}
}

// waitRows answer when something has come to pass.
func (a *API) waitRows() []jsonrpc.Method {
	return jsonrpc.Group("Blockchain",
		jsonrpc.Method{Name: "waitfornewblock", Params: "timeout:long=0 current_tip:hex?", Do: a.waitForNewBlock,
			Help: "Answers when the tip is another one than now (or than current_tip), or after timeout milliseconds (0: never).", Example: "1000"},
		jsonrpc.Method{Name: "waitforblock", Params: "blockhash:hex timeout:long=0", Do: a.waitForBlock,
			Help: "Answers when this block is the tip, or after timeout milliseconds (0: never) with the tip as it is.", Example: "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206 1000"},
		jsonrpc.Method{Name: "waitforblockheight", Params: "height:int timeout:long=0", Do: a.waitForBlockHeight,
			Help: "Answers when the chain is this high, or after timeout milliseconds (0: never).", Example: "100 1000"},
		jsonrpc.Method{Name: "syncwithvalidationinterfacequeue", Do: a.syncFollowers,
			Help: "Answers null once pool, wallet and indexes have followed all that has happened so far."},
	)
}

func (a *API) syncFollowers(ctx context.Context, c *jsonrpc.Call) (any, error) {
	defer c.Aside()()
	return nil, a.Followed(ctx)
}

func (a *API) waitForNewBlock(ctx context.Context, c *jsonrpc.Call) (any, error) {
	old := a.Ledger.Tip().Hash
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
	height := c.Int("height")
	return a.wait(ctx, c, func(tip *chain.HeaderNode) bool { return int64(tip.Height) >= height })
}
