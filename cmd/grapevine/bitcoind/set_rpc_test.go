package bitcoind

import (
	"cmp"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"grapevine/chain/policy"
	"grapevine/cmd/grapevine/args"
	"grapevine/cmd/node"
)

// applied is the configuration that options give on regtest.
func applied(t *testing.T, line ...string) (*node.Config, error) {
	t.Helper()
	return appliedOn(t, "regtest", line...)
}

// appliedOn makes one of a chain.
func appliedOn(t *testing.T, chain string, line ...string) (*node.Config, error) {
	t.Helper()
	a := args.New(known(), t.TempDir())
	if err := a.Parse(append([]string{"-chain=" + chain, "-datadir=" + t.TempDir()}, line...)); err != nil {
		t.Fatal(err)
	}
	a.Select(chain)
	s := &setup{Args: a, chain: chain, cfg: &node.Config{Policy: policy.Core31(), Log: slog.New(slog.DiscardHandler)}, log: &logSwitch{}, warn: func(string) {}}
	if err := s.network(); err != nil {
		t.Fatal(err)
	}
	return s.cfg, cmp.Or(s.apply(), s.late)
}

// Where RPC listens, by Core's rule that -rpcbind counts only with -rpcallowip.
func TestWhereRPCListens(t *testing.T) {
	for _, c := range []struct {
		line []string
		want string
	}{
		{nil, "127.0.0.1:18443 [::1]:18443"},
		{[]string{"-rpcport=5"}, "127.0.0.1:5 [::1]:5"},
		{[]string{"-rpcbind=1.2.3.4"}, "127.0.0.1:18443 [::1]:18443"},
		{[]string{"-rpcallowip=1.2.3.4"}, "127.0.0.1:18443 [::1]:18443"},
		{[]string{"-rpcbind=1.2.3.4", "-rpcallowip=::/0", "-rpcbind=[1::2]:7", "-rpcbind=1::2", "-rpcport=9"}, "1.2.3.4:9 [1::2]:7 [1::2]:9"},
		{[]string{"-server=0", "-rpcport=5"}, ""},
	} {
		cfg, err := applied(t, c.line...)
		if err != nil {
			t.Errorf("%v: %v", c.line, err)
			continue
		}
		if got := strings.TrimSpace(cfg.RPCListen + " " + strings.Join(cfg.RPCBind, " ")); got != c.want {
			t.Errorf("%v: %q, want %q", c.line, got, c.want)
		}
	}
}

func TestOptionsOfRPC(t *testing.T) {
	cfg, err := applied(t, "-rpcauth=a:b$c", "-rpcauth=d:e$f", "-rpcwhitelist=a:x,y", "-rpcservertimeout=7", "-rpcworkqueue=3", "-rpcthreads=0",
		"-rpccookieperms=group", "-rpccookiefile=/x/c", "-rpcallowip=1.2.3.0/255.255.255.0", "-rpcdoccheck", "-rest")
	if err != nil {
		t.Fatal(err)
	}
	got := cfg.Serving
	got.Logging, got.RPCBind, got.LogPath = nil, nil, ""
	on := true
	want := got
	want.RPCAuth, want.RPCWhitelist, want.RPCWhitelistDefault = []string{"a:b$c", "d:e$f"}, []string{"a:x,y"}, &on
	want.RPCTimeout, want.RPCThreads, want.RPCQueue = 7*time.Second, 1, 3
	want.RPCCookie, want.RPCCookieMode, want.RPCAllowIP, want.RPCBindAny = "/x/c", 0o640, []string{"1.2.3.0/255.255.255.0"}, true
	if !reflect.DeepEqual(got, want) || !*cfg.REST || cfg.RPCNoCookie {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct {
		option string
		none   bool
	}{{"-norpccookiefile", true}, {"-rpcpassword=x", true}, {"-rpcpassword=", false}, {"-rpcuser=x", false}} {
		if cfg, err := applied(t, c.option); err != nil || cfg.RPCNoCookie != c.none {
			t.Errorf("%s: no cookie %v, %v", c.option, cfg.RPCNoCookie, err)
		}
	}
	cfg, err = applied(t)
	if err != nil || cfg.RPCThreads != 0 || cfg.RPCQueue != 0 || *cfg.REST {
		t.Errorf("%v %+v", err, cfg.Serving)
	}
}

func TestWrongOptionsOfRPC(t *testing.T) {
	const start = "Unable to start HTTP server. See debug log for details."
	for option, want := range map[string]string{
		"-rpcport=0": "Invalid port specified in -rpcport: '0'", "-rpcport=65536": "Invalid port specified in -rpcport: '65536'",
		"-rpcbind=1.2.3.4:0": "Invalid port specified in -rpcbind: '1.2.3.4:0'", "-rpcbind=[::1]:x": "Invalid port specified in -rpcbind: '[::1]:x'",
		"-rpcallowip=1.2.3.4/33": "Invalid -rpcallowip subnet specification: 1.2.3.4/33. Valid are a single IP (e.g. 1.2.3.4), a network/netmask (e.g. 1.2.3.4/255.255.255.0) or a network/CIDR (e.g. 1.2.3.4/24).\nError: " + start,
		"-rpccookieperms=me":     start,
	} {
		if _, err := applied(t, option); err == nil || err.Error() != want {
			t.Errorf("%s: %v", option, err)
		}
	}
}

// Without wallets nobody reads their options, and nobody refuses what stands there.
func TestOptionsOfWalletsAreNotReadWithoutThem(t *testing.T) {
	for _, bad := range []string{"-addresstype=x", "-changetype=x", "-fallbackfee=x", "-maxapsfee=x", "-walletdir=/nosuch"} {
		if _, err := applied(t, bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
		if _, err := applied(t, bad, "-disablewallet"); err != nil {
			t.Errorf("%s without wallets: %v", bad, err)
		}
	}
}

// By the rules of 28.1 regtest refuses time warps (BIP94), by later ones only where -test asks for it; and
// there are checkpoints.
func TestRulesOfHeadersByRelease(t *testing.T) {
	for _, c := range []struct {
		release string
		line    []string
		want    bool
	}{{"", nil, false}, {"31", nil, false}, {"28.1", nil, true}, {"31", []string{"-test=bip94"}, true}} {
		t.Setenv("GRAPEVINE_POLICY", c.release)
		if cfg, err := applied(t, c.line...); err != nil || cfg.Params.EnforceBIP94 != c.want {
			t.Errorf("%q %q: %v, %v", c.release, c.line, cfg.Params.EnforceBIP94, err)
		}
	}
	for _, c := range []struct {
		release, chain string
		line           []string
		want           int
	}{{"", "main", nil, 0}, {"31", "test", nil, 0}, {"28.1", "main", nil, 13}, {"28.1", "test", nil, 1}, {"28.1", "test", []string{"-nocheckpoints"}, 0}, {"28.1", "regtest", nil, 0}} {
		t.Setenv("GRAPEVINE_POLICY", c.release)
		if cfg, err := appliedOn(t, c.chain, c.line...); err != nil || len(cfg.Params.Checkpoints) != c.want {
			t.Errorf("%+v: %d checkpoints, %v", c, len(cfg.Params.Checkpoints), err)
		}
	}
	t.Setenv("GRAPEVINE_POLICY", "28")
	if _, err := applied(t); err == nil {
		t.Error("rules that nobody knows are taken")
	}
}
