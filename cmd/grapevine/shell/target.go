package shell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"grapevine/cmd/rpc/client"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// RPCNote is the file in a data directory that says where its running node
// listens for RPC, so that --datadir alone finds it.
const RPCNote = ".rpc"

// Dial makes a client for the node that the line means: --node N, --rpc URL,
// or the one that runs on the data directory.
func (p *Program) Dial(c *cli.Context) (*client.Client, error) {
	if number := c.Int("node"); number >= 0 {
		f, err := process.ReadFile(p.NetDir(c))
		if err != nil {
			return nil, err
		}
		m, err := f.Member(number)
		if err != nil {
			return nil, err
		}
		return DialMember(m)
	}
	dir, err := DataDir(c.String("datadir"), c.String("network"))
	if err != nil {
		return nil, err
	}
	url := c.String("rpc")
	if url == "" {
		url = noted(dir, c.String("network"))
	}
	if user := c.String("rpcuser"); user != "" || strings.Contains(url, "@") {
		return client.Dial(url, user, c.String("rpcpassword"))
	}
	return client.DialCookie(url, filepath.Join(dir, ".cookie"))
}

// noted is where the data directory's node listens for RPC.
func noted(dir, network string) string {
	raw, err := os.ReadFile(filepath.Join(dir, RPCNote))
	if err != nil || len(raw) == 0 {
		return "http://" + DefaultRPC(network)
	}
	return "http://" + strings.TrimSpace(string(raw))
}

func DialMember(m testnet.Member) (*client.Client, error) {
	return client.Dial(m.RPC, m.User, m.Password)
}

// Call asks the meant node for one method.
func (p *Program) Call(c *cli.Context, method string, result any, params ...any) error {
	cl, err := p.Dial(c)
	if err != nil {
		return err
	}
	defer cl.Close()
	return cl.Call(c.Context, method, result, params...)
}

// Asker calls several methods of one node and keeps the first error, so that a
// command can ask for all it shows and look for trouble once.
type Asker struct {
	Context context.Context
	Client  *client.Client
	Err     error
}

// Asker is for the node that the line means.
func (p *Program) Asker(c *cli.Context) (*Asker, error) {
	cl, err := p.Dial(c)
	if err != nil {
		return nil, err
	}
	return &Asker{Context: c.Context, Client: cl}, nil
}

// Ask calls a method, unless something has failed already.
func (a *Asker) Ask(method string, result any, params ...any) {
	if a.Err == nil {
		a.Err = a.Client.Call(a.Context, method, result, params...)
		if e, ok := errors.AsType[*client.Error](a.Err); ok && jsonrpc.Code(e.Code) == jsonrpc.CodeMethodNotFound {
			a.Err = fmt.Errorf("%s: %w", method, a.Err)
		}
	}
}

// NetDir is where the local network lives: --dir, a --datadir that has a
// net.json, or the default.
func (p *Program) NetDir(c *cli.Context) string {
	if dir := c.String("dir"); dir != "" {
		return dir
	}
	if dir := c.String("datadir"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "net.json")); err == nil {
			return dir
		}
	}
	if dir := p.Env("GRAPEVINE_DIR"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(".grapevine", "testnet")
	}
	return filepath.Join(home, ".grapevine", "testnet")
}
