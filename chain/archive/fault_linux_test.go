package archive

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"grapevine/db"
)

// diskFull makes every write beyond that many bytes of a file fail, as a full
// disk does, until the function it returns is called.
func diskFull(t *testing.T, beyond int64) (room func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = uint64(beyond)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}
}

// A write that fails ends the committer: nothing is tried again, nobody waits
// for ever, and what was acknowledged before is still there (fsyncgate).
func TestT50_FailedWriteEndsTheCommitter(t *testing.T) {
	a, file := open(t, db.Options{})
	ended := make(chan error, 1)
	go func() { ended <- a.Run(make(chan struct{})) }()
	a.SaveBody(1, []byte("acknowledged"))
	if err := a.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	room := diskFull(t, size(t, file))
	a.SaveBody(2, make([]byte, 4<<20))
	syncErr, runErr := a.Sync(t.Context()), <-ended
	room()
	for what, err := range map[string]error{"Sync": syncErr, "Run": runErr} {
		if !errors.Is(err, syscall.EFBIG) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := a.Sync(ctx); !errors.Is(err, ErrStopped) || !errors.Is(err, syscall.EFBIG) {
		t.Errorf("Sync afterwards: %v", err)
	}
	if b, err := Open(file, nil).Body(1); err != nil || string(b) != "acknowledged" {
		t.Errorf("%q, %v", b, err)
	}
	if err := Check(t.Context(), file, nil); err != nil {
		t.Error(err)
	}
}

// become makes every later write and sync of the open file go to another one.
func become(t *testing.T, path, other string) {
	t.Helper()
	as, err := os.OpenFile(other, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer as.Close()
	fds, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, _ := os.Readlink(fd); to != path {
			continue
		}
		n := 0
		for _, digit := range filepath.Base(fd) {
			n = 10*n + int(digit-'0')
		}
		if err := syscall.Dup3(int(as.Fd()), n, 0); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("%s is not open", path)
}

// The disk is full, a write fails, or what was written cannot be synced: the
// committer ends and says which file it could not write. Whoever waits is told,
// and the file holds what was acknowledged before, and is sound.
func TestT50_FullDiskFailedWriteFailedSync(t *testing.T) {
	for _, c := range []struct {
		name, other string
		want        syscall.Errno
	}{
		{"no space left", "/dev/full", syscall.ENOSPC},
		{"failed write", "/proc/self/mem", syscall.EIO}, // of addresses that nothing is at
		{"failed sync", "/dev/null", syscall.EINVAL},    // which takes all writes
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "chain.db")
			file, err := db.Open(path, "chain", 1, db.Options{})
			if err != nil {
				t.Fatal(err)
			}
			a := Open(file, nil)
			ended := make(chan error, 1)
			go func() { ended <- a.Run(make(chan struct{})) }()
			a.SaveBody(1, []byte("acknowledged"))
			if err := a.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			become(t, path, c.other)
			a.SaveBody(2, []byte("not acknowledged"))
			for what, err := range map[string]error{"Sync": a.Sync(t.Context()), "Run": <-ended} {
				if !errors.Is(err, c.want) || !strings.Contains(err.Error(), "write chain file") {
					t.Errorf("%s: %v", what, err)
				}
			}
			if err := a.Sync(t.Context()); !errors.Is(err, ErrStopped) {
				t.Errorf("Sync afterwards: %v", err)
			}
			file.Close()
			again, err := db.Open(path, "chain", 1, db.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			if err := Check(t.Context(), again, nil); err != nil {
				t.Error(err)
			}
			if b, err := Open(again, nil).Body(1); err != nil || string(b) != "acknowledged" {
				t.Errorf("%q, %v", b, err)
			}
			if _, err := Open(again, nil).Body(2); !errors.Is(err, ErrNotFound) {
				t.Errorf("what was not acknowledged: %v", err)
			}
		})
	}
}
