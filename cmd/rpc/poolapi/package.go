package poolapi

import (
	"context"
	"errors"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
)

type packageTx struct {
	TxID  string `json:"txid"`
	Other string `json:"other-wtxid,omitempty"` // the pool has the same transaction with this witness
	VSize int    `json:"vsize,omitempty"`
	Fees  *fees  `json:"fees,omitempty"`
	Error string `json:"error,omitempty"`
}

type packageResult struct {
	Message  string               `json:"package_msg"`
	Results  map[string]packageTx `json:"tx-results"` // by wtxid
	Replaced []string             `json:"replaced-transactions"`
}

// parcel is a package on its way through the one door.
type parcel struct {
	api      *API
	refused  map[chain.Hash]string // by wtxid: why
	rivals   []chain.Hash          // txids that stood in the pool against one of it
	together []chain.Hash          // wtxids of parents that came in with a child, and of it
}

// submitPackage hands in a package in its order, one after the other. A parent
// that pays too little is refused at first and comes in with the child that
// pays for it.
func (a *API) submitPackage(ctx context.Context, c *jsonrpc.Call) (any, error) {
	l := readLimits(c)
	txs, err := readPackage(c, "package")
	if err != nil {
		return nil, err
	}
	p := parcel{api: a, refused: map[chain.Hash]string{}}
	for _, tx := range txs {
		if err := p.submit(ctx, tx, l); err != nil {
			return nil, err
		}
	}
	return p.result(txs), nil
}

// submit hands in one transaction; an error is our own fault.
func (p *parcel) submit(ctx context.Context, tx *chain.Tx, l limits) error {
	pool := p.api.Pool
	for _, in := range tx.TxIn {
		if rival, ok := pool.SpentBy(in.PreviousOutPoint); ok && rival != tx.ID {
			p.rivals = append(p.rivals, rival)
			below, _ := pool.Descendants(rival)
			for _, e := range below {
				p.rivals = append(p.rivals, e.Tx.ID)
			}
		}
	}
	err := p.api.within(tx, l)
	if err == nil {
		err = p.api.Submit(ctx, tx)
	}
	if err == nil {
		p.note(tx)
		return nil
	}
	if _, pooled := pool.Entry(tx.ID); pooled && errors.Is(err, policy.ErrSameTxID) {
		return nil
	}
	why, err := packageError(err)
	p.refused[tx.WID] = why
	return err
}

// note sees which parents came in with a child.
func (p *parcel) note(child *chain.Tx) {
	for _, in := range child.TxIn {
		parent, ok := p.api.Pool.Entry(in.PreviousOutPoint.Hash)
		if !ok || p.refused[parent.Tx.WID] == "" {
			continue
		}
		delete(p.refused, parent.Tx.WID)
		p.together = append(p.together, parent.Tx.WID)
	}
	if len(p.together) > 0 && !slices.Contains(p.together, child.WID) {
		p.together = append(p.together, child.WID)
	}
}

func (p *parcel) result(txs []*chain.Tx) packageResult {
	r := packageResult{Message: "success", Results: map[string]packageTx{}, Replaced: []string{}}
	for _, tx := range txs {
		one := packageTx{TxID: tx.ID.String(), Error: p.refused[tx.WID]}
		e, pooled := p.api.Pool.Entry(tx.ID)
		switch {
		case one.Error != "":
			r.Message = "transaction failed"
		case pooled && e.Tx.WID != tx.WID:
			one.Other = e.Tx.WID.String()
		case pooled:
			one.VSize, one.Fees = e.VSize, newFees(tx, e.Fee, e.VSize)
		}
		r.Results[tx.WID.String()] = one
	}
	p.share(&r)
	slices.SortFunc(p.rivals, func(a, b chain.Hash) int { return slices.Compare(a[:], b[:]) })
	for _, rival := range slices.Compact(p.rivals) {
		if _, stays := p.api.Pool.Entry(rival); !stays {
			r.Replaced = append(r.Replaced, rival.String())
		}
	}
	return r
}

// share gives those that came in together the fee rate that counted for them.
func (p *parcel) share(r *packageResult) {
	var sum policy.Paid
	for _, id := range p.together {
		if one := r.Results[id.String()]; one.Fees != nil {
			sum.Fee += btcutil.Amount(one.Fees.Base)
			sum.VSize += one.VSize
		}
	}
	for _, id := range p.together {
		if one := r.Results[id.String()]; one.Fees != nil {
			one.Fees.Effective, one.Fees.Includes = jsonrpc.Amount(policy.RateOf(sum.Fee, sum.VSize)), hashes(p.together)
		}
	}
}

// packageError is what a package's answer says of one refused transaction; the
// error that comes back is our own fault.
func packageError(err error) (string, error) {
	if e, ok := errors.AsType[*jsonrpc.Error](refusal(err)); ok {
		return e.Message, nil
	}
	return "", err
}
