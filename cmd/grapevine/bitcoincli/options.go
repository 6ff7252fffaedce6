package bitcoincli

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"grapevine/cmd/grapevine/args"
	"grapevine/cmd/rpc/client"
	"grapevine/db"
)

// known are the options of bitcoin-cli.
func known() map[string]args.Flags {
	names := map[string]args.Flags{
		"color": args.NoNegation, "rpcwaittimeout": args.NoNegation, "rpcport": args.NetworkOnly,
		"signetchallenge": args.NoNegation, "signetseednode": args.NoNegation,
	}
	for name := range strings.FieldsSeq("? h help version conf includeconf datadir generate addrinfo getinfo netinfo named rpcclienttimeout rpcconnect rpccookiefile " +
		"rpcpassword rpcuser rpcwait rpcwallet stdin stdinrpcpass stdinwalletpassphrase chain regtest signet testnet testnet4 testactivationheight vbparams") {
		names[name] |= 0
	}
	return names
}

// usageError is a command line that makes no sense; its text stands alone.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// read reads the command line and bitcoin.conf [AppInitRPC].
func read(line []string, home string) (o *args.Args, err error) {
	o = args.New(known(), home)
	if err := o.Parse(line); err != nil {
		return nil, &usageError{"Error parsing command line arguments: " + err.Error()}
	}
	if len(line) == 0 || askedFor(o) {
		return o, nil
	}
	if o.DataDirMissing() {
		return nil, &usageError{fmt.Sprintf("Error: Specified data directory \"%s\" does not exist.", o.String("datadir", ""))}
	}
	if err := o.ReadConf(); err != nil {
		return nil, &usageError{"Error reading configuration file: " + err.Error()}
	}
	chain, err := o.Chain()
	if err != nil {
		return nil, &usageError{"Error: " + err.Error()}
	}
	o.Select(chain)
	return o, nil
}

// askedFor says whether only help or the version is wanted.
func askedFor(o *args.Args) bool {
	return o.Has("?") || o.Has("h") || o.Has("help") || o.Has("version")
}

// place is where the node answers.
type place struct {
	host string // without brackets
	port uint16
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.host, p.port) }

// where finds the node: -rpcport is stronger than the port in -rpcconnect, which is
// stronger than the network's.
func where(o *args.Args, warn func(string)) (place, error) {
	chain, _ := o.Chain() // read has checked it
	at := place{"127.0.0.1", client.DefaultPort(chain)}
	asked := o.String("rpcconnect", at.host)
	host, port, ok := args.SplitHostPort(asked)
	if !ok {
		return at, fmt.Errorf("Invalid port provided in -rpcconnect: %s", asked)
	}
	at = place{host, cmp.Or(port, at.port)}
	if text := o.String("rpcport", ""); o.Has("rpcport") {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return at, fmt.Errorf("Invalid port provided in -rpcport: %s", text)
		}
		at.port = uint16(n)
		if port != 0 {
			warn(fmt.Sprintf("Warning: Port specified in both -rpcconnect and -rpcport. Using -rpcport %d", n))
		}
	}
	return at, nil
}

// dial makes the client that the options describe; wallet "" asks the node itself.
func (s *session) dial(wallet string, named bool) (*client.Client, error) {
	to := "http://" + net.JoinHostPort(s.at.host, strconv.Itoa(int(s.at.port)))
	if named {
		to += "/wallet/" + url.PathEscape(wallet)
	}
	if password := s.String("rpcpassword", ""); password != "" {
		return client.Dial(to, s.String("rpcuser", ""), password)
	}
	path := s.cookie()
	if path == "" { // then the node says that it wants one
		return client.Dial(to, "none", "none")
	}
	return client.DialCookie(to, path)
}

// cookie is -rpccookiefile; else bitcoind's, in the network's directory; else
// grapevine's own, which lies in the data directory itself. "" if there is none.
func (s *session) cookie() string {
	places := []string{s.Below("rpccookiefile", ".cookie")}
	if !s.Has("rpccookiefile") {
		places = append(places, filepath.Join(s.DataDir(), ".cookie"))
		if chain, _ := s.Chain(); !s.Has("datadir") {
			if chain == "main" {
				chain = "mainnet"
			}
			places = append(places, filepath.Join(s.home, ".grapevine", chain, ".cookie"))
		}
	}
	for _, path := range places {
		if _, err := db.StatFile(path); err == nil {
			return path
		}
	}
	return ""
}

// seconds reads an option that is a time; less than 0 is none.
func (s *session) seconds(name string, usual int64) time.Duration {
	const longest = 5 * 365 * 24 * 3600
	return time.Duration(min(max(0, s.Int(name, usual)), longest)) * time.Second
}

// colours are what -getinfo paints with; all empty without colour.
type colours struct{ reset, green, blue, yellow, magenta, cyan string }

// colours reads -color; terminal says whether somebody looks at the output.
func (s *session) colours(terminal bool) (colours, error) {
	paint := terminal
	switch when := s.String("color", "auto"); when {
	case "always":
		paint = true
	case "never":
		paint = false
	case "auto":
	default:
		return colours{}, errors.New("Invalid value for -color option. Valid values: always, auto, never.")
	}
	if !paint {
		return colours{}, nil
	}
	return colours{"\x1b[0m", "\x1b[32m", "\x1b[34m", "\x1b[33m", "\x1b[35m", "\x1b[36m"}, nil
}
