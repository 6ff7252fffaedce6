package coins

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/db"
)

// Set is the committed coin set, the UTXO set, and the tip it stands at
// [CCoinsViewCache over CCoinsViewDB]. One goroutine
// changes it, another flushes it, and any number read.
type Set struct {
	file viewer

	mu      sync.RWMutex
	place   Place // in the file
	tip     *chain.HeaderNode
	active  *Cache
	frozen  *Cache // nil: nothing was frozen yet
	flushes uint64 // how often frozen changed its nature: see Coin
	moves   uint64 // how often tip changed
}

// viewer is the file as readers see it: a *db.DB.
type viewer interface {
	View(fn func(*db.Tx) error) error
}

// NewSet opens the set that is at that place of the file; tip is where it stands.
func NewSet(file *db.DB, place Place, tip *chain.HeaderNode) *Set {
	return &Set{file: file, place: place, tip: tip, active: NewCache()}
}

// Switch makes it the set that is at another place of the file, and stands at tip, at once
// for every reader. All that was changed must have been written, and no block may be on its way.
func (s *Set) Switch(place Place, tip *chain.HeaderNode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.place, s.tip, s.active, s.frozen = place, tip, NewCache(), nil
	s.moves++
	s.flushes++ // who reads the file now reads it again
}

// Place is where in the file the set is now.
func (s *Set) Place() Place {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.place
}

// Tip is the block that the set stands at.
func (s *Set) Tip() *chain.HeaderNode {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tip
}

// State is the block that the set stands at, and a number that changes with every coin that comes or
// goes: what was read is of that block if the number was the same before and after.
func (s *Set) State() (tip *chain.HeaderNode, number uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tip, s.moves
}

// Apply makes the changes of several blocks and moves the tip, at once for
// every reader.
func (s *Set) Apply(tip *chain.HeaderNode, blocks ...[]Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, changes := range blocks {
		for i := range changes {
			s.active.Apply(changes[i])
		}
	}
	s.tip = tip
	s.moves++
}

// Coin reads one coin. Caches are read first, and the file afterwards: a coin
// that a flush moves down in between is then found there, while in the other
// order it could be missed in both. If a flush ended in between, what the file
// said may be older than the caches are now, so everything is read again [CCoinsViewCache::FetchCoin, HaveCoin].
func (s *Set) Coin(op wire.OutPoint) (c chain.Coin, ok bool, err error) {
	for {
		coin, known, flushes, err := s.cached(op)
		if err != nil || known {
			return coin, known && coin.PkScript != nil, err
		}
		c, ok, err := s.stored(op)
		if err != nil {
			return c, false, err
		}
		if s.flushed() == flushes {
			return c, ok, nil
		}
	}
}

// cached looks into both caches. A spent coin is known and has no script.
func (s *Set) cached(op wire.OutPoint) (c chain.Coin, known bool, flushes uint64, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, known := s.lookup(op)
	if b != nil {
		c, err = Decode(b)
	}
	return c, known, s.flushes, err
}

func (s *Set) lookup(op wire.OutPoint) (b []byte, known bool) {
	b, known = s.active.Get(op)
	if !known && s.frozen != nil {
		b, known = s.frozen.Get(op)
	}
	return b, known
}

func (s *Set) flushed() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.flushes
}

func (s *Set) stored(op wire.OutPoint) (c chain.Coin, ok bool, err error) {
	table := s.Place().table()
	err = s.file.View(func(tx *db.Tx) error {
		c, ok, err = read(tx, table, op)
		return err
	})
	return c, ok, err
}

func read(tx *db.Tx, table db.Table[wire.OutPoint, []byte], op wire.OutPoint) (c chain.Coin, ok bool, err error) {
	b, ok, err := table.Get(tx, groupKey(op))
	if err != nil || !ok {
		return c, false, err
	}
	g, err := decodeGroup(b)
	raw := g[slotOf(op)]
	if err == nil && raw != nil {
		c, err = Decode(raw)
	}
	if err != nil {
		return c, false, fmt.Errorf("%w: coin %s: %w", db.ErrCorrupt, op, err)
	}
	return c, raw != nil, nil
}

// maxOutputs is how many outputs a transaction has at most: each weighs 36
// [MAX_OUTPUTS_PER_BLOCK].
const maxOutputs = chain.MaxBlockWeight / (9 * chain.WitnessScale)

// CoinOf reads an unspent output of a transaction, the first that is found
// [AccessByTxid].
func (s *Set) CoinOf(txid chain.Hash) (c chain.Coin, ok bool, err error) {
	for {
		s.mu.RLock()
		flushes := s.flushes
		for n := uint32(0); n < maxOutputs && !ok && err == nil; n++ {
			if b, _ := s.lookup(wire.OutPoint{Hash: txid, Index: n}); b != nil {
				c, err = Decode(b)
				ok = err == nil
			}
		}
		s.mu.RUnlock()
		if ok || err != nil {
			return c, ok, err
		}
		if c, ok, err = s.storedOf(txid); err != nil || s.flushed() == flushes {
			return c, ok, err
		}
	}
}

// storedOf looks through the transaction's records in the file for a coin that no
// cache says is spent.
func (s *Set) storedOf(txid chain.Hash) (c chain.Coin, ok bool, err error) {
	place := s.Place()
	err = s.file.View(func(tx *db.Tx) error {
		return place.scanFrom(tx, &wire.OutPoint{Hash: txid}, func(op wire.OutPoint, coin chain.Coin) (more bool, err error) {
			if op.Hash != txid {
				return false, nil
			}
			if ok = !s.spent(op); ok {
				c = coin
			}
			return !ok, nil
		})
	})
	return c, ok, err
}

// spent says whether a cache knows that the coin has gone.
func (s *Set) spent(op wire.OutPoint) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, known := s.lookup(op)
	return known
}

// Found is what Fetch read for one outpoint.
type Found struct {
	Coin chain.Coin
	OK   bool
}

// Ahead is what Prefetch read from the file. It may be used as long as no flush
// has begun or ended since.
type Ahead struct {
	flushes uint64
	found   map[wire.OutPoint]Found
}

// Prefetch reads those of the coins that are in no cache from the file, so that
// Fetch need not wait for the disk. Any goroutine may call it, also several at
// once for several blocks.
func (s *Set) Prefetch(ops []wire.OutPoint) (*Ahead, error) {
	a := &Ahead{}
	var missing []wire.OutPoint
	s.mu.RLock()
	a.flushes = s.flushes
	for _, op := range ops {
		if _, known := s.lookup(op); !known {
			missing = append(missing, op)
		}
	}
	s.mu.RUnlock()
	if len(missing) == 0 {
		return a, nil
	}
	a.found = make(map[wire.OutPoint]Found, len(missing))
	slices.SortFunc(missing, CompareOutPoints)
	table := s.Place().table()
	err := s.file.View(func(tx *db.Tx) error {
		for _, op := range missing {
			c, ok, err := read(tx, table, op)
			if err != nil {
				return err
			}
			a.found[op] = Found{c, ok}
		}
		return nil
	})
	return a, err
}

// Fetch reads many coins, each outpoint's into the place of the same index;
// ahead may be nil. Only the goroutine that calls Apply and Freeze may call it.
func (s *Set) Fetch(ops []wire.OutPoint, into []Found, ahead *Ahead) error {
	missing, err := s.fetchCached(ops, into, ahead)
	if err != nil || len(missing) == 0 {
		return err
	}
	// In key order the file's pages are walked once.
	slices.SortFunc(missing, func(a, b int) int { return CompareOutPoints(ops[a], ops[b]) })
	table := s.Place().table()
	return s.file.View(func(tx *db.Tx) error {
		for _, i := range missing {
			var err error
			if into[i].Coin, into[i].OK, err = read(tx, table, ops[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Coins reads many coins as Coin reads one: any goroutine may call it. They are of one
// tip if State was the same before and after.
func (s *Set) Coins(ops []wire.OutPoint, into []Found) error {
	for {
		flushes := s.flushed()
		clear(into)
		if err := s.Fetch(ops, into, nil); err != nil || s.flushed() == flushes {
			return err
		}
	}
}

func (s *Set) fetchCached(ops []wire.OutPoint, into []Found, ahead *Ahead) (missing []int, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if ahead != nil && ahead.flushes != s.flushes {
		ahead = nil // the file may say something else by now
	}
	for i, op := range ops {
		b, known := s.lookup(op)
		switch {
		case !known:
			if f, ok := ahead.lookup(op); ok {
				into[i] = f
			} else {
				missing = append(missing, i)
			}
		case b != nil:
			if into[i].Coin, err = Decode(b); err != nil {
				return nil, err
			}
			into[i].OK = true
		}
	}
	return missing, nil
}

func (a *Ahead) lookup(op wire.OutPoint) (f Found, ok bool) {
	if a != nil {
		f, ok = a.found[op]
	}
	return f, ok
}

// Pending is the number of changes that the next flush has to write, and about
// what they take in memory.
func (s *Set) Pending() (entries int, bytes int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.active.Len(), s.active.Bytes()
}

// Bytes is about what all caches take in memory.
func (s *Set) Bytes() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	bytes := s.active.Bytes()
	if s.frozen != nil {
		bytes += s.frozen.Bytes()
	}
	return bytes
}

// Freeze sets the changes so far aside, to be written with WriteFrozen, and
// starts a new active cache. The one frozen before must have been written.
func (s *Set) Freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen, s.active = s.active, NewCache()
	s.flushes++ // the old frozen cache is gone
}

// WriteFrozen writes the frozen cache in key order. have is about how many
// coins the file holds, net how many more it holds then. The frozen cache is
// never changed, so no lock is held meanwhile.
func (s *Set) WriteFrozen(tx *db.Tx, have int64) (net int64, err error) {
	s.mu.RLock()
	frozen, table := s.frozen, s.place.table()
	s.mu.RUnlock()
	if Bulk(frozen.Len(), have) {
		table = table.Packed()
	}
	m := newMerger(tx, table)
	if err := frozen.Sorted(m.put); err != nil {
		return 0, err
	}
	err = m.flush()
	return m.net, err
}

const (
	// flushEntries changes are written at once at most: a million in one
	// transaction would take seconds and hundreds of MiB.
	flushEntries = 250_000
	// flushPages of the table may be changed in one transaction. bbolt keeps
	// about 9 KiB of memory for each until the commit, and frees as many pages of
	// the file only afterwards.
	flushPages = 16_000
	// pageCoins is how many coins a page of the table holds on average.
	pageCoins = 40
)

// FlushLimit is how many changes should be flushed at once when the file has
// that many coins. In a small table they share pages; in a large one nearly
// each change touches a page of its own, and fewer fill the same memory.
func FlushLimit(have int64) int {
	pages := float64(have) / pageCoins
	if pages <= flushPages {
		return flushEntries
	}
	// n random keys touch pages × (1 - e^(-n/pages)) pages; two changes of one
	// transaction touch the same one.
	n := -2 * pages * math.Log1p(-flushPages/pages)
	return int(min(n, flushEntries))
}

// Bulk says whether a sorted batch is so large beside what a table has that its
// pages are best filled at once.
func Bulk(batch int, have int64) bool { return int64(batch) >= have/2 }

// Written says that what WriteFrozen wrote is committed. The frozen cache
// stays as a copy of what the file holds until the next Freeze.
func (s *Set) Written() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushes++
}
