package walletapi

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"context"
	"fmt"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/wallet"
)

// version of the wallet, as Core counts them (FEATURE_LATEST).
const version = 169900

// legacyRows are methods of wallets of Core's older kind, which was gone with Core 30.
// They answer as Core did for a wallet of descriptors, so that clients that try them first
// go on as they do there [EnsureLegacyScriptPubKeyMan].
func (a *API) legacyRows() []jsonrpc.Method {
	legacy := func(name, params, use string) jsonrpc.Method {
		return jsonrpc.Method{Name: name, Params: params, Do: a.onlyLegacy,
			Help: "Refused: it is for legacy wallets, and there are none here. " + use}
	}
	key := legacy("importprivkey", "privkey:text label:text? rescan:bool=true", "importdescriptors takes combo(KEY).")
	key.Do = a.importPrivKey
	return jsonrpc.Group("Wallet",
		legacy("addmultisigaddress", `nrequired:int keys:["key",...] label:text? address_type:text?`, "createmultisig makes the address, importdescriptors watches it."),
		legacy("dumpprivkey", "address:text", "listdescriptors shows private keys."),
		legacy("dumpwallet", "filename:text", "listdescriptors shows all keys, backupwallet copies the wallet."),
		legacy("importaddress", "address:text label:text= rescan:bool=true p2sh:bool=false", "importdescriptors takes addr(ADDRESS)."),
		legacy("importmulti", `requests:[{"desc":"str","scriptPubKey":"script","timestamp":n,"redeemscript":"str","witnessscript":"str","pubkeys":["pubKey",...],"keys":["key",...],"range":n,"internal":bool,"watchonly":bool,"label":"str","keypool":bool},...] options:{"rescan":bool}?;rescan:bool=true`, "importdescriptors takes several at once."),
		key,
		legacy("importpubkey", "pubkey:text label:text= rescan:bool=true", "importdescriptors takes combo(KEY)."),
		legacy("importwallet", "filename:text", "restorewallet takes a copy of a wallet."),
		legacy("newkeypool", "", "keypoolrefill makes new keys."),
		legacy("sethdseed", "newkeypool:bool=true seed:text?", "A wallet has its words from the start; importdescriptors takes other keys."),
		jsonrpc.Method{Name: "upgradewallet", Params: fmt.Sprintf("version:int=%d", version), Do: a.upgradeWallet,
			Help: "Says that the wallet is of the latest version, which it always is."},
		jsonrpc.Method{Name: "walletdisplayaddress", Params: "address:text", Do: a.displayAddress,
			Help: "Refused: it is for wallets whose keys are on an external signer, and there are none here."},
	)
}

func (a *API) onlyLegacy(context.Context, *jsonrpc.Call) (any, error) {
	return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "Only legacy wallets are supported by this command")
}

func (a *API) importPrivKey(ctx context.Context, c *jsonrpc.Call) (any, error) {
	if watch, _ := a.Wallet.Keys(); watch {
		return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "Cannot import private keys to a wallet with private keys disabled")
	}
	return a.onlyLegacy(ctx, c)
}

type upgraded struct {
	Name   string `json:"wallet_name"`
	Before int    `json:"previous_version"`
	Now    int    `json:"current_version"`
	Result string `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

func (a *API) upgradeWallet(_ context.Context, c *jsonrpc.Call) (any, error) {
	if encrypted, until := a.Wallet.Encrypted(); encrypted && until.IsZero() {
		return nil, wallet.ErrLocked
	}
	want := int64(0)
	if c.Has("version") {
		want = c.Int("version")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	name, _ := a.Wallet.Name()
	done := upgraded{Name: name, Before: version, Now: version}
	if want != 0 && want < version {
		done.Error = fmt.Sprintf("Cannot downgrade wallet from version %d to version %d. Wallet version unchanged.", version, want)
	} else {
		done.Result = "Already at latest version. Wallet version unchanged."
	}
	return done, nil
}

func (a *API) displayAddress(_ context.Context, c *jsonrpc.Call) (any, error) {
	a.plainScript(c, "address", "Invalid address")
	if err := c.Err(); err != nil {
		return nil, err
	}
	return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "There is no ScriptPubKeyManager for this address")
}
