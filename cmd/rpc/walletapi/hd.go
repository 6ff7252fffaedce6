package walletapi

import (
	"context"
	"errors"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/rawapi"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// hdRows are about the keys that addresses come from.
func (a *API) hdRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "gethdkeys", Params: `options:{"active_only":bool,"private":bool}?;active_only:bool=false private:bool=false`, Do: a.getHDKeys,
			Help: "The extended keys (BIP32) that the wallet's descriptors were written with."},
		jsonrpc.Method{Name: "createwalletdescriptor", Params: `type:text options:{"internal":bool,"hdkey":"str"}?;internal:bool? hdkey:text?`, Do: a.createWalletDescriptor,
			Help: "Makes the descriptors of a kind of addresses below an extended key of the wallet, and takes new addresses from them.", Example: "bech32m"},
		jsonrpc.Method{Name: "keypoolrefill", Params: "newsize:int=100", Do: a.keypoolRefill,
			Help: "Makes as many scripts of each active descriptor ahead of those handed out."},
		jsonrpc.Method{Name: "signmessage", Params: "address:text message:text", Do: a.signMessage,
			Help: "Signs a message with the key of a legacy address of the wallet.", Example: "mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r hello"},
	)
}

type hdKey struct {
	Public     string  `json:"xpub"`
	HasPrivate bool    `json:"has_private"`
	Private    string  `json:"xprv,omitempty"`
	Uses       []hdUse `json:"descriptors"`
}

type hdUse struct {
	Desc   string `json:"desc"`
	Active bool   `json:"active"`
}

func (a *API) getHDKeys(ctx context.Context, c *jsonrpc.Call) (any, error) {
	options := c.Members("options", "active_only:bool? private:bool?")
	if err := c.Err(); err != nil {
		return nil, err
	}
	active, private := false, false
	for _, o := range options {
		active, private = o.Bool("active_only"), o.Bool("private")
	}
	keys, err := a.Wallet.HDKeys(ctx, active, private)
	if err != nil {
		return nil, err
	}
	list := make([]hdKey, len(keys))
	for i, k := range keys {
		list[i] = hdKey{k.Public, k.HasPrivate, k.Private, nil}
		for _, u := range k.Uses {
			list[i].Uses = append(list[i].Uses, hdUse{descriptor.WithChecksum(u.Desc), u.Active})
		}
	}
	return list, nil
}

func (a *API) createWalletDescriptor(ctx context.Context, c *jsonrpc.Call) (any, error) {
	kind := kindNamed(&c.Params, "type", "address")
	changes, root := []bool{false, true}, ""
	for _, o := range c.Members("options", "internal:bool? hdkey:text?") {
		if o.Has("internal") {
			changes = []bool{o.Bool("internal")}
		}
		if root = o.String("hdkey"); o.Has("hdkey") && !descriptor.PublicExtended(root, a.Params.Params) {
			c.Refuse(jsonrpc.CodeInvalidAddress, "Unable to parse HD key. Please provide a valid xpub")
		}
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	descs, err := a.Wallet.AddKind(ctx, kind, changes, root)
	if err != nil {
		return nil, err
	}
	for i, d := range descs {
		descs[i] = descriptor.WithChecksum(d)
	}
	return struct {
		Descs []string `json:"descs"`
	}{descs}, nil
}

func (a *API) keypoolRefill(ctx context.Context, c *jsonrpc.Call) (any, error) {
	n := int64(0) // as many as -keypool says
	if c.Has("newsize") && c.Given("newsize") {
		n = c.Int("newsize")
	}
	if n < 0 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, expected valid size.")
	}
	if n > wallet.MaxLookahead {
		c.Refuse(jsonrpc.CodeWallet, "Error refreshing keypool: at most %d scripts of each descriptor are made ahead", wallet.MaxLookahead)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return nil, a.Wallet.Refill(ctx, uint32(n))
}

func (a *API) signMessage(ctx context.Context, c *jsonrpc.Call) (any, error) {
	if err := a.Wallet.Unlocked(); err != nil {
		return nil, err
	}
	script := a.plainScript(c, "address", "Invalid address")
	if !txscript.IsPayToPubKeyHash(script) {
		c.Refuse(jsonrpc.CodeType, "Address does not refer to key")
	}
	message := c.String("message")
	if err := c.Err(); err != nil {
		return nil, err
	}
	secret, err := a.Wallet.KeyOf(ctx, script)
	if errors.Is(err, wallet.ErrUnknownKey) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "Private key not available")
	}
	if err != nil {
		return nil, err
	}
	return rawapi.SignMessage(secret, message), nil
}
