package web

import (
	"net/http"
	"time"
)

// leastRate is how many bytes a second a reader must take at least of what is longer than the system holds for it.
const leastRate = 64 << 10

// leaving is an answer that says when it begins.
type leaving struct {
	http.ResponseWriter
	begins func()
}

func (l leaving) WriteHeader(status int) {
	l.begins()
	l.ResponseWriter.WriteHeader(status)
}

func (l leaving) Write(b []byte) (int, error) {
	l.begins()
	return l.ResponseWriter.Write(b)
}

// Unwrap is http.ResponseController's.
func (l leaving) Unwrap() http.ResponseWriter { return l.ResponseWriter }

// timely is an answer whose reader is cut off if it does not take in time what is written.
type timely struct{ http.ResponseWriter }

func (t timely) Write(b []byte) (int, error) {
	till := time.Now().Add(sendTime + time.Duration(len(b))*time.Second/leastRate)
	_ = http.NewResponseController(t.ResponseWriter).SetWriteDeadline(till) // unsupported only by test recorders
	return t.ResponseWriter.Write(b)
}

// Unwrap is http.ResponseController's.
func (t timely) Unwrap() http.ResponseWriter { return t.ResponseWriter }
