package main

import (
	"net/http"
	"testing"

	"grapevine/testnet/process"
)

// ask gets a path from a node's RPC port under a name, and gives the status.
func (d *daemon) ask(t *testing.T, path, host string) int {
	t.Helper()
	return statusOf(t, "http://"+process.Running(d.dir).RPC+path, host)
}

// statusOf gets a page under a name, "" for the address's own, and gives the status.
func statusOf(t *testing.T, url, host string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		r.Host = host
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestFlagsSayWhoMayReadWithoutAPassword(t *testing.T) {
	for _, c := range []struct {
		args                       []string
		plain, byName, byStrangers int
	}{
		{nil, 200, 403, 403},
		{[]string{"--rest=false"}, 404, 403, 403},
		{[]string{"--network", "testnet4", "--connect", "127.0.0.1:1"}, 404, 403, 403},
		{[]string{"--network", "testnet4", "--connect", "127.0.0.1:1", "--rest", "--allowhost", "node.lan"}, 200, 200, 403},
	} {
		d := startNode(t, t.TempDir(), c.args...)
		for _, path := range []string{"/rest/chaininfo.json", "/metrics"} {
			plain, byName, byStrangers := d.ask(t, path, ""), d.ask(t, path, "node.lan:1"), d.ask(t, path, "evil.example")
			if plain != c.plain || byName != c.byName || byStrangers != c.byStrangers {
				t.Errorf("%v: %s gives %d, by a name %d, by a stranger's %d", c.args, path, plain, byName, byStrangers)
			}
		}
		d.kill()
	}
}
