package poolapi

import (
	"context"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// PackageTx is what became of one of them.
type PackageTx struct {
	TxID  string       `json:"txid"`
	Other string       `json:"other-wtxid,omitempty"` // the pool has the same transaction with this witness
	VSize int          `json:"vsize,omitempty"`
	Fees  *packageFees `json:"fees,omitempty"`
	Error string       `json:"error,omitempty"`
}

// packageFees have no rate for what was in the pool before.
type packageFees struct {
	Base      jsonrpc.Amount  `json:"base"`
	Effective *jsonrpc.Amount `json:"effective-feerate,omitempty"` // bitcoins per 1,000 virtual bytes
	Includes  []string        `json:"effective-includes,omitempty"`
}

// PackageResult is what submitpackage answers.
type PackageResult struct {
	Message  string               `json:"package_msg"`
	Results  map[string]PackageTx `json:"tx-results"` // by wtxid
	Replaced []string             `json:"replaced-transactions"`
}

// submitPackage hands in a child with its parents.
func (a *API) submitPackage(ctx context.Context, c *jsonrpc.Call) (any, error) {
	list := rawList(c, "package", 2)
	most, burn := maxRate(c), c.Amount("maxburnamount")
	txs, err := decodeList(c, list)
	if err != nil {
		return nil, err
	}
	for _, tx := range txs {
		if err := checkBurn(tx, burn); err != nil {
			return nil, err
		}
	}
	return a.SendPackage(ctx, txs, most)
}

// SendPackage hands in a child with its parents, and answers as submitpackage does.
func (a *API) SendPackage(ctx context.Context, txs []*chain.Tx, most policy.FeeRate) (PackageResult, error) {
	if !mempool.IsFamily(txs) {
		return PackageResult{}, jsonrpc.Errorf(jsonrpc.CodeVerify, "package topology disallowed. not child-with-parents or parents depend on each other.")
	}
	r, err := a.SubmitPackage(ctx, txs, most)
	if err != nil {
		return PackageResult{}, err
	}
	return newPackageResult(r), nil
}

func newPackageResult(r mempool.PackageResult) PackageResult {
	answer := PackageResult{Message: "success", Results: map[string]PackageTx{}, Replaced: show.Hashes(r.Replaced)}
	if r.Err != nil {
		answer.Message = whole(r.Err)
	}
	for _, m := range r.Members {
		one := PackageTx{TxID: m.Tx.ID.String()}
		switch {
		case isMissing(m.Err):
			one.Error = chain.ErrMissingCoin.Error()
		case m.Err != nil:
			one.Error = whole(m.Err)
		case m.Other != chain.Hash{}:
			one.Other = m.Other.String()
		default:
			one.VSize, one.Fees = m.VSize, &packageFees{Base: jsonrpc.Amount(m.Fee)}
			if m.Together != nil {
				rate := jsonrpc.Amount(m.Rate)
				one.Fees.Effective, one.Fees.Includes = &rate, show.Hashes(m.Together)
			}
		}
		answer.Results[m.Tx.WID.String()] = one
	}
	return answer
}
