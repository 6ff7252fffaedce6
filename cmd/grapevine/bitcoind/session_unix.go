//go:build unix

package bitcoind

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// ownSession frees a process from this one's terminal.
func ownSession(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// onHangup hears of SIGHUP: the log is to be opened again.
func onHangup(c chan<- os.Signal) { signal.Notify(c, syscall.SIGHUP) }

// privately lets nobody else read what the process writes, as Core's SetupEnvironment.
func privately() { syscall.Umask(0o077) }
