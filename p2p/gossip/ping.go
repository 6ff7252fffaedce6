package gossip

import (
	"slices"

	"github.com/btcsuite/btcd/wire/v2"
)

// A pong says that all that came before the ping has been dealt with: messages of a
// peer are worked through in order, as in Bitcoin Core, and everybody's tests rely on
// it. Answers are queued in order anyway; what is still in the validation queue is
// waited for.

// maxTasks bounds what one peer makes us remember: more than a download window and
// its share of the validation queue. Of pings beyond it the last is answered.
const maxTasks = 2000

// task is something of a peer's that is being validated, or a ping that waits.
type task struct {
	of   *peer
	done bool
	ping *wire.MsgPing
}

// waitsFor adds a task of the peer's to those of something in the validation queue.
func (p *peer) waitsFor(tasks []*task) []*task {
	if len(p.tasks) >= maxTasks {
		return tasks
	}
	t := &task{of: p}
	p.tasks = append(p.tasks, t)
	return append(tasks, t)
}

func (s *State) onPing(p *peer, m *wire.MsgPing) {
	t := &task{of: p, ping: m}
	if n := len(p.tasks); n >= maxTasks && p.tasks[n-1].ping != nil {
		p.tasks[n-1] = t
	} else {
		p.tasks = append(p.tasks, t)
	}
	s.answerPings(p)
}

// finish ends what was in the validation queue, and answers the pings that waited
// for it.
func (s *State) finish(tasks ...*task) {
	for _, t := range tasks {
		t.done = true
		s.answerPings(t.of)
	}
}

func (s *State) answerPings(p *peer) {
	n := 0
	for n < len(p.tasks) && (p.tasks[n].done || p.tasks[n].ping != nil) {
		if m := p.tasks[n].ping; m != nil {
			s.send(p, wire.NewMsgPong(m.Nonce))
		}
		n++
	}
	p.tasks = slices.Delete(p.tasks, 0, n)
	if len(p.tasks) == 0 {
		p.tasks = nil
	}
}
