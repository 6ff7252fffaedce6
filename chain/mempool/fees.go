package mempool

import (
	"io"

	"grapevine/chain/mempool/estimate"
	"grapevine/chain/policy"
)

// EstimateFee is the fee rate that is likely to let a transaction into a block
// within so many blocks; see estimate.Estimator.Rate. It is never below what
// the pool asks. blocks is the target that the answer is for.
func (p *Pool) EstimateFee(target int, conservative bool) (rate policy.FeeRate, blocks int, ok bool) {
	p.mu.RLock()
	rate, blocks, ok = p.fees.Rate(target, conservative)
	p.mu.RUnlock()
	return max(rate, p.MinFee()), blocks, ok
}

// RawEstimate is what one horizon of the estimates says, if it tells the target apart.
func (p *Pool) RawEstimate(target int, share float64, w estimate.Which) (raw estimate.Raw, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if target > p.fees.Longest(w) {
		return raw, false
	}
	return p.fees.Raw(target, share, w), true
}

// ReadEstimates takes over what a file has learnt, before anything has entered.
func (p *Pool) ReadEstimates(from io.Reader) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fees.Read(from)
}

// WriteEstimates writes what has been learnt; the last time also of what is still in
// the pool, which is watched no more.
func (p *Pool) WriteEstimates(to io.Writer, last bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last {
		p.fees.Forget()
	}
	return p.fees.Write(to)
}
