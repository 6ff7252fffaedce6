//go:build unix

package process

import (
	"fmt"
	"os"
	"syscall"
)

// terminate asks a node to stop cleanly.
const terminate = syscall.SIGTERM

// lockFile keeps other processes out until unlock is called. It waits for
// them: they hold it for the time of one small write.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
