package events

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"grapevine/chain"
)

// served is a client's end of a connection at which a hub's events are streamed; ended is closed when the answer has
// ended.
func served(t *testing.T, h *Hub) (client net.Conn, ended chan struct{}) {
	t.Helper()
	client, server := net.Pipe()
	ended = make(chan struct{})
	srv := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			Stream{Hub: h}.Serve(w, r, false)
		}),
	}
	l := &single{conn: make(chan net.Conn, 1), done: make(chan struct{})}
	l.conn <- server
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close(); client.Close() })
	if _, err := io.WriteString(client, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return client, ended
}

// single accepts one connection.
type single struct {
	conn chan net.Conn
	done chan struct{}
}

func (l *single) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *single) Close() error   { close(l.done); return nil }
func (l *single) Addr() net.Addr { return &net.TCPAddr{} }

// A client that reads nothing is cut off after half a minute, and holds up nobody until then.
func TestWhoReadsNothingIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small(64, 64)
		_, ended := served(t, h)
		begun := time.Now()
		for range 1000 {
			h.Publish(txEvent(1))
		}
		<-ended
		if took := time.Since(begun); took < 29*time.Second || took > 31*time.Second {
			t.Errorf("it was cut off after %v", took)
		}
	})
}

// A client that is slow is told how much it lost, and goes on; in silence a heartbeat says that the line stands.
func TestWhoIsSlowIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small(16, 16)
		client, ended := served(t, h)
		in := bufio.NewReader(client)
		until := func(prefix string) string {
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasPrefix(line, prefix) {
					return line
				}
			}
		}
		until("retry: 2000")
		time.Sleep(time.Second)
		for i := range 100 {
			h.Publish(txEvent(byte(i + 1)))
		}
		told := 0
		for told < 100 {
			var e Event
			if err := json.Unmarshal([]byte(strings.TrimPrefix(until("data: "), "data: ")), &e); err != nil {
				t.Fatal(err)
			}
			if e.Kind == Lost {
				told += int(e.Lost)
				continue
			}
			if told++; e.TxID != (chain.Hash{byte(told)}) {
				t.Errorf("event %d is of %v", told, e.TxID)
			}
		}
		begun := time.Now()
		until(":")
		if took := time.Since(begun); took > heartbeat {
			t.Errorf("a heartbeat after %v", took)
		}
		client.Close()
		<-ended
	})
}
