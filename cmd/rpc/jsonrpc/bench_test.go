package jsonrpc

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// Requests over one connection that is kept, asked by hand so that the server's part is nearly all
// that is seen: a small call, and a batch of a thousand.
func BenchmarkRequests(b *testing.B) {
	calls := make([]string, 1000)
	for i := range calls {
		calls[i] = fmt.Sprintf(`{"jsonrpc":"1.0","id":%d,"method":"add","params":[%d]}`, i, i)
	}
	for _, c := range []struct{ name, body string }{
		{"one", `{"jsonrpc":"1.0","id":1,"method":"count","params":[]}`},
		{"batch", "[" + strings.Join(calls, ",") + "]"},
	} {
		b.Run(c.name, func(b *testing.B) {
			conn, r := dial(b, serve(b))
			request := fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", authLine, len(c.body), c.body)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := conn.Write(request); err != nil {
					b.Fatal(err)
				}
				size := 0
				for {
					line, err := r.ReadSlice('\n')
					if err != nil {
						b.Fatal(err)
					}
					if length, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
						_, _ = fmt.Sscan(string(length), &size)
					}
					if len(line) == 2 {
						break
					}
				}
				if n, err := r.Discard(size); n == 0 || err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
