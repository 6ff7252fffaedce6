package chainapi

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

// coinOverhead is what Core counts for a coin beside its output: outpoint,
// height and coinbase mark (PER_UTXO_OVERHEAD).
const coinOverhead = 36 + 4 + 1

// blockStats is one block in numbers; amounts in satoshis, fee rates in
// satoshis per virtual byte. The coinbase counts only in txs, outs and the
// coin set's growth.
type blockStats struct {
	AvgFee        int64      `json:"avgfee"`
	AvgFeeRate    int64      `json:"avgfeerate"`
	AvgTxSize     int64      `json:"avgtxsize"`
	BlockHash     string     `json:"blockhash"`
	Percentiles   [5]int64   `json:"feerate_percentiles"` // [NUM_GETBLOCKSTATS_PERCENTILES]
	Height        int32      `json:"height"`
	Ins           int64      `json:"ins"`
	MaxFee        int64      `json:"maxfee"`
	MaxFeeRate    int64      `json:"maxfeerate"`
	MaxTxSize     int64      `json:"maxtxsize"`
	MedianFee     int64      `json:"medianfee"`
	MedianTime    int64      `json:"mediantime"`
	MedianTxSize  int64      `json:"mediantxsize"`
	MinFee        int64      `json:"minfee"`
	MinFeeRate    int64      `json:"minfeerate"`
	MinTxSize     int64      `json:"mintxsize"`
	Outs          int64      `json:"outs"`
	Subsidy       int64      `json:"subsidy"`
	SegWitSize    int64      `json:"swtotal_size"`
	SegWitWeight  int64      `json:"swtotal_weight"`
	SegWitTxs     int64      `json:"swtxs"`
	Time          int64      `json:"time"`
	TotalOut      int64      `json:"total_out"`
	TotalSize     int64      `json:"total_size"`
	TotalWeight   int64      `json:"total_weight"`
	TotalFee      int64      `json:"totalfee"`
	Txs           int64      `json:"txs"`
	CoinsGrown    int64      `json:"utxo_increase"`
	BytesGrown    int64      `json:"utxo_size_inc"`
	CoinsGrownAct int64      `json:"utxo_increase_actual"`
	BytesGrownAct int64      `json:"utxo_size_inc_actual"`
	fees          []int64    // of each transaction
	rates         []feeShare // of each transaction
	sizes         []int64
}

type feeShare struct{ rate, weight int64 }

func (a *API) getBlockStats(_ context.Context, c *jsonrpc.Call) (any, error) {
	n, err := a.hashOrHeight(&c.Params, "hash_or_height")
	if err != nil {
		return nil, err
	}
	wanted := c.Strings("stats")
	if err := c.Err(); err != nil {
		return nil, err
	}
	b, err := a.Ledger.Block(n.Hash)
	if err != nil {
		return nil, a.bodyError(err)
	}
	spent, err := a.Ledger.SpentBy(b)
	if err != nil && n.Parent != nil { // genesis spends nothing and has no record of it
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "Can't read undo data from disk")
	}
	st := blockStats{
		BlockHash: n.Hash.String(), Height: n.Height, Time: n.Header.Timestamp.Unix(), MedianTime: n.MedianTimePast(),
		Subsidy: int64(chain.Subsidy(a.Params, n.Height)), Txs: int64(len(b.Txs)),
	}
	for i, tx := range b.Txs {
		st.addOutputs(tx, i == 0, n.Parent == nil)
		if i > 0 && i < len(spent) {
			st.addTx(tx, spent[i])
		}
	}
	st.finish()
	return pick(st, wanted)
}

// hashOrHeight finds the block that a number or a text names [ParseHashOrHeight].
func (a *API) hashOrHeight(p *jsonrpc.Params, name string) (*chain.HeaderNode, error) {
	switch p.Type(name) {
	case "number":
	case "":
		return nil, jsonrpc.Errorf(jsonrpc.CodeType, "JSON value of type null is not of expected type string")
	default: // a hash, also of a block that is in no chain any more
		n, _, err := a.lookup(p, name)
		return n, err
	}
	height, tip := p.Int(name), a.Ledger.Tip().Height
	switch {
	case p.Err() != nil:
		return nil, p.Err()
	case height < 0:
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Target block height %d is negative", height)
	case height > int64(tip):
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Target block height %d after current tip %d", height, tip)
	}
	return a.atHeight(height)
}

func (st *blockStats) addOutputs(tx *chain.Tx, coinbase, genesis bool) {
	st.Outs += int64(len(tx.TxOut))
	for _, o := range tx.TxOut {
		if !coinbase {
			st.TotalOut += o.Value
		}
		size := int64(o.SerializeSize()) + coinOverhead
		st.BytesGrown += size
		if !genesis && chain.Spendable(o.PkScript) {
			st.CoinsGrownAct++
			st.BytesGrownAct += size
		}
	}
}

func (st *blockStats) addTx(tx *chain.Tx, spent []chain.Coin) {
	var in, out int64
	for _, o := range tx.TxOut {
		out += o.Value
	}
	for _, coin := range spent {
		in += int64(coin.Value)
		size := int64(wire.NewTxOut(int64(coin.Value), coin.PkScript).SerializeSize()) + coinOverhead
		st.BytesGrown -= size
		st.BytesGrownAct -= size
	}
	st.Ins += int64(len(tx.TxIn))
	st.CoinsGrownAct -= int64(len(tx.TxIn))
	st.TotalSize += int64(tx.Size)
	st.TotalWeight += int64(tx.Weight)
	if tx.HasWitness() {
		st.SegWitTxs++
		st.SegWitSize += int64(tx.Size)
		st.SegWitWeight += int64(tx.Weight)
	}
	fee := in - out
	st.TotalFee += fee
	st.fees = append(st.fees, fee)
	st.sizes = append(st.sizes, int64(tx.Size))
	st.rates = append(st.rates, feeShare{fee * chain.WitnessScale / int64(tx.Weight), int64(tx.Weight)})
}

func (st *blockStats) finish() {
	st.CoinsGrown = st.Outs - st.Ins
	if len(st.fees) == 0 {
		return
	}
	n := int64(len(st.fees))
	slices.Sort(st.fees)
	slices.Sort(st.sizes)
	slices.SortFunc(st.rates, func(a, b feeShare) int { return cmp.Compare(a.rate, b.rate) })
	st.AvgFee, st.AvgTxSize = st.TotalFee/n, st.TotalSize/n
	st.AvgFeeRate = st.TotalFee * chain.WitnessScale / st.TotalWeight
	st.MinFee, st.MaxFee, st.MedianFee = st.fees[0], st.fees[n-1], median(st.fees)
	st.MinTxSize, st.MaxTxSize, st.MedianTxSize = st.sizes[0], st.sizes[n-1], median(st.sizes)
	st.MinFeeRate, st.MaxFeeRate = st.rates[0].rate, st.rates[n-1].rate
	st.Percentiles = percentiles(st.rates, st.TotalWeight)
}

func median(sorted []int64) int64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// percentiles are the fee rates that 10, 25, 50, 75 and 90 % of the weight stay
// below or at [CalculatePercentilesByWeight].
func percentiles(sorted []feeShare, total int64) (p [5]int64) {
	marks := [5]float64{float64(total) / 10, float64(total) / 4, float64(total) / 2, float64(total) * 3 / 4, float64(total) * 9 / 10}
	next, sum := 0, int64(0)
	for _, s := range sorted {
		sum += s.weight
		for next < len(p) && float64(sum) >= marks[next] {
			p[next] = s.rate
			next++
		}
	}
	return p
}

// pick leaves the members that were asked for.
func pick(st blockStats, wanted []string) (any, error) {
	if len(wanted) == 0 {
		return st, nil
	}
	raw, err := json.Marshal(st)
	if err != nil {
		return nil, err
	}
	var all, some = map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	for _, name := range wanted {
		v, ok := all[name]
		if !ok {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Invalid selected statistic '%s'", strings.ToValidUTF8(name, "?"))
		}
		some[name] = v
	}
	return some, nil
}
