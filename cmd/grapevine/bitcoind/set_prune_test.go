package bitcoind

import (
	"fmt"
	"strings"
	"testing"

	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/notify"
)

func TestOptionsOfOldBlocks(t *testing.T) {
	for _, c := range []struct {
		line    string
		prune   ledger.Prune
		rebuild ledger.Rebuild
		stop    int32
	}{
		{"", ledger.Prune{}, ledger.RebuildNothing, 0},
		{"-prune=0 -fastprune", ledger.Prune{Small: true}, ledger.RebuildNothing, 0},
		{"-noprune -txindex", ledger.Prune{}, ledger.RebuildNothing, 0},
		{"-prune=1", ledger.Prune{On: true}, ledger.RebuildNothing, 0},
		{"-prune=550 -stopatheight=7", ledger.Prune{On: true, Target: 550 << 20}, ledger.RebuildNothing, 7},
		{"-prune=123456789 -reindex", ledger.Prune{On: true, Target: 123456789 << 20}, ledger.RebuildAll, 0},
		{"-reindex-chainstate -stopatheight=-1", ledger.Prune{}, ledger.RebuildCoins, 1},
		{"-reindex -reindex-chainstate", ledger.Prune{}, ledger.RebuildAll, 0},
	} {
		cfg, err := applied(t, strings.Fields(c.line)...)
		if err != nil || cfg.Prune != c.prune || cfg.Rebuild != c.rebuild || cfg.StopAt != c.stop {
			t.Errorf("%s: %+v, %v, %d, %v", c.line, cfg.Prune, cfg.Rebuild, cfg.StopAt, err)
		}
	}
	for line, want := range map[string]string{
		"-prune=-1":                    "Prune cannot be configured with a negative value.",
		"-prune=2":                     "Prune configured below the minimum of 550 MiB.  Please use a higher number.",
		"-prune=549":                   "Prune configured below the minimum of 550 MiB.  Please use a higher number.",
		"-prune=1 -txindex=1":          "Prune mode is incompatible with -txindex.",
		"-prune=1 -reindex-chainstate": "Prune mode is incompatible with -reindex-chainstate. Use full -reindex instead.",
	} {
		if _, err := applied(t, strings.Fields(line)...); err == nil || err.Error() != want {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestOptionsOfZeroMQ(t *testing.T) {
	cfg, err := applied(t, "-zmqpubrawtx=tcp://127.0.0.1:1", "-zmqpubhashblock=unix:/x", "-zmqpubrawtx=foo", "-zmqpubrawtxhwm=5")
	want := []notify.Notifier{{Topic: "hashblock", Address: "unix:/x", HWM: 1000}, {Topic: "rawtx", Address: "tcp://127.0.0.1:1", HWM: 5}, {Topic: "rawtx", Address: "foo", HWM: 5}}
	if err != nil || fmt.Sprint(cfg.ZeroMQ) != fmt.Sprint(want) || !cfg.ZeroMQOrNot {
		t.Errorf("%v, %v", cfg.ZeroMQ, err)
	}
	for _, topic := range notify.Topics() {
		if _, err := applied(t, "-zmqpub"+topic+"=foo:bar"); err == nil || err.Error() != "Invalid port specified in -zmqpub"+topic+": 'foo:bar'" {
			t.Error(err)
		}
	}
}

// What is wrong with a chain file is said as Core says it.
func TestChainFilesInCoresWords(t *testing.T) {
	if err := explainChain(fmt.Errorf("open: %w", ledger.ErrWasPruned)); !strings.HasSuffix(fmt.Sprint(err), ".\nPlease restart with -reindex or -reindex-chainstate to recover.") || strings.HasPrefix(err.Error(), "open") {
		t.Error(err)
	}
	if err := explainChain(fmt.Errorf("open: %w", &ledger.PrunedIndexError{Index: "coinstatsindex"})); !strings.HasPrefix(fmt.Sprint(err), "coinstatsindex best block of the index goes beyond pruned data.") ||
		!strings.HasSuffix(err.Error(), "Failed to start indexes, shutting down..") {
		t.Error(err)
	}
	if err := explainChain(fmt.Errorf("else")); err != nil {
		t.Error(err)
	}
}
