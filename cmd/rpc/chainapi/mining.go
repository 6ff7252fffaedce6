package chainapi

import (
	"context"
	"encoding/hex"
	"errors"
	"math/big"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet/descriptor"
)

// maxGenerate bounds the blocks of one call, so that their hashes stay a small answer.
const maxGenerate = 1_000_000

// miningRows make blocks and help who makes them.
func (a *API) miningRows() []jsonrpc.Method {
	return append(jsonrpc.Group("Mining",
		jsonrpc.Method{Name: "submitblock", Params: "hexdata:hex dummy:text?", Do: a.submitBlock,
			Help: "Hands in a block. null means it is the new tip; otherwise a word says why not, as BIP22 has them.", Example: "00000020..."},
		jsonrpc.Method{Name: "submitheader", Params: "hexdata:hex", Do: a.submitHeader,
			Help: "Hands in a header of 80 bytes in hex as a candidate of the chain. An error if it is invalid.", Example: "00000020..."},
		jsonrpc.Method{Name: "generatetoaddress", Params: "nblocks:int address:text maxtries:int=1000000", Do: a.generateToAddress,
			Help: "Makes blocks now and pays their coins to an address. Answers their hashes when they are on disk. Only sensible where blocks are easy.", Example: "101 bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"},
		jsonrpc.Method{Name: "generatetodescriptor", Params: "num_blocks:int descriptor:text maxtries:long=1000000", Do: a.generateToDescriptor,
			Help: "As generatetoaddress, for an output descriptor that is not ranged, such as wpkh(KEY), raw(HEX) or addr(ADDRESS).", Example: "1 'raw(51)'"},
		jsonrpc.Method{Name: "generateblock", Params: `output:text transactions:["rawtx/txid",...] submit:bool=true`, Do: a.generateBlock,
			Help: "Makes a block of exactly these transactions, in this order, paying to an address or an output descriptor. With submit false it is only made and shown.", Example: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 '[]'"},
		jsonrpc.Method{Name: "getblocktemplate", Params: `template_request:{"mode":"str","capabilities":["str",...],"rules":["segwit","str",...],"longpollid":"str","data":"hex"}`, Do: a.getBlockTemplate,
			Help: `An unsolved block for a miner (BIP22, BIP9, BIP145), or with mode "proposal" and data a verdict on one (BIP23).`, Example: `'{"rules":["segwit"]}'`},
		jsonrpc.Method{Name: "getmininginfo", Do: a.getMiningInfo,
			Help: "What a miner wants to know: height, difficulty, hashes a second, transactions waiting."},
		jsonrpc.Method{Name: "getnetworkhashps", Params: "nblocks:int=120 height:int=-1", Do: a.getNetworkHashPS,
			Help: "The network's hashes a second, estimated over the last nblocks (120; -1: since the last change of difficulty) before a height."},
	), jsonrpc.Method{Name: "generate", Do: replaced, Gone: true,
		Help: "has been replaced by the -generate cli option. Refer to -help for more information."})
}

// replaced says what to use instead of a method that old clients still know.
func replaced(_ context.Context, c *jsonrpc.Call) (any, error) {
	return nil, jsonrpc.Errorf(jsonrpc.CodeMethodNotFound, "%s", c.Usage().Message)
}

func (a *API) submitBlock(ctx context.Context, c *jsonrpc.Call) (any, error) {
	undecodable := jsonrpc.Errorf(jsonrpc.CodeDeserialization, "Block decode failed")
	raw := c.Bytes("hexdata", undecodable)
	if err := c.Err(); err != nil {
		return nil, err
	}
	b, err := chain.DecodeFirstBlock(raw)
	if err != nil {
		return nil, undecodable
	}
	if len(b.Txs) == 0 || !b.Txs[0].IsCoinbase() {
		return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "Block does not start with a coinbase")
	}
	if parent, _, ok := a.Ledger.Lookup(b.Header.PrevBlock); ok {
		b = chain.WithReservedValue(a.Params, parent.Height+1, b)
	}
	err = a.Submit(ctx, b)
	if err == nil || errors.Is(err, chain.ErrInconclusive) {
		if err := a.onDisk(ctx); err != nil {
			return nil, err
		}
	}
	return bip22(err)
}

// bip22 is the answer to a block: null, or a word why not (Core:
// BIP22ValidationResult). What says nothing of the block stays an error.
func bip22(err error) (any, error) {
	if err == nil {
		return nil, nil
	}
	if word, ok := refusal(err); ok {
		return word, nil
	}
	for _, word := range []error{chain.ErrDuplicate, chain.ErrInconclusive, chain.ErrUnknownParent, chain.ErrTimeTooNew} {
		if errors.Is(err, word) {
			return word.Error(), nil
		}
	}
	return nil, err
}

func (a *API) generateToAddress(ctx context.Context, c *jsonrpc.Call) (any, error) {
	blocks, tries := c.Int("nblocks"), c.Int("maxtries") // what is wrong with them is said first
	script, err := show.PayTo(c.String("address"), a.Params.Params)
	if err != nil {
		c.Refuse(jsonrpc.CodeInvalidAddress, "Error: Invalid address (%s)", err)
	}
	return a.generate(ctx, c, job{blocks, uint64(tries), script})
}

func (a *API) generateToDescriptor(ctx context.Context, c *jsonrpc.Call) (any, error) {
	blocks, tries := c.Int("num_blocks"), c.Int("maxtries")
	if tries < 0 {
		c.Refuse(jsonrpc.CodeMisc, "JSON integer out of range")
	}
	script, err := descriptor.PayTo(c.String("descriptor"), a.Params.Params)
	if errors.Is(err, descriptor.ErrRanged) {
		c.Refuse(jsonrpc.CodeInvalidParam, "%s", err)
	} else if err != nil {
		c.Refuse(jsonrpc.CodeInvalidAddress, "%s", err)
	}
	return a.generate(ctx, c, job{blocks, uint64(tries), script})
}

// job is how many blocks to make, with how many tries (a negative number is as
// in Core very many), and whom they pay.
type job struct {
	blocks int64
	tries  uint64
	script []byte
}

// generate makes blocks and answers when they are on disk.
func (a *API) generate(ctx context.Context, c *jsonrpc.Call, j job) (any, error) {
	if j.blocks > maxGenerate {
		c.Refuse(jsonrpc.CodeInvalidParam, "at most %d blocks at once", maxGenerate)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	hashes := []string{}
	if j.blocks <= 0 {
		return hashes, nil
	}
	made, err := a.Miner.Generate(ctx, int(j.blocks), j.script, j.tries)
	if err != nil && (len(made) == 0 || !errors.Is(err, context.Canceled)) {
		return nil, err // else the node stops: what was made is there
	}
	for _, h := range made {
		hashes = append(hashes, h.String())
	}
	return hashes, a.onDisk(ctx)
}

// onDisk waits for blocks that are made, or were handed in: also when the node stops by
// them [-stopatheight], for it writes them before it ends.
func (a *API) onDisk(ctx context.Context) error { return a.Ledger.Sync(context.WithoutCancel(ctx)) }

type generated struct {
	Hash string `json:"hash"`
	Hex  string `json:"hex,omitempty"`
}

func (a *API) generateBlock(ctx context.Context, c *jsonrpc.Call) (any, error) {
	output := c.String("output")
	script, err := descriptor.PayTo(output, a.Params.Params)
	switch {
	case errors.Is(err, descriptor.ErrRanged):
		c.Refuse(jsonrpc.CodeInvalidParam, "%s", err)
	case errors.Is(err, descriptor.ErrPrivate):
		c.Refuse(jsonrpc.CodeInvalidAddress, "%s", err)
	case err != nil:
		if script, err = show.PayTo(output, a.Params.Params); err != nil {
			c.Refuse(jsonrpc.CodeInvalidAddress, "Error: Invalid address or descriptor")
		}
	}
	submit := c.Bool("submit")
	list := c.Strings("transactions")
	if err := c.Err(); err != nil {
		return nil, err
	}
	var txs []*chain.Tx
	for _, s := range list {
		tx, err := a.txOf(s)
		if err != nil {
			return nil, err
		}
		txs = append(txs, tx)
	}
	solve := a.Miner.GenerateBlock
	if !submit {
		solve = a.Miner.SolveBlock
	}
	b, err := solve(ctx, script, txs)
	if word, ok := refusal(err); ok {
		said := "TestBlockValidity failed"
		if a.old() {
			said = "testBlockValidity failed"
		}
		return nil, jsonrpc.Errorf(jsonrpc.CodeVerify, "%s: %s", said, word)
	}
	if err != nil {
		return nil, err
	}
	if !submit {
		return generated{Hash: b.Hash.String(), Hex: hex.EncodeToString(b.Raw)}, nil
	}
	return generated{Hash: b.Hash.String()}, a.onDisk(ctx)
}

// refusal is the reject word of a broken rule.
func refusal(err error) (string, bool) {
	rule, ok := errors.AsType[*chain.RuleError](err)
	if !ok {
		return "", false
	}
	return string(rule.Rule), true
}

// txOf reads a transaction in hex, or finds it in the pool by its txid.
func (a *API) txOf(s string) (*chain.Tx, error) {
	if id, err := jsonrpc.ParseHash("txid", s); err == nil {
		e, ok := a.Pool.Entry(id)
		if !ok {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Transaction %s not in mempool.", s)
		}
		return e.Tx, nil
	}
	raw, err := hex.DecodeString(s)
	if err == nil {
		var tx *chain.Tx
		if tx, err = chain.DecodeTx(raw); err == nil {
			return tx, nil
		}
	}
	return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "Transaction decode failed for %s. Make sure the tx has at least one input.", show.Clip(s))
}

type miningInfo struct {
	Blocks       int32       `json:"blocks"`
	BlockWeight  *int        `json:"currentblockweight,omitempty"` // of the last template
	BlockTx      *int        `json:"currentblocktx,omitempty"`
	Bits         string      `json:"bits"`
	Difficulty   show.Number `json:"difficulty"`
	Target       string      `json:"target"`
	HashPS       show.Number `json:"networkhashps"`
	PooledTx     int         `json:"pooledtx"`
	Chain        string      `json:"chain"`
	Next         miningBlock `json:"next"`
	WarningsList []string    `json:"warnings"`
}

type miningBlock struct {
	Height     int32       `json:"height"`
	Bits       string      `json:"bits"`
	Difficulty show.Number `json:"difficulty"`
	Target     string      `json:"target"`
}

func (a *API) getMiningInfo(context.Context, *jsonrpc.Call) (any, error) {
	tip := a.Ledger.Tip()
	bits := chain.NextBits(a.Params, tip, a.Now())
	info := miningInfo{
		Blocks: tip.Height, Bits: show.Bits(tip.Header.Bits), Difficulty: show.Difficulty(tip.Header.Bits),
		Target: show.Target(tip.Header.Bits), HashPS: show.Number(hashRate(tip, 120)), PooledTx: a.Pool.Stats().Size,
		Chain:        show.ChainName(a.Params.Params),
		Next:         miningBlock{tip.Height + 1, show.Bits(bits), show.Difficulty(bits), show.Target(bits)},
		WarningsList: a.Warned(),
	}
	if last := a.Miner.Last(); last != nil {
		info.BlockWeight, info.BlockTx = &last.Weight, &last.Txs
	}
	return info, nil
}

func (a *API) getNetworkHashPS(_ context.Context, c *jsonrpc.Call) (any, error) {
	blocks, height := c.Int("nblocks"), c.Int("height")
	n := a.Ledger.Tip()
	if height < -1 {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Block does not exist at specified height")
	}
	if height >= 0 {
		var err error
		if n, err = a.atHeight(height); err != nil {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Block does not exist at specified height")
		}
	}
	if blocks < -1 || blocks == 0 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid nblocks. Must be a positive number or -1.")
	}
	if blocks == -1 { // since the last change of difficulty
		blocks = int64(n.Height)%int64(a.Params.RetargetInterval()) + 1
	}
	return show.Number(hashRate(n, int32(min(blocks, int64(n.Height))))), nil
}

// hashRate is the work of the last blocks by the time between the earliest and
// the latest of them, in hashes a second [GetNetworkHashPS].
func hashRate(n *chain.HeaderNode, blocks int32) float64 {
	blocks = min(blocks, n.Height)
	if blocks <= 0 {
		return 0
	}
	first := n.Ancestor(n.Height - blocks)
	earliest, latest := first.Header.Timestamp, first.Header.Timestamp
	for m := n; m != first; m = m.Parent {
		if t := m.Header.Timestamp; t.Before(earliest) {
			earliest = t
		} else if t.After(latest) {
			latest = t
		}
	}
	if earliest.Equal(latest) {
		return 0
	}
	work, _ := new(big.Float).SetInt(new(big.Int).Sub(workInt(n.Work), workInt(first.Work))).Float64()
	return work / latest.Sub(earliest).Seconds()
}

func workInt(w chain.Work) *big.Int {
	v := new(big.Int)
	for _, word := range w {
		v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(word))
	}
	return v
}

// anyone is the script that templates pay to: whoever solves one replaces the coinbase.
func anyone() []byte { return []byte{txscript.OP_TRUE} }
