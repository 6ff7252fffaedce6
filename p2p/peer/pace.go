package peer

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// Limit is a speed that many connections share; nil is no limit.
type Limit struct {
	rate float64 // bytes a second

	mu    sync.Mutex
	free  time.Time // when all that was let through so far has passed
	small time.Time // the same of small messages alone
}

// NewLimit makes a limit of so many bytes a second, nil for 0 or less.
func NewLimit(bytesPerSecond int64) *Limit {
	if bytesPerSecond <= 0 {
		return nil
	}
	return &Limit{rate: float64(bytesPerSecond)}
}

const (
	// burst of an idle link.
	burst = 100 * time.Millisecond
	// Small messages pass by the waiting blocks, unless there are so many that
	// they are behind by smallDebt themselves.
	smallSize = 2 << 10
	smallDebt = time.Second
)

// wait lets n bytes pass when it is their turn, or returns when stop is closed.
func (l *Limit) wait(n int, stop <-chan struct{}) {
	if l == nil {
		return
	}
	d := l.take(n, time.Now())
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-stop:
	}
}

// take lets n bytes through and says how long they have to wait.
func (l *Limit) take(n int, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.after(&l.free, n, now)
	if n <= smallSize && l.after(&l.small, n, now) < smallDebt {
		return 0
	}
	return d
}

// after puts n bytes behind what has passed until free, and says when they have.
func (l *Limit) after(free *time.Time, n int, now time.Time) time.Duration {
	if least := now.Add(-burst); free.Before(least) {
		*free = least
	}
	*free = free.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
	return free.Sub(now)
}

// pace is a connection whose bytes have their time: paceBytes each paceTime, so
// that an end that stops is noticed and a slow one is not, and no more than the
// node's limits allow.
type pace struct {
	conn     net.Conn
	up, down []*Limit // the peer's own, and the node's
	closed   <-chan struct{}
	patience time.Duration // for the handshake
	log      *slog.Logger
	budget   *Budget
	chosen   bool        // dialled by us
	kill     func(error) // ends the connection
}

// Write sends b: where a limit shares the line in pieces, else as it comes, for the less often the
// two ends wake each other.
func (p pace) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) {
		piece := b[done:]
		if limited(p.up) {
			piece = piece[:min(paceBytes, len(piece))]
			p.turn(p.up, len(piece))
		}
		if err := p.conn.SetWriteDeadline(time.Now().Add(paceTime)); err != nil {
			return done, err
		}
		n, err := p.conn.Write(piece)
		done += n
		if err != nil && !(errors.Is(err, os.ErrDeadlineExceeded) && n >= paceBytes) {
			return done, err
		}
	}
	return done, nil
}

// limited says whether there is a limit at all.
func limited(limits []*Limit) bool {
	return slices.ContainsFunc(limits, func(l *Limit) bool { return l != nil })
}

// turn waits until all limits let n bytes pass.
func (p pace) turn(limits []*Limit, n int) {
	for _, l := range limits {
		l.wait(n, p.closed)
	}
}

// begin waits for a message to begin, then gives its first bytes their time.
func (p pace) begin(r *bufio.Reader) error {
	if r.Buffered() == 0 {
		if err := p.conn.SetReadDeadline(time.Now().Add(idleTime)); err != nil {
			return err
		}
		if _, err := r.Peek(1); err != nil {
			return err
		}
	}
	return p.conn.SetReadDeadline(time.Now().Add(paceTime))
}

// growth is by how much a buffer grows for a message that goes on: by less a block would be copied
// as often as it is doubled, and leave as much garbage again.
const growth = 4

// body reads n bytes that were announced. Its buffer holds at most four times what
// has arrived, so that an announcement alone costs nothing.
func (p pace) body(r io.Reader, n int) ([]byte, error) {
	c := &claim{began: time.Now(), chosen: p.chosen, kill: p.kill}
	defer p.budget.release(c)
	body := make([]byte, 0, min(n, paceBytes))
	for len(body) < n {
		if len(body) == cap(body) {
			grown := make([]byte, len(body), min(n, growth*cap(body)))
			if cap(grown) >= largeFrom {
				p.budget.grow(c, cap(grown)-c.bytes)
			}
			copy(grown, body)
			body = grown
		}
		step := cap(body) - len(body)
		if limited(p.down) {
			step = min(step, paceBytes)
			p.turn(p.down, step)
		}
		chunk := body[len(body) : len(body)+step]
		if err := p.fill(r, chunk); err != nil {
			return nil, err
		}
		body = body[:len(body)+step]
	}
	return body, nil
}

// fill reads as much as b has room for.
func (p pace) fill(r io.Reader, b []byte) error {
	for got, timed := 0, 0; got < len(b); {
		if got >= timed {
			timed = got + paceBytes
			if err := p.conn.SetReadDeadline(time.Now().Add(paceTime)); err != nil {
				return err
			}
		}
		n, err := r.Read(b[got:])
		if got += n; err != nil && got < len(b) {
			if err == io.EOF && got > 0 {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}
