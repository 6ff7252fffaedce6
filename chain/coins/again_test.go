package coins

import (
	"errors"
	"testing"

	"grapevine/chain"
	"grapevine/db"
)

// lateFile is a file whose readers are overtaken: each View has its state of the
// file already when the next of meanwhile happens.
type lateFile struct {
	*db.DB
	meanwhile []func()
	views     int
}

func (f *lateFile) View(fn func(*db.Tx) error) error {
	f.views++
	return f.DB.View(func(tx *db.Tx) error {
		if len(f.meanwhile) > 0 {
			next := f.meanwhile[0]
			f.meanwhile = f.meanwhile[1:]
			done := make(chan struct{}) // a transaction of its own wants a goroutine of its own
			go func() { defer close(done); next() }()
			<-done
		}
		return fn(tx)
	})
}

// Between a reader's look into the caches and its look into the file a block is
// connected and a flush ends. What the file said then is older than what everybody
// else sees: everything is read again, as often as that happens.
func TestACoinIsReadAgainWhenAFlushEndedInBetween(t *testing.T) {
	file := openFile(t)
	s := NewSet(file, First, nil)
	spent, made := outPoint(2), outPoint(4)
	coin := chain.Coin{Value: 7, PkScript: []byte{0x51}, Height: 3}
	s.Apply(nil, []Change{{Op: spent, Coin: Append(nil, coin), Fresh: true}})
	flush(t, file, s)
	flush(t, file, s) // nobody has it in a cache any more

	block := func(changes ...Change) func() {
		return func() {
			s.Apply(nil, changes)
			flush(t, file, s)
		}
	}
	late := &lateFile{DB: file}
	s.file = late
	late.meanwhile = []func(){block(Change{Op: spent})}
	if _, ok, err := s.Coin(spent); ok || err != nil {
		t.Errorf("a coin that was spent before the flush is there: %v", err)
	}
	late.meanwhile = []func(){block(), block(), block(Change{Op: made, Coin: Append(nil, coin), Fresh: true})}
	if got, ok, err := s.Coin(made); !ok || err != nil || got.Value != coin.Value {
		t.Errorf("a coin that was made before the last of three flushes is not there: %v", err)
	}
	late.views = 0
	if _, ok, err := s.Coin(outPoint(6)); ok || err != nil || late.views != 1 {
		t.Errorf("without a flush the file was read %d times", late.views)
	}
}

// A caller that reads ahead has the same to fear: what it read is used only if no
// flush has begun or ended since.
func TestWhatWasReadAheadIsNotUsedAfterAFlush(t *testing.T) {
	file := openFile(t)
	s := NewSet(file, First, nil)
	op := outPoint(2)
	coin := chain.Coin{Value: 7, PkScript: []byte{0x51}, Height: 3}
	s.Apply(nil, []Change{{Op: op, Coin: Append(nil, coin), Fresh: true}})
	flush(t, file, s)
	flush(t, file, s)
	ahead, err := s.Prefetch(allOutPoints(4))
	if err != nil {
		t.Fatal(err)
	}
	s.Apply(nil, []Change{{Op: op}})
	flush(t, file, s)
	flush(t, file, s)
	var found [1]Found
	if err := s.Fetch(allOutPoints(4)[2:3], found[:], ahead); err != nil || found[0].OK {
		t.Errorf("a coin spent since is %+v, %v", found[0], err)
	}
}

// A file that cannot be read is an error, not a coin that is not there.
func TestAnUnreadableFileIsNotAMissingCoin(t *testing.T) {
	file := openFile(t)
	s := NewSet(file, First, nil)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Coin(outPoint(1)); ok || !errors.Is(err, db.ErrClosed) {
		t.Errorf("%v, %v", ok, err)
	}
}
