package jsonrpc

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
)

// lineStep is how much who asks by lines, which strangers do, must take of an answer while others wait for
// its memory: a piece now and then would hold 64 MiB for days.
const lineStep = 4 << 20

// ErrLongLine: a line has no end within what is allowed.
var ErrLongLine = errors.New("the line is too long")

// Line is a request or a batch of them that came as one line, with what it holds in memory.
type Line struct {
	body  []byte
	share *Share
}

// ReadLine reads the next line, of at most so many bytes, and counts them in the budget; begun is called
// with its first byte. Empty lines are passed over.
func (h *Handler) ReadLine(ctx context.Context, r *bufio.Reader, most int, begun func()) (*Line, error) {
	for {
		first, err := r.ReadByte()
		if err != nil {
			return nil, err
		}
		if first != '\n' && first != '\r' {
			break
		}
	}
	_ = r.UnreadByte() // it was read just now
	begun()
	l := &Line{share: h.budget.Begin()}
	l.share.step = lineStep
	for {
		part, err := r.ReadSlice('\n')
		if len(l.body)+len(part) > most {
			l.End()
			return nil, ErrLongLine
		}
		if full := l.share.Take(ctx, bodyCopies*len(part)); full != nil {
			l.End()
			return nil, full
		}
		l.body = append(l.body, part...)
		switch {
		case err == nil:
			l.body = bytes.TrimSuffix(l.body, []byte("\n"))
			return l, nil
		case err == io.EOF && len(l.body) > 0:
			err = io.ErrUnexpectedEOF
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		}
		l.End()
		return nil, err
	}
}

// Answer answers a line as ServeHTTP does a body: with one line, in pieces; nil when there is nothing to
// answer. End must be called when it is sent.
func (h *Handler) Answer(ctx context.Context, l *Line) [][]byte {
	_, reply := h.answerBody(ctx, asker{share: l.share}, l.body)
	return reply
}

// End gives back the memory.
func (l *Line) End() { l.share.End() }
