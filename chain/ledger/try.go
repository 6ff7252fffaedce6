package ledger

import (
	"fmt"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/chain/connect"
)

// tryLimit is how often TryBlock begins again because the tip moved under it.
const tryLimit = 3

// TryBlock runs every rule but proof of work on a block that builds on the
// tip, and changes nothing [TestBlockValidity]. On another parent it is
// chain.ErrInconclusive.
func (l *Ledger) TryBlock(b *chain.Block) error {
	var err error
	for range tryLimit {
		tip := l.set.Tip()
		if b.Header.PrevBlock != tip.Hash {
			return fmt.Errorf("%w: not on the tip", chain.ErrInconclusive)
		}
		if err = l.try(tip, b); l.set.Tip() == tip {
			return err
		}
	}
	return err
}

func (l *Ledger) try(tip *chain.HeaderNode, b *chain.Block) error {
	p := l.cfg.Params
	if err := chain.CheckHeaderContext(p, tip, &b.Header, l.cfg.Now()); err != nil {
		return err
	}
	if err := chain.CheckProposal(b); err != nil {
		return err
	}
	if err := chain.CheckBlockContext(p, tip, b); err != nil {
		return err
	}
	c := connect.Connector{Params: p, Overlay: coins.NewOverlay(), Fetch: l.set.Coins}
	effect, err := c.Connect(chain.NewHeaderNode(tip, b.Header), b, 1)
	if err != nil {
		return err
	}
	for i, tx := range b.Txs[1:] {
		if err := l.cfg.Script.CheckTx(tx, effect.Spent[i+1], effect.Flags); err != nil {
			return err
		}
	}
	return nil
}
