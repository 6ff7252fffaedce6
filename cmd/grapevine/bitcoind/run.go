package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/bits"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"grapevine/chain/policy"
	"grapevine/cmd/grapevine/args"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc"
	"grapevine/p2p/gossip"
	"grapevine/testnet/process"
)

// System is what the program touches.
type System struct {
	Out, Err io.Writer
	Home     string // the user's home directory
	Version  string // of the program, as "0.2.0"
}

// exit statuses of bitcoind.
const (
	exitDone   = 0
	exitFailed = 1
)

// program is one run.
type program struct {
	System
	*args.Args
	chain string
	log   *slog.Logger
	lines *logHandler

	parent *os.File // of a process in the background: who started it; nil once told
}

// Run does what line says (line[0] is the program) and returns the exit status [AppInit].
func Run(ctx context.Context, sys System, line []string) int {
	p := &program{System: sys, Args: args.New(known(), sys.Home)}
	privately()
	defer p.closeLog()
	err := p.run(ctx, line[1:])
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errInit) {
		fmt.Fprintln(sys.Err, err)
		return exitFailed
	}
	if _, ok := errors.AsType[*unloadable](err); ok {
		p.say(slog.LevelError, ": "+err.Error())
		fmt.Fprintf(sys.Err, ": %s\n", err)
		return exitFailed
	}
	p.say(slog.LevelError, "Error: "+err.Error())
	fmt.Fprintf(sys.Err, "Error: %s\n", strings.TrimRight(err.Error(), "\n"))
	return exitFailed
}

// say logs a sentence of Core's.
func (p *program) say(level slog.Level, text string) {
	if p.log != nil {
		p.log.Log(context.Background(), level, said, "text", text)
	}
}

func (p *program) run(ctx context.Context, line []string) error {
	if err := p.Parse(line); err != nil {
		return fmt.Errorf("Error parsing command line arguments: %w", err)
	}
	if p.Has("version") || p.helpAsked() {
		fmt.Fprint(p.Out, p.about())
		return nil
	}
	if err := p.config(); err != nil {
		return err
	}
	if len(p.Words) > 0 {
		return fmt.Errorf("Command line contains unexpected token '%s', see bitcoind -h for a list of options.", p.Words[0])
	}
	s, err := p.prepare()
	if err != nil {
		return err
	}
	if p.background() {
		if s.late != nil { // the log is opened by who goes on
			return s.late
		}
		if lock, err := p.occupy(); err != nil { // tell it here, where somebody reads
			return err
		} else if err := lock.Close(); err != nil {
			return err
		}
		return p.detach()
	}
	p.findParent()
	return p.node(ctx, s)
}

func (p *program) helpAsked() bool {
	return p.Has("?") || p.Has("h") || p.Has("help") || p.Has("help-debug")
}

// config reads bitcoin.conf and settings.json and makes the directories [InitConfig].
func (p *program) config() (err error) {
	if p.DataDirMissing() {
		return fmt.Errorf("Specified data directory \"%s\" does not exist.", p.String("datadir", ""))
	}
	dir, conf := p.DataDir(), p.ConfPath()
	if err := p.ReadConf(); err != nil {
		return fmt.Errorf("Error reading configuration file: %w", err)
	}
	for _, w := range p.Warn {
		fmt.Fprintln(p.Err, w)
	}
	if p.chain, err = p.Chain(); err != nil {
		return err
	}
	p.Select(p.chain)
	if err := p.makeDirs(); err != nil {
		return err
	}
	if err := p.ignored(dir, conf); err != nil {
		return err
	}
	if err := p.ReadSettings(); err != nil {
		return fmt.Errorf("Settings file could not be read:\n- %w", err)
	}
	if err := p.WriteSettings(); err != nil {
		return fmt.Errorf("Settings file could not be written:\n- %w", err)
	}
	return nil
}

// makeDirs makes what is missing of the directories: the data directory with the
// network's in it, each with one for wallets when it is new.
func (p *program) makeDirs() error {
	for _, dir := range []string{p.DataDir(), p.NetDir()} {
		if _, err := os.Stat(dir); err == nil {
			continue
		}
		if err := os.MkdirAll(filepath.Join(dir, "wallets"), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// ignored refuses a bitcoin.conf in the data directory that was not read.
func (p *program) ignored(dir, conf string) error {
	there := filepath.Join(p.DataDir(), args.ConfName)
	unread, err := os.Stat(there)
	if err != nil || p.Negated("conf") {
		return nil
	}
	if read, err := os.Stat(conf); err == nil && os.SameFile(read, unread) {
		return nil
	}
	source := fmt.Sprintf("data directory \"%s\"", dir)
	if asked := p.String("conf", ""); asked != "" {
		source = fmt.Sprintf("command line argument \"-conf=%s\"", asked)
	}
	text := fmt.Sprintf("Data directory \"%s\" contains a \"bitcoin.conf\" file which is ignored, because a different configuration file \"%s\" from %s is being used instead. "+
		"Possible ways to address this would be to:\n"+
		"- Delete or rename the \"bitcoin.conf\" file in data directory \"%s\".\n"+
		"- Change datadir= or conf= options to specify one configuration file, not two, and use includeconf= to include any other configuration files.\n"+
		"- Set allowignoredconf=1 option to treat this condition as a warning, not an error.", p.DataDir(), conf, source, p.DataDir())
	if !p.Bool("allowignoredconf", false) {
		return errors.New(text)
	}
	p.Notes = append(p.Notes, "Warning: "+text)
	return nil
}

// prepare turns the options into a node's configuration [AppInitParameterInteraction].
func (p *program) prepare() (*setup, error) {
	s := &setup{Args: p.Args, chain: p.chain, cfg: &node.Config{DataDir: p.NetDir(), Version: p.Version}, log: &logSwitch{}, warn: p.warn}
	p.startLog(s.log)
	s.cfg.Log = p.log
	s.soften()
	var text strings.Builder
	for _, name := range p.Misplaced() {
		fmt.Fprintf(&text, "Config setting for -%s only applied on %s network when in [%s] section.\n", name, p.chain, p.chain)
	}
	if text.Len() > 0 {
		return nil, errors.New(text.String())
	}
	for _, m := range p.UnknownSections() {
		fmt.Fprintf(&text, "%s:%d Section [%s] is not recognized.\n", m.File, m.Line, m.Section)
	}
	if text.Len() > 0 {
		p.warn(text.String())
	}
	if err := s.network(); err != nil {
		return nil, err
	}
	if err := s.blocksDir(); err != nil {
		return nil, err
	}
	if err := s.logging(); err != nil {
		return nil, err
	}
	switch s.chain {
	case "test":
		p.say(slog.LevelInfo, "Warning: Support for testnet3 is deprecated and will be removed in an upcoming release. Consider switching to testnet4.")
	case "signet":
		p.say(slog.LevelInfo, fmt.Sprintf("Signet derived magic (message start): %08x", bits.ReverseBytes32(uint32(s.cfg.Params.Net))))
	}
	s.cfg.AssumeValid = s.cfg.Params.AssumeValid
	s.cfg.Policy = policy.Core31()
	s.cfg.NoExtraNonce, s.cfg.RefuseFuture = true, true
	s.cfg.Manners = gossip.DaemonManners()
	s.cfg.EachTip = true
	s.cfg.HideFilters = true
	s.cfg.Lookup = node.LookupName
	s.later(s.setAgent())
	return s, s.apply()
}

// warn tells a warning [InitWarning].
func (p *program) warn(text string) {
	p.say(slog.LevelWarn, text)
	fmt.Fprintf(p.Err, "Warning: %s\n", strings.TrimRight(text, "\n"))
}

// node runs the node until it is told to stop.
func (p *program) node(ctx context.Context, s *setup) (err error) {
	signal.Ignore(syscall.SIGPIPE)
	p.tellParent(false)
	lock, err := p.occupy()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	pid, err := p.writePID()
	if err != nil {
		return err
	}
	defer func() {
		if pid != "" {
			_ = os.Remove(pid)
		}
	}()
	if err := p.openLog(); err != nil {
		return err
	}
	if s.late != nil {
		return s.late
	}
	hung := make(chan os.Signal, 1)
	onHangup(hung)
	defer signal.Stop(hung)
	n, err := node.New(*s.cfg)
	if err != nil {
		return p.explain(err)
	}
	s.log.mocked = n.Mocked // before anything runs that could log
	p.say(slog.LevelInfo, fmt.Sprintf("SetNetworkActive: %v", !s.cfg.StartsIdle))
	p.say(slog.LevelInfo, fmt.Sprintf("Loaded %d addresses from peers.dat", n.Swarm.Book().Len()))
	began := make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(began)
		p.began(ctx, n, lock, s)
		p.reopen(ctx, hung)
	}()
	err = n.Run(ctx)
	cancel()
	<-began
	if err != nil {
		return p.explain(err)
	}
	p.say(slog.LevelInfo, "Shutdown: done")
	return nil
}

// occupy locks the network's directory [AppInitLockDataDirectory, LockDataDirectory].
func (p *program) occupy() (*process.Lock, error) {
	lock, err := process.Occupy(p.NetDir())
	switch {
	case errors.Is(err, process.ErrOccupied):
		return nil, fmt.Errorf("Cannot obtain a lock on data directory %s. Bitcoin Core is probably already running.", p.NetDir())
	case err != nil:
		return nil, fmt.Errorf("Cannot write to data directory '%s'; check permissions.", p.NetDir())
	}
	return lock, nil
}

// writePID writes the process's number; path "" writes none [CreatePidFile, GetPidFile].
func (p *program) writePID() (path string, err error) {
	path = p.Below("pid", "bitcoind.pid")
	if path == "" {
		return "", nil
	}
	if err := os.WriteFile(path, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o600); err != nil {
		if op, ok := errors.AsType[*os.PathError](err); ok {
			err = op.Err
		}
		return "", fmt.Errorf("Unable to create the PID file '%s': %w", path, err)
	}
	return path, nil
}

// began says that the node answers.
func (p *program) began(ctx context.Context, n *node.Node, lock *process.Lock, s *setup) {
	select {
	case <-ctx.Done():
		return
	case <-n.Ready():
	}
	if n.RPC != nil {
		if err := lock.Answers(n.RPC.Addr().String()); err != nil {
			p.log.Warn("the command line will need --rpc to find this node", "err", err)
		}
	}
	p.threads(s)
	p.say(slog.LevelInfo, "init message: Done loading")
	p.say(slog.LevelInfo, "initload thread exit") // whoever has Core read its blocks again waits for this
	p.tellParent(true)
}

// reopen goes on in a new log file whenever the process is sent SIGHUP, until ctx ends [HandleSIGHUP].
func (p *program) reopen(ctx context.Context, hung <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hung:
			if err := p.lines.out.open(); err != nil {
				p.warn("the log could not be opened again: " + err.Error())
			}
		}
	}
}

// explain puts a failure to start into Core's words [InitError].
func (p *program) explain(err error) error {
	if told := explainChain(err); told != nil {
		return told
	}
	listen, isListen := errors.AsType[*node.ListenError](err)
	switch {
	case errors.Is(err, rpc.ErrStart):
		p.say(slog.LevelError, err.Error())
		return rpc.ErrStart
	case isListen && listen.Flag == "--rpclisten":
		p.log.Error("RPC cannot listen", "err", err)
		return rpc.ErrStart
	case isListen:
		text := fmt.Sprintf("Unable to bind to %s on this computer (bind returned error %s)", listen.Err.Addr, listen.Err.Err)
		if errors.Is(listen.Err, syscall.EADDRINUSE) {
			text = fmt.Sprintf("Unable to bind to %s on this computer. Bitcoin Core is probably already running.", listen.Err.Addr)
		}
		return fmt.Errorf("%s\nError: Failed to listen on any port. Use -listen=0 if you want this.", text)
	}
	return err
}
