package node

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestCapturedMessagesAreCoresRecords(t *testing.T) {
	dir := t.TempDir()
	c := capture{dir: dir, now: func() time.Time { return time.UnixMicro(0x0102030405) }, log: slog.New(slog.DiscardHandler)}
	c.message("127.0.0.1:18444", true, "ping", []byte{9, 8})
	c.message("127.0.0.1:18444", true, "verack", nil)
	c.message("[::1]:18444", false, "pong", []byte{7})
	for name, want := range map[string]string{
		"127.0.0.1_18444/msgs_recv.dat": "\x05\x04\x03\x02\x01\x00\x00\x00ping\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x09\x08" +
			"\x05\x04\x03\x02\x01\x00\x00\x00verack\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"[__1]_18444/msgs_sent.dat": "\x05\x04\x03\x02\x01\x00\x00\x00pong\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x07",
	} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, []byte(want)) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
