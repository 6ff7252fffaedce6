package web_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"grapevine/cmd/web"
)

// Who asks for pages and reads none takes nobody's place: beside many of them others are answered.
func TestWhoReadsNothingTakesNoPlace(t *testing.T) {
	node := aNode()
	node["getnetworkinfo"] = `{"subversion":"` + strings.Repeat("x", 6<<20) + `"}` // more than the system takes for who does not read
	server := httptest.NewServer(newPage(t, web.Config{Call: node.call}))
	defer server.Close()
	const mute = 9 // one more than there are places
	for range mute {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil { // the answer has begun
			t.Fatalf("no answer: %v", err)
		}
	}
	resp, err := http.Get(server.URL + "/learn")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("beside %d who read nothing: %v %v", mute, resp, err)
	}
}
