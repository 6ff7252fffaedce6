package explore

import (
	"context"
	"encoding/hex"

	"grapevine/chain"
)

// Status is the digest of a script's history in Electrum's protocol: SHA-256 over txid:height: of all
// transactions, those of the chain first; empty when there are none.
func (a *API) Status(ctx context.Context, script chain.Hash) (string, error) {
	d, err := a.Chain.Ledger.HistoryDigest(ctx, script)
	if err != nil {
		return "", err
	}
	for _, w := range a.Waiting(script) {
		d.Add(w.Tx.ID, int32(w.Height))
	}
	if d.Txs == 0 {
		return "", nil
	}
	sum := d.Sum()
	return hex.EncodeToString(sum[:]), nil
}
