package db

import (
	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// forget gives back what of the file is mapped to memory at this moment. The pages stay in the
// system's cache of the file, from where the next reader gets them again, but no
// longer count as the process's: in a long sync that would be the whole file.
func (d *DB) forget() {
	_ = d.bolt.View(func(tx *bbolt.Tx) error { // within it the map does not move
		if at := d.bolt.Info().Data; at != 0 {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, at, uintptr(tx.Size()), unix.MADV_DONTNEED) // advice, no more
		}
		return nil
	})
}
