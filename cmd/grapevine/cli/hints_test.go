package cli

import (
	"fmt"
	"strings"
	"testing"

	"grapevine/cmd/rpc/client"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/testnet"
)

// A node that hangs may do what it was asked when it goes on: nobody is told to ask again, as for
// a payment, while it lives.
func TestHintForANodeThatHangsDoesNotMakeAnybodyPayTwice(t *testing.T) {
	for pid, want := range map[int]string{7: "testnet kill 3` ends it", -4: "before you try again"} {
		got := HintFor(fmt.Errorf("pay: %w", &testnet.HangError{Node: testnet.Member{Node: 3, PID: pid}}))
		if !strings.HasPrefix(got, "What it was asked it may do yet") || !strings.Contains(got, want) || strings.Contains(got, "then try again") {
			t.Errorf("pid %d: %q", pid, got)
		}
	}
}

// Each hint follows from the cause that the refusal names.
func TestHintsFollowFromTheCause(t *testing.T) {
	funds := func(confirmed, unconfirmed, immature string) string {
		return "Insufficient funds: 10.00000000 BTC and a fee of 0.00000840 BTC are needed; there are " + confirmed + " BTC confirmed, " + unconfirmed + " BTC unconfirmed, " + immature + " BTC immature"
	}
	for _, c := range []struct {
		code jsonrpc.Code
		text string
		want string
		not  string
	}{
		{jsonrpc.CodeInsufficient, funds("0.00000000", "10.00000000", "0.00000000"), "mine 1`", "101"},
		{jsonrpc.CodeInsufficient, funds("0.00000000", "10.00000000", "150.00000000"), "mine 1`", "100"},
		{jsonrpc.CodeInsufficient, funds("0.00000000", "0.00000000", "150.00000000"), "how many are missing", "101"},
		{jsonrpc.CodeInsufficient, funds("50.00000000", "0.00000000", "0.00000000") + ", 50.00000000 BTC of it locked", "listlockunspent", "mine"},
		{jsonrpc.CodeInsufficient, funds("0.00000000", "0.00000000", "0.00000000"), "mine 101`", ""},
		{jsonrpc.CodeInsufficient, "Unconfirmed UTXOs are available, but spending them creates a chain of transactions that will be rejected by the mempool", "mine 1`", "101"},
		{jsonrpc.CodeInsufficient, "Failed to calculate bump fees, because unconfirmed UTXOs depend on enormous cluster of unconfirmed transactions.", "next block", "101"},
		{jsonrpc.CodeWallet, "Unconfirmed UTXOs are available, but spending them creates a chain of transactions that will be rejected by the mempool", "mine 1`", "101"},
		{jsonrpc.CodeWallet, funds("0.00000000", "0.00000000", "0.00000000"), "mine 101`", ""},
		{jsonrpc.CodeInsufficient, "Total value of UTXO pool too low to pay for transaction. Try using lower feerate", "what waits", "101"},
		{jsonrpc.CodeDeserialization, "TX decode failed DataStream::read(): end of data", "PSBT", "hex"},
		{jsonrpc.CodeDeserialization, "TX decode failed. Make sure the tx has at least one input.", "hex", "PSBT"},
		{jsonrpc.CodeDeserialization, "TX decode failed", "hex", "PSBT"},
		{jsonrpc.CodeDeserialization, "the PSBT contradicts what is known of its coins, and nothing was signed: input 0", "sign none", "hex"},
		{jsonrpc.CodeDeserialization, "Block decode failed", "", "`"},
		{jsonrpc.CodeWallet, "Private keys are disabled for this wallet", "", "mine"},
		{jsonrpc.CodeInsufficient, "Transaction amount too small: 0.00000100 BTC", "larger amount", "mine"},
		{jsonrpc.CodeInsufficient, "Fee exceeds maximum", "", "mine"},
		{jsonrpc.CodeInvalidAddress, "these are not BIP39 words: the checksum is wrong", "order", "hash"},
		{jsonrpc.CodeInvalidAddress, "Invalid Bitcoin address: tb1q (… It is an address of testnet3)", "network", "bcrt1"},
		{jsonrpc.CodeInvalidAddress, "Invalid Bitcoin address: nowhere", "letter", "hash"},
		{jsonrpc.CodeInvalidAddress, "Block not found", "no block of that hash", "address"},
		{jsonrpc.CodeInvalidAddress, "No such mempool or blockchain transaction. Use gettransaction for wallet transactions.", "not in the pool", "block of that hash"},
		{jsonrpc.CodeInvalidAddress, "something else", "", "`"},
		{jsonrpc.CodeWalletNotFound, "Requested wallet does not exist or is not loaded", "wallet load", "create"},
		{jsonrpc.CodeWalletNotFound, "Wallet file verification failed. Failed to load database path '/x'. Path does not exist.", "wallet list", "false"},
		{jsonrpc.CodeWalletNotFound, "Wallet file verification failed. Failed to load database path '/x'. Data is not in recognized format.", "no wallet", "create"},
		{jsonrpc.CodeWalletNotFound, "No wallet is loaded.", "wallet create", "NAME"},
		{jsonrpc.CodeWhichWallet, "Wallet file not specified (must request wallet RPC through /wallet/<filename> uri-path).", "wallet use", "create"},
		{jsonrpc.CodeWalletLoaded, "Wallet \"a\" is already loaded.", "wallet use", "create"},
		{jsonrpc.CodeWallet, "Wallet file verification failed. Failed to create database path '/x'. Database already exists.", "wallet load", "mine"},
		{jsonrpc.CodeWalletUnlock, "Error: Please enter the wallet passphrase with walletpassphrase first.", "wallet unlock", "mine"},
		{jsonrpc.CodeMisc, "anything", "", "`"},
		{jsonrpc.CodeMisc, "backup to /x/chain.db: write /x/chain.db.1.part: no space left on device", "Make room", "`"},
		{jsonrpc.CodeWallet, "write chain file: write C:\\x\\chain.db: There is not enough space on the disk.", "Make room", "`"},
		{jsonrpc.CodeMisc, "read /x/chain.db: input/output error", "The disk fails", "Make room"},
	} {
		got := HintFor(&client.Error{Code: int(c.code), Message: c.text})
		if !strings.Contains(got, c.want) || c.not != "" && strings.Contains(got, c.not) || c.want == "" && got != "" {
			t.Errorf("%s: %q", c.text, got)
		}
	}
}
