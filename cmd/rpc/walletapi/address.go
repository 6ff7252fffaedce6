package walletapi

import (
	"context"
	"encoding/hex"

	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// addressRows are about addresses and their names.
func (a *API) addressRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "getnewaddress", Params: "label:text? address_type:text?", Do: a.getNewAddress,
			Help: "An address never handed out before: bech32 (default), bech32m, p2sh-segwit or legacy.", Example: "shop bech32m"},
		jsonrpc.Method{Name: "getrawchangeaddress", Params: "address_type:text?", Do: a.getRawChangeAddress,
			Help: "A fresh change address."},
		jsonrpc.Method{Name: "getaddressinfo", Params: "address:text", Do: a.getAddressInfo,
			Help: "What the wallet knows of an address.", Example: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"},
		jsonrpc.Method{Name: "listdescriptors", Params: "private:bool=false", Do: a.listDescriptors,
			Help: "The wallet's rows of keys as output descriptors (BIP380), with their private keys if asked."},
	)
}

// kindOf reads Core's word for a kind of address.
func (a *API) kindOf(c *jsonrpc.Call, unsaid wallet.Kind) wallet.Kind {
	if !c.Has("address_type") {
		return unsaid
	}
	word := c.String("address_type")
	kind, ok := wallet.KindNamed(word)
	if !ok {
		c.Refuse(jsonrpc.CodeInvalidAddress, "Unknown address type '%s'", show.Clip(word))
	}
	return kind
}

func (a *API) getNewAddress(ctx context.Context, c *jsonrpc.Call) (any, error) {
	label, kind := labelOf(c, "label"), a.kindOf(c, a.Kind)
	if err := c.Err(); err != nil {
		return nil, err
	}
	script, err := a.Wallet.NewAddress(ctx, kind, label)
	if err != nil {
		return nil, err
	}
	return show.Address(script, a.Params.Params), nil
}

func (a *API) getRawChangeAddress(ctx context.Context, c *jsonrpc.Call) (any, error) {
	unsaid := a.Kind
	if a.Change != nil {
		unsaid = *a.Change
	}
	kind := a.kindOf(c, unsaid)
	if err := c.Err(); err != nil {
		return nil, err
	}
	script, err := a.Wallet.ChangeAddress(ctx, kind)
	if err != nil {
		return nil, err
	}
	return show.Address(script, a.Params.Params), nil
}

// script reads an address parameter as the script that pays it.
func (a *API) script(c *jsonrpc.Call, name, refusal string) []byte {
	text := c.String(name)
	script, err := show.PayTo(text, a.Params.Params)
	if err != nil {
		c.Refuse(jsonrpc.CodeInvalidAddress, "%s: %s (%s)", refusal, show.Clip(text), err)
	}
	return script
}

// keyOf is an output script with the key behind it.
type keyOf struct {
	show.Destination
	PubKey string `json:"pubkey,omitempty"`
}

type addressInfo struct {
	keyOf
	Mine       bool   `json:"ismine"`
	Solvable   bool   `json:"solvable"`
	Desc       string `json:"desc,omitempty"`
	ParentDesc string `json:"parent_desc,omitempty"`
	Watch      bool   `json:"iswatchonly"`
	behind
	Change  bool     `json:"ischange"`
	KeyPath string   `json:"hdkeypath,omitempty"`
	Master  string   `json:"hdmasterfingerprint,omitempty"`
	Labels  []string `json:"labels"`
	// Beyond is ours: so many addresses before it were never paid to that a
	// wallet restored from its words will not find it.
	Beyond bool `json:"beyond_lookahead,omitempty"`
}

func (a *API) getAddressInfo(ctx context.Context, c *jsonrpc.Call) (any, error) {
	script := a.script(c, "address", "Invalid address")
	if err := c.Err(); err != nil {
		return nil, err
	}
	owned, mine, err := a.Wallet.Owned(ctx, script)
	if err != nil {
		return nil, err
	}
	info := addressInfo{keyOf: keyOf{Destination: show.NewDestination(script, a.Params.Params)}, Mine: mine, Solvable: mine && !owned.Unsolvable, Labels: []string{}}
	if mine {
		a.addOwned(&info, owned)
	}
	return info, nil
}

// addOwned adds what we know of a script because it is ours.
func (a *API) addOwned(info *addressInfo, o wallet.Owned) {
	info.PubKey, info.Change, info.KeyPath, info.Master = hex.EncodeToString(o.PubKey), o.Change, o.Path, o.Master
	info.Beyond = o.Beyond
	info.Desc, info.ParentDesc = descriptor.WithChecksum(o.Desc), descriptor.WithChecksum(o.ParentDesc)
	if !o.Change {
		info.Labels = append(info.Labels, o.Label)
	}
	hidden := [][]byte{}
	for _, script := range [][]byte{o.Redeem, o.Witness} {
		if script != nil {
			hidden = append(hidden, script)
		}
	}
	info.behind = a.behind(hidden, info.PubKey)
}

// behind is what stands behind a script hash.
type behind struct {
	Script   string   `json:"hex,omitempty"`
	Kind     string   `json:"script,omitempty"`
	Need     int      `json:"sigsrequired,omitempty"` // of a multisig
	PubKeys  []string `json:"pubkeys,omitempty"`
	Embedded *inner   `json:"embedded,omitempty"` // what it is by itself, if that has an address
}

type inner struct {
	keyOf
	behind
}

// behind describes scripts of which each stands behind the hash in the one before
// (Core: ProcessSubScript).
func (a *API) behind(hidden [][]byte, pub string) (b behind) {
	if len(hidden) == 0 {
		return b
	}
	script := hidden[0]
	b.Script, b.Kind = hex.EncodeToString(script), show.ScriptType(script)
	if wallet.AddressOf(script, a.Params.Params) != "" {
		b.Embedded = &inner{keyOf{show.NewDestination(script, a.Params.Params), pub}, a.behind(hidden[1:], pub)}
		return b
	}
	if need, pubs, ok := policy.MultisigKeys(script); ok {
		b.Need = need
		for _, pub := range pubs {
			b.PubKeys = append(b.PubKeys, hex.EncodeToString(pub))
		}
	}
	return b
}

// codeKeypool is Core's RPC_WALLET_KEYPOOL_RAN_OUT.
const codeKeypool jsonrpc.Code = -12

type row struct {
	Desc      string     `json:"desc"`
	Timestamp int64      `json:"timestamp"` // Unix seconds; nothing was paid to it before
	Active    bool       `json:"active"`
	Internal  *bool      `json:"internal,omitempty"` // of those in use only
	Range     *[2]uint32 `json:"range,omitempty"`
	Next      *uint32    `json:"next,omitempty"`
	NextIndex *uint32    `json:"next_index,omitempty"`
}

func (a *API) listDescriptors(ctx context.Context, c *jsonrpc.Call) (any, error) {
	private := c.Bool("private")
	if err := c.Err(); err != nil {
		return nil, err
	}
	rows, err := a.Wallet.Rows(ctx)
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		if private && r.Private == "" {
			if watch, _ := a.Wallet.Keys(); !watch {
				return nil, wallet.ErrLocked
			}
			return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "Can't get descriptor string.")
		}
		if private {
			rows[i].Desc = r.Private
		}
	}
	name, _ := a.Wallet.Name()
	list := make([]row, len(rows))
	for i, r := range rows {
		list[i] = newRow(r)
	}
	return struct {
		Name        string `json:"wallet_name"`
		Descriptors []row  `json:"descriptors"`
	}{name, list}, nil
}

func newRow(r wallet.Row) row {
	shown := row{Desc: descriptor.WithChecksum(r.Desc), Timestamp: r.Timestamp, Active: r.Active}
	if r.Ranged {
		shown.Range, shown.Next, shown.NextIndex = &[2]uint32{r.First, r.Len - 1}, &r.Next, &r.Next
	}
	if shown.Active {
		shown.Internal = &r.Change
	}
	return shown
}
