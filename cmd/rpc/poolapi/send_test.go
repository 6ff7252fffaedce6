package poolapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
)

// What lnd looks for in errors: src/chain/errors.go of btcwallet.
func TestRefusalsHaveCoresCodeAndText(t *testing.T) {
	for _, c := range []struct {
		err     error
		code    jsonrpc.Code
		message string
	}{
		{&chain.MissingError{}, -25, "bad-txns-inputs-missingorspent"},
		{chain.Refused(policy.ErrMinRelayFee, "%d < %d", 0, 110), -26, "min relay fee not met, 0 < 110"},
		{chain.Refused(policy.ErrDust, ""), -26, "dust"},
		{chain.Refused("mempool-script-verify-flag-failed (Signature is null)", ""), -26, "mempool-script-verify-flag-failed (Signature is null)"},
		{fmt.Errorf("tx 5: %w", chain.Broken(chain.ErrInBelowOut, "value in (1.00) < value out (2.00)")), -26, "bad-txns-in-belowout, value in (1.00) < value out (2.00)"},
	} {
		e, ok := errors.AsType[*jsonrpc.Error](refusal(c.err))
		if !ok || e.Code != c.code || e.Message != c.message {
			t.Errorf("%v: got %v", c.err, e)
		}
	}
	ours := errors.New("disk full")
	if err := refusal(ours); err != ours {
		t.Errorf("our own fault became %v", err)
	}
}

func TestAcceptanceSaysOneThing(t *testing.T) {
	tx := chain.NewTx(wire.NewMsgTx(2))
	for name, c := range map[string]struct {
		result  mempool.TestResult
		allowed string
		reason  string
		pack    string
	}{
		"good":        {mempool.TestResult{Tx: tx, Fee: 100, VSize: 100}, "true", "", ""},
		"missing":     {mempool.TestResult{Tx: tx, Err: &chain.MissingError{}}, "false", "missing-inputs", ""},
		"refused":     {mempool.TestResult{Tx: tx, Err: chain.Refused(policy.ErrMaxFee, "")}, "false", "max-fee-exceeded", ""},
		"not reached": {mempool.TestResult{Tx: tx, NotReached: true}, "", "", ""},
		"bad list":    {mempool.TestResult{Tx: tx, NotReached: true, List: chain.Refused("package-not-sorted", "")}, "", "", "package-not-sorted"},
	} {
		a, err := newAcceptance(c.result)
		allowed := ""
		if a.Allowed != nil {
			allowed = fmt.Sprint(*a.Allowed)
		}
		if err != nil || allowed != c.allowed || a.Reason != c.reason || a.Package != c.pack || (a.Fees != nil) != (c.allowed == "true") {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
		raw, _ := json.Marshal(a)
		if named := strings.Contains(string(raw), `"package-error":"`+c.pack+`"`); named != (c.pack != "") || strings.Contains(string(raw), `"allowed"`) != (c.allowed != "") {
			t.Errorf("%s: %s", name, raw)
		}
	}
	ours := errors.New("disk full")
	if _, err := newAcceptance(mempool.TestResult{Tx: tx, Err: ours}); err != ours {
		t.Errorf("our own fault became %v", err)
	}
}
