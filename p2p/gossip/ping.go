package gossip

import (
	"slices"

	"github.com/btcsuite/btcd/wire/v2"
)

// A pong says that all that came before the ping has been dealt with: messages of a
// peer are worked through in order, as in Bitcoin Core, and everybody's tests rely on
// it. Answers are queued in order anyway; what is still in the validation queue is
// waited for.

// maxTasks bounds what one peer makes us remember: more than it may have in the
// validation queue. A ping beyond it is not answered.
const maxTasks = 1000

// task is something of a peer's that is being validated, or a ping that waits.
type task struct {
	of   *peer
	done bool
	ping *wire.MsgPing
}

// newTask notes that something that the peer has sent is in the validation queue.
func (p *peer) newTask() *task {
	t := &task{of: p}
	if len(p.tasks) < maxTasks {
		p.tasks = append(p.tasks, t)
	}
	return t
}

func (s *State) onPing(p *peer, m *wire.MsgPing) {
	if len(p.tasks) < maxTasks {
		p.tasks = append(p.tasks, &task{of: p, ping: m})
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
