package ledger

import (
	"errors"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/connect"
	"grapevine/chain/script"
	"grapevine/db"
)

// byHand is a writer whose turns the test takes.
type byHand struct {
	*Ledger
	t *testing.T
	w *writer
}

func newByHand(t *testing.T) *byHand {
	file, err := db.Open(t.TempDir()+"/chain.db", Name, Schema, db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	l, err := Open(Config{DB: file, Params: chain.RegTest(), Script: script.New(script.Config{}), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(l)
	w.workers = connect.StartWorkers(1)
	t.Cleanup(w.workers.Close)
	return &byHand{l, t, w}
}

// turn waits until the workers have told something, and takes a turn.
func (b *byHand) turn() {
	b.t.Helper()
	select {
	case <-b.inbox.wake:
	case <-time.After(20 * time.Second):
		b.t.Fatal("nothing happens")
	}
	if err := b.w.advance(); err != nil {
		b.t.Fatal(err)
	}
}

// Submit implements chaintest.Ledger.
func (b *byHand) Submit(m chaintest.Mined) error {
	b.Ledger.Submit(m.Node, m.Block, 1)
	for range 1000 {
		b.turn()
		b.w.out.close()
		for _, ev := range b.w.out.ready {
			for _, v := range ev.Verdicts {
				if v.Node.Hash == m.Node.Hash {
					b.w.out = outbox{}
					return v.Err
				}
			}
		}
	}
	return errors.New("no verdict after a thousand turns")
}

// loaded waits until all slots of the pipeline are read, and none is used.
func (b *byHand) loaded() {
	for range 20_000 {
		b.inbox.mu.Lock()
		told := len(b.inbox.items)
		b.inbox.mu.Unlock()
		if told == len(b.w.queue) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	b.t.Fatal("the pipeline is not read")
}

// Stored blocks turn out damaged while a reorganisation is under way that has
// read them already: it ends well, the new chain grows, and the old one is not
// tried in vain until its block has come again.
func TestT52_DamageDuringAReorganisation(t *testing.T) {
	b := newByHand(t)
	tr := chaintest.NewTree(t, b.cfg.Params, b)
	//	genesis -> a1 (damaged) -> a2 -> a3 -> a4 -> a5 -> a6
	//	        \-> b1 (damaged) -> b2 -> b3 -> b4
	tr.Grow(chaintest.Genesis, "a", 5)
	tr.AcceptRow("a", 2)
	tr.Grow(chaintest.Genesis, "b", 4)
	tr.Side("b1", "b2")
	b3 := tr.Named("b3")
	b.Ledger.Submit(b3.Node, b3.Block, 1)
	for len(b.w.queue) == 0 {
		b.turn()
	}
	b.loaded()
	for _, name := range []string{"a1", "b1"} {
		b.w.lose(b.w.entryOf(tr.Named(name).Node))
	}
	for b.w.running > 0 || len(b.w.queue) > 0 {
		b.turn()
	}
	tr.ExpectTip("b3")
	tr.Accept("b4", "b1")
	tr.Side("a3", "a4", "a5")
	tr.ExpectTip("b4")
	tr.Side("a1")
	tr.Block("a5", "a6")
	tr.Accept("a6")
	tr.ExpectTip("a6")
}
