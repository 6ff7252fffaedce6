//go:build unix

package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// terminate asks a node to stop cleanly.
const terminate = syscall.SIGTERM

// tryLock locks a file for this process alone, or together with others who
// only look, unless somebody holds it.
func tryLock(f *os.File, alone bool) (held bool, err error) {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// identity is what the system knows a directory by: it stays when the directory
// is moved, and no copy has it.
func identity(dir string) string {
	st, err := os.Stat(dir)
	if err != nil {
		return ""
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf("%d:%d", sys.Dev, sys.Ino)
	}
	return ""
}

// isPrivate is whether a folder is this user's, and nobody else can have put anything into it.
func isPrivate(folder fs.FileInfo) bool {
	sys, ok := folder.Sys().(*syscall.Stat_t)
	return ok && int(sys.Uid) == os.Geteuid() && folder.Mode().Perm()&0o022 == 0
}
