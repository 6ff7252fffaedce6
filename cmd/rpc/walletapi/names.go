package walletapi

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/db"
	"grapevine/wallet"
	"grapevine/wallet/service"
)

// nameRows need no wallet yet: they make one, and give it the name by which clients call it.
func (a *API) nameRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "createwallet", Params: "wallet_name:text disable_private_keys:bool=false blank:bool=false passphrase:text? avoid_reuse:bool=false descriptors:bool=true load_on_startup:bool? external_signer:bool=false", Do: a.createWallet,
			Help: "Makes a wallet, which answers at /wallet/NAME: with keys of its own, blank, or without private keys; with a passphrase, encrypted from its first byte.", Example: "default"},
		jsonrpc.Method{Name: "loadwallet", Params: "filename:text load_on_startup:bool?", Do: a.loadWallet,
			Help: "Takes a wallet of the wallets' directory into use.", Example: "default"},
		jsonrpc.Method{Name: "unloadwallet", Params: "wallet_name:text? load_on_startup:bool?", Do: a.unloadWallet,
			Help: "Takes a wallet out of use.", Example: "default"},
		jsonrpc.Method{Name: "restorewallet", Params: "wallet_name:text backup_file:text load_on_startup:bool?", Do: a.restoreWallet,
			Help: "Makes a wallet of that name from a copy that backupwallet wrote, and takes it into use.", Example: "default /tmp/wallet.db"},
		jsonrpc.Method{Name: "migratewallet", Params: "wallet_name:text? passphrase:text?", Do: a.migrateWallet,
			Help: "Refused: there are no legacy wallets here."},
		jsonrpc.Method{Name: "listwallets", Do: a.listWallets,
			Help: "The names of the wallets in use."},
		jsonrpc.Method{Name: "listwalletdir", Do: a.listWalletDir,
			Help: "The names of the wallets on disk."},
	)
}

type walletName struct {
	Name     string   `json:"name"`
	Warnings []string `json:"warnings,omitempty"`
}

const (
	passphraseIgnored = "Empty string given as passphrase, wallet will not be encrypted."
	passphraseUseless = "Passphrase provided but private keys are disabled. A passphrase is only used to encrypt private keys, so cannot be used for wallets with private keys disabled."
)

// createWallet makes a wallet. It refuses what a wallet here cannot be, rather than to promise it.
func (a *API) createWallet(ctx context.Context, c *jsonrpc.Call) (any, error) {
	name, passphrase := c.String("wallet_name"), c.String("passphrase")
	switch {
	case !c.Bool("descriptors"):
		c.Refuse(jsonrpc.CodeWallet, "Compiled without bdb support (required for legacy wallets)")
	case c.Bool("external_signer") && !c.Bool("disable_private_keys"):
		c.Refuse(jsonrpc.CodeWallet, "Private keys must be disabled when using an external signer")
	case passphrase != "" && c.Bool("disable_private_keys"):
		c.Refuse(jsonrpc.CodeWallet, passphraseUseless)
	case c.Bool("external_signer"): // as Core says it that was started without one
		c.Refuse(jsonrpc.CodeMisc, "GetExternalSigner: restart bitcoind with -signer=<cmd>")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	one := *a
	err := a.Wallets.Create(name, func(made *service.Service) error {
		one.Wallet = made
		return made.Make(ctx, service.Plan{
			Name: name, Passphrase: []byte(passphrase), Blank: c.Bool("blank"), Watch: c.Bool("disable_private_keys"), AvoidReuse: c.Bool("avoid_reuse"),
		})
	})
	if err == nil {
		err = a.atStart(c, name)
	}
	if err != nil {
		return nil, verifying(err)
	}
	made := a.taken(name)
	if c.Has("passphrase") && passphrase == "" {
		made.Warnings = append(made.Warnings, passphraseIgnored)
	}
	inClear := passphrase == "" && !c.Bool("blank") && !c.Bool("disable_private_keys")
	if w := one.plainWarning(); inClear && w != "" {
		made.Warnings = append(made.Warnings, w)
	}
	return made, nil
}

// verifying gives what keeps a wallet from being opened or made Core's code and words
// [HandleWalletError].
func verifying(err error) error {
	code := jsonrpc.CodeWallet
	if _, ok := errors.AsType[*jsonrpc.Error](err); ok || err == nil {
		return err
	}
	switch {
	case errors.Is(err, wallet.ErrBusy):
		return jsonrpc.Errorf(code, "%s", wallet.ErrBusy)
	case errors.Is(err, wallet.ErrUnread):
		return jsonrpc.Errorf(code, "%s", err)
	case errors.Is(err, wallet.ErrNoBackup):
		return jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "%s", wallet.ErrNoBackup)
	case errors.Is(err, wallet.ErrNoPath), errors.Is(err, wallet.ErrNoFormat), errors.Is(err, wallet.ErrNetwork):
		code = jsonrpc.CodeWalletNotFound
	case errors.Is(err, wallet.ErrExclusive), errors.Is(err, db.ErrLocked):
		return jsonrpc.Errorf(code, "Wallet file verification failed. %s", wallet.ErrExclusive)
	}
	return jsonrpc.Errorf(code, "Wallet file verification failed. %s", err)
}

// atStart notes whether a wallet is to be loaded at the start, where that was said.
func (a *API) atStart(c *jsonrpc.Call, name string) error {
	if !c.Has("load_on_startup") {
		return nil
	}
	return a.Wallets.AtStart(name, c.Bool("load_on_startup"))
}

func (a *API) loadWallet(_ context.Context, c *jsonrpc.Call) (any, error) {
	name := c.String("filename")
	if err := c.Err(); err != nil {
		return nil, err
	}
	switch err := a.Wallets.Load(name); {
	case errors.Is(err, wallet.ErrLoaded):
		return nil, jsonrpc.Errorf(jsonrpc.CodeWalletLoaded, "Wallet \"%s\" is already loaded.", name)
	case err != nil:
		return nil, verifying(err)
	}
	return a.taken(name), a.atStart(c, name)
}

// taken is the answer that a wallet is in use, with what is to be said of how it spends.
func (a *API) taken(name string) walletName {
	return walletName{name, slices.Clone(a.Wallets.Warnings())}
}

func (a *API) unloadWallet(_ context.Context, c *jsonrpc.Call) (any, error) {
	name := c.String("wallet_name")
	switch {
	case c.OfWallet && c.Has("wallet_name") && name != c.Wallet:
		c.Refuse(jsonrpc.CodeInvalidParam, "RPC endpoint wallet and wallet_name parameter specify different wallets")
	case c.OfWallet:
		name = c.Wallet
	case !c.Has("wallet_name"):
		c.Refuse(jsonrpc.CodeType, "JSON value of type null is not of expected type string")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	err := a.Wallets.Unload(name)
	if err == nil {
		err = a.atStart(c, name)
	}
	return struct{}{}, coded(err)
}

func (a *API) restoreWallet(_ context.Context, c *jsonrpc.Call) (any, error) {
	name, from := c.String("wallet_name"), c.String("backup_file")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if from, err := filepath.Abs(from); err != nil {
		return nil, err
	} else if err := a.Wallets.Restore(name, from); err != nil {
		return nil, restoring(err)
	}
	return a.taken(name), a.atStart(c, name)
}

// restoring is verifying where Core has a code of its own for a path that is taken.
func restoring(err error) error {
	if errors.Is(err, wallet.ErrTaken) {
		return jsonrpc.Errorf(jsonrpc.CodeWalletExists, "%s", err)
	}
	return verifying(err)
}

func (a *API) migrateWallet(context.Context, *jsonrpc.Call) (any, error) {
	return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "Error: This wallet is already a descriptor wallet")
}

func (a *API) listWallets(context.Context, *jsonrpc.Call) (any, error) { return a.Wallets.Names(), nil }

func (a *API) listWalletDir(context.Context, *jsonrpc.Call) (any, error) {
	names, err := a.Wallets.Dir()
	wallets := []walletName{}
	for _, name := range names {
		wallets = append(wallets, walletName{Name: name})
	}
	return struct {
		Wallets []walletName `json:"wallets"`
	}{wallets}, err
}
