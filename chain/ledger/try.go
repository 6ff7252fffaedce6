package ledger

import (
	"fmt"
	"sync"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/chain/connect"
)

// tryLimit is how often a trial is begun before it is given up: each time the coins moved under it.
const tryLimit = 3

// tried is what the last trial has remembered. Of several at once one has it, and the others begin with nothing:
// what they have learned is kept where it is more.
type tried struct {
	mu   sync.Mutex
	memo *connect.Memo
}

func (t *tried) take() *connect.Memo {
	t.mu.Lock()
	defer t.mu.Unlock()
	memo := t.memo
	if t.memo = nil; memo == nil {
		memo = new(connect.Memo)
	}
	return memo
}

func (t *tried) put(memo *connect.Memo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.memo == nil || !t.memo.Covers(memo) {
		t.memo = memo
	}
}

// TryBlock runs every rule but proof of work on a block that builds on the
// tip, and changes nothing [TestBlockValidity]. On another parent it is
// chain.ErrInconclusive.
func (l *Ledger) TryBlock(b *chain.Block) error {
	return l.try(b, func(*connect.Trial) error { return chain.CheckProposal(b) })
}

// TryTemplate is TryBlock for a block that is not sealed yet: its header need not name its merkle root. What
// each transaction is by itself is remembered as long as the tip stays; what they do together, and what the
// coinbase takes and says, is checked each time.
func (l *Ledger) TryTemplate(h wire.BlockHeader, txs []*chain.Tx) error {
	b := &chain.Block{Header: h, Hash: h.BlockHash(), Txs: txs, Weight: chain.BlockWeight(txs)}
	return l.try(b, func(t *connect.Trial) error { return chain.CheckTemplate(b, t.Knows) })
}

// try runs the rules for b, those that need nothing but b and what is remembered by check. A verdict on coins
// that moved meanwhile is none: they may be of several tips.
func (l *Ledger) try(b *chain.Block, check func(*connect.Trial) error) (err error) {
	rules := connect.Connector{Params: l.cfg.Params, Overlay: coins.NewOverlay(), Fetch: l.set.Coins}
	for range tryLimit {
		tip, state := l.set.State()
		if b.Header.PrevBlock != tip.Hash {
			return fmt.Errorf("%w: not on the tip", chain.ErrInconclusive)
		}
		on := connect.Ground{Rules: rules, Scripts: l.cfg.Script, State: state, Memo: l.tried.take()}
		t := on.Trial(chain.NewHeaderNode(tip, b.Header), b)
		if err = chain.CheckHeaderContext(l.cfg.Params, tip, &b.Header, l.cfg.Now()); err == nil {
			err = check(t)
		}
		if err == nil {
			err = chain.CheckBlockContext(l.cfg.Params, tip, b)
		}
		if err == nil {
			err = t.Run()
		}
		if _, now := l.set.State(); now == state {
			l.tried.put(on.Memo)
			return err
		}
	}
	return fmt.Errorf("%w: the coins moved %d times", chain.ErrInconclusive, tryLimit)
}
