package walletapi

import (
	"context"
	"maps"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
)

// bookRows are about the names of addresses and what these have received.
func (a *API) bookRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "getaddressesbylabel", Params: "label:text", Do: a.getAddressesByLabel,
			Help: "The addresses of that name.", Example: "shop"},
		jsonrpc.Method{Name: "listlabels", Params: "purpose:text?", Do: a.listLabels,
			Help: "The names that addresses have: those that others pay at (receive), those of others (send), or both."},
		jsonrpc.Method{Name: "setlabel", Params: "address:text label:text", Do: a.setLabel,
			Help: "Names an address, the wallet's or somebody else's.", Example: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 shop"},
		jsonrpc.Method{Name: "getreceivedbyaddress", Params: "address:text minconf:int=1 include_immature_coinbase:bool=false", Do: a.getReceivedByAddress,
			Help: "What an address of the wallet has received in all.", Example: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"},
		jsonrpc.Method{Name: "getreceivedbylabel", Params: "label:text minconf:int=1 include_immature_coinbase:bool=false", Do: a.getReceivedByLabel,
			Help: "What the addresses of that name have received in all.", Example: "shop"},
		jsonrpc.Method{Name: "listreceivedbyaddress", Params: "minconf:int=1 include_empty:bool=false include_watchonly:bool? address_filter:text? include_immature_coinbase:bool=false", Do: a.listReceivedByAddress,
			Help: "What each address of the wallet has received, change apart.", Example: "6 true"},
		jsonrpc.Method{Name: "listreceivedbylabel", Params: "minconf:int=1 include_empty:bool=false include_watchonly:bool? include_immature_coinbase:bool=false", Do: a.listReceivedByLabel,
			Help: "What the addresses of each name have received.", Example: "6 true"},
		jsonrpc.Method{Name: "listaddressgroupings", Do: a.listAddressGroupings,
			Help: "The wallet's addresses and what they hold, those together that anybody can see to be one owner's."},
	)
}

// codeLabel is Core's RPC_WALLET_INVALID_LABEL_NAME.
const codeLabel jsonrpc.Code = -11

// purpose is Core's word for what an address is there for.
func purpose(e wallet.Addressee) string {
	if e.Own {
		return "receive"
	}
	return "send"
}

// labelled are the entries of the address book with the label that a call names.
func (a *API) labelled(ctx context.Context, c *jsonrpc.Call) ([]wallet.Addressee, error) {
	label := labelOf(c, "label")
	if err := c.Err(); err != nil {
		return nil, err
	}
	book, err := a.Wallet.AddressBook(ctx)
	return slices.DeleteFunc(book, func(e wallet.Addressee) bool { return e.Label != label }), err
}

func (a *API) getAddressesByLabel(ctx context.Context, c *jsonrpc.Call) (any, error) {
	named, err := a.labelled(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(named) == 0 {
		return nil, jsonrpc.Errorf(codeLabel, "No addresses with label %s", show.Clip(c.String("label")))
	}
	type use struct {
		Purpose string `json:"purpose"`
	}
	found := map[string]use{}
	for _, e := range named {
		found[e.Address] = use{purpose(e)}
	}
	return found, nil
}

func (a *API) listLabels(ctx context.Context, c *jsonrpc.Call) (any, error) {
	only := c.String("purpose")
	if only != "" && only != "send" && only != "receive" && only != "refund" {
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid 'purpose' argument, must be a known purpose string, typically 'send', or 'receive'.")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	book, err := a.Wallet.AddressBook(ctx)
	names := map[string]bool{}
	for _, e := range book {
		if only == "" || only == purpose(e) {
			names[e.Label] = true
		}
	}
	return append([]string{}, slices.Sorted(maps.Keys(names))...), err
}

func (a *API) setLabel(ctx context.Context, c *jsonrpc.Call) (any, error) {
	script, label := a.plainScript(c, "address", "Invalid Bitcoin address"), labelOf(c, "label")
	if err := c.Err(); err != nil {
		return nil, err
	}
	return nil, a.Wallet.SetLabel(ctx, script, label)
}

// plainScript reads an address parameter as the script that pays it, and says no more
// of one that is none than Core does.
func (a *API) plainScript(c *jsonrpc.Call, name, refusal string) []byte {
	script, err := show.PayTo(c.String(name), a.Params.Params)
	if err != nil {
		c.Refuse(jsonrpc.CodeInvalidAddress, "%s", refusal)
	}
	return script
}

func (a *API) getReceivedByAddress(ctx context.Context, c *jsonrpc.Call) (any, error) {
	script := a.plainScript(c, "address", "Invalid Bitcoin address")
	if err := c.Err(); err != nil {
		return nil, err
	}
	return a.receivedIn(ctx, c, [][]byte{script})
}

func (a *API) getReceivedByLabel(ctx context.Context, c *jsonrpc.Call) (any, error) {
	named, err := a.labelled(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(named) == 0 {
		return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "Label not found in wallet")
	}
	var scripts [][]byte
	for _, e := range named {
		scripts = append(scripts, e.Script)
	}
	return a.receivedIn(ctx, c, scripts)
}

// receivedIn is what scripts have received, of which one at least must be ours.
func (a *API) receivedIn(ctx context.Context, c *jsonrpc.Call, scripts [][]byte) (any, error) {
	minConf, young := int32(c.Int("minconf")), c.Bool("include_immature_coinbase")
	if err := c.Err(); err != nil {
		return nil, err
	}
	mine := false
	for i := 0; i < len(scripts) && !mine; i++ { // to say all of each would derive its keys
		var err error
		if _, mine, err = a.Wallet.Owned(ctx, scripts[i]); err != nil {
			return nil, err
		}
	}
	if !mine {
		return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "Address not found in wallet")
	}
	by, err := a.Wallet.Received(ctx, minConf, young)
	var sum btcutil.Amount
	for _, s := range scripts {
		sum += by[string(s)].Amount
	}
	return jsonrpc.Amount(sum), err
}

type receivedLine struct {
	Address       string         `json:"address,omitempty"`
	Amount        jsonrpc.Amount `json:"amount"`
	Confirmations int32          `json:"confirmations"`
	Label         string         `json:"label"`
	TxIDs         []string       `json:"txids,omitempty"`
}

// receipts are what addresses in the book have received: those where nothing came
// only if empty ones are wanted.
func (a *API) receipts(ctx context.Context, c *jsonrpc.Call, fn func(wallet.Addressee, wallet.Receipt)) error {
	minConf, empty, young := int32(c.Int("minconf")), c.Bool("include_empty"), c.Bool("include_immature_coinbase")
	c.Bool("include_watchonly") // of wallets that have descriptors it means nothing
	if err := c.Err(); err != nil {
		return err
	}
	by, err := a.Wallet.Received(ctx, minConf, young)
	if err != nil {
		return err
	}
	book, err := a.Wallet.AddressBook(ctx)
	for _, e := range book {
		if got, ok := by[string(e.Script)]; ok || empty {
			fn(e, got)
		}
	}
	return err
}

func (a *API) listReceivedByAddress(ctx context.Context, c *jsonrpc.Call) (any, error) {
	only := c.String("address_filter")
	var script []byte
	if only != "" {
		var err error
		if script, err = show.PayTo(only, a.Params.Params); err != nil {
			c.Refuse(jsonrpc.CodeWallet, "address_filter parameter was invalid")
		}
	}
	type line struct {
		receivedLine
		TxIDs []string `json:"txids"`
	}
	lines := []line{}
	err := a.receipts(ctx, c, func(e wallet.Addressee, got wallet.Receipt) {
		if only == "" || string(e.Script) == string(script) {
			lines = append(lines, line{receivedLine{e.Address, jsonrpc.Amount(got.Amount), got.Confirmations, e.Label, nil}, show.Hashes(got.Txs)})
		}
	})
	if err != nil {
		return nil, err
	}
	return lines, nil
}

func (a *API) listReceivedByLabel(ctx context.Context, c *jsonrpc.Call) (any, error) {
	by := map[string]*receivedLine{}
	err := a.receipts(ctx, c, func(e wallet.Addressee, got wallet.Receipt) {
		sum := by[e.Label]
		if sum == nil {
			sum = &receivedLine{Label: e.Label}
			by[e.Label] = sum
		}
		sum.Amount += jsonrpc.Amount(got.Amount)
		if len(got.Txs) > 0 && (sum.TxIDs == nil || got.Confirmations < sum.Confirmations) {
			sum.Confirmations, sum.TxIDs = got.Confirmations, []string{}
		}
	})
	if err != nil {
		return nil, err
	}
	lines := []receivedLine{}
	for _, label := range slices.Sorted(maps.Keys(by)) {
		lines = append(lines, *by[label])
	}
	return lines, nil
}

func (a *API) listAddressGroupings(ctx context.Context, _ *jsonrpc.Call) (any, error) {
	groups, err := a.Wallet.Groupings(ctx)
	list := make([][][]any, len(groups))
	for i, g := range groups {
		for _, h := range g {
			one := []any{h.Address, jsonrpc.Amount(h.Amount)}
			if h.Booked {
				one = append(one, h.Label)
			}
			list[i] = append(list[i], one)
		}
	}
	return list, err
}
