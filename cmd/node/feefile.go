package node

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"grapevine/chain/mempool"
	"grapevine/db"
)

const (
	// estimatesEvery: so often the estimates are written [FEE_FLUSH_INTERVAL].
	estimatesEvery = time.Hour
	// estimatesAge: older ones tell nothing of today's fees [MAX_FILE_AGE].
	estimatesAge = 60 * time.Hour
	// maxEstimates is far more than a file of fee estimates takes.
	maxEstimates = 16 << 20
)

// feeFile keeps what the pool has learnt of fees over a restart, in fee_estimates.dat.
type feeFile struct {
	path string
	pool *mempool.Pool
	log  *slog.Logger
}

// load takes over what the file has learnt, if it is not too old; stale: however old.
// Without, the pool learns anew.
func (f *feeFile) load(now time.Time, stale bool) {
	st, err := db.StatFile(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.log.Info("no fee estimates are kept yet", "file", f.path)
		return
	case err == nil && st.Size() > maxEstimates:
		err = errors.New("not a file of fee estimates")
	case err == nil && now.Sub(st.ModTime()) >= estimatesAge+time.Hour && !stale: // counted in whole hours
		f.log.Info("fee estimates are too old", "file", f.path, "hours", int64(now.Sub(st.ModTime())/time.Hour), "most", int64(estimatesAge/time.Hour))
		return
	case err == nil:
		err = f.read()
	}
	if err != nil {
		f.log.Warn("fee estimates cannot be read; the node goes on without", "file", f.path, "err", err)
	}
}

func (f *feeFile) read() error {
	raw, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	return f.pool.ReadEstimates(bytes.NewReader(raw))
}

// save writes the file; a failure is told, and no more.
func (f *feeFile) save(last bool) {
	var raw bytes.Buffer
	err := f.pool.WriteEstimates(&raw, last)
	if err == nil {
		err = os.WriteFile(f.path, raw.Bytes(), 0o600)
	}
	if err != nil {
		f.log.Warn("fee estimates cannot be written", "file", f.path, "err", err)
		return
	}
	f.log.Info("fee estimates saved", "file", "fee_estimates.dat")
}

func (f *feeFile) flush(context.Context) error {
	f.save(false)
	return nil
}
