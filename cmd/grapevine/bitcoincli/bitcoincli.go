package bitcoincli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"grapevine/cmd/rpc/client"
	"grapevine/cmd/rpc/jsonrpc"
)

// System is what the command touches.
type System struct {
	In       io.Reader
	Out, Err io.Writer
	Home     string // the user's home directory
	Version  string
	Table    client.Table // of the node's methods
}

// session is one run of the command with a node to talk to.
type session struct {
	options
	*client.Client
	table client.Table
}

const (
	failed = 1 // bitcoin-cli's EXIT_FAILURE
	// retryEvery is how often -rpcwait tries again.
	retryEvery = 100 * time.Millisecond
	// maxLine bounds a line of -stdin: a block of 4 MB in hex.
	maxLine = 10 << 20
)

// Run does what args say (args[0] is the program) and returns the exit status.
func Run(ctx context.Context, sys System, args []string) int {
	status, err := run(ctx, sys, args)
	if err == nil {
		return status
	}
	if refusal, ok := errors.AsType[*client.Error](err); ok {
		fmt.Fprintf(sys.Err, "error code: %d\nerror message:\n%s\n", refusal.Code, refusal.Message)
		return max(refusal.Code, -refusal.Code)
	}
	fmt.Fprintln(sys.Err, explain(err))
	return failed
}

// explain puts a failure into bitcoin-cli's words where scripts look for them.
func explain(err error) string {
	wrong, isWord := errors.AsType[*client.WordError](err)
	usage, isUsage := errors.AsType[*usageError](err)
	switch {
	case isUsage:
		return usage.text
	case isWord:
		return "error: Error parsing JSON: " + wrong.Word
	case errors.Is(err, client.ErrUnauthorized):
		return "error: Authorization failed: Incorrect rpcuser or rpcpassword"
	case errors.Is(err, syscall.ECONNREFUSED):
		at := ""
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Addr != nil {
			at = " " + op.Addr.String()
		}
		return "error: timeout on transient error: Could not connect to the server" + at + "\n\n" +
			"Make sure the node is running and that you are connecting to the correct RPC port.\nUse \"bitcoin-cli -help\" for more info."
	}
	return "error: " + err.Error()
}

func run(ctx context.Context, sys System, args []string) (int, error) {
	o, words, err := parse(args[1:])
	if err != nil {
		return failed, err
	}
	if o.has("help") {
		fmt.Fprint(sys.Out, help)
		return 0, nil
	}
	if o.has("version") {
		fmt.Fprintf(sys.Out, "grapevine %s, as bitcoin-cli\n", sys.Version)
		return 0, nil
	}
	if words, err = o.fromStdin(sys.In, words); err != nil {
		return failed, err
	}
	if err := o.check(words); err != nil {
		return failed, err
	}
	cl, err := o.dial(sys)
	if err != nil {
		return failed, err
	}
	defer cl.Close()
	to := session{o, cl, sys.Table}
	var raw json.RawMessage
	switch {
	case o.has("getinfo"):
		var text string
		text, err = to.info(ctx)
		fmt.Fprint(sys.Out, text)
	case o.has("addrinfo"):
		raw, err = to.addresses(ctx)
	case o.has("generate"):
		raw, err = to.generate(ctx, words)
	default:
		raw, err = to.call(ctx, words[0], words[1:])
	}
	if err != nil {
		return failed, err
	}
	return 0, show(sys.Out, raw)
}

// fromStdin reads what -stdinrpcpass and -stdin ask for: the password in the
// first line, then a parameter in each.
func (o options) fromStdin(in io.Reader, words []string) ([]string, error) {
	if !o.has("stdinrpcpass") && !o.has("stdin") {
		return words, nil
	}
	sc := bufio.NewScanner(in)
	sc.Buffer(nil, maxLine)
	if o.has("stdinrpcpass") {
		if !sc.Scan() {
			return nil, errors.New("-stdinrpcpass specified but failed to read from standard input")
		}
		o["rpcpassword"] = strings.TrimRight(sc.Text(), "\r")
	}
	for o.has("stdin") && sc.Scan() {
		words = append(words, sc.Text())
	}
	return words, sc.Err()
}

// call runs one method; with -rpcwait it waits until there is a node.
func (s session) call(ctx context.Context, method string, words []string) (raw json.RawMessage, err error) {
	once, err := s.prepare(method, words)
	if err != nil {
		return nil, err
	}
	limit, err := s.seconds("rpcclienttimeout", 15*time.Minute)
	if err != nil {
		return nil, err
	}
	patience, err := s.seconds("rpcwaittimeout", 0)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	for {
		try, cancel := context.WithCancel(ctx)
		if limit > 0 { // 0 is no limit
			try, cancel = context.WithTimeout(ctx, limit)
		}
		raw, err = once(try)
		cancel()
		if err == nil || !s.has("rpcwait") || !notYet(err) || (patience > 0 && time.Since(begin) > patience) {
			return raw, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(retryEvery):
		}
	}
}

// prepare converts the words once.
func (s session) prepare(method string, words []string) (func(context.Context) (json.RawMessage, error), error) {
	var raw json.RawMessage
	if s.has("named") {
		params, err := s.table.ConvertNamed(method, words)
		return func(ctx context.Context) (json.RawMessage, error) {
			err := s.CallNamed(ctx, method, &raw, params)
			return raw, err
		}, err
	}
	params, err := s.table.Convert(method, words)
	return func(ctx context.Context) (json.RawMessage, error) {
		err := s.Call(ctx, method, &raw, params...)
		return raw, err
	}, err
}

// notYet: there may be a node in a moment.
func notYet(err error) bool {
	var refusal *client.Error
	if errors.As(err, &refusal) {
		return jsonrpc.Code(refusal.Code) == jsonrpc.CodeWarmUp
	}
	var timeout net.Error
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT) || (errors.As(err, &timeout) && timeout.Timeout())
}

// generate is -generate [nblocks [maxtries]]: mine to a new address.
func (s session) generate(ctx context.Context, words []string) (json.RawMessage, error) {
	res := struct {
		Address string   `json:"address"`
		Blocks  []string `json:"blocks"`
	}{}
	if err := s.ask(ctx, "getnewaddress", &res.Address); err != nil {
		return nil, err
	}
	if len(words) == 0 {
		words = []string{"1"}
	}
	raw, err := s.call(ctx, "generatetoaddress", slices.Insert(slices.Clone(words), 1, res.Address))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &res.Blocks); err != nil {
		return nil, err
	}
	return json.Marshal(res)
}

// show prints text bare, nothing for null, and JSON indented by two.
func show(out io.Writer, raw json.RawMessage) error {
	var text string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return nil
	case json.Unmarshal(raw, &text) == nil:
		fmt.Fprintf(out, "%s\n", text)
		return nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return fmt.Errorf("the node's answer: %w", err)
	}
	fmt.Fprintf(out, "%s\n", b.String())
	return nil
}
