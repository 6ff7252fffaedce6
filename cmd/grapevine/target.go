package main

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

// defaultRPC is where a regtest node listens for RPC if nothing else is said.
const defaultRPC = "127.0.0.1:18443"

// rpcNote is the file in a data directory that says where its running node
// listens for RPC, so that --datadir alone finds it.
const rpcNote = ".rpc"

// dial makes a client for the node that the line means: --node N, --rpc URL,
// or the one that runs on the data directory.
func (p *program) dial(c *cli.Context) (*client.Client, error) {
	if number := c.Int("node"); number >= 0 {
		f, err := process.ReadFile(p.netDir(c))
		if err != nil {
			return nil, err
		}
		m, err := f.Member(number)
		if err != nil {
			return nil, err
		}
		return dialMember(m)
	}
	dir, err := dataDir(c.String("datadir"), c.String("network"))
	if err != nil {
		return nil, err
	}
	url := c.String("rpc")
	if url == "" {
		url = noted(dir)
	}
	if user := c.String("rpcuser"); user != "" || strings.Contains(url, "@") {
		return client.Dial(url, user, c.String("rpcpassword"))
	}
	return client.DialCookie(url, filepath.Join(dir, ".cookie"))
}

// noted is where the data directory's node listens for RPC.
func noted(dir string) string {
	raw, err := os.ReadFile(filepath.Join(dir, rpcNote))
	if err != nil || len(raw) == 0 {
		return "http://" + defaultRPC
	}
	return "http://" + strings.TrimSpace(string(raw))
}

func dialMember(m testnet.Member) (*client.Client, error) {
	return client.Dial(m.RPC, m.User, m.Password)
}

// call asks the meant node for one method.
func (p *program) call(c *cli.Context, method string, result any, params ...any) error {
	cl, err := p.dial(c)
	if err != nil {
		return err
	}
	defer cl.Close()
	return cl.Call(c.Context, method, result, params...)
}

// asker calls several methods of one node and keeps the first error, so that a
// command can ask for all it shows and look for trouble once.
type asker struct {
	ctx context.Context
	cl  *client.Client
	err error
}

func (p *program) asker(c *cli.Context) (*asker, error) {
	cl, err := p.dial(c)
	if err != nil {
		return nil, err
	}
	return &asker{ctx: c.Context, cl: cl}, nil
}

func (a *asker) ask(method string, result any, params ...any) {
	if a.err == nil {
		a.err = a.cl.Call(a.ctx, method, result, params...)
		if e, ok := errors.AsType[*client.Error](a.err); ok && jsonrpc.Code(e.Code) == jsonrpc.CodeMethodNotFound {
			a.err = fmt.Errorf("%s: %w", method, a.err)
		}
	}
}

// netDir is where the local network lives: --dir, a --datadir that has a
// net.json, or the default.
func (p *program) netDir(c *cli.Context) string {
	if dir := c.String("dir"); dir != "" {
		return dir
	}
	if dir := c.String("datadir"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "net.json")); err == nil {
			return dir
		}
	}
	if dir := p.env("GRAPEVINE_DIR"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(".grapevine", "testnet")
	}
	return filepath.Join(home, ".grapevine", "testnet")
}
