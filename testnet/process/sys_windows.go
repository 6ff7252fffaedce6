package process

import "syscall"

// Attributes of a child: a process group of its own, so that Ctrl-C reaches us
// alone; and, if it is to outlive us, no console.
func Attributes(detach bool) *syscall.SysProcAttr {
	const detached = 0x8 // DETACHED_PROCESS
	a := &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
	if detach {
		a.CreationFlags |= detached
	}
	return a
}
