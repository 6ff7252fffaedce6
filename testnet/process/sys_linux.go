package process

import "syscall"

// Attributes of a child: a process group of its own, so that Ctrl-C reaches us
// alone and we stop the nodes in order; and, unless it is to outlive us,
// SIGTERM from the kernel when we die, even by kill -9. (That signal is sent
// when the thread that forked ends; Go ends threads only with goroutines
// locked to them, of which there are none here.)
func Attributes(detach bool) *syscall.SysProcAttr {
	if detach {
		return &syscall.SysProcAttr{Setsid: true}
	}
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
