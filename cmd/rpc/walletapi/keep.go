package walletapi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/db"
	"grapevine/wallet"
	"grapevine/wallet/service"
)

// nameRows need no wallet yet: they make one, and give it the name by which clients call it.
func (a *API) nameRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "createwallet", Params: "wallet_name:text disable_private_keys:bool=false blank:bool=false passphrase:text? avoid_reuse:bool=false descriptors:bool=true load_on_startup:bool? external_signer:bool=false", Do: a.createWallet,
			Help: "Makes a wallet, which answers at /wallet/NAME: with keys of its own, blank, or without private keys.", Example: "default"},
		jsonrpc.Method{Name: "loadwallet", Params: "filename:text load_on_startup:bool?", Do: a.loadWallet,
			Help: "Takes a wallet of the data directory into use.", Example: "default"},
		jsonrpc.Method{Name: "unloadwallet", Params: "wallet_name:text? load_on_startup:bool?", Do: a.unloadWallet,
			Help: "Takes a wallet out of use.", Example: "default"},
		jsonrpc.Method{Name: "listwallets", Do: a.listWallets,
			Help: "The names of the wallets in use."},
		jsonrpc.Method{Name: "listwalletdir", Do: a.listWalletDir,
			Help: "The names of the wallets on disk."},
	)
}

// beginRows make the wallet itself; its name, if it has one already, stays.
func (a *API) beginRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "walletcreate", Params: "passphrase:text?", Do: a.walletCreate,
			Help: "Makes a wallet and answers its words (BIP39). Write them down: they are the wallet."},
		jsonrpc.Method{Name: "walletrestore", Params: "words:text passphrase:text?", Do: a.walletRestore,
			Help: "Makes the wallet of these words and reads the chain for its coins in the background.", Example: `"abandon abandon ... about"`},
	)
}

// keepRows are about the wallet as a whole.
func (a *API) keepRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "getwalletinfo", Do: a.getWalletInfo,
			Help: "The state of the wallet."},
		jsonrpc.Method{Name: "walletwords", Do: a.walletWords,
			Help: "The wallet's words (BIP39)."},
		jsonrpc.Method{Name: "backupwallet", Params: "destination:text", Do: a.backupWallet,
			Help: "Writes a copy of the wallet to an absolute path that does not exist yet.", Example: "/tmp/wallet.db"},
		jsonrpc.Method{Name: "rescanblockchain", Params: "start_height:int=0 stop_height:int?", Do: a.rescanBlockchain,
			Help: "Searches blocks once more for what belongs to the wallet, and answers when it has.", Example: "100 200"},
	)
}

type walletName struct {
	Name     string   `json:"name"`
	Warnings []string `json:"warnings,omitempty"`
}

// createWallet makes a wallet. It refuses what this wallet is not, rather than to promise it.
func (a *API) createWallet(ctx context.Context, c *jsonrpc.Call) (any, error) {
	name := c.String("wallet_name")
	for param, why := range map[string]string{
		"external_signer": "external signers are not supported",
	} {
		if c.Bool(param) {
			c.Refuse(jsonrpc.CodeWallet, "%s by this version", why)
		}
	}
	if !c.Bool("descriptors") {
		c.Refuse(jsonrpc.CodeWallet, "legacy wallets are not supported: wallets have descriptors")
	}
	if c.String("passphrase") != "" {
		c.Refuse(jsonrpc.CodeWallet, "wallets are not encrypted by this version")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	one := *a
	err := a.Wallets.Create(name, func(made *service.Service) error {
		one.Wallet = made
		return one.begin(ctx, c)
	})
	if errors.Is(err, wallet.ErrExists) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeWallet,
			"Wallet file verification failed. Failed to create database path '%s'. Database already exists.", show.Clip(filepath.Dir(a.Wallets.Path(name))))
	}
	if err == nil && c.Bool("avoid_reuse") {
		err = one.Wallet.SetAvoidReuse(ctx, true)
	}
	if err == nil {
		err = a.atStart(c, name)
	}
	if err != nil {
		return nil, coded(err)
	}
	made := walletName{Name: name}
	if w := one.plainWarning(); w != "" {
		made.Warnings = []string{w}
	}
	return made, nil
}

// begin makes a wallet as createwallet's options say.
func (a *API) begin(ctx context.Context, c *jsonrpc.Call) error {
	if watch := c.Bool("disable_private_keys"); watch || c.Bool("blank") {
		return a.Wallet.CreateBlank(ctx, watch)
	}
	_, err := a.Wallet.Create(ctx, "")
	return err
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
	err := a.Wallets.Load(name)
	switch {
	case errors.Is(err, wallet.ErrLoaded):
		return nil, jsonrpc.Errorf(jsonrpc.CodeWalletLoaded, "Wallet \"%s\" is already loaded.", show.Clip(name))
	case errors.Is(err, fs.ErrNotExist):
		return nil, jsonrpc.Errorf(jsonrpc.CodeWalletNotFound,
			"Wallet file verification failed. Failed to load database path '%s'. Path does not exist.", show.Clip(filepath.Dir(a.Wallets.Path(name))))
	case err != nil:
		return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "Wallet file verification failed. %s", err)
	}
	return walletName{Name: name}, a.atStart(c, name)
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

type words struct {
	Words   string `json:"words"`
	Warning string `json:"warning,omitempty"`
}

// plainWarning says, where coins are worth something, that whoever can read the
// file has them.
func (a *API) plainWarning() string {
	if a.Params.Local() {
		return ""
	}
	return fmt.Sprintf("The words are kept in %s, which is not encrypted: whoever can read that file has the money.", a.Wallet.Path())
}

func (a *API) walletCreate(ctx context.Context, c *jsonrpc.Call) (any, error) {
	passphrase := c.String("passphrase")
	if err := c.Err(); err != nil {
		return nil, err
	}
	w, err := a.Wallet.Create(ctx, passphrase)
	if err != nil {
		return nil, coded(err)
	}
	return words{w, a.plainWarning()}, nil
}

func (a *API) walletRestore(ctx context.Context, c *jsonrpc.Call) (any, error) {
	w, passphrase := c.String("words"), c.String("passphrase")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := a.Wallet.Restore(ctx, w, passphrase); err != nil {
		return nil, coded(err)
	}
	return struct {
		Restored bool `json:"restored"`
	}{true}, nil
}

func (a *API) walletWords(ctx context.Context, _ *jsonrpc.Call) (any, error) {
	w, err := a.Wallet.Words(ctx)
	return words{Words: w}, err
}

func (a *API) backupWallet(_ context.Context, c *jsonrpc.Call) (any, error) {
	to := c.String("destination")
	if !filepath.IsAbs(to) {
		c.Refuse(jsonrpc.CodeInvalidParam, "the destination must be an absolute path")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if _, err := db.BackupFile(to, a.Wallet.Backup); err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "Error: Wallet backup failed! %s", err)
	}
	return nil, nil
}

func (a *API) rescanBlockchain(ctx context.Context, c *jsonrpc.Call) (any, error) {
	at := int64(a.Wallet.Status().At)
	start, stop := c.Int("start_height"), at
	if c.Has("stop_height") {
		stop = c.Int("stop_height")
	}
	switch {
	case start < 0 || start > at:
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid start_height")
	case stop < 0 || stop > at:
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid stop_height")
	case stop < start:
		c.Refuse(jsonrpc.CodeInvalidParam, "stop_height must be greater than start_height")
	}
	if to, ok := a.Ledger.PruneHeight(); ok && start <= int64(to) {
		c.Refuse(jsonrpc.CodeMisc, "Can't rescan beyond pruned data. Use RPC call getblockchaininfo to determine your pruned height.")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	err := a.Wallet.Rescan(ctx, int32(start), int32(stop))
	return struct {
		Start int64 `json:"start_height"`
		Stop  int64 `json:"stop_height"`
	}{start, stop}, err
}

type walletInfo struct {
	Name         string         `json:"walletname"`
	Version      int            `json:"walletversion"`
	Format       string         `json:"format"`
	Balance      jsonrpc.Amount `json:"balance"` // these four for clients written before getbalances
	Unconfirmed  jsonrpc.Amount `json:"unconfirmed_balance"`
	Immature     jsonrpc.Amount `json:"immature_balance"`
	PayTxFee     jsonrpc.Amount `json:"paytxfee"`
	Txs          int            `json:"txcount"`
	KeyPool      int            `json:"keypoolsize"`
	KeyPoolInner int            `json:"keypoolsize_hd_internal"`
	PrivateKeys  bool           `json:"private_keys_enabled"`
	AvoidReuse   bool           `json:"avoid_reuse"`
	Scanning     any            `json:"scanning"`
	Descriptors  bool           `json:"descriptors"`
	Signer       bool           `json:"external_signer"`
	Blank        bool           `json:"blank"`
	LastBlock    blockPlace     `json:"lastprocessedblock"`
}

func (a *API) getWalletInfo(ctx context.Context, _ *jsonrpc.Call) (any, error) {
	st := a.Wallet.Status()
	b, err := a.Wallet.Balance(ctx)
	if err != nil && !errors.Is(err, wallet.ErrScanning) {
		return nil, err
	}
	rows, err := a.Wallet.Rows(ctx)
	if err != nil && !errors.Is(err, wallet.ErrScanning) {
		return nil, err
	}
	var pool [2]uint32 // scripts not yet handed out: to be paid at, and for change
	for _, r := range rows {
		if !r.Active {
			continue
		}
		if r.Change {
			pool[1] += r.Len - r.Next
		} else {
			pool[0] += r.Len - r.Next
		}
	}
	name, _ := a.Wallet.Name()
	watch, empty := a.Wallet.Keys()
	info := walletInfo{
		Name: name, Version: 169900, Format: "bbolt", Balance: jsonrpc.Amount(b.Spendable()),
		Unconfirmed: jsonrpc.Amount(b.Unconfirmed), Immature: jsonrpc.Amount(b.Immature), Txs: st.Txs, KeyPool: int(pool[0]), KeyPoolInner: int(pool[1]),
		PrivateKeys: !watch, Blank: empty, Scanning: false, Descriptors: true, LastBlock: a.lastBlock(), AvoidReuse: a.Wallet.AvoidReuse(),
	}
	if st.Scanning {
		progress := 1.0
		if at := st.At; st.Tip > 0 {
			if st.Reread >= 0 {
				at = st.Reread
			}
			progress = float64(at) / float64(st.Tip)
		}
		info.Scanning = struct {
			Duration int     `json:"duration"`
			Progress float64 `json:"progress"`
		}{0, progress}
	}
	return info, nil
}
