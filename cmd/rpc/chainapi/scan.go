package chainapi

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"sync/atomic"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet/descriptor"
)

// scanRows look for what descriptors stand for.
func (a *API) scanRows() []jsonrpc.Method {
	return jsonrpc.Group("Blockchain",
		jsonrpc.Method{Name: "scantxoutset", Params: "action:text scanobjects:[scanobjects,...]?", Do: a.scanTxOutSet,
			Help: `Looks through the whole coin set for outputs of descriptors: "start" with a list of them, each as text or as {"desc":…,"range":…}. "status" says how far a scan is, "abort" ends it.`, Example: `start '["raw(51)"]'`},
		jsonrpc.Method{Name: "scanblocks", Params: `action:text scanobjects:[scanobjects,...]? start_height:int=0 stop_height:int? filtertype:text=basic options:{"filter_false_positives":bool}?;filter_false_positives:bool=false`, Do: a.scanBlocks,
			Help: `Looks through the filters of blocks (BIP158) for descriptors: "start" with a list of them, each as text or as {"desc":…,"range":…}, and the heights to look between. One block of 784,931 matches by chance for each descriptor; filter_false_positives looks into the blocks. "status" says how far a scan is, "abort" ends it. Needs the filter index.`, Example: `start '["raw(51)"]' 0 100`},
		jsonrpc.Method{Name: "getdescriptoractivity", Params: `blockhashes:["blockhash",...] scanobjects:[scanobjects,...] include_mempool:bool=true`, Do: a.getDescriptorActivity, Large: true,
			Help: "What outputs of descriptors were spent and received in some blocks, in order of height (scanblocks finds the blocks), and then in the pool.", Example: `'["0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"]' '["raw(51)"]'`},
	)
}

// scan is a search that takes a while; there is one at a time.
type scan struct {
	running, aborted atomic.Bool
	percent, height  atomic.Int32
}

// do carries out an action: what is told of a scan at work, to end it, or to start one.
func (s *scan) do(action string, status func() any, start func() (any, error)) (any, error) {
	switch action {
	case "status":
		if !s.running.Load() {
			return nil, nil
		}
		return status(), nil
	case "abort":
		at := s.running.Load()
		if at {
			s.aborted.Store(true)
		}
		return at, nil
	case "start":
	default:
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Invalid action '%s'", show.Clip(action))
	}
	if !s.running.CompareAndSwap(false, true) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, `Scan already in progress, use action "abort" or "status"`)
	}
	defer s.running.Store(false)
	s.aborted.Store(false)
	s.percent.Store(0)
	return start()
}

var errAborted = errors.New("the scan was aborted")

func (a *API) scanTxOutSet(ctx context.Context, c *jsonrpc.Call) (any, error) {
	status := func() any {
		return struct {
			Progress int32 `json:"progress"`
		}{a.scan.percent.Load()}
	}
	return a.scan.do(c.String("action"), status, func() (any, error) {
		if err := needObjects(c); err != nil {
			return nil, err
		}
		wanted, err := a.needles(c)
		if err != nil {
			return nil, err
		}
		defer c.Aside()() // there is one at a time
		return a.searchCoins(ctx, wanted)
	})
}

type foundCoins struct {
	Success  bool           `json:"success"`
	TxOuts   int64          `json:"txouts"`
	Height   int32          `json:"height"`
	Best     string         `json:"bestblock"`
	Unspents []foundCoin    `json:"unspents"`
	Total    jsonrpc.Amount `json:"total_amount"`
}

type foundCoin struct {
	TxID          string         `json:"txid"`
	Vout          uint32         `json:"vout"`
	Script        string         `json:"scriptPubKey"`
	Desc          string         `json:"desc"`
	Amount        jsonrpc.Amount `json:"amount"`
	Coinbase      bool           `json:"coinbase"`
	Height        int32          `json:"height"`
	Block         string         `json:"blockhash"`
	Confirmations int32          `json:"confirmations"`
}

// searchCoins reads the coin set for the scripts wanted [FindScriptPubKey].
func (a *API) searchCoins(ctx context.Context, wanted needles) (any, error) {
	found := foundCoins{Success: true, Unspents: []foundCoin{}}
	tip, err := a.Ledger.ScanCoins(ctx, func(op wire.OutPoint, coin chain.Coin) error {
		if a.scan.aborted.Load() {
			found.Success = false
			return errAborted
		}
		const all = 1 << 16
		a.scan.percent.Store(int32(math.Round(float64(binary.BigEndian.Uint16(op.Hash[:])) * 100 / all)))
		found.TxOuts++
		if desc, ok := wanted[string(coin.PkScript)]; ok {
			found.Unspents = append(found.Unspents, foundCoin{TxID: op.Hash.String(), Vout: op.Index, Desc: desc(), Script: hex.EncodeToString(coin.PkScript),
				Amount: jsonrpc.Amount(coin.Value), Coinbase: coin.Coinbase, Height: coin.Height})
			found.Total += jsonrpc.Amount(coin.Value)
		}
		return nil
	})
	if err != nil && !errors.Is(err, errAborted) {
		return nil, err
	}
	found.Height, found.Best = tip.Height, tip.Hash.String()
	for i := range found.Unspents {
		u := &found.Unspents[i]
		u.Block, u.Confirmations = tip.Ancestor(u.Height).Hash.String(), tip.Height-u.Height+1
	}
	return found, nil
}

// needObjects refuses a start without scanobjects; null is no list.
func needObjects(c *jsonrpc.Call) error {
	switch {
	case c.Has("scanobjects"):
		return nil
	case c.Given("scanobjects"):
		return jsonrpc.Errorf(jsonrpc.CodeType, "JSON value of type null is not of expected type array")
	}
	return jsonrpc.Errorf(jsonrpc.CodeMisc, "scanobjects argument is required for the start action")
}

// needles are the scripts that a scan looks for, and how to say what each is.
type needles map[string]func() string

// needles reads scan objects [EvalDescriptorStringOrObject].
func (a *API) needles(c *jsonrpc.Call) (needles, error) {
	var objects []json.RawMessage
	_ = json.Unmarshal(c.Raw("scanobjects"), &objects) // the row says that it is a list
	wanted := needles{}
	for _, raw := range objects {
		text, keys, err := show.ReadScanObject(raw)
		if err == nil {
			err = a.addNeedles(wanted, text, keys)
		}
		if err != nil {
			return nil, err
		}
	}
	return wanted, nil
}

// addNeedles adds the scripts of a descriptor, of one with a range all in it.
func (a *API) addNeedles(wanted needles, text string, keys show.Span) error {
	d, err := descriptor.Parse(text, a.Params.Params, false)
	if err != nil {
		return jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "%s", err)
	}
	if !d.Ranged() {
		keys = show.Span{}
	}
	known := descriptor.NewProvider()
	for i := keys.From; i <= keys.To; i++ {
		scripts, err := d.Expand(uint32(i), known)
		if err != nil {
			return jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "%s: '%s'", err, text)
		}
		for _, script := range scripts {
			wanted[string(script)] = func() string { return descriptor.Infer(script, a.Params.Params, known).String() }
		}
	}
	return nil
}
