package walletapi

import (
	"context"
	"encoding/hex"

	"github.com/btcsuite/btcd/btcec/v2"

	"grapevine/chain"
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
	return kindNamed(&c.Params, "address_type", "address")
}

// kindNamed reads a parameter that names a kind of address, of that use.
func kindNamed(p *jsonrpc.Params, name, use string) wallet.Kind {
	word := p.String(name)
	kind, ok := wallet.KindNamed(word)
	if !ok {
		p.Refuse(jsonrpc.CodeInvalidAddress, "Unknown %s type '%s'", use, show.Clip(word))
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

// keyOf is an output script with the key or the script behind it.
type keyOf struct {
	show.Destination
	PubKey     string   `json:"pubkey,omitempty"`
	Compressed *bool    `json:"iscompressed,omitempty"` // of a legacy address
	Hex        string   `json:"hex,omitempty"`          // the script behind a hash,
	Kind       string   `json:"script,omitempty"`       // its kind,
	Embedded   *keyOf   `json:"embedded,omitempty"`     // what it is by itself
	Needed     int      `json:"sigsrequired,omitempty"` // or whose signatures it wants
	PubKeys    []string `json:"pubkeys,omitempty"`
}

// behind adds what is known of the scripts behind a hash, from the outside in, and
// of the key at their end [DescribeWalletAddress].
func (a *API) behind(k *keyOf, scripts [][]byte, pub []byte) {
	if len(scripts) == 0 {
		if len(pub) > 0 && k.Version == nil || len(k.Program) == 2*20 {
			k.PubKey = hex.EncodeToString(pub)
		}
		if k.PubKey != "" && k.Version == nil {
			compressed := len(pub) == btcec.PubKeyBytesLenCompressed
			k.Compressed = &compressed
		}
		return
	}
	script := scripts[0]
	k.Hex, k.Kind = hex.EncodeToString(script), show.ScriptType(script)
	if need, pubs, ok := policy.MultisigKeys(script); ok {
		k.Needed = need
		for _, pub := range pubs {
			k.PubKeys = append(k.PubKeys, hex.EncodeToString(pub))
		}
		return
	}
	inner := keyOf{Destination: show.NewDestination(script, a.Params.Params)}
	if inner.Address == "" {
		return
	}
	a.behind(&inner, scripts[1:], pub)
	k.PubKey, k.Embedded = inner.PubKey, &inner
}

type addressInfo struct {
	keyOf
	Mine       bool     `json:"ismine"`
	Solvable   bool     `json:"solvable"`
	Desc       string   `json:"desc,omitempty"`
	ParentDesc string   `json:"parent_desc,omitempty"`
	Watch      bool     `json:"iswatchonly"`
	Timestamp  *int64   `json:"timestamp,omitempty"`
	Change     bool     `json:"ischange"`
	KeyPath    string   `json:"hdkeypath,omitempty"`
	SeedID     string   `json:"hdseedid,omitempty"` // of legacy wallets; Core writes zeros
	Master     string   `json:"hdmasterfingerprint,omitempty"`
	Labels     []string `json:"labels"`
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
	info.Change, info.KeyPath, info.Master, info.Beyond = !o.Booked, o.Path, o.Master, o.Beyond
	if info.ParentDesc = descriptor.WithChecksum(o.ParentDesc); info.Solvable {
		info.Desc = descriptor.WithChecksum(o.Desc)
	}
	if o.Path != "" {
		info.Timestamp, info.SeedID = &o.Timestamp, chain.Hash{}.String()
	}
	if o.Booked {
		info.Labels = append(info.Labels, o.Label)
	}
	var scripts [][]byte
	for _, script := range [][]byte{o.Redeem, o.Witness} {
		if script != nil {
			scripts = append(scripts, script)
		}
	}
	a.behind(&info.keyOf, scripts, o.PubKey)
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
