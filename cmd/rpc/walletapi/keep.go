package walletapi

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/db"
	"grapevine/wallet"
)

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
		jsonrpc.Method{Name: "abortrescan", Do: a.abortRescan,
			Help: "Ends a search of blocks that is under way; false: there is none."},
	)
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
		return nil, err
	}
	return words{w, a.plainWarning()}, nil
}

func (a *API) walletRestore(ctx context.Context, c *jsonrpc.Call) (any, error) {
	w, passphrase := c.String("words"), c.String("passphrase")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := a.Wallet.Restore(ctx, w, passphrase); err != nil {
		return nil, err
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
	to, err := filepath.Abs(c.String("destination")) // a relative one begins where the node was started, as in Core
	if err != nil {
		return nil, err
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if _, err := db.BackupFile(to, a.Wallet.Backup); err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "Error: Wallet backup failed! %s", err)
	}
	return nil, a.Wallet.NoteCopy(to)
}

func (a *API) rescanBlockchain(ctx context.Context, c *jsonrpc.Call) (any, error) {
	at := int64(a.Wallet.Status().At)
	if a.Wallet.Rescanning() {
		return nil, wallet.ErrRescanning
	}
	start, stop, until := c.Int("start_height"), at, int32(-1)
	if c.Has("stop_height") {
		stop = c.Int("stop_height")
		until = int32(min(stop, at))
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
	if err := a.Wallet.Unlocked(); err != nil {
		return nil, err
	}
	last, err := a.Wallet.Rescan(ctx, int32(start), until)
	return struct {
		Start int64 `json:"start_height"`
		Stop  int32 `json:"stop_height"`
	}{start, last}, err
}

func (a *API) abortRescan(context.Context, *jsonrpc.Call) (any, error) {
	return a.Wallet.AbortRescan(), nil
}

type walletInfo struct {
	Name         string         `json:"walletname"`
	Version      int            `json:"walletversion"`
	Format       string         `json:"format"`
	Balance      jsonrpc.Amount `json:"balance"` // these four for clients written before getbalances
	Unconfirmed  jsonrpc.Amount `json:"unconfirmed_balance"`
	Immature     jsonrpc.Amount `json:"immature_balance"`
	Txs          int            `json:"txcount"`
	KeyPool      int            `json:"keypoolsize"`
	KeyPoolInner int            `json:"keypoolsize_hd_internal"`
	Until        *int64         `json:"unlocked_until,omitempty"` // Unix seconds, 0: locked; of an encrypted wallet
	PayTxFee     jsonrpc.Amount `json:"paytxfee"`                 // per kvB
	PrivateKeys  bool           `json:"private_keys_enabled"`
	AvoidReuse   bool           `json:"avoid_reuse"`
	Scanning     any            `json:"scanning"`
	Descriptors  bool           `json:"descriptors"`
	Signer       bool           `json:"external_signer"`
	Blank        bool           `json:"blank"`
	Birth        *int64         `json:"birthtime,omitempty"` // Unix seconds; nil: it watches nothing yet
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
		Name: name, Version: version, Format: "bbolt", Balance: jsonrpc.Amount(b.Spendable()),
		Unconfirmed: jsonrpc.Amount(b.Unconfirmed), Immature: jsonrpc.Amount(b.Immature), Txs: st.Txs, KeyPool: int(pool[0]), KeyPoolInner: int(pool[1]),
		PrivateKeys: !watch, Blank: empty, Scanning: false, Descriptors: true, LastBlock: a.lastBlock(), AvoidReuse: a.Wallet.AvoidReuse(), PayTxFee: jsonrpc.Amount(a.Wallet.PayRate()),
	}
	if birth, known := a.Wallet.Birth(); known {
		info.Birth = &birth
	}
	if encrypted, until := a.Wallet.Encrypted(); encrypted {
		info.Until = new(int64)
		if !until.IsZero() {
			*info.Until = until.Unix()
		}
	}
	if st.Scan != nil {
		info.Scanning = struct {
			Duration int64   `json:"duration"` // seconds
			Progress float64 `json:"progress"`
		}{int64(st.Scan.Duration.Seconds()), st.Scan.Progress}
	}
	return info, nil
}
