package jsonrpc

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestT73_HostsAreAddressesLocalhostAndThoseNamed(t *testing.T) {
	h := Hosts{Named: []string{"node.lan"}}
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:18443": true, "[::1]:18443": true, "[::1]": true, "192.168.1.7:80": true, "localhost": true,
		"LocalHost:1": true, "localhost.:1": true, "node.lan": true, "NODE.lan:18443": true, "": true,
		"evil.example": false, "evil.example:18443": false, "127.0.0.1.evil.example": false, "localhost.evil.example:1": false,
		"node.lan.evil.example": false, "2130706433": false, "127.1": false, "x@localhost": false, "localhost:1:2": false,
	} {
		if got := h.Ours(&http.Request{Host: host}); got != want {
			t.Errorf("Host %q: %v", host, got)
		}
	}
}

func TestT73_OnlyOurOwnPagesMaySendRequests(t *testing.T) {
	h := Hosts{}
	for _, c := range []struct {
		host, name, value string
		foreign           bool
	}{
		{"localhost:1", "", "", false}, // no browser, or a page's own GET
		{"localhost:1", "Origin", "http://localhost:1", false},
		{"127.0.0.1:1", "Origin", "http://127.0.0.1:1", false},
		{"localhost:1", "Origin", "http://localhost:2", true},
		{"localhost:1", "Origin", "http://evil.example", true},
		{"localhost:1", "Origin", "null", true},
		{"localhost:1", "Origin", "", true},
		{"evil.example:1", "Origin", "http://evil.example:1", true}, // its name leads here
		{"localhost:1", "Sec-Fetch-Site", "cross-site", true},
		{"localhost:1", "Sec-Fetch-Site", "same-origin", false},
	} {
		r := &http.Request{Host: c.host, Header: http.Header{}}
		if c.name != "" {
			r.Header.Set(c.name, c.value)
		}
		if got := h.Foreign(r); got != c.foreign {
			t.Errorf("Host %s, %s %q: %v", c.host, c.name, c.value, got)
		}
	}
}

// Who has the password may call by any name, and by none.
func TestT73_APasswordWorksUnderAnyHost(t *testing.T) {
	body := `{"id":1,"method":"count"}`
	for head, want := range map[string]string{
		"Host: evil.example\n" + authLine:                      "200",
		authLine:                                               "200",
		authLine + "\nContent-Type: text/plain":                "200", // as curl of many a guide sends it
		"Host: evil.example":                                   "403",
		"Host: evil.example\nAuthorization: Basic dTp4":        "403",
		"Host: localhost":                                      "401",
		"Host: evil.example:18443\nContent-Type: text/plain\n": "403",
	} {
		c, r := dial(t, serve(t))
		fmt.Fprintf(c, "POST / HTTP/1.1\n%s\nContent-Length: %d\n\n%s", strings.TrimSpace(head), len(body), body)
		if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 "+want+" ") {
			t.Errorf("%q: %q, %v", head, line, err)
		}
	}
}
