package bitcoincli

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"grapevine/cmd/grapevine/args"
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
	*args.Args
	home  string
	at    place
	words []string
	table client.Table
}

const (
	failed = 1 // bitcoin-cli's EXIT_FAILURE
	// retryEvery is how often -rpcwait tries again.
	retryEvery = 100 * time.Millisecond
	// maxLine bounds a line of -stdin: a block of 4 MB in hex.
	maxLine = 10 << 20
	// usualTimeout in seconds is how long an answer may take [DEFAULT_HTTP_CLIENT_TIMEOUT].
	usualTimeout = 900
	// walletNotSpecified: there are several [RPC_WALLET_NOT_SPECIFIED].
	walletNotSpecified = -19
)

// Run does what args say (args[0] is the program) and returns the exit status.
func Run(ctx context.Context, sys System, args []string) int {
	err := run(ctx, sys, args[1:])
	if err == nil {
		return 0
	}
	if refusal, ok := errors.AsType[*client.Error](err); ok {
		fmt.Fprintf(sys.Err, "error code: %d\nerror message:\n%s\n", refusal.Code, refusal.Message)
		if refusal.Code == walletNotSpecified {
			fmt.Fprintln(sys.Err, "Try adding \"-rpcwallet=<filename>\" option to bitcoin-cli command line.")
		}
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
	}
	return "error: " + err.Error()
}

func run(ctx context.Context, sys System, line []string) error {
	o, err := read(line, sys.Home)
	switch {
	case err != nil:
		return err
	case o.Has("version"):
		fmt.Fprintf(sys.Out, "grapevine %s, as Bitcoin Core RPC client version v31.0.0\n", sys.Version)
		return nil
	case len(line) == 0:
		fmt.Fprint(sys.Out, help)
		return &usageError{"Error: too few parameters"}
	case askedFor(o):
		fmt.Fprint(sys.Out, help)
		return nil
	}
	for _, w := range o.Warn {
		fmt.Fprintln(sys.Err, w)
	}
	s := &session{Args: o, home: sys.Home, words: o.Words, table: sys.Table}
	if err := s.fromStdin(sys); err != nil {
		return err
	}
	if s.at, err = where(o, func(text string) { fmt.Fprintln(sys.Err, text) }); err != nil {
		return err
	}
	return s.do(ctx, sys)
}

// do asks what is asked for and prints the answer.
func (s *session) do(ctx context.Context, sys System) error {
	var raw json.RawMessage
	var text string
	var err error
	switch {
	case s.Has("getinfo"):
		text, err = s.info(ctx, terminal(sys.Out))
	case s.Bool("netinfo", false):
		text, err = s.netinfo(ctx, sys.Version)
	case s.Bool("generate", false):
		raw, err = s.generate(ctx)
	case s.Bool("addrinfo", false):
		raw, err = s.addresses(ctx)
	case len(s.words) == 0:
		return errors.New("too few parameters (need at least command)")
	default:
		raw, err = s.call(ctx, s.words[0], s.words[1:])
	}
	if err != nil {
		return err
	}
	if text != "" {
		fmt.Fprintln(sys.Out, text)
		return nil
	}
	return show(sys.Out, raw)
}

// terminal says whether somebody looks at f.
func terminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// fromStdin reads what -stdinrpcpass, -stdinwalletpassphrase and -stdin ask for:
// the password in the first line, the passphrase in the next, then a parameter in each.
func (s *session) fromStdin(sys System) error {
	sc := bufio.NewScanner(sys.In)
	sc.Buffer(nil, maxLine)
	if s.Bool("stdinrpcpass", false) {
		password, ok := secret(sys, sc, "RPC password> ")
		if !ok {
			return errors.New("-stdinrpcpass specified but failed to read from standard input")
		}
		s.Force("rpcpassword", password)
	}
	if s.Bool("stdinwalletpassphrase", false) {
		if len(s.words) == 0 || !strings.HasPrefix(s.words[0], "walletpassphrase") {
			return errors.New("-stdinwalletpassphrase is only applicable for walletpassphrase(change)")
		}
		passphrase, ok := secret(sys, sc, "Wallet passphrase> ")
		if !ok {
			return errors.New("-stdinwalletpassphrase specified but failed to read from standard input")
		}
		s.words = slices.Insert(slices.Clone(s.words), 1, passphrase)
	}
	for s.Bool("stdin", false) && sc.Scan() {
		s.words = append(s.words, sc.Text())
	}
	return sc.Err()
}

// secret reads a line; of a terminal without showing it.
func secret(sys System, sc *bufio.Scanner, prompt string) (string, bool) {
	if terminal(sys.In) {
		fmt.Fprint(sys.Err, prompt)
		raw, err := term.ReadPassword(int(sys.In.(*os.File).Fd()))
		fmt.Fprintln(sys.Out)
		return string(raw), err == nil
	}
	ok := sc.Scan()
	return strings.TrimRight(sc.Text(), "\r"), ok
}

// call runs one method with the wallet of -rpcwallet.
func (s *session) call(ctx context.Context, method string, words []string) (json.RawMessage, error) {
	return s.callWallet(ctx, s.String("rpcwallet", ""), method, words)
}

// callWallet runs one method; with -rpcwait it waits until there is a node.
func (s *session) callWallet(ctx context.Context, wallet, method string, words []string) (raw json.RawMessage, err error) {
	once, err := s.prepare(wallet, method, words)
	if err != nil {
		return nil, err
	}
	patience := s.seconds("rpcwaittimeout", 0)
	begin := time.Now()
	for {
		try, cancel := s.within(ctx)
		raw, err = once(try)
		cancel()
		transient := notYet(err)
		if !transient {
			return raw, s.refused(err)
		}
		if !s.Bool("rpcwait", false) || (patience > 0 && time.Since(begin) >= patience) {
			return nil, s.unreached(err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(retryEvery):
		}
	}
}

// within is -rpcclienttimeout: how long one try may take; 0 is no limit.
func (s *session) within(ctx context.Context) (context.Context, context.CancelFunc) {
	if limit := s.seconds("rpcclienttimeout", usualTimeout); limit > 0 {
		return context.WithTimeout(ctx, limit)
	}
	return context.WithCancel(ctx)
}

// prepare converts the words once; the cookie is looked for at each try.
func (s *session) prepare(wallet, method string, words []string) (func(context.Context) (json.RawMessage, error), error) {
	var named client.Named
	var params []any
	var err error
	if s.Bool("named", false) {
		named, err = s.table.ConvertNamed(method, words)
	} else {
		params, err = s.table.Convert(method, words)
	}
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (raw json.RawMessage, err error) {
		c, err := s.dial(wallet, wallet != "" || s.Has("rpcwallet"))
		if err != nil {
			return nil, err
		}
		defer c.Close()
		if s.Bool("named", false) {
			err = c.CallNamed(ctx, method, &raw, named)
		} else {
			err = c.Call(ctx, method, &raw, params...)
		}
		return raw, err
	}, nil
}

// notYet: there may be a node in a moment.
func notYet(err error) bool {
	if refusal, ok := errors.AsType[*client.Error](err); ok {
		return jsonrpc.Code(refusal.Code) == jsonrpc.CodeWarmUp
	}
	op, isNet := errors.AsType[*net.OpError](err)
	timeout, isTime := errors.AsType[net.Error](err)
	return errors.Is(err, io.EOF) || isNet && op.Op == "dial" || isNet && op.Op == "read" || isTime && timeout.Timeout()
}

// unreached is what is said of a node that does not answer.
func (s *session) unreached(err error) error {
	if _, ok := errors.AsType[*client.Error](err); ok {
		if s.Bool("rpcwait", false) {
			return errors.New("timeout on transient error: server in warmup")
		}
		return err
	}
	why := ""
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		why = " (error code 0 - \"timeout reached\")"
	} else if errors.Is(err, io.EOF) {
		why = " (error code 1 - \"EOF reached\")"
	}
	return fmt.Errorf("timeout on transient error: Could not connect to the server %s%s\n\n"+
		"Make sure the bitcoind server is running and that you are connecting to the correct RPC port.\nUse \"bitcoin-cli -help\" for more info.", s.at, why)
}

// refused gives an answer that is no JSON-RPC its words.
func (s *session) refused(err error) error {
	e, ok := errors.AsType[*client.StatusError](err)
	switch {
	case !ok || e.Status == http.StatusUnauthorized:
	case e.Status == http.StatusServiceUnavailable:
		return errors.New("Server response: " + e.Body)
	case e.Status >= 400 && e.Status != http.StatusBadRequest && e.Status != http.StatusNotFound && e.Status != http.StatusInternalServerError:
		return fmt.Errorf("server returned HTTP error %d", e.Status)
	case e.Body == "":
		return errors.New("no response from server")
	default:
		return errors.New("couldn't parse reply from server")
	}
	if !errors.Is(err, client.ErrUnauthorized) {
		return err
	}
	if s.String("rpcpassword", "") == "" && s.cookie() == "" {
		return fmt.Errorf("Could not locate RPC credentials. No authentication cookie could be found, and RPC password is not set.  "+
			"See -rpcpassword and -stdinrpcpass.  Configuration file: (%s)", s.ConfPath())
	}
	return errors.New("Authorization failed: Incorrect rpcuser or rpcpassword")
}

// generate is -generate [nblocks [maxtries]]: mine to a new address.
func (s *session) generate(ctx context.Context) (json.RawMessage, error) {
	res := struct {
		Address string   `json:"address"`
		Blocks  []string `json:"blocks"`
	}{}
	if err := s.ask(ctx, "getnewaddress", &res.Address); err != nil {
		return nil, err
	}
	words := s.words
	switch {
	case len(words) > 2:
		return nil, errors.New("too many arguments (maximum 2 for nblocks and maxtries)")
	case len(words) == 0:
		words = []string{"1"}
	case words[0] == "0":
		return nil, errors.New("the first argument (number of blocks to generate, default: 1) must be an integer value greater than zero")
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
		if text != "" {
			fmt.Fprintf(out, "%s\n", text)
		}
		return nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return fmt.Errorf("the node's answer: %w", err)
	}
	fmt.Fprintf(out, "%s\n", openEmpty(b.Bytes()))
	return nil
}

// openEmpty breaks an empty list or object over two lines, as UniValue writes it.
func openEmpty(indented []byte) []byte {
	var out []byte
	spaces, start, quoted := 0, true, false
	for i, c := range indented {
		switch {
		case c == '\n':
			spaces, start = 0, true
		case start && c == ' ':
			spaces++
		default:
			start = false
		}
		if c == '"' && !escaped(indented[:i]) {
			quoted = !quoted
		}
		if before := i > 0 && (indented[i-1] == '[' && c == ']' || indented[i-1] == '{' && c == '}'); before && !quoted {
			out = append(append(out, '\n'), bytes.Repeat([]byte{' '}, spaces)...)
		}
		out = append(out, c)
	}
	return out
}

// escaped says whether what comes next has an odd number of backslashes before it.
func escaped(before []byte) bool {
	return (len(before)-len(bytes.TrimRight(before, "\\")))%2 == 1
}
