package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/node"
	"grapevine/cmd/rpc/client"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/db"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// Exit statuses.
const (
	ExitDone   = 0
	ExitFailed = 1
	ExitUsage  = 2
)

// Failure is an error together with what to do about it.
type Failure struct {
	What string // that failed: "node", "wallet send"
	Err  error
	Hint string // a line that says what to do; "" asks HintFor
}

func (f *Failure) Error() string { return f.What + ": " + f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

// Fail says what failed. nil stays nil, wrong usage stays that, and advice that
// is already there is kept.
func Fail(what string, err error) error {
	switch f := err.(type) {
	case nil:
		return nil
	case *UsageError:
		return f
	case *Failure:
		return &Failure{What: what, Err: f.Err, Hint: f.Hint}
	}
	return &Failure{What: what, Err: err}
}

// Failf makes a failure with its own advice.
func Failf(what, hint, format string, args ...any) error {
	return &Failure{What: what, Err: fmt.Errorf(format, args...), Hint: hint}
}

// Usagef is wrong usage.
func Usagef(format string, args ...any) error {
	return &UsageError{Why: fmt.Sprintf(format, args...)}
}

// OnUsage turns what urfave's cli says of a flag's value into wrong usage:
// `invalid value "x" for flag -nodes: parse error`, or, of the environment,
// `could not parse "x" as int value from environment variable "GRAPEVINE_NODES"
// for flag nodes: parse error`.
func OnUsage(c *urfave.Context, err error, _ bool) error {
	text := err.Error()
	if value, rest, ok := strings.Cut(strings.TrimPrefix(text, "invalid value "), " for flag -"); ok {
		name, _, _ := strings.Cut(rest, ": ")
		return &UsageError{Why: fmt.Sprintf("--%s %s: want %s", name, value, wanted(c, name))}
	}
	value, isEnv := strings.CutPrefix(text, "could not parse ")
	if _, rest, ok := strings.Cut(value, " environment variable \""); ok && isEnv {
		value, _, _ = strings.Cut(value, " as ")
		variable, rest, _ := strings.Cut(rest, "\"")
		_, name, _ := strings.Cut(rest, "for flag ")
		name, _, _ = strings.Cut(name, ":")
		return &UsageError{Why: fmt.Sprintf("%s=%s: want %s", variable, value, wanted(c, name))}
	}
	return &UsageError{Why: text}
}

// wanted is what a flag takes.
func wanted(c *urfave.Context, name string) string {
	flags := c.App.Flags
	if c.Command != nil {
		flags = slices.Concat(c.Command.Flags, flags)
	}
	switch lookup(flags, name).(type) {
	case *urfave.IntFlag:
		return "a whole number"
	case *urfave.BoolFlag:
		return "true or false"
	case *urfave.DurationFlag:
		return "a time as in 300ms, 10s or 5m"
	}
	return "another value"
}

// Report writes an error as `grapevine: what failed: why`, then what to do,
// and returns the exit status.
func (p *Program) Report(err error) int {
	p.Err.Printf("%s %s\n", p.Err.Paint(Red, "grapevine:"), err)
	if u, ok := errors.AsType[*UsageError](err); ok {
		switch {
		case u.Hint != "":
			p.Err.Printf("%s\n", u.Hint)
		case u.Command != "":
			p.Err.Printf("`%s --help` explains it.\n", u.Command)
		default:
			p.Err.Printf("`grapevine COMMAND --help` explains it.\n")
		}
		return ExitUsage
	}
	hint := cmp.Or(p.hintNodes(err), HintFor(err))
	if f, ok := errors.AsType[*Failure](err); ok && f.Hint != "" {
		hint = f.Hint
	}
	if hint != "" {
		p.Err.Printf("%s\n", p.withDir(hint))
	}
	return ExitFailed
}

// hintNodes names the nodes of the local network that could have been meant,
// when none answers where the line points.
func (p *Program) hintNodes(err error) string {
	noCookie := errors.Is(err, fs.ErrNotExist) && strings.Contains(err.Error(), ".cookie")
	if !noCookie && !errors.Is(err, syscall.ECONNREFUSED) {
		return ""
	}
	f, err := process.ReadFile(p.net)
	if err != nil {
		return ""
	}
	var up []string
	for _, m := range f.Nodes {
		if m.PID != 0 {
			up = append(up, fmt.Sprint(m.Node))
		}
	}
	switch len(up) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("A node of the local network is up: `%s` means it.", p.Advice("--node "+up[0]))
	}
	last := len(up) - 1
	return fmt.Sprintf("%d nodes of the local network are up: `%s` to %s says which one is meant.", len(up), p.Advice("--node "+up[0]), up[last])
}

// withDir adds --dir to the commands in backquotes that speak of the network.
func (p *Program) withDir(hint string) string {
	parts := strings.Split(hint, "`")
	for i := 1; i < len(parts); i += 2 {
		if strings.HasPrefix(parts[i], "grapevine testnet ") {
			parts[i] = p.Advice(parts[i])
		}
	}
	return strings.Join(parts, "`")
}

// HintFor is what to do about an error, whoever it comes from.
func HintFor(err error) string {
	if l, ok := errors.AsType[*node.ListenError](err); ok {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Sprintf("Another program listens there. Choose another address with %s HOST:PORT, or stop that program.", l.Flag)
		}
		return fmt.Sprintf("Choose another address with %s HOST:PORT.", l.Flag)
	}
	switch {
	case errors.Is(err, db.ErrLocked):
		return "A grapevine node is running on that data directory. Stop it (`grapevine rpc stop --datadir DIR`) or choose another one with --datadir."
	case errors.Is(err, db.ErrCorrupt):
		return hintForDamage(err)
	case errors.Is(err, syscall.ENOSPC):
		return "The disk is full. Make room and start again: what was acknowledged is on disk."
	case errors.Is(err, syscall.EIO):
		return "The disk fails: the system's log says more. Start again only on a sound disk, and let `grapevine db check` look at the file first."
	case errors.Is(err, db.ErrSchema):
		return "The file belongs to another --network or another version of grapevine. Use that one, or choose another --datadir."
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return "The node must be able to write there; --datadir DIR chooses another directory."
	case errors.Is(err, testnet.ErrNoNet):
		return "`grapevine testnet up` starts one."
	case errors.Is(err, testnet.ErrBusy):
		return "Wait until that command is done. `grapevine testnet status` shows how far it is."
	case errors.Is(err, testnet.ErrNoNode), errors.Is(err, testnet.ErrUp), errors.Is(err, testnet.ErrDown):
		return "`grapevine testnet status` shows which nodes there are."
	case errors.Is(err, client.ErrUnauthorized):
		return "Give the node's --rpcuser and --rpcpassword, or its --datadir so that its cookie is used."
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return "Start a node with `grapevine node`, or a whole network with `grapevine testnet up`; then --datadir DIR, --node N or --rpc URL says which one is meant."
	}
	if e, ok := errors.AsType[*client.Error](err); ok {
		return hintForCode(e)
	}
	return ""
}

// ReplaceChain is what to do when chain.db is damaged.
const ReplaceChain = "If you have a copy (`grapevine db backup`), put it in chain.db's place; or move chain.db away, and the node fetches the chain again from its peers. wallet.db is a file of its own and not touched."

// hintForDamage is what to do about a damaged file. The chain is to be had
// again; keys are not.
func hintForDamage(err error) string {
	if f, ok := errors.AsType[*node.FileError](err); ok && f.Name == "wallet.db" {
		return "wallet.db holds the wallet's keys: keep the damaged file. Put a copy in its place (`grapevine wallet backup FILE` made it); or move it aside, start the node and make the wallet again from its words (`grapevine wallet restore`)."
	}
	return "`grapevine db check --datadir DIR` says what is wrong. " + ReplaceChain
}

// hintForCode is what to do about a node's refusal.
func hintForCode(e *client.Error) string {
	switch jsonrpc.Code(e.Code) {
	case jsonrpc.CodeMethodNotFound:
		return "`grapevine rpc help` lists the methods."
	case jsonrpc.CodeInsufficient:
		return "`grapevine wallet balance` shows what is there; on regtest `grapevine mine 101` makes 50 BTC that can be spent at once."
	case jsonrpc.CodeInvalidAddress:
		if strings.Contains(strings.ToLower(e.Message), "address") {
			return "Regtest addresses begin with bcrt1, m, n or 2. `grapevine wallet address` makes one."
		}
		return "Look at the hash once more: `grapevine status` and `grapevine wallet history` show some that exist."
	case jsonrpc.CodeInvalidParam:
		if strings.Contains(e.Message, "out of range") {
			return "`grapevine status` says how high the chain is."
		}
	case jsonrpc.CodeDeserialization:
		return "It must be the whole transaction in hex, as `grapevine rpc getrawtransaction TXID` prints it."
	case jsonrpc.CodeWalletNotFound:
		return "`grapevine wallet create` makes a wallet. (A node started with --wallet=false has none.)"
	case jsonrpc.CodeWarmUp:
		return "The node is starting: try again in a moment."
	}
	return ""
}
