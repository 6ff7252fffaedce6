//go:build !linux

package db

// forget does nothing here: the system takes back mapped pages when it wants them.
func (d *DB) forget() {}
