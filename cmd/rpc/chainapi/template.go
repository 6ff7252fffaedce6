package chainapi

import (
	"bytes"
	"context"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/miner"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// longPollTime is after how long a waiting miner is told of new transactions
// too; a new tip it hears of at once.
const longPollTime = time.Minute

// blockTemplate is BIP22's, with BIP9's and BIP145's members.
type blockTemplate struct {
	Capabilities []string       `json:"capabilities"`
	Version      int32          `json:"version"`
	Rules        []string       `json:"rules"`
	VBAvailable  map[string]int `json:"vbavailable"`
	VBRequired   int            `json:"vbrequired"`
	Previous     string         `json:"previousblockhash"`
	Txs          [0]int         `json:"transactions"` // in their place stand those of encodedTxs
	CoinbaseAux  map[string]any `json:"coinbaseaux"`
	Value        int64          `json:"coinbasevalue"` // satoshis
	LongPollID   string         `json:"longpollid"`
	Target       string         `json:"target"`
	MinTime      int64          `json:"mintime"`
	Mutable      []string       `json:"mutable"`
	NonceRange   string         `json:"noncerange"`
	SigOpLimit   int            `json:"sigoplimit"`
	SizeLimit    int            `json:"sizelimit"`
	WeightLimit  int            `json:"weightlimit,omitempty"`
	Time         int64          `json:"curtime"`
	Bits         string         `json:"bits"`
	Height       int32          `json:"height"`
	Challenge    string         `json:"signet_challenge,omitempty"`
	Commitment   string         `json:"default_witness_commitment,omitempty"`
}

func (a *API) getBlockTemplate(ctx context.Context, c *jsonrpc.Call) (any, error) {
	req := c.Members("template_request", "mode:any? rules:any? data:any? longpollid:any? ...")[0]
	mode, rules := "template", []string{}
	switch {
	case req.Type("mode") == "string":
		mode = req.String("mode")
	case req.Has("mode"):
		mode = ""
	}
	if req.Type("rules") == "array" {
		rules = req.Strings("rules")
	}
	switch {
	case c.Err() != nil:
		return nil, c.Err()
	case mode == "proposal" && req.Type("data") != "string":
		return nil, jsonrpc.Errorf(jsonrpc.CodeType, "Missing data String key for proposal")
	case mode == "proposal":
		return a.propose(req.String("data"))
	case mode != "template":
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Invalid mode")
	case a.Params.SignetChallenge != nil && !slices.Contains(rules, "signet"):
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, `getblocktemplate must be called with the signet rule set (call with {"rules": ["segwit", "signet"]})`)
	case !slices.Contains(rules, "segwit"):
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, `getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})`)
	}
	if req.Has("longpollid") {
		if err := a.awaitChange(ctx, c, req.String("longpollid")); err != nil {
			return nil, err
		}
	}
	t, err := a.Miner.Latest(ctx, anyone())
	if err != nil {
		return nil, err
	}
	return a.encodeTemplate(t)
}

// encodedTxs is what the last template says of its transactions, as JSON: nearly all of it, and the same as long as nothing
// changes. It is a block in hex at most, and its memory serves the next one: megabytes each time would be mostly what
// the garbage collector works on.
type encodedTxs struct {
	mu      sync.Mutex // guards all
	parent  chain.Hash // with updates it names the template
	updates uint64
	text    []byte
}

// encodeTemplate is the template as JSON.
func (a *API) encodeTemplate(t *miner.Template) (jsonrpc.Encoded, error) {
	frame, err := jsonrpc.Encode(a.newTemplate(t))
	if err != nil {
		return nil, err
	}
	before, after, _ := bytes.Cut(frame, []byte(`"transactions":[]`))
	txs := &a.lastTxs
	txs.mu.Lock()
	defer txs.mu.Unlock()
	if txs.text == nil || txs.parent != t.Parent.Hash || txs.updates != t.Updates {
		txs.parent, txs.updates, txs.text = t.Parent.Hash, t.Updates, a.appendTxs(txs.text[:0], t)
	}
	return slices.Concat(before, []byte(`"transactions":`), txs.text, after), nil
}

// newTemplate is all of a template but its transactions.
func (a *API) newTemplate(t *miner.Template) blockTemplate {
	bt := blockTemplate{
		Capabilities: []string{"proposal"}, Version: t.Header.Version, Rules: []string{"csv", "!segwit"},
		VBAvailable: map[string]int{}, Previous: t.Parent.Hash.String(),
		CoinbaseAux: map[string]any{}, Value: int64(t.CoinbaseValue),
		LongPollID: longPollID(t.Parent.Hash, t.Updates),
		Target:     show.Target(t.Header.Bits), MinTime: t.MinTime, Mutable: []string{"time", "transactions", "prevblock"},
		NonceRange: "00000000ffffffff", SigOpLimit: chain.MaxSigOpCost, SizeLimit: chain.MaxBlockWeight,
		WeightLimit: chain.MaxBlockWeight, Time: t.Header.Timestamp.Unix(), Bits: show.Bits(t.Header.Bits),
		Height: t.Height, Commitment: hex.EncodeToString(t.Commitment),
	}
	if a.Params.SignetChallenge != nil {
		bt.Rules, bt.Challenge = append(bt.Rules, "!signet"), hex.EncodeToString(a.Params.SignetChallenge)
	}
	a.votes(&bt, t.Parent)
	if t.Height < a.Params.SegwitHeight {
		bt.withoutSegwit()
	}
	if t.Height < a.Params.CSVHeight {
		bt.Rules = slices.DeleteFunc(bt.Rules, func(rule string) bool { return rule == "csv" })
	}
	return bt
}

// votes says which deployments by version bits hold in the block after parent, and for
// which it may vote (BIP9) [gbt_vb_name].
func (a *API) votes(bt *blockTemplate, parent *chain.HeaderNode) {
	for i, d := range a.Params.Forks {
		switch state := a.Versions.State(i, parent); {
		case state == chain.Active:
			bt.Rules = append(bt.Rules, d.Name)
		case state.Signals():
			bt.VBAvailable[d.Name] = int(d.Bit)
		}
	}
}

// templateTxBytes is about what a template says of a transaction beside its bytes.
const templateTxBytes = 256

// appendTxs appends what a template says of its transactions as JSON, whose texts are all hex: thousands of them, many
// times faster than encoding/json. Before BIP141 whole signature operations are counted.
func (a *API) appendTxs(dst []byte, t *miner.Template) []byte {
	size := 2
	for _, tx := range t.Txs {
		size += 2*len(tx.Tx.Raw()) + templateTxBytes
	}
	if cap(dst)-len(dst) > 4*size { // far more than it needs
		dst = slices.Clip(dst)
	}
	dst = append(slices.Grow(dst, size), '[')
	for i, tx := range t.Txs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = hex.AppendEncode(append(dst, `{"data":"`...), tx.Tx.Raw())
		dst = show.AppendHash(append(dst, `","txid":"`...), tx.Tx.ID)
		dst = show.AppendHash(append(dst, `","hash":"`...), tx.Tx.WID)
		dst = append(dst, `","depends":[`...)
		for j, place := range tx.Depends {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendInt(dst, int64(place), 10)
		}
		sigOps := tx.SigOpCost
		if t.Height < a.Params.SegwitHeight {
			sigOps /= chain.WitnessScale
		}
		dst = strconv.AppendInt(append(dst, `],"fee":`...), int64(tx.Fee), 10)
		dst = strconv.AppendInt(append(dst, `,"sigops":`...), int64(sigOps), 10)
		dst = append(strconv.AppendInt(append(dst, `,"weight":`...), int64(tx.Tx.Weight), 10), '}')
	}
	return append(dst, ']')
}

// withoutSegwit says what holds before BIP141: bytes and whole signature operations are counted, not weight.
func (bt *blockTemplate) withoutSegwit() {
	bt.Rules = slices.DeleteFunc(bt.Rules, func(rule string) bool { return rule == "!segwit" })
	bt.SizeLimit /= chain.WitnessScale
	bt.WeightLimit = 0
	bt.SigOpLimit /= chain.WitnessScale
}

// longPollID names the tip and the state of the pool that a template was made of.
func longPollID(tip chain.Hash, updates uint64) string {
	return tip.String() + strconv.FormatUint(updates, 10)
}

// awaitChange returns when the template that id names has grown old (BIP22's
// long polling); at once for an id that is none of ours.
func (a *API) awaitChange(ctx context.Context, c *jsonrpc.Call, id string) error {
	if len(id) < 2*chainhash.HashSize {
		return nil
	}
	defer c.Aside()()
	poll := time.NewTicker(tipPoll)
	defer poll.Stop()
	for since := time.Now(); ; {
		tip := a.Ledger.Tip().Hash
		if !strings.HasPrefix(id, tip.String()) || time.Since(since) > longPollTime && id != longPollID(tip, a.Pool.Updates()) {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// propose checks a block without its proof of work (BIP23).
func (a *API) propose(data string) (any, error) {
	raw, err := hex.DecodeString(data)
	if err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "Block decode failed")
	}
	b, err := chain.DecodeFirstBlock(raw)
	if err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "Block decode failed")
	}
	if _, st, ok := a.Ledger.Lookup(b.Hash); ok {
		switch {
		case st&ledger.Invalid != 0:
			return "duplicate-invalid", nil
		case st&ledger.Valid != 0:
			return "duplicate", nil
		}
		return "duplicate-inconclusive", nil
	}
	if b.Header.PrevBlock != a.Ledger.Tip().Hash {
		return "inconclusive-not-best-prevblk", nil
	}
	return bip22(a.Ledger.TryBlock(b))
}
