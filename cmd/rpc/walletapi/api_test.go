package walletapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/wallet"
)

func TestWalletErrorsHaveCoresCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		code jsonrpc.Code
		text string
	}{
		{&wallet.FundsError{Payments: 5, Needed: 10}, -6, "Insufficient funds: "},
		{fmt.Errorf("output 1: %w", wallet.ErrDust), -6, "output 1: "},
		{wallet.ErrNoWallet, -18, ""}, {wallet.ErrUnknownTx, -5, "Invalid or non-wallet transaction id"},
		{wallet.ErrBadWords, -5, ""}, {wallet.ErrScanning, -4, ""}, {wallet.ErrExists, -4, ""},
		{fmt.Errorf("sent: %w", chain.Refused(policy.ErrMinRelayFee, "")), -26, "sent: min relay fee not met"},
		{jsonrpc.Errorf(-8, "mine"), -8, "mine"},
	} {
		e, ok := errors.AsType[*jsonrpc.Error](coded(c.err))
		if !ok || e.Code != c.code || !strings.HasPrefix(e.Message, c.text) {
			t.Errorf("%v: got %v", c.err, e)
		}
	}
	if coded(nil) != nil {
		t.Error("no error became one")
	}
}

func TestHistoryFlattensToLines(t *testing.T) {
	tx := chain.NewTx(wire.NewMsgTx(2))
	entries := []wallet.Entry{
		{Tx: tx, Height: -1, Received: 200, Time: 200, Debit: 7, Details: []wallet.Detail{{Category: wallet.Sent, Amount: -5, Label: "a", Booked: true}, {Category: wallet.Received, Amount: 5, Label: "b", Booked: true}}},
		{Tx: tx, Height: 3, BlockTime: 90, Received: 100, Time: 90, Confirmations: 2, Details: []wallet.Detail{{Category: wallet.Received, Amount: 9, Label: "b", Booked: true}, {Category: wallet.Received, Change: true}}},
	}
	a := &API{}
	lines := slices.Concat(a.lines(&entries[0], shown{}), a.lines(&entries[1], shown{}))
	if len(lines) != 3 || lines[0].Fee == nil || *lines[0].Fee != -7 || lines[1].Fee != nil || lines[0].Trusted == nil || lines[2].Trusted != nil {
		t.Errorf("lines: %+v", lines)
	}
	if lines[0].Time != 200 || lines[2].Time != 90 {
		t.Errorf("times %d and %d", lines[0].Time, lines[2].Time)
	}
	if lines[0].Replaceable != "unknown" || lines[2].Replaceable != "no" {
		t.Errorf("replaceable: %s, %s", lines[0].Replaceable, lines[2].Replaceable)
	}
	label := "b"
	for i, want := range []int{1, 1} {
		if got := a.lines(&entries[i], shown{label: &label}); len(got) != want {
			t.Errorf("label b: %d lines of %d", len(got), i)
		}
	}
}
