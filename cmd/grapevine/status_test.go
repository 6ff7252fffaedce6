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
