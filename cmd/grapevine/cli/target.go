package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/rpc/client"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// Dial makes a client for the node that the line means: --node N, --rpc URL,
// or the one that runs on the data directory; and for its wallet --wallet NAME, or the
// one of ChooseWallet.
func (p *Program) Dial(c *urfave.Context) (*client.Client, error) {
	cl, err := p.dial(c)
	if err != nil {
		return nil, err
	}
	name, ok, err := p.meantWallet(c)
	if err != nil {
		cl.Close()
		return nil, err
	}
	if ok {
		cl.OfWallet(name)
	}
	return cl, nil
}

func (p *Program) dial(c *urfave.Context) (*client.Client, error) {
	if word := c.String("node"); word != "" {
		return p.dialNode(c, word)
	}
	if c.String("nodes-file") != "" && c.String("rpc") == "" {
		return nil, Usagef("--nodes-file names several nodes: say which with --node N")
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

// dialNode makes a client for a node of the local network, by number or name, when that
// node runs: else another program, or a copy of the network, might answer on its port.
func (p *Program) dialNode(c *urfave.Context, word string) (*client.Client, error) {
	f, err := p.Net(c)
	if err != nil {
		return nil, err
	}
	m, err := f.Find(word)
	switch {
	case err != nil:
		return nil, err
	case m.PID == 0:
		return nil, fmt.Errorf("%s %w", m.Title(), testnet.ErrDown)
	}
	if c.String("nodes-file") == "" {
		letGo(c.Context, p.NetDir(c))
	}
	return DialMember(m)
}

// letGo ends what a snapshot has left that was killed: a node that is held still answers, and takes
// no payment until its time is over. Where there is nothing of the kind it looks at one folder.
func letGo(ctx context.Context, dir string) {
	if !process.LeftSnapshot(dir) {
		return
	}
	local, err := process.Open(process.Config{Dir: dir, Dial: func(m testnet.Member) (testnet.Node, error) { return DialMember(m) }})
	if err == nil {
		_ = local.EndSnapshot(ctx) // one that goes on has the network; and what hangs is in the way of no other
	}
}

// Net is the network that the line means: the local one, or the nodes elsewhere that
// --nodes-file names.
func (p *Program) Net(c *urfave.Context) (testnet.File, error) {
	if file := c.String("nodes-file"); file != "" {
		return readNodes(file)
	}
	f, err := process.ReadFile(p.NetDir(c))
	if err == nil {
		err = f.Peopled(p.NetDir(c))
	}
	return f, err
}

// noted is where the data directory's node listens for RPC.
func noted(dir, network string) string {
	if now := process.Running(dir); now.RPC != "" {
		return "http://" + now.RPC
	}
	return "http://" + DefaultRPC(network)
}

// hangsAfter is how long commands wait for a node of a network that answers nothing: one that
// lives answers in milliseconds, on a busy machine in a second.
const hangsAfter = 5 * time.Second

// DialMember makes a client of a node of a network. Calls of one that hangs fail with
// testnet.HangError.
func DialMember(m testnet.Member) (*client.Client, error) {
	cl, err := client.Dial(m.RPC, m.User, m.Password)
	if err == nil {
		cl.Limit(client.Patience{For: hangsAfter, Failed: &testnet.HangError{Node: m, After: hangsAfter}})
	}
	return cl, err
}

// Call asks the meant node for one method.
func (p *Program) Call(c *urfave.Context, method string, result any, params ...any) error {
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
func (p *Program) Asker(c *urfave.Context) (*Asker, error) {
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
func (p *Program) NetDir(c *urfave.Context) string {
	return netDir(c.String("dir"), c.String("datadir"))
}

func netDir(dir, datadir string) string {
	if dir != "" {
		return dir
	}
	if datadir != "" {
		if _, err := os.Stat(filepath.Join(datadir, "net.json")); err == nil {
			return datadir
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(".grapevine", "testnet")
	}
	return filepath.Join(home, ".grapevine", "testnet")
}

// SayDir remembers which network the line means, so that every command that
// this program advises says so too.
func (p *Program) SayDir(dir, datadir, nodesFile string) {
	p.net = netDir(dir, datadir)
	switch {
	case nodesFile != "":
		p.dir = " --nodes-file " + Quoted(nodesFile)
	case p.net != netDir("", ""):
		p.dir = " --dir " + Quoted(p.net)
	}
}

// Advice is a command to type, of the network that the line means.
func (p *Program) Advice(command string) string { return command + p.dir }

// Quoted is a word as a shell reads it.
func Quoted(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("/._-+=:@%,~", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
