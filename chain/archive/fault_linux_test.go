package archive

import (
	"context"
	"errors"
	"os/signal"
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
