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

// maxRate reads what the client would pay at most; 0: any rate. By default
// [DEFAULT_MAX_RAW_TX_FEE_RATE] it stops who must have made a mistake.
func maxRate(c *jsonrpc.Call) policy.FeeRate {
	rate := c.Amount("maxfeerate")
	if rate >= btcutil.SatoshiPerBitcoin {
		c.Refuse(jsonrpc.CodeInvalidParam, "Fee rates larger than or equal to 1BTC/kvB are not accepted")
	}
	return policy.FeeRate(rate)
}

// checkBurn refuses a transaction that burns more than the client wants to.
func checkBurn(tx *chain.Tx, most btcutil.Amount) error {
	for _, o := range tx.TxOut {
		if btcutil.Amount(o.Value) > most && (txscript.IsUnspendable(o.PkScript) || !policy.ValidOps(o.PkScript)) {
			return jsonrpc.Errorf(jsonrpc.CodeVerify, "Unspendable output exceeds maximum configured by user (maxburnamount)")
		}
	}
	return nil
}

// sendRawTransaction answers in Core's order (BroadcastTransaction): what is in
// a block is refused, what is in the pool is fine, and what the client would not
// pay comes after all that the pool has to say.
func (a *API) sendRawTransaction(ctx context.Context, c *jsonrpc.Call) (any, error) {
	burn := c.Amount("maxburnamount")
	tx, err := decodeTx(c.String("hexstring"), notDecoded)
	if cerr := c.Err(); cerr != nil {
		return nil, cerr
	}
	if err != nil {
		return nil, err
	}
	if err := checkBurn(tx, burn); err != nil {
		return nil, err
	}
	most := maxRate(c)
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := a.Send(ctx, tx, most); err != nil {
		return nil, err
	}
	return tx.ID.String(), nil
}

// notDecoded is Core's word for what is no transaction.
const notDecoded = "TX decode failed. Make sure the tx has at least one input."

// SendHex hands in a transaction in hex that pays DefaultMaxRate at most. A verdict is as Send's.
func (a *API) SendHex(ctx context.Context, text string) (txid chain.Hash, err error) {
	tx, err := decodeTx(text, notDecoded)
	if err != nil {
		return txid, err
	}
	return tx.ID, a.Send(ctx, tx, DefaultMaxRate)
}

// Send hands in a transaction that pays most at most, 0: any rate. A verdict is a *jsonrpc.Error
// with sendrawtransaction's code and words.
func (a *API) Send(ctx context.Context, tx *chain.Tx, most policy.FeeRate) error {
	if err := a.notMined(tx); err != nil {
		return err
	}
	if e, pooled := a.Pool.Entry(tx.ID); pooled { // with whatever witness: those who lack it are told again
		return a.AnnounceAgain(ctx, e.Tx.WID)
	}
	if most != 0 {
		if err := a.wouldPay(tx, most); err != nil {
			return err
		}
	}
	if err := a.Submit(ctx, tx); err != nil {
		return refusal(err)
	}
	return nil
}

// DefaultMaxRate is what a transaction pays at most where nobody says otherwise, per 1,000 virtual
// bytes [DEFAULT_MAX_RAW_TX_FEE_RATE].
const DefaultMaxRate = policy.FeeRate(btcutil.SatoshiPerBitcoin / 10)

// wouldPay refuses what the pool would refuse, and what pays more than most.
func (a *API) wouldPay(tx *chain.Tx, most policy.FeeRate) error {
	r := a.Pool.Test([]*chain.Tx{tx}, 0)[0]
	switch {
	case r.Err != nil:
		return refusal(r.Err)
	case r.Fee > most.Fee(tx.VSize()):
		return jsonrpc.Errorf(jsonrpc.CodeVerify, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")
	}
	return nil
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
	if isMissing(err) {
		return jsonrpc.Errorf(jsonrpc.CodeVerify, "%s", chain.ErrMissingCoin)
	}
	if _, ok := word(err); ok {
		return jsonrpc.Errorf(jsonrpc.CodeVerifyRejected, "%s", whole(err))
	}
	return err
}

// isMissing: what it spends is not there, or its parent in the pool has no such output.
func isMissing(err error) bool {
	return errors.Is(err, chain.ErrMissingCoin) || errors.Is(err, chain.ErrInputsMissing)
}

// whole is a verdict as Core prints it: the word, and what it adds to it.
func whole(err error) string {
	word, _ := word(err)
	return strings.TrimSuffix(word+", "+detail(err), ", ")
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

func newFees(r mempool.TestResult) *fees {
	return &fees{jsonrpc.Amount(r.Fee), jsonrpc.Amount(r.Rate), []string{r.Tx.WID.String()}}
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
	list := rawList(c, "rawtxs", 1)
	most := maxRate(c)
	txs, err := decodeList(c, list)
	if err != nil {
		return nil, err
	}
	results := a.Pool.Test(txs, most)
	answer := make([]acceptance, len(results))
	for i, r := range results {
		if answer[i], err = newAcceptance(r); err != nil {
			return nil, err
		}
		if a.Pool.Rules().NoDetails {
			answer[i].Details = ""
		}
	}
	return answer, nil
}

func newAcceptance(r mempool.TestResult) (acceptance, error) {
	a := acceptance{TxID: r.Tx.ID.String(), WTxID: r.Tx.WID.String()}
	if r.List != nil {
		a.Package = whole(r.List)
	}
	if r.NotReached {
		return a, nil
	}
	allowed := r.Err == nil
	a.Allowed = &allowed
	if allowed {
		a.VSize, a.Fees = r.VSize, newFees(r)
		return a, nil
	}
	if isMissing(r.Err) {
		a.Reason, a.Details = "missing-inputs", chain.ErrMissingCoin.Error()
		return a, nil
	}
	reason, ok := word(r.Err)
	if !ok {
		return a, r.Err
	}
	a.Reason = reason
	a.Details = whole(r.Err)
	return a, nil
}

// rawList reads an array of so many transactions in hex at least.
func rawList(c *jsonrpc.Call, name string, least int) []string {
	list := c.Strings(name)
	if len(list) < least || len(list) > policy.MaxPackageCount {
		c.Refuse(jsonrpc.CodeInvalidParam, "Array must contain between %d and %d transactions.", least, policy.MaxPackageCount)
	}
	return list
}

func decodeList(c *jsonrpc.Call, list []string) ([]*chain.Tx, error) {
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
