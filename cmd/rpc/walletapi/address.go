package walletapi

import (
	"context"
	"encoding/hex"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
)

// kindOf reads Core's word for a kind of address.
func kindOf(c *jsonrpc.Call) wallet.Kind {
	switch word := c.String("address_type"); word {
	case "", "bech32":
		return wallet.SegWit
	case "bech32m":
		return wallet.Taproot
	case "legacy", "p2sh-segwit":
		c.Refuse(jsonrpc.CodeInvalidAddress, "Unknown address type '%s': this wallet has bech32 and bech32m", word)
	default:
		c.Refuse(jsonrpc.CodeInvalidAddress, "Unknown address type '%s'", show.Clip(word))
	}
	return 0
}

func (a *API) getNewAddress(ctx context.Context, c *jsonrpc.Call) (any, error) {
	label, kind := c.String("label"), kindOf(c)
	if label == "*" {
		c.Refuse(-11, "Invalid label name") // RPC_WALLET_INVALID_LABEL_NAME
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	addr, err := a.cfg.Vault.NewAddress(ctx, kind, label)
	if err != nil {
		return nil, err
	}
	return addr.EncodeAddress(), nil
}

func (a *API) getRawChangeAddress(ctx context.Context, c *jsonrpc.Call) (any, error) {
	kind := kindOf(c)
	if err := c.Err(); err != nil {
		return nil, err
	}
	addr, err := a.cfg.Vault.ChangeAddress(ctx, kind)
	if err != nil {
		return nil, err
	}
	return addr.EncodeAddress(), nil
}

// script reads an address parameter as the script that pays it.
func (a *API) script(c *jsonrpc.Call, name, refusal string) []byte {
	text := c.String(name)
	script, err := show.PayTo(text, a.cfg.Params.Params)
	if err != nil {
		c.Refuse(jsonrpc.CodeInvalidAddress, "%s: %s (%s)", refusal, show.Clip(text), err)
	}
	return script
}

type addressInfo struct {
	Address   string   `json:"address"`
	Script    string   `json:"scriptPubKey"`
	Mine      bool     `json:"ismine"`
	Solvable  bool     `json:"solvable"`
	Watch     bool     `json:"iswatchonly"`
	IsScript  bool     `json:"isscript"`
	IsWitness bool     `json:"iswitness"`
	Version   *int     `json:"witness_version,omitempty"`
	Program   string   `json:"witness_program,omitempty"`
	PubKey    string   `json:"pubkey,omitempty"`
	Change    bool     `json:"ischange"`
	KeyPath   string   `json:"hdkeypath,omitempty"`
	Labels    []string `json:"labels"`
}

func (a *API) getAddressInfo(ctx context.Context, c *jsonrpc.Call) (any, error) {
	script := a.script(c, "address", "Invalid address")
	if err := c.Err(); err != nil {
		return nil, err
	}
	owned, mine, err := a.cfg.Vault.Owned(ctx, script)
	if err != nil {
		return nil, err
	}
	kind := show.ScriptType(script)
	info := addressInfo{
		Address: show.Address(script, a.cfg.Params.Params), Script: hex.EncodeToString(script), Mine: mine, Solvable: mine,
		IsScript: kind == "scripthash" || kind == "witness_v0_scripthash" || kind == "witness_v1_taproot", Labels: []string{},
	}
	if w := show.WitnessOf(script); w != nil {
		info.IsWitness, info.Version, info.Program = true, &w.Version, hex.EncodeToString(w.Program)
	}
	if mine {
		info.PubKey, info.Change, info.KeyPath = hex.EncodeToString(owned.PubKey), owned.Change, owned.Path
		if !owned.Change {
			info.Labels = append(info.Labels, owned.Label)
		}
	}
	return info, nil
}

func (a *API) setLabel(ctx context.Context, c *jsonrpc.Call) (any, error) {
	script, label := a.script(c, "address", "Invalid Bitcoin address"), c.String("label")
	if err := c.Err(); err != nil {
		return nil, err
	}
	return nil, a.cfg.Vault.SetLabel(ctx, script, label)
}
