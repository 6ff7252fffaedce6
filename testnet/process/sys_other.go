//go:build unix && !linux

package process

import (
	"os"
	"syscall"
)

// attributes of a child: a group or session of its own. Only Linux can promise
// that it ends when we are killed with -9.
func attributes(detach bool) *syscall.SysProcAttr {
	if detach {
		return &syscall.SysProcAttr{Setsid: true}
	}
	return &syscall.SysProcAttr{Setpgid: true}
}

// runs is whether a process with that number exists.
func runs(pid int, _ string) bool {
	p, err := os.FindProcess(pid)
	return err == nil && p.Signal(syscall.Signal(0)) == nil
}
