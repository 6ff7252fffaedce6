package rpc_test

import (
	"os"
	"path/filepath"
	"testing"
)

// refusal is what a call is refused with.
type refusal struct {
	code    int
	message string
	method  string
	params  []any
}

func (w *testNode) refuses(list ...refusal) {
	w.t.Helper()
	for _, r := range list {
		w.refused(r.code, r.message, r.method, r.params...)
	}
}

// What is asked of a wallet by its name, and which it is: -18, -19, -35, -36 and -4
// (RPC_WALLET_NOT_FOUND, _NOT_SPECIFIED, _ALREADY_LOADED, _ALREADY_EXISTS, _ERROR).
func TestWalletsAreNamedWrongly(t *testing.T) {
	w := start(t)
	w.must("createwallet", "a")
	w.must("createwallet", "b")
	backup := filepath.Join(w.dir, "copy")
	w.of("a").must("backupwallet", backup)
	nowhere := filepath.Join(w.dir, "nowhere")
	w.refuses(
		refusal{-4, "…Database already exists", "createwallet", []any{"a"}},
		refusal{-4, "…bdb", "createwallet", []any{"c", false, false, "", false, false}},
		refusal{-4, "Private keys must be disabled when using an external signer", "createwallet", []any{"c", false, false, "", false, true, false, true}},
		refusal{-1, "GetExternalSigner: restart bitcoind with -signer=<cmd>", "createwallet", []any{"c", true, false, "", false, true, false, true}},
		refusal{-4, "…private keys are disabled", "createwallet", []any{"c", true, false, "secret"}},
		refusal{-35, `Wallet "a" is already loaded.`, "loadwallet", []any{"a"}},
		refusal{-18, "…Path does not exist", "loadwallet", []any{"c"}},
		refusal{-18, "Requested wallet does not exist or is not loaded", "unloadwallet", []any{"c"}},
		refusal{-36, "", "restorewallet", []any{"a", backup}},
		refusal{-8, "Backup file does not exist", "restorewallet", []any{"c", nowhere}},
		refusal{-4, "Unexpected exception: " + w.dir + " is not a file but a directory", "restorewallet", []any{"c", w.dir}},
	)
	w.of("c").refuses(refusal{-18, "Requested wallet does not exist or is not loaded", "getbalance", nil})
	w.of("a").refuses(
		refusal{-8, "RPC endpoint wallet and wallet_name parameter specify different wallets", "unloadwallet", []any{"b"}},
		refusal{-4, "…", "backupwallet", []any{filepath.Join(nowhere, "copy")}},
		refusal{-4, "…already exists", "backupwallet", []any{backup}},
		refusal{-4, "…already exists", "backupwallet", []any{w.dir}},
		refusal{-4, "…already exists", "backupwallet", []any{""}},
	)
}

// A relative path begins where the node was started, in both directions.
func TestABackupMayHaveARelativePath(t *testing.T) {
	w := start(t)
	w.must("createwallet", "a")
	address := w.of("a").text("getnewaddress")
	t.Chdir(w.dir)
	w.of("a").must("backupwallet", "copy.dat")
	if st, err := os.Stat(filepath.Join(w.dir, "copy.dat")); err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("the copy: %v, %v", st, err)
	}
	w.must("restorewallet", "b", "copy.dat")
	is(t, "restored", w.of("b").object("getaddressinfo", address), "ismine", true)
}

// Encryption and its passphrases: -13, -14, -15, -16 (RPC_WALLET_UNLOCK_NEEDED,
// _PASSPHRASE_INCORRECT, _WRONG_ENC_STATE, _ENCRYPTION_FAILED). -17 no Core says any more.
func TestPassphrasesAreGivenWrongly(t *testing.T) {
	w := start(t)
	w.must("createwallet", "plain")
	w.must("createwallet", "watching", true)
	w.must("createwallet", "sealed", false, false, "open sesame")
	w.of("plain").refuses(
		refusal{-15, "Error: running with an unencrypted wallet, but walletpassphrase was called.", "walletpassphrase", []any{"x", 1}},
		refusal{-15, "Error: running with an unencrypted wallet, but walletpassphrasechange was called.", "walletpassphrasechange", []any{"x", "y"}},
		refusal{-15, "Error: running with an unencrypted wallet, but walletlock was called.", "walletlock", nil},
		refusal{-8, "passphrase cannot be empty", "encryptwallet", []any{""}},
	)
	w.of("watching").refuses(refusal{-16, "Error: wallet does not contain private keys, nothing to encrypt.", "encryptwallet", []any{"x"}})
	const locked = "Error: Please enter the wallet passphrase with walletpassphrase first."
	sealed := w.of("sealed")
	address := sealed.text("getnewaddress", "", "legacy")
	sealed.refuses(
		refusal{-15, "Error: running with an encrypted wallet, but encryptwallet was called.", "encryptwallet", []any{"x"}},
		refusal{-14, "Error: The wallet passphrase entered was incorrect.", "walletpassphrase", []any{"wrong", 1}},
		refusal{-14, "…null character", "walletpassphrase", []any{"open\x00sesame", 1}},
		refusal{-14, "Error: The wallet passphrase entered was incorrect.", "walletpassphrasechange", []any{"wrong", "y"}},
		refusal{-8, "Timeout cannot be negative.", "walletpassphrase", []any{"open sesame", -1}},
		refusal{-8, "passphrase cannot be empty", "walletpassphrase", []any{"", 1}},
		refusal{-8, "passphrase cannot be empty", "walletpassphrasechange", []any{"open sesame", ""}},
		refusal{-13, locked, "signmessage", []any{address, "x"}},
		refusal{-13, locked, "listdescriptors", []any{true}},
		refusal{-13, locked, "upgradewallet", nil},
	)
	sealed.must("walletpassphrase", "open sesame", 600)
	sealed.must("signmessage", address, "x")
	sealed.must("walletlock")
	sealed.refuses(refusal{-13, locked, "signmessage", []any{address, "x"}})
}

// Methods of wallets of the older kind answer as Core 28.1 did for wallets of descriptors:
// -4 (RPC_WALLET_ERROR), after what is wrong with the call itself.
func TestLegacyMethodsAreRefused(t *testing.T) {
	w := start(t)
	w.must("createwallet", "watching", true)
	w.must("createwallet", "a")
	const legacy = "Only legacy wallets are supported by this command"
	a := w.of("a")
	address := a.text("getnewaddress")
	a.refuses(
		refusal{-4, legacy, "addmultisigaddress", []any{1, []string{"aa"}}},
		refusal{-4, legacy, "dumpprivkey", []any{address}},
		refusal{-4, legacy, "dumpwallet", []any{"file"}},
		refusal{-4, legacy, "importaddress", []any{address, "label", false, true}},
		refusal{-4, legacy, "importmulti", []any{[]any{}, map[string]any{"rescan": false}}},
		refusal{-4, legacy, "importprivkey", []any{"x"}},
		refusal{-4, legacy, "importpubkey", []any{"x"}},
		refusal{-4, legacy, "importwallet", []any{"file"}},
		refusal{-4, legacy, "newkeypool", nil},
		refusal{-4, legacy, "sethdseed", []any{true, "x"}},
		refusal{-1, "…importaddress", "importaddress", nil},
		refusal{-3, "…", "importaddress", []any{1}},
		refusal{-5, "Invalid address", "walletdisplayaddress", []any{"x"}},
		refusal{-1, "There is no ScriptPubKeyManager for this address", "walletdisplayaddress", []any{address}},
	)
	w.of("watching").refuses(refusal{-4, "Cannot import private keys to a wallet with private keys disabled", "importprivkey", []any{"x"}})
	w.of("nobody's").refuses(refusal{-18, "Requested wallet does not exist or is not loaded", "dumpprivkey", []any{"x"}})
	for version, want := range map[int]string{0: "result", 169900: "result", 170000: "result", 1: "error", -1: "error"} {
		if got := a.object("upgradewallet", version); got[want] == nil || got["wallet_name"] != "a" || got["current_version"] != 169900.0 {
			t.Errorf("upgradewallet %d: %v", version, got)
		}
	}
}
