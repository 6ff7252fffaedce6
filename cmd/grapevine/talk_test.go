package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPeerListTakesOneAddressALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers")
	if err := os.WriteFile(path, []byte("# friends\n10.0.0.1:18444\n\n  [::1]:8333  \nseed.example:1\n10.0.0.2\n::2\nlocalhost"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := peerList(t.Context(), path, 8333)
	want := []string{"10.0.0.1:18444", "[::1]:8333", "seed.example:1", "10.0.0.2:8333", "[::2]:8333", "localhost:8333"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestPeerListSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, []byte("10.0.0.1:1\nno port\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	long := filepath.Join(dir, "long")
	if err := os.WriteFile(long, []byte(strings.Repeat("10.0.0.1:18444\n", 1<<17)), 0o600); err != nil {
		t.Fatal(err)
	}
	for from, says := range map[string]string{
		long:                         "more than 1048576 bytes",
		bad:                          `line 2: "no port": want HOST or HOST:PORT`,
		filepath.Join(dir, "nobody"): "no such file",
		"http://example.com/list":    "only https",
	} {
		if _, err := peerList(t.Context(), from, 8333); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", from, err, says)
		}
	}
}

// A server that sends us on to a plain one would let anybody on the way choose
// our peers.
func TestPeerListIsNotFetchedInTheClear(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Error("asked in the clear")
	}))
	defer plain.Close()
	sealed := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer sealed.Close()
	client := httpsOnly()
	client.Transport = sealed.Client().Transport
	if resp, err := client.Get(sealed.URL); err == nil || !strings.Contains(err.Error(), "only https") {
		if err == nil {
			resp.Body.Close()
		}
		t.Errorf("followed: %v", err)
	}
}
