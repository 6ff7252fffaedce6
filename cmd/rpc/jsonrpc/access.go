package jsonrpc

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// guessDelay is what each wrong password costs all who send wrong ones (Core:
// HTTPReq_JSONRPC sleeps as long to deter brute-forcing, a thread each): four guesses a second, however many
// connections they come from.
const guessDelay = 250 * time.Millisecond

// guessTime is the longest that a wrong password waits for its answer.
const guessTime = time.Minute

// guesses is the line in which all wrong passwords wait. Who hangs up has still
// cost its delay.
type guesses struct {
	mu   sync.Mutex
	next time.Time // when the next one is answered at the earliest
}

// wait returns when it is this guess's turn to be refused.
func (g *guesses) wait(ctx context.Context) {
	g.mu.Lock()
	now := time.Now()
	if g.next.Before(now) {
		g.next = now
	}
	if g.next = g.next.Add(guessDelay); g.next.Sub(now) > guessTime {
		g.next = now.Add(guessTime)
	}
	turn := time.NewTimer(g.next.Sub(now))
	g.mu.Unlock()
	defer turn.Stop()
	select {
	case <-turn.C:
	case <-ctx.Done():
	}
}

// Hosts says by which names this server may be called (Core judges addresses
// alone: -rpcallowip). A web page of a stranger can have its own name lead to this
// machine (DNS rebinding) and read what needs no password, or let the browser send
// requests here; what it cannot do is choose another Host or Origin than its own.
type Hosts struct {
	Named []string // beside IP addresses and localhost
}

// Ours says whether a request names this server by a Host it goes by: an IP
// address, localhost, or one of those named. None is no browser's.
func (h Hosts) Ours(r *http.Request) bool { return r.Host == "" || h.known(r.Host) }

// Foreign says whether a web page of somebody else's sent the request.
func (h Hosts) Foreign(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return true
	}
	for _, origin := range r.Header.Values("Origin") {
		_, host, _ := strings.Cut(origin, "://")
		if !strings.EqualFold(host, r.Host) || !h.known(host) {
			return true
		}
	}
	return false
}

func (h Hosts) known(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = hostPort // without a port
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || slices.ContainsFunc(h.Named, func(n string) bool { return strings.EqualFold(n, host) }) {
		return true
	}
	_, err = netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
