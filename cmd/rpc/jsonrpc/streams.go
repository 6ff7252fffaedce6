package jsonrpc

import (
	"context"
	"time"
)

const (
	// maxStreams bounds the answers without an end, those of strangers and those of who has given the
	// password each apart. They have places of their own, so that listeners do not use up those of who asks.
	maxStreams = 1024
	// streamStay is how long who listens is let stay when others want its place; it may come
	// again.
	streamStay = time.Minute
)

// Stream says that the answer in ctx goes on without an end: its connection takes a
// place among the streams, and ends with the answer; known: it is of who has given the password. False:
// there is none.
func Stream(ctx context.Context, known bool) bool {
	c, ok := ctx.Value(connKey{}).(*conn)
	if !ok {
		return true
	}
	places := c.set.streams[0]
	if known {
		places = c.set.streams[1]
	}
	return c.set.stream(c, places, maxStreams, time.Now())
}

// stream gives a connection a place; if all are taken, that of who has had one the longest, if
// that is long.
func (s *conns) stream(c *conn, places map[*conn]struct{}, most int, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(places) >= most {
		var out *conn
		for o := range places {
			if out == nil || o.began.Before(out.began) {
				out = o
			}
		}
		if now.Sub(out.began) < streamStay {
			return false
		}
		delete(places, out)
		_ = out.Conn.Close() // it hears nothing more
	}
	delete(s.strangers, c)
	delete(s.known, c)
	c.began = now
	places[c] = struct{}{}
	return true
}
