package archive

import (
	"bytes"
	"testing"

	"grapevine/chain"
	"grapevine/db"
)

// What was set aside for a flush is read from memory until the flush is on disk,
// and the newer record of the same number goes before it.
func TestWhatWaitsForAFlushIsRead(t *testing.T) {
	a, file := open(t, db.Options{})
	set, id := genesisSet(file), chain.Hash{1, 2, 3}
	a.SaveUndo(7, []byte("old"))
	a.SaveTxs(3, []chain.Hash{{9}, id})
	a.SaveFilter(3, Filter{Bytes: []byte("filter")})
	a.Freeze(set, 0, Indexes{}) // nobody writes it
	read := func(when, want string, places int) {
		t.Helper()
		if got, err := a.Undo(7); err != nil || !bytes.Equal(got, []byte(want)) {
			t.Errorf("%s: undo %q, %v; want %q", when, got, err, want)
		}
		if f, err := a.Filter(3); err != nil || string(f.Bytes) != "filter" {
			t.Errorf("%s: filter %q, %v", when, f.Bytes, err)
		}
		found, err := a.Txs(id)
		if err != nil || len(found) != places || found[len(found)-1].Index != 1 {
			t.Errorf("%s: found at %v, %v", when, found, err)
		}
	}
	read("frozen", "old", 1)
	a.SaveUndo(7, []byte("new"))
	a.SaveTxs(4, []chain.Hash{id})
	read("frozen, and a newer one", "new", 2)
	if err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	a.Freeze(set, 0, Indexes{})
	if err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	if got, err := a.Undo(7); err != nil || string(got) != "new" {
		t.Errorf("on disk: undo %q, %v", got, err)
	}
}

// What makes a commit worth while at once, and what may wait for company.
func TestWhenACommitIsDue(t *testing.T) {
	for _, c := range []struct {
		what      string
		do        func(*Archive)
		some, now bool
	}{
		{"nothing", func(*Archive) {}, false, false},
		{"a header", func(a *Archive) { a.SaveHeader(0, Header{}) }, true, false},
		{"a small body", func(a *Archive) { a.SaveBody(1, make([]byte, 10)) }, true, false},
		{"bodies below the limit", func(a *Archive) { a.SaveBody(1, make([]byte, groupBytes-1)) }, true, false},
		{"bodies at the limit", func(a *Archive) { a.SaveBody(1, make([]byte, groupBytes)) }, true, true},
		{"an undo record, which waits for the next flush", func(a *Archive) { a.SaveUndo(1, nil) }, false, false},
		{"a frozen set", func(a *Archive) { a.Freeze(genesisSet(a.file), 0, Indexes{}) }, true, true},
		{"who waits", func(a *Archive) { a.waiting = append(a.waiting, make(chan error, 1)) }, true, true},
	} {
		a, _ := open(t, db.Options{})
		c.do(a)
		if some, now := a.need(); some != c.some || now != c.now {
			t.Errorf("%s: some %v, now %v", c.what, some, now)
		}
	}
}
