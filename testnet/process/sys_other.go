//go:build unix && !linux

package process

import "syscall"

// Attributes of a child: a group or session of its own. Only Linux can promise
// that it ends when we are killed with -9.
func Attributes(detach bool) *syscall.SysProcAttr {
	if detach {
		return &syscall.SysProcAttr{Setsid: true}
	}
	return &syscall.SysProcAttr{Setpgid: true}
}
