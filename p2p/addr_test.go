package p2p

import "testing"

func TestOneReaderOfHostAndPort(t *testing.T) {
	for in, want := range map[string]string{
		"127.0.0.1":             "127.0.0.1:18444",
		"127.0.0.1:1":           "127.0.0.1:1",
		"127.0.0.1:0":           "127.0.0.1:0",
		"127.0.0.1:65535":       "127.0.0.1:65535",
		"127.0.0.1:65536":       "",
		"127.0.0.1:":            "",
		"127.0.0.1:-1":          "",
		"127.0.0.1:+1":          "",
		"127.0.0.1:http":        "",
		"127.0.0.1:1:2":         "",
		"::1":                   "[::1]:18444",
		"[::1]":                 "[::1]:18444",
		"[::1]:7":               "[::1]:7",
		"[::1]7":                "",
		"[::1]:":                "",
		"[::1":                  "",
		"::1]":                  "",
		"[127.0.0.1]:7":         "",
		"[]:7":                  "",
		"2001:DB8::1":           "[2001:db8::1]:18444",
		"::ffff:1.2.3.4":        "1.2.3.4:18444",
		"[::ffff:1.2.3.4]:7":    "1.2.3.4:7",
		"[fe80::1%eth0]:7":      "[fe80::1%eth0]:7",
		"localhost":             "localhost:18444",
		"LocalHost:7":           "localhost:7",
		"node-1.my_net.example": "node-1.my_net.example:18444",
		"node.example.":         "node.example.:18444",
		"node.example:8333":     "node.example:8333",
		"":                      "",
		":7":                    "",
		"1.2.3":                 "",
		"256.1.1.1:7":           "",
		"12345":                 "",
		"a b":                   "",
		"a..b":                  "",
		"http://a:1":            "",
		"user@host:1":           "",
		"näme":                  "",
	} {
		got, err := ParseHostPort(in, 18444)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q is read as %v", in, got)
		case want != "" && (err != nil || got.String() != want):
			t.Errorf("%q is read as %v (%v), want %s", in, got, err, want)
		}
		if err != nil {
			continue
		}
		if again, err := ParseHostPort(got.String(), 1); err != nil || again != got {
			t.Errorf("%v is read again as %v (%v)", got, again, err)
		}
	}
}

func TestOnlyAddressesAreAddresses(t *testing.T) {
	for in, want := range map[string]bool{"127.0.0.1:1": true, "::1": true, "localhost:1": false} {
		h, err := ParseHostPort(in, 7)
		if err != nil {
			t.Fatal(err)
		}
		if a, ok := h.AddrPort(); ok != want || ok && a.String() != h.String() {
			t.Errorf("%q: %v %v", in, a, ok)
		}
	}
}
