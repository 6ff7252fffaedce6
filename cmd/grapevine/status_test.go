package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/client"
	"grapevine/p2p"
)

// While blocks are fetched `status` says how fast they come and how long it will go on;
// while none comes it says neither.
func TestStatusOfASyncSaysRateAndTimeLeft(t *testing.T) {
	for _, came := range []int32{0, 90, 900} {
		t.Run(fmt.Sprint(came), func(t *testing.T) {
			t.Parallel() // each takes its second
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var q struct{ ID json.RawMessage }
				json.NewDecoder(r.Body).Decode(&q)
				fmt.Fprintf(w, `{"id":%s,"result":%d,"error":null}`, q.ID, 100+came)
			}))
			defer s.Close()
			c, err := client.Dial(s.URL, "u", "p")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			begin, got := time.Now(), status{Height: 100, Headers: 1000}
			got.measure(&cli.Asker{Context: t.Context(), Client: c})
			if least := float64(came) / time.Since(begin).Seconds(); got.Height != 100+came || got.Rate < least || got.Rate > float64(came) {
				t.Errorf("height %d at %f a second; %d have come, %f a second", got.Height, got.Rate, came, least)
			}
			if came > 0 && got.Left != int64(float64(900-came)/got.Rate) || came == 0 && got.Left != 0 {
				t.Errorf("%d seconds are left at %f a second", got.Left, got.Rate)
			}
		})
	}
}

func TestStatusShowsRateAndTimeLeft(t *testing.T) {
	for _, c := range []struct {
		s         status
		says, not string
	}{
		{status{Height: 190, Headers: 1000, Rate: 90, Left: 90}, "fetching blocks, 90 a second, 1:30 left", "in step"},
		{status{Height: 190, Headers: 1000}, "fetching blocks\n", "left"},
		{status{Height: 1000, Headers: 1000, In: 1}, "in step with its peers", "left"},
		{status{Height: 1000, Headers: 1000}, "no peers to compare with", "left"},
	} {
		var out bytes.Buffer
		showStatus(cli.Plain(&out), c.s, time.Unix(0, 0))
		if !strings.Contains(out.String(), c.says) || strings.Contains(out.String(), c.not) {
			t.Errorf("want %q and no %q:\n%s", c.says, c.not, out.String())
		}
	}
}

// A node elsewhere is a stranger too: what it says of its peers cannot steer the terminal.
func TestPeersAreShownAsText(t *testing.T) {
	var peers []p2p.PeerInfo
	said := `[{"addr":"a\u001b[2J","subver":"/b\u001b]0;c\u0007/","listens":"d\ne"},{"addr":"f\r"},{"addr":"g","node":7,"pingtime":1e300,"bytessent":18446744073709551615,"synced_headers":-2147483648}]`
	if err := json.Unmarshal([]byte(said), &peers); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	showPeers(cli.Plain(&out), peers)
	if strings.ContainsAny(out.String(), "\x1b\a\r") || strings.Count(out.String(), "\n") != 4 {
		t.Errorf("%q", out.String())
	}
	for i, row := range rowsOf(peers) {
		var back p2p.PeerInfo
		if err := json.Unmarshal(row, &back); err != nil || back.Addr != peers[i].Addr || !bytes.Contains(row, []byte(`"pingtime":`)) {
			t.Errorf("%s: %v", row, err)
		}
	}
	if row := rowsOf(peers)[0]; bytes.Contains(row, []byte("blocks_from")) {
		t.Errorf("who has not greeted has given nothing: %s", row)
	}
	if err := json.Unmarshal([]byte(`[{"blocks_from":0,"txs_from":0,"blocks_to":0,"txs_to":2}]`), &peers); err != nil {
		t.Fatal(err)
	}
	if row := rowsOf(peers)[0]; !bytes.Contains(row, []byte(`"blocks_from":0,"txs_from":0,"blocks_to":0,"txs_to":2,`)) {
		t.Errorf("counts of 0 are counts: %s", row)
	}
}
