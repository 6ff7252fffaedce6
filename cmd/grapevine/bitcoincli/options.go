package bitcoincli

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"errors"
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
const known = "regtest signet testnet testnet4 chain datadir rpcconnect rpcport rpcuser rpcpassword rpccookiefile rpcclienttimeout " +
	"rpcwait rpcwaittimeout rpcwallet stdin stdinrpcpass named generate getinfo addrinfo version help conf | color debug"

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
		if name == "?" || name == "h" {
			name = "help"
		}
		if !slices.Contains(names, name) {
			return nil, nil, &usageError{"Error parsing command line arguments: Invalid parameter " + arg}
		}
		o[name] = value
	}
	return o, nil, nil
}

// usageError is a command line that makes no sense.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// check refuses what bitcoin-cli refuses before it calls anybody.
func (o options) check(words []string) error {
	chains := 0
	for _, name := range []string{"regtest", "signet", "testnet", "testnet4", "chain"} {
		if o.has(name) {
			chains++
		}
	}
	path := o["conf"]
	_, missing := os.Stat(path)
	own := o.has("getinfo") || o.has("addrinfo")
	switch {
	case chains > 1:
		return &usageError{"Error: Invalid combination of -regtest, -signet, -testnet, -testnet4 and -chain. Can use at most one."}
	case port(o.network()) == "":
		return &usageError{fmt.Sprintf("Error: Unknown chain %s.", o["chain"])}
	case filepath.IsAbs(path) && missing != nil:
		return &usageError{fmt.Sprintf("Error reading configuration file: specified config file %q could not be opened.", path)}
	case o.has("getinfo") && len(words) > 0:
		return errors.New("-getinfo takes no arguments")
	case o.has("addrinfo") && len(words) > 0:
		return errors.New("-addrinfo takes no arguments")
	case own:
	case o.has("generate") && len(words) > 2:
		return errors.New("too many arguments (maximum 2 for nblocks and maxtries)")
	case o.has("generate") && len(words) > 0 && words[0] == "0":
		return errors.New("the first argument (number of blocks to generate, default: 1) must be an integer value greater than zero")
	case len(words) == 0 && !o.has("generate"):
		return errors.New("too few parameters (need at least command)")
	}
	return nil
}

// network is -chain, or -regtest and its like; grapevine's own default is regtest.
func (o options) network() string {
	switch {
	case o.has("signet"):
		return "signet"
	case o.has("testnet4"):
		return "testnet4"
	case o.has("testnet") || o["chain"] == "test":
		return "testnet3"
	case o["chain"] == "main":
		return "mainnet"
	case o["chain"] != "":
		return o["chain"]
	}
	return "regtest"
}

// port is bitcoind's RPC port of the network; empty for a network that nobody knows.
func port(network string) string {
	switch network {
	case "mainnet":
		return "8332"
	case "testnet3":
		return "18332"
	case "testnet4":
		return "48332"
	case "signet":
		return "38332"
	case "regtest":
		return "18443"
	}
	return ""
}

// dial makes the client that the flags describe.
func (o options) dial(sys System) (*client.Client, error) {
	host, at := "127.0.0.1", port(o.network())
	if s := o["rpcconnect"]; s != "" {
		host = strings.Trim(s, "[]")
		if h, p, err := net.SplitHostPort(s); err == nil {
			if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
				return nil, fmt.Errorf("Invalid port provided in -rpcconnect: %s", s)
			}
			host, at = h, p
			if other := o["rpcport"]; other != "" {
				fmt.Fprintf(sys.Err, "Warning: Port specified in both -rpcconnect and -rpcport. Using -rpcport %s\n", other)
			}
		}
	}
	if s := o["rpcport"]; s != "" {
		if n, err := strconv.ParseUint(s, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("Invalid port provided in -rpcport: %s", s)
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
