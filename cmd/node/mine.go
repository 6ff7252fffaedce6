package node

import (
	"context"
	"fmt"
	"time"

	"grapevine/wallet"
)

// mine makes blocks as Config.Mine says, until ctx ends.
func (n *Node) mine(ctx context.Context) error {
	var tick <-chan time.Time
	if n.cfg.Mine.Every > 0 {
		t := time.NewTicker(n.cfg.Mine.Every)
		defer t.Stop()
		tick = t.C
	}
	var heard <-chan struct{}
	if n.cfg.Mine.OnTx {
		heard = n.follow.heard
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick:
		case <-heard:
		}
		if err := n.mineOne(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("no block made", "err", err)
		}
	}
}

func (n *Node) mineOne(ctx context.Context) error {
	script, err := n.mineScript(ctx)
	if err != nil {
		return err
	}
	if _, err := n.Miner.Generate(ctx, 1, script, 0); err != nil {
		return err
	}
	return n.Ledger.Sync(ctx)
}

// mineScript is where new coins go: Config.MineTo, else one address of our wallet.
func (n *Node) mineScript(ctx context.Context) ([]byte, error) {
	if n.payTo != nil {
		return n.payTo, nil
	}
	if n.Wallet == nil {
		return nil, fmt.Errorf("nobody to pay the new coins to: name an address by --mineto, or leave the wallet on")
	}
	script, err := n.Wallet.NewAddress(ctx, wallet.SegWit, "")
	if err != nil {
		return nil, err
	}
	n.payTo = script
	return script, nil
}
