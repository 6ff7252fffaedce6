package node

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"grapevine/chain"
)

// Commands are lines for the shell that a node runs; "" runs none.
type Commands struct {
	Started  string   // once it answers [-startupnotify]
	Stopping []string // when it has been told to stop, which waits for them [-shutdownnotify]
	// Block is run when the best block changes, once the node is synced: %s stands for
	// its hash [-blocknotify].
	Block string
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
	tips    chan chain.Hash // capacity maxCommands

	running sync.WaitGroup
	places  chan struct{} // capacity commandsAtOnce
	end     sync.Once
}

func newCommands(cfg Commands, log *slog.Logger, syncing func() bool) *commands {
	return &commands{Commands: cfg, syncing: syncing, log: log,
		tips: make(chan chain.Hash, maxCommands), places: make(chan struct{}, commandsAtOnce)}
}

// moved says that the best block is another one. It never waits.
func (c *commands) moved(tip chain.Hash) {
	if c == nil || c.Block == "" {
		return
	}
	select {
	case c.tips <- tip:
	default:
		c.log.Warn("too many commands wait; none is run for this block", "block", tip)
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
		case tip := <-c.tips:
			if !c.syncing() {
				c.start(ctx, strings.ReplaceAll(c.Block, "%s", tip.String()))
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

// run gives a line to the shell and waits for it.
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
