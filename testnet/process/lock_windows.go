package process

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// terminate: Windows has no signal that asks; Net.askToStop calls RPC there.
const terminate = windows.SIGTERM

// lockedByte lies behind whatever the file holds: on Windows a locked byte can
// be read by nobody else.
const lockedByte = 1 << 30

// tryLock locks a file for this process alone, or together with others who
// only look, unless somebody holds it.
func tryLock(f *os.File, alone bool) (held bool, err error) {
	how := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if alone {
		how |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &windows.Overlapped{Offset: lockedByte})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// identity of a directory is not told on Windows.
func identity(string) string { return "" }

// isPrivate is whether a folder is this user's alone: temporary files have a place for each user.
func isPrivate(fs.FileInfo) bool { return true }
