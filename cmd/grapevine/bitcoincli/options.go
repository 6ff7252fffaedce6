package bitcoincli

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"grapevine/cmd/rpc/client"
)

// options are the flags given, without their dashes.
type options map[string]string

func (o options) has(name string) bool {
	v, given := o[name]
	return given && v != "0"
}

// known are the flags of bitcoin-cli that mean something here; those after the
// bar are taken and change nothing.
const known = "regtest signet testnet4 chain datadir rpcconnect rpcport rpcuser rpcpassword rpccookiefile rpcclienttimeout " +
	"rpcwait rpcwaittimeout rpcwallet stdin stdinrpcpass named generate getinfo version | conf color debug"

// parse reads flags up to the method, as bitcoin-cli does: one dash or two,
// values after "=".
func parse(args []string) (options, []string, error) {
	o := options{}
	names := strings.Fields(known)
	for i, arg := range args {
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			return o, args[i:], nil
		}
		name, value, found := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !found {
			value = "1"
		}
		if base, no := strings.CutPrefix(name, "no"); no && slices.Contains(names, base) {
			name, value = base, "0"
		}
		if !slices.Contains(names, name) {
			return nil, nil, fmt.Errorf("invalid parameter -%s", name)
		}
		o[name] = value
	}
	return o, nil, nil
}

// network is -chain, or -regtest and its like; grapevine's own default is regtest.
func (o options) network() string {
	switch {
	case o.has("signet"):
		return "signet"
	case o.has("testnet4"):
		return "testnet4"
	case o["chain"] == "main":
		return "mainnet"
	case o["chain"] != "":
		return o["chain"]
	}
	return "regtest"
}

// port is bitcoind's RPC port of the network.
func port(network string) string {
	switch network {
	case "mainnet":
		return "8332"
	case "testnet4":
		return "48332"
	case "signet":
		return "38332"
	}
	return "18443"
}

// dial makes the client that the flags describe.
func (o options) dial(sys System) (*client.Client, error) {
	host, at := "127.0.0.1", port(o.network())
	if s := o["rpcconnect"]; s != "" {
		host = strings.Trim(s, "[]")
		if h, p, err := net.SplitHostPort(s); err == nil {
			host, at = h, p
		}
	}
	if s := o["rpcport"]; s != "" {
		if n, err := strconv.ParseUint(s, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("invalid port in -rpcport: %s", s)
		}
		at = s
	}
	url := "http://" + net.JoinHostPort(host, at)
	if s := o["rpcwallet"]; s != "" {
		url += "/wallet/" + s
	}
	if o["rpcpassword"] != "" {
		return client.Dial(url, o["rpcuser"], o["rpcpassword"])
	}
	return client.DialCookie(url, o.cookie(sys))
}

// cookie is -rpccookiefile; else the one in the data directory, which is
// bitcoind's with a folder for each network, or grapevine's without.
func (o options) cookie(sys System) string {
	if s := o["rpccookiefile"]; s != "" {
		return s
	}
	dir := o["datadir"]
	if dir == "" {
		return filepath.Join(sys.Home, ".grapevine", o.network(), ".cookie")
	}
	below := filepath.Join(dir, o.network(), ".cookie")
	if _, err := os.Stat(below); err == nil {
		return below
	}
	return filepath.Join(dir, ".cookie")
}

// seconds reads a flag that is a time.
func (o options) seconds(name string, usual time.Duration) (time.Duration, error) {
	s := o[name]
	if s == "" {
		return usual, nil
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("-%s=%s: want seconds", name, s)
	}
	return time.Duration(n) * time.Second, nil
}
