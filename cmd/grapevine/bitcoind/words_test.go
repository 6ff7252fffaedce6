package bitcoind

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"grapevine/chain"
)

// What Core's reader says of a transaction that cannot be read, debug.log says, and finds it in Core's order.
func TestUnreadableTransactionsAreToldAsCoreTellsThem(t *testing.T) {
	const in, out = "01" + "0000000000000000000000000000000000000000000000000000000000000000" + "00000000" + "00" + "ffffffff", "01" + "0000000000000000" + "00"
	for _, c := range []struct{ flags, witness, want string }{
		{"0003", "0101" + "51", "Unknown transaction optional data"},
		{"0002", "", "Unknown transaction optional data"},
		{"0003", "00", "Superfluous witness record"},
		{"0001", "00", "Superfluous witness record"},
		{"0001", "01fe01000002", "ReadCompactSize(): size too large"},
		{"0001", "02", "DataStream::read(): end of data"},
		{"0001", "fd0100", "non-canonical ReadCompactSize()"},
	} {
		lock := "00000000"
		if strings.Contains(c.want, "end of data") {
			lock = ""
		}
		payload, err := hex.DecodeString("02000000" + c.flags + in + out + c.witness + lock)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(c.want, "too large") {
			payload = append(payload, make([]byte, 0x2000001)...)
		}
		_, err = chain.DecodeTx(payload)
		if err == nil {
			t.Errorf("%+v is read", c)
			continue
		}
		said := words()["message ignored"].say(fields{"message": slog.StringValue("tx"), "bytes": slog.IntValue(len(payload)), "err": slog.AnyValue(err)})
		if want := fmt.Sprintf("ProcessMessages(tx, %d bytes): Exception '%s: iostream error' caught", len(payload), c.want); said != want {
			t.Errorf("%+v: %q, want %q", c, said, want)
		}
	}
}
