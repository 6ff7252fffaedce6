package demo

import (
	"context"
	"fmt"
	"time"

	"grapevine/testnet"
)

// Teller shows the story to somebody.
type Teller interface {
	Chapter(number int, title string)
	Say(text string)                   // a sentence or two of explanation
	Table(head []string, rows [][]any) // a table of what was seen
	Bar(label, unit string) Bar        // progress of something that takes a while
	Check(text string)                 // a check that has held
}

// Bar is a progress bar.
type Bar interface {
	Update(done, total int64, note string)
	Done()
}

// patience bounds every wait: the slowest of them takes a second or two on two
// busy cores, and a machine with a load of thirty must not make the story fail.
const patience = 3 * time.Minute

// pollEvery is how often nodes are asked while something is awaited. It is also
// how coarse the milliseconds of the story are.
const pollEvery = 2 * time.Millisecond

const (
	first  = 4 // nodes that start the network
	payer  = 0
	payee  = 2
	victim = 1 // who is killed

	historian = 3 // who mines a past for the newcomer to fetch
)

// Result is what the story showed.
type Result struct {
	Checks   int           `json:"checks"`
	Took     time.Duration `json:"took_ns"`
	Height   int32         `json:"height"`
	Tip      string        `json:"tip"`
	MuHash   string        `json:"muhash"`
	PaidMS   []float64     `json:"payment_seen_ms"` // on each of the first nodes
	SentBy   []int         `json:"blocks_to_newcomer"`
	SyncTook time.Duration `json:"sync_ns"`
}

// Options of a telling.
type Options struct {
	Past int // blocks that are mined for the newcomer to fetch: at least one
	Slow int // bytes a second that the newcomer may download, so that one can watch; 0: no limit
}

// story is one telling.
type story struct {
	opt      Options
	tell     Teller
	launcher testnet.Launcher
	now      func() time.Time
	net      testnet.Network
	res      Result
}

// Run tells the story and returns the first check that did not hold. The nodes
// are stopped at its end; after an error that is the caller's duty.
func Run(ctx context.Context, launcher testnet.Launcher, tell Teller, opt Options) (Result, error) {
	s := &story{opt: opt, tell: tell, launcher: launcher, now: time.Now}
	begin := s.now()
	for i, chapter := range []struct {
		title string
		tell  func(context.Context) error
	}{
		{"Four strangers", s.start},
		{"They find each other", s.meet},
		{"Money from nothing but work", s.mine},
		{"A payment", s.pay},
		{"The payment becomes history", s.confirm},
		{"A newcomer learns everything from its peers", s.newcomer},
		{"Do they agree?", s.agree},
		{"One of them dies", s.crash},
		{"Good night", s.stop},
	} {
		tell.Chapter(i+1, chapter.title)
		if err := chapter.tell(ctx); err != nil {
			return s.res, fmt.Errorf("%s: %w", chapter.title, err)
		}
	}
	s.res.Took = s.now().Sub(begin)
	return s.res, nil
}

// check notes a fact that the story promises.
func (s *story) check(held bool, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if !held {
		return fmt.Errorf("this did not hold: %s", text)
	}
	s.res.Checks++
	s.tell.Check(text)
	return nil
}

// await asks again and again until fn is content. what names it if it never is.
func (s *story) await(ctx context.Context, what string, fn func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		ok, err := fn(ctx)
		switch {
		case ok && err == nil:
			return nil
		case ctx.Err() == context.DeadlineExceeded:
			return fmt.Errorf("waited %v for %s, in vain", patience, what)
		case err != nil:
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(pollEvery):
		}
	}
}

// call asks one node.
func (s *story) call(ctx context.Context, node int, method string, result any, params ...any) error {
	if err := s.net.Nodes[node].Call(ctx, method, result, params...); err != nil {
		return fmt.Errorf("node %d: %s: %w", node, method, err)
	}
	return nil
}

// join makes a client of a member that has just started.
func (s *story) join(m testnet.Member) error {
	node, err := s.launcher.Connect(m)
	if err != nil {
		return err
	}
	if m.Node < len(s.net.Members) {
		s.net.Members[m.Node], s.net.Nodes[m.Node] = m, node
		return nil
	}
	s.net.Members = append(s.net.Members, m)
	s.net.Nodes = append(s.net.Nodes, node)
	return nil
}

// up are the numbers of the nodes that run.
func (s *story) up() []int {
	var out []int
	for i, d := range s.net.Nodes {
		if d != nil {
			out = append(out, i)
		}
	}
	return out
}

// ms is a short time as one says it.
func ms(d time.Duration) string {
	if d >= time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
}
