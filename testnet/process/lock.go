package process

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// lockName is a file in a data directory that a node holds locked for as long
// as its process lives. The lock ends with the process, however that ends, and
// belongs to this very file: a copy of the file is not locked. So it tells
// whether a node runs on this directory, and which process it is, where a
// number alone could by now be another program's. It holds three lines:
//
//	4711                 the process
//	127.0.0.1:18443      where it answers RPC, once it does
//	2049:131             the directory, as the system numbers it
//
// The last one is for a copy that shares files with the original (cp -al): a
// lock that is held from another directory tells of nobody here.
const lockName = ".lock"

const (
	lockLines   = 3
	maxLockText = 4096
)

// lockPatience is how long a node that starts waits for the lock: who looks at
// it holds it for microseconds.
const lockPatience = 2 * time.Second

// ErrOccupied: another node runs on that data directory.
var ErrOccupied = errors.New("another node runs there")

// Lock is a data directory's lock, held by this process.
type Lock struct {
	f   *os.File
	dir string // see identity
}

// Occupy locks a data directory for this process. A second node is refused
// with ErrOccupied.
func Occupy(dir string) (*Lock, error) {
	var other Process
	late := after(lockPatience)
	f, err := lockFile(filepath.Join(dir, lockName), true, func() bool {
		other = Running(dir)
		return other.PID != 0 || late()
	})
	switch {
	case errors.Is(err, errHeld):
		return nil, fmt.Errorf("%s: %w (process %d)", dir, ErrOccupied, other.PID)
	case err != nil:
		return nil, err
	}
	l := &Lock{f, identity(dir)}
	if err := l.write(""); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

// errHeld: somebody else holds the lock.
var errHeld = errors.New("locked by another process")

// lockFile opens a file and locks it until it is closed, alone or together with
// others who do not ask for it alone. While somebody else holds it, it waits, or
// gives up with errHeld.
func lockFile(path string, alone bool, giveUp func() bool) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for ; ; time.Sleep(time.Millisecond) {
		held, err := tryLock(f, alone)
		switch {
		case held:
			return f, nil
		case err == nil && !giveUp():
			continue
		case err == nil:
			err = errHeld
		}
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
}

// after says whether so much time has passed since now.
func after(patience time.Duration) func() bool {
	deadline := time.Now().Add(patience)
	return func() bool { return !time.Now().Before(deadline) }
}

// Answers notes where this process answers RPC, as HOST:PORT.
func (l *Lock) Answers(rpc string) error { return l.write(rpc) }

// write says who holds the lock, in one write: a reader never sees half a
// number.
func (l *Lock) write(rpc string) error {
	text := fmt.Sprintf("%d\n%s\n%s\n", os.Getpid(), rpc, l.dir)
	if _, err := l.f.WriteAt([]byte(text), 0); err != nil {
		return err
	}
	return l.f.Truncate(int64(len(text)))
}

// Close gives the directory back.
func (l *Lock) Close() error { return errors.Join(l.f.Truncate(0), l.f.Close()) }

// Process is a running node as its data directory tells.
type Process struct {
	PID int    // 0: none runs
	RPC string // HOST:PORT; "" while it does not answer yet
}

// Running says which node runs on a data directory. What a dead one has left
// in the lock's file is wiped out.
func Running(dir string) Process {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrPermission) {
		f, err = os.Open(filepath.Join(dir, lockName))
	}
	if err != nil {
		return Process{}
	}
	defer f.Close()
	for tries := 0; ; tries++ {
		if free, err := tryLock(f, false); free || err != nil {
			_ = f.Truncate(0) // if we may not, the next one who locks it does
			return Process{}
		}
		text, err := io.ReadAll(io.NewSectionReader(f, 0, maxLockText))
		if err != nil { // it is not a file
			return Process{}
		}
		if lines := strings.Split(string(text), "\n"); len(lines) > lockLines {
			if lines[2] != identity(dir) {
				return Process{}
			}
			if pid, err := strconv.Atoi(lines[0]); err == nil && pid > 0 {
				return Process{PID: pid, RPC: lines[1]}
			}
		}
		if tries == 1000 { // it has just been locked, and its holder writes
			return Process{}
		}
		time.Sleep(time.Millisecond)
	}
}

// signal sends a signal to the node of a data directory, and to no other
// process: on Linux the handle is of one process and not of a number, so when
// the lock is still held after the handle was made, it is the holder's.
func signal(dir string, s os.Signal) error {
	was := Running(dir)
	if was.PID == 0 {
		return os.ErrProcessDone
	}
	p, err := os.FindProcess(was.PID)
	if err != nil {
		return err
	}
	defer p.Release()
	if Running(dir).PID != was.PID {
		return os.ErrProcessDone
	}
	return p.Signal(s)
}
