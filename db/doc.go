// Package db keeps typed tables in one bbolt file.
//
// It owns the file: its lock, its schema name and version, and a CRC32C on
// every record, because bbolt's own pages carry none. It never knows what the
// records mean; the rooms that use it declare their tables with NewTable and
// their byte layouts with a Codec.
//
// Start reading at Open, then DB.View and Table.Get; pages.go proves a whole file,
// backup.go copies one. regular.go has what all rooms need who read another file than
// that: it refuses what is none.
//
// A record is stored as
//
//	bucket / key -> value bytes ‖ CRC32C(key ‖ value), 4 bytes big-endian
//
// so a flipped bit in a key, in a value or in a page's element table is found
// when the record is read, and by DB.Check for all records.
//
// A transaction inside a transaction on the same goroutine would deadlock when
// bbolt remaps its file; it is refused with ErrNested.
package db
