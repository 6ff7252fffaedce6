package client

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// nodeRoad is a node that takes so long for a call, and answers other requests at once, or hangs.
// One whose workers are busy lets all wait that Core queues for them.
type nodeRoad struct {
	takes       time.Duration
	busy, hangs bool
}

func (n nodeRoad) RoundTrip(r *http.Request) (*http.Response, error) {
	var answer <-chan time.Time
	if !n.hangs {
		answer = time.After(0)
		if r.Method == http.MethodPost || n.busy && r.Method != http.MethodOptions {
			answer = time.After(n.takes)
		}
	}
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-answer:
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"result":7}`))}, nil
	}
}

// A call to a node that answers nothing ends when it has hung for so long; one that is only long
// is waited for.
func TestACallWaitsForANodeThatIsBusyAndForNoneThatHangs(t *testing.T) {
	hangs := errors.New("it hangs")
	for _, tc := range []struct {
		what  string
		node  nodeRoad
		after time.Duration
		err   error
	}{
		{"a quick call", nodeRoad{takes: time.Millisecond}, time.Millisecond, nil},
		{"a long call", nodeRoad{takes: time.Hour}, time.Hour, nil},
		{"a call behind others", nodeRoad{takes: time.Hour, busy: true}, time.Hour, nil},
		{"a node that hangs", nodeRoad{hangs: true}, 5 * time.Second, hangs},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, err := Dial("http://127.0.0.1:1", "", "")
			if err != nil {
				t.Fatal(err)
			}
			c.Through(tc.node).Limit(Patience{For: 5 * time.Second, Failed: hangs})
			begun, got := time.Now(), 0
			err = c.Call(t.Context(), "m", &got)
			if took := time.Since(begun); !errors.Is(err, tc.err) || err == nil && got != 7 || took != tc.after {
				t.Errorf("%s: %d, %v, after %v", tc.what, got, err, took)
			}
		})
	}
}
