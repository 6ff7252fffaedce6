package node

import (
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// capture writes the messages of peers to files that Core's contrib/message-capture
// reads: a directory for each peer, with msgs_recv.dat and msgs_sent.dat
// [CaptureMessageToFile]. A record is
//
//	8 bytes   the time in microseconds, little endian
//	12 bytes  the message's name, filled up with zeros
//	4 bytes   the payload's length, little endian
//	…         the payload [CaptureMessage].
type capture struct {
	dir string
	now func() time.Time
	log *slog.Logger
}

// nameBytes are a message's name in a record.
const nameBytes = 12

func (c *capture) message(peer string, received bool, command string, payload []byte) {
	if err := c.write(peer, received, command, payload); err != nil {
		c.log.Warn("a message was not captured", "peer_addr", peer, "message", command, "err", err)
	}
}

func (c *capture) write(peer string, received bool, command string, payload []byte) error {
	dir := filepath.Join(c.dir, strings.ReplaceAll(peer, ":", "_"))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	name := "msgs_sent.dat"
	if received {
		name = "msgs_recv.dat"
	}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	record := binary.LittleEndian.AppendUint64(nil, uint64(c.now().UnixMicro()))
	record = append(record, make([]byte, nameBytes)...)
	copy(record[len(record)-nameBytes:], command)
	record = binary.LittleEndian.AppendUint32(record, uint32(len(payload)))
	_, err = f.Write(append(record, payload...))
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}
