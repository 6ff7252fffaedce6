package walletapi

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/wallet"
	"grapevine/wallet/service"
)

// lockRows are about encryption and passphrases.
func (a *API) lockRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "encryptwallet", Params: "passphrase:text", Do: a.encryptWallet,
			Help: "Encrypts the wallet's keys and words under a passphrase, and locks it.", Example: "\"my pass phrase\""},
		jsonrpc.Method{Name: "walletpassphrase", Params: "passphrase:text timeout:int", Do: a.walletPassphrase,
			Help: "Unlocks an encrypted wallet for so many seconds, 100000000 at most.", Example: "\"my pass phrase\" 60"},
		jsonrpc.Method{Name: "walletpassphrasechange", Params: "oldpassphrase:text newpassphrase:text", Do: a.walletPassphraseChange,
			Help: "Changes the passphrase of an encrypted wallet.", Example: "\"old one\" \"new one\""},
		jsonrpc.Method{Name: "walletlock", Do: a.walletLock,
			Help: "Locks an encrypted wallet: its keys are wiped from memory."},
	)
}

// wrongState says in Core's words that a wallet is encrypted, or is not, when method was called.
func wrongState(err error, method string) error {
	switch {
	case errors.Is(err, wallet.ErrPlain):
		return jsonrpc.Errorf(jsonrpc.CodeEncState, "Error: running with an unencrypted wallet, but %s was called.", method)
	case errors.Is(err, wallet.ErrEncrypted):
		return jsonrpc.Errorf(jsonrpc.CodeEncState, "Error: running with an encrypted wallet, but %s was called.", method)
	}
	return err
}

// wrongPassphrase says it in Core's words, which differ for one with a zero byte.
func wrongPassphrase(err error, passphrase, which string) error {
	if !errors.Is(err, wallet.ErrPassphrase) || !strings.ContainsRune(passphrase, 0) {
		return err
	}
	text := "Error: The " + which + "wallet passphrase entered is incorrect. It contains a null character (ie - a zero byte). " +
		"If the " + which + "passphrase was set with a version of this software prior to 25.0, " +
		"please try again with only the characters up to — but not including — the first null character."
	if which == "" {
		text += " If this is successful, please set a new passphrase to avoid this issue in the future."
	}
	return jsonrpc.Errorf(jsonrpc.CodePassphrase, "%s", text)
}

func refuseEmpty(c *jsonrpc.Call, passphrases ...string) {
	for _, p := range passphrases {
		if p == "" {
			c.Refuse(jsonrpc.CodeInvalidParam, "passphrase cannot be empty")
		}
	}
}

func (a *API) encryptWallet(ctx context.Context, c *jsonrpc.Call) (any, error) {
	passphrase := c.String("passphrase")
	watch, _ := a.Wallet.Keys()
	encrypted, _ := a.Wallet.Encrypted()
	switch {
	case watch:
		return nil, wallet.ErrNoSecrets
	case encrypted:
		return nil, wrongState(wallet.ErrEncrypted, "encryptwallet")
	}
	refuseEmpty(c, passphrase)
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := a.Wallet.Encrypt(ctx, []byte(passphrase)); err != nil {
		if errors.Is(err, wallet.ErrEncrypted) {
			return nil, wrongState(err, "encryptwallet")
		}
		if now, _ := a.Wallet.Encrypted(); now {
			return nil, jsonrpc.Errorf(jsonrpc.CodeEncryption, "Error: %s", err)
		}
		return nil, jsonrpc.Errorf(jsonrpc.CodeEncryption, "Error: Failed to encrypt the wallet.")
	}
	text := "wallet encrypted; its words and keys stay as they are. You need to make a new backup with the backupwallet RPC."
	if old := a.Wallets.Plain(a.Wallet); len(old) > 0 {
		text += fmt.Sprintf(" Whoever reads %s still finds the keys in clear: remove it when the new backup is made.", strings.Join(old, " or "))
	}
	return text, nil
}

func (a *API) walletPassphrase(ctx context.Context, c *jsonrpc.Call) (any, error) {
	passphrase, seconds := c.String("passphrase"), c.Int("timeout")
	if encrypted, _ := a.Wallet.Encrypted(); !encrypted && c.Err() == nil {
		return nil, wrongState(wallet.ErrPlain, "walletpassphrase")
	}
	if seconds < 0 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Timeout cannot be negative.")
	}
	refuseEmpty(c, passphrase)
	if err := c.Err(); err != nil {
		return nil, err
	}
	seconds = min(seconds, int64(service.MaxUnlock/time.Second))
	err := a.Wallet.Unlock(ctx, []byte(passphrase), time.Duration(seconds)*time.Second)
	return nil, wrongState(wrongPassphrase(err, passphrase, ""), "walletpassphrase")
}

func (a *API) walletPassphraseChange(ctx context.Context, c *jsonrpc.Call) (any, error) {
	old, fresh := c.String("oldpassphrase"), c.String("newpassphrase")
	if encrypted, _ := a.Wallet.Encrypted(); !encrypted && c.Err() == nil {
		return nil, wrongState(wallet.ErrPlain, "walletpassphrasechange")
	}
	refuseEmpty(c, old, fresh)
	if err := c.Err(); err != nil {
		return nil, err
	}
	err := a.Wallet.Repass(ctx, []byte(old), []byte(fresh))
	return nil, wrongState(wrongPassphrase(err, old, "old "), "walletpassphrasechange")
}

func (a *API) walletLock(context.Context, *jsonrpc.Call) (any, error) {
	return nil, wrongState(a.Wallet.Lock(), "walletlock")
}
