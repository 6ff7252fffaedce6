package poolapi

import (
	"context"
	"errors"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// maxPackage bounds the transactions of one package (Core: MAX_PACKAGE_COUNT).
const maxPackage = 25

// sendRows hand transactions in.
func (a *API) sendRows() []jsonrpc.Method {
	return jsonrpc.Group("Rawtransactions",
		jsonrpc.Method{Name: "sendrawtransaction", Params: "hexstring:hex maxfeerate:amount=0.10 maxburnamount:amount=0", Do: a.sendRawTransaction,
			Help: "Hands in a transaction and answers its txid. maxfeerate (BTC/kvB, default 0.10, 0: none) and maxburnamount (BTC, default 0) guard against mistakes.", Example: "02000000..."},
		jsonrpc.Method{Name: "testmempoolaccept", Params: `rawtxs:["rawtx",...] maxfeerate:amount=0.10`, Do: a.testMempoolAccept,
			Help: "Says whether the pool would take these transactions, and why not. Nothing is kept.", Example: `'["02000000..."]'`},
		jsonrpc.Method{Name: "submitpackage", Params: `package:["rawtx",...] maxfeerate:amount=0.10 maxburnamount:amount=0`, Do: a.submitPackage,
			Help: "Hands in transactions that build on each other, parents first.", Example: `'["02000000...","02000000..."]'`},
	)
}

// limits are what the client itself bounds; 0 fee: no bound. By default (Core:
// DEFAULT_MAX_RAW_TX_FEE_RATE) they stop who must have made a mistake.
type limits struct{ feeRate, burn btcutil.Amount }

func readLimits(c *jsonrpc.Call) limits {
	l := limits{c.Amount("maxfeerate"), c.Amount("maxburnamount")}
	if l.feeRate > btcutil.SatoshiPerBitcoin {
		c.Refuse(jsonrpc.CodeInvalidParam, "Fee rates larger than or equal to 1BTC/kvB are not accepted")
	}
	return l
}

func (a *API) sendRawTransaction(ctx context.Context, c *jsonrpc.Call) (any, error) {
	l := readLimits(c)
	tx, err := decodeTx(c.String("hexstring"), "TX decode failed. Make sure the tx has at least one input.")
	if cerr := c.Err(); cerr != nil {
		return nil, cerr
	}
	if err != nil {
		return nil, err
	}
	if err := a.within(tx, l); err != nil {
		return nil, err
	}
	if _, pooled := a.Pool.Entry(tx.ID); !pooled {
		if err := a.notMined(tx); err != nil {
			return nil, err
		}
	}
	if err := a.Submit(ctx, tx); err != nil {
		return nil, refusal(err)
	}
	return tx.ID.String(), nil
}

// within holds a transaction against its sender's own limits.
func (a *API) within(tx *chain.Tx, l limits) error {
	for _, o := range tx.TxOut {
		if btcutil.Amount(o.Value) > l.burn && txscript.IsUnspendable(o.PkScript) {
			return jsonrpc.Errorf(jsonrpc.CodeVerify, "Unspendable output exceeds maximum configured by user (maxburnamount)")
		}
	}
	if l.feeRate == 0 {
		return nil
	}
	fee, known, err := a.fee(tx)
	if err != nil || !known {
		return err // what it spends is missing: the pool says so
	}
	if fee > policy.FeeRate(l.feeRate).Fee(tx.VSize()) {
		return jsonrpc.Errorf(jsonrpc.CodeVerify, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")
	}
	return nil
}

func (a *API) fee(tx *chain.Tx) (fee btcutil.Amount, known bool, err error) {
	coins, err := a.spent(Found{Tx: tx})
	if err != nil || coins == nil {
		return 0, false, err
	}
	for _, coin := range coins {
		fee += coin.Value
	}
	for _, o := range tx.TxOut {
		fee -= btcutil.Amount(o.Value)
	}
	return fee, true, nil
}

// notMined refuses a transaction that is in a block already and has coins left,
// by which it can be known without an index.
func (a *API) notMined(tx *chain.Tx) error {
	view := a.Ledger.View()
	for i := range tx.TxOut {
		_, ok, err := view.Coin(wire.OutPoint{Hash: tx.ID, Index: uint32(i)})
		if err != nil {
			return err
		}
		if ok {
			return jsonrpc.Errorf(jsonrpc.CodeInUTXOSet, "Transaction outputs already in utxo set")
		}
	}
	return nil
}

// refusal gives a verdict its code: -25 for missing coins, -26 for a broken
// rule or policy.
func refusal(err error) error {
	if errors.Is(err, chain.ErrMissingCoin) {
		return jsonrpc.Errorf(jsonrpc.CodeVerify, "%s", chain.ErrMissingCoin)
	}
	if word, ok := word(err); ok {
		return jsonrpc.Errorf(jsonrpc.CodeVerifyRejected, "%s", strings.TrimSuffix(word+", "+detail(err), ", "))
	}
	return err
}

// word is the reject word of a broken rule or policy.
func word(err error) (string, bool) {
	if rule, ok := errors.AsType[*chain.RuleError](err); ok {
		return string(rule.Rule), true
	}
	if policy, ok := errors.AsType[*chain.PolicyError](err); ok {
		return string(policy.Policy), true
	}
	return "", false
}

func detail(err error) string {
	if rule, ok := errors.AsType[*chain.RuleError](err); ok {
		return rule.Detail
	}
	if policy, ok := errors.AsType[*chain.PolicyError](err); ok {
		return policy.Detail
	}
	return ""
}

type fees struct {
	Base      jsonrpc.Amount `json:"base"`
	Effective jsonrpc.Amount `json:"effective-feerate"` // bitcoins per 1,000 virtual bytes
	Includes  []string       `json:"effective-includes"`
}

func newFees(tx *chain.Tx, fee btcutil.Amount, vsize int) *fees {
	return &fees{jsonrpc.Amount(fee), jsonrpc.Amount(policy.RateOf(fee, vsize)), []string{tx.WID.String()}}
}

type acceptance struct {
	TxID    string `json:"txid"`
	WTxID   string `json:"wtxid"`
	Package string `json:"package-error,omitempty"`
	Allowed *bool  `json:"allowed,omitempty"` // absent: not reached
	VSize   int    `json:"vsize,omitempty"`
	Fees    *fees  `json:"fees,omitempty"`
	Reason  string `json:"reject-reason,omitempty"`
	Details string `json:"reject-details,omitempty"`
}

func (a *API) testMempoolAccept(_ context.Context, c *jsonrpc.Call) (any, error) {
	l := readLimits(c)
	txs, err := readPackage(c, "rawtxs")
	if err != nil {
		return nil, err
	}
	results := a.Pool.Test(txs, policy.FeeRate(l.feeRate))
	answer := make([]acceptance, len(results))
	for i, r := range results {
		if answer[i], err = newAcceptance(r); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

func newAcceptance(r mempool.TestResult) (acceptance, error) {
	a := acceptance{TxID: r.Tx.ID.String(), WTxID: r.Tx.WID.String()}
	if r.List != nil {
		a.Package, _ = word(r.List)
	}
	if r.NotReached {
		return a, nil
	}
	allowed := r.Err == nil
	a.Allowed = &allowed
	if allowed {
		a.VSize, a.Fees = r.VSize, newFees(r.Tx, r.Fee, r.VSize)
		return a, nil
	}
	if errors.Is(r.Err, chain.ErrMissingCoin) {
		a.Reason, a.Details = "missing-inputs", chain.ErrMissingCoin.Error()
		return a, nil
	}
	reason, ok := word(r.Err)
	if !ok {
		return a, r.Err
	}
	a.Reason = reason
	a.Details = strings.TrimSuffix(reason+", "+detail(r.Err), ", ")
	return a, nil
}

// readPackage reads an array of transactions in hex.
func readPackage(c *jsonrpc.Call, name string) ([]*chain.Tx, error) {
	list := c.Strings(name)
	if len(list) < 1 || len(list) > maxPackage {
		c.Refuse(jsonrpc.CodeInvalidParam, "Array must contain between 1 and %d transactions.", maxPackage)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	txs := make([]*chain.Tx, len(list))
	for i, s := range list {
		tx, err := decodeTx(s, "TX decode failed: "+show.Clip(s)+" Make sure the tx has at least one input.")
		if err != nil {
			return nil, err
		}
		txs[i] = tx
	}
	return txs, nil
}
