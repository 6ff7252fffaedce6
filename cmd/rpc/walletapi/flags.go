package walletapi

import (
	"context"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// flagRows change what kind of wallet one is.
func (a *API) flagRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "setwalletflag", Params: "flag:text value:bool=true", Do: a.setWalletFlag,
			Help: "Changes a flag of the wallet: avoid_reuse tells coins apart that are at addresses which were spent from, and leaves them alone.", Example: "avoid_reuse"},
	)
}

const flagAvoidReuse = "avoid_reuse"

// fixedFlag says whether Core knows a flag that cannot be changed [WALLET_FLAG_MAP].
func fixedFlag(name string) bool {
	switch name {
	case "blank", "key_origin_metadata", "last_hardened_xpub_cached", "disable_private_keys", "descriptor_wallet", "external_signer":
		return true
	}
	return false
}

func (a *API) setWalletFlag(ctx context.Context, c *jsonrpc.Call) (any, error) {
	name, on := c.String("flag"), c.Bool("value")
	if err := c.Err(); err != nil {
		return nil, err
	}
	word := map[bool]string{true: "true", false: "false"}[on]
	switch {
	case fixedFlag(name):
		c.Refuse(jsonrpc.CodeInvalidParam, "Wallet flag is immutable: %s", name)
	case name != flagAvoidReuse:
		c.Refuse(jsonrpc.CodeInvalidParam, "Unknown wallet flag: %s", show.Clip(name))
	case a.Wallet.AvoidReuse() == on:
		c.Refuse(jsonrpc.CodeInvalidParam, "Wallet flag is already set to %s: %s", word, name)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := a.Wallet.SetAvoidReuse(ctx, on); err != nil {
		return nil, err
	}
	answer := struct {
		Name     string `json:"flag_name"`
		On       bool   `json:"flag_state"`
		Warnings string `json:"warnings,omitempty"`
	}{Name: name, On: on}
	if on { // Core's words: clients compare them
		answer.Warnings = "You need to rescan the blockchain in order to correctly mark used destinations in the past. Until this is done, some destinations may be considered unused, even if the opposite is the case."
	}
	return answer, nil
}
