package cli

import (
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/chainhash/v2"
	urfave "github.com/urfave/cli/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/client"
)

// RulesFlags change a network's rules. Whoever reads a chain made under them
// needs them too.
func RulesFlags() []urfave.Flag {
	return []urfave.Flag{
		ListFlag("testactivationheight", "`NAME@HEIGHT` from which bip34, dersig, cltv, csv or segwit holds on regtest (may be repeated)"),
		StringFlag("signetchallenge", "`HEX` script that signs the blocks of a signet of its own"),
	}
}

// networks that a node can be on.
func networks() []string { return []string{"regtest", "signet", "testnet3", "testnet4", "mainnet"} }

// Networks names them all, the last behind "and" or "or".
func Networks(last string) string {
	all := networks()
	return strings.Join(all[:len(all)-1], ", ") + " " + last + " " + all[len(all)-1]
}

// Params are the rules of the network that the line asks for.
func Params(c *urfave.Context) (*chain.Params, error) {
	network := c.String("network")
	if !slices.Contains(networks(), network) {
		return nil, Usagef("there is no network %q: %s are", network, Networks("and"))
	}
	p, err := chain.ForNetwork(network)
	if err != nil {
		return nil, err
	}
	if s := c.String("signetchallenge"); s != "" {
		challenge, err := hex.DecodeString(s)
		if err != nil || network != "signet" {
			return nil, Usagef("--signetchallenge %q: want a script in hex, with --network signet", s)
		}
		p = chain.SigNet(challenge)
	}
	for _, s := range c.StringSlice("testactivationheight") {
		if err := activate(p, s); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// activate reads NAME@HEIGHT.
func activate(p *chain.Params, s string) error {
	if !p.Local() {
		return Usagef("--testactivationheight is for regtest")
	}
	name, digits, _ := strings.Cut(s, "@")
	height, err := strconv.ParseInt(digits, 10, 32)
	if err != nil {
		return Usagef("--testactivationheight %q: want NAME@HEIGHT as in segwit@100", s)
	}
	if err := p.Activate(name, int32(height)); err != nil {
		return Usagef("--testactivationheight %q: %v", s, err)
	}
	return nil
}

// DefaultListen is where a node listens for peers if nothing else is said:
// everybody may come, on regtest this machine alone.
func DefaultListen(p *chain.Params) string {
	if p.Local() {
		return net.JoinHostPort("127.0.0.1", p.DefaultPort)
	}
	return net.JoinHostPort("0.0.0.0", p.DefaultPort)
}

// DefaultRPC is where a node listens for RPC if nothing else is said: on
// bitcoind's port of that network, for this machine alone.
func DefaultRPC(network string) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(client.DefaultPort(network))))
}

// ParseHash reads 64 hex digits.
func ParseHash(s string) (chain.Hash, error) {
	const digits = 64
	if len(s) != digits {
		return chain.Hash{}, fmt.Errorf("want %d hex digits, not %d", digits, len(s))
	}
	h, err := chainhash.NewHashFromStr(s)
	if err != nil {
		return chain.Hash{}, err
	}
	return *h, nil
}
