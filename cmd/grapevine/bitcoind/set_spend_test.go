package bitcoind

import (
	"strings"
	"testing"
)

// What is said of high fees is said when a wallet is taken into use, not at a start without one.
func TestHighFeesAreWarnedOfWithTheWallets(t *testing.T) {
	for line, want := range map[string]string{
		"-discardfee=0.01":       "",
		"-discardfee=0.01000001": "-discardfee is set very high!",
		"-mintxfee=0.02":         "-mintxfee is set very high!",
		"-maxtxfee=1":            "",
		"-maxtxfee=1.00000001":   "-maxtxfee is set very high!",
		"-maxapsfee=0.0001":      "",
		"-maxapsfee=0.00010001":  "-maxapsfee is set very high!",
	} {
		cfg, err := applied(t, line)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		got := cfg.Wallets.Warnings
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], want)) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestWalletsBroadcastUnlessTheyAreToldNotTo(t *testing.T) {
	for line, silent := range map[string]bool{
		"-walletbroadcast": false, "-walletbroadcast=0": true, "-nowalletbroadcast": true, "-blocksonly": true, "-blocksonly -walletbroadcast": false, "-blocksonly=0": false,
	} {
		cfg, err := applied(t, strings.Fields(line)...)
		if err != nil || cfg.Habits.Silent != silent {
			t.Errorf("%s: silent %v, %v", line, cfg.Habits.Silent, err)
		}
	}
}
