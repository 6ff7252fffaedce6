package node

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/wallet/service"
)

// Commands are lines for the shell that a node runs; "" runs none.
type Commands struct {
	Started  string   // once it answers [-startupnotify]
	Stopping []string // when it has been told to stop, which waits for them [-shutdownnotify]
	// Block is run when the best block changes, once the node is synced: %s stands for
	// its hash [-blocknotify].
	Block string
	// Alert is run when people are to be warned of something: %s stands for what [-alertnotify].
	Alert string
	// Wallet is run when the pool takes a transaction of the wallet, and when it is in a
	// block: %s stands for its id, %w for the wallet's name, %b for the block, %h for its
	// height [-walletnotify].
	Wallet string
}

const (
	// commandsAtOnce run beside each other; of a row of blocks the others wait.
	commandsAtOnce = 8
	// maxCommands wait at most. Who gets more blocks than the machine can run
	// commands for is told so.
	maxCommands = 1000
	// commandsPatience is how long a stop waits for commands that still run; then
	// they are left to themselves.
	commandsPatience = time.Second
)

// commands runs them.
type commands struct {
	Commands
	syncing func() bool
	log     *slog.Logger
	due     chan due // capacity maxCommands

	running sync.WaitGroup
	places  chan struct{} // capacity commandsAtOnce
	end     sync.Once
}

// due is a line to run.
type due struct {
	line   string
	synced bool // only if the node is
}

func newCommands(cfg Commands, log *slog.Logger, syncing func() bool) *commands {
	return &commands{Commands: cfg, syncing: syncing, log: log,
		due: make(chan due, maxCommands), places: make(chan struct{}, commandsAtOnce)}
}

// moved says that the best block is another one. It never waits.
func (c *commands) moved(tip chain.Hash) {
	if c != nil && c.Block != "" {
		c.queue(due{strings.ReplaceAll(c.Block, "%s", tip.String()), true})
	}
}

// alert says what people are to be warned of. It never waits [AlertNotify].
func (c *commands) alert(text string) {
	if c.Alert != "" {
		c.queue(due{line: strings.ReplaceAll(c.Alert, "%s", "'"+p2p.Sanitized(text)+"'")})
	}
}

// walletTx says that a transaction of the wallet is in the pool or, with a height of
// 0 and more, in a block. It never waits.
func (c *commands) walletTx(n service.News) {
	if c.Wallet == "" {
		return
	}
	where, height := n.Block.String(), n.Height
	if height < 0 {
		where, height = "unconfirmed", -1
	}
	c.queue(due{line: strings.NewReplacer("%s", n.ID.String(), "%b", where, "%h", strconv.Itoa(int(height)), "%w", quoted(n.Wallet)).Replace(c.Wallet)})
}

// quoted is one word for the shell, whatever is in it [ShellEscape].
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'" }

func (c *commands) queue(d due) {
	select {
	case c.due <- d:
	default:
		c.log.Warn("too many commands wait; one is not run", "command", d.line)
	}
}

// Run runs what is due until ctx ends.
func (c *commands) Run(ctx context.Context, ready <-chan struct{}) error {
	defer c.leave()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ready:
			ready = nil
			c.start(ctx, c.Started)
		case d := <-c.due:
			if !d.synced || !c.syncing() {
				c.start(ctx, d.line)
			}
		}
	}
}

// start runs one line when there is a place for it.
func (c *commands) start(ctx context.Context, line string) {
	if line == "" {
		return
	}
	select {
	case c.places <- struct{}{}:
	case <-ctx.Done():
		return
	}
	c.running.Go(func() {
		c.run(line)
		<-c.places
	})
}

// run gives a line to the shell and waits for it [runCommand].
func (c *commands) run(line string) {
	cmd := exec.Command("sh", "-c", line)
	if runtime.GOOS == "windows" {
		cmd = exec.Command("cmd", "/C", line)
	}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		c.log.Warn("a command failed", "command", line, "err", err)
	}
}

// leave waits a moment for the commands that run.
func (c *commands) leave() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.running.Wait()
	}()
	select {
	case <-done:
	case <-time.After(commandsPatience):
		c.log.Warn("commands still run; they are left to themselves")
	}
}

// stopping runs the commands of a stop, once, and waits for them.
func (c *commands) stopping() {
	c.end.Do(func() {
		var all sync.WaitGroup
		for _, line := range c.Stopping {
			all.Go(func() { c.run(line) })
		}
		all.Wait()
	})
}
