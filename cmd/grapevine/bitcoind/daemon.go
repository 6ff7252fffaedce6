package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// daemonFD names the pipe by which a process in the background tells who started
// it that it runs; it is ours alone, and no setting.
const daemonFD = "GRAPEVINE_DAEMON_FD"

// parentFD is that pipe's number: the first after the three that every process has.
const parentFD = 3

// background says whether this process is to start another one in the background.
func (p *program) background() bool {
	return os.Getenv(daemonFD) == "" && (p.Bool("daemon", false) || p.Bool("daemonwait", false))
}

// detach starts the same program in the background and waits until it runs or,
// with -daemonwait, until the node answers [fork_daemon].
func (p *program) detach() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("fork_daemon() failed: %w", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("fork_daemon() failed: %w", err)
	}
	defer r.Close()
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Args[0] = os.Args[0] // the name decides what the program is
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", daemonFD, parentFD))
	cmd.ExtraFiles = []*os.File{w}
	ownSession(cmd)
	fmt.Fprintln(p.Out, "grapevine starting")
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("fork_daemon() failed: %w", err), w.Close())
	}
	_ = w.Close() // the other one holds it now
	if n, _ := r.Read(make([]byte, 1)); n == 1 {
		return cmd.Process.Release()
	}
	_ = cmd.Wait()
	return errInit
}

// errInit is told in other words than errors of this process.
var errInit = errors.New("Error during initialization - check debug.log for details")

// tellParent says once that this process runs, or that the node answers.
func (p *program) tellParent(answers bool) {
	if p.parent == nil || answers != p.Bool("daemonwait", false) {
		return
	}
	_, _ = p.parent.Write([]byte{1})
	_ = p.parent.Close()
	p.parent = nil
}

// findParent takes the pipe of who started this process in the background.
func (p *program) findParent() {
	if os.Getenv(daemonFD) == "" {
		return
	}
	p.parent = os.NewFile(parentFD, "parent")
	_ = os.Unsetenv(daemonFD) // not for commands that the node runs
}
