package coins

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/db"
)

// The set as it grows: GRAPEVINE_TEST_COINS says how far, 40,000 without it.
// Every block makes 4,000 coins of 2,000 transactions and spends 2,000 old ones
// at random; every FlushLimit changes are flushed. Told for each tenth of the
// way: the time of a block's reading and of a flush, bytes on disk for each
// coin, memory with the file's mapped pages and without. The file must not take
// more than four times what the coins do, and memory not more than the default
// of --dbcache and 200 MiB.
func TestLargeSet(t *testing.T) {
	goal, err := strconv.Atoi(os.Getenv("GRAPEVINE_TEST_COINS"))
	if err != nil {
		goal = 40_000
	}
	l := &large{t: t, file: openFile(t), rng: rand.New(rand.NewPCG(1, 1))}
	l.set = NewSet(l.file, First, nil)
	t.Logf("%10s %12s %12s %10s %10s %8s", "coins", "block reads", "flush", "disk/coin", "resident", "own")
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		l.watch(stop)
	}()
	for tenth := 1; tenth <= 10; tenth++ {
		l.grow(goal * tenth / 10)
	}
	close(stop)
	<-ended
	l.check()
	const most = 450 + 200
	t.Logf("at most %d MiB of memory of our own", l.anon)
	if l.anon > most {
		t.Errorf("%d MiB of memory of our own, more than %d", l.anon, most)
	}
}

type large struct {
	t     *testing.T
	file  *db.DB
	set   *Set
	rng   *rand.Rand
	made  int // transactions, of two coins each
	coins int
	anon  int // most memory seen that is not the file's mapped pages, MiB
}

func (l *large) op(tx, index int) (op wire.OutPoint) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(tx))
	op.Hash = sha256.Sum256(b[:])
	op.Index = uint32(index)
	return op
}

func (l *large) grow(to int) {
	var reads, flushes time.Duration
	blocks, flushed := 0, 0
	for l.coins < to {
		reads += l.block()
		blocks++
		if n, _ := l.set.Pending(); n >= FlushLimit(int64(l.coins)) || l.coins >= to {
			start := time.Now()
			l.flush()
			flushes += time.Since(start)
			flushed++
		}
	}
	l.t.Logf("%10d %12v %12v %10.1f %6d MiB %4d MiB", l.coins, (reads / time.Duration(blocks)).Round(time.Microsecond),
		(flushes / time.Duration(flushed)).Round(time.Millisecond), float64(l.file.Size())/float64(l.coins), mebibytes("VmHWM:"), mebibytes("RssAnon:"))
}

// check counts the coins on disk and what they take.
func (l *large) check() {
	const coinSize = 72 // written once in order, pages and all
	n, bytes := 0, int64(0)
	err := l.file.View(func(tx *db.Tx) error {
		bytes = First.table().Bytes(tx)
		return First.Scan(tx, func(wire.OutPoint, chain.Coin) error { n++; return nil })
	})
	if err != nil || n != l.coins {
		l.t.Errorf("%d coins on disk, want %d; %v", n, l.coins, err)
	}
	if err := l.file.Check(l.t.Context(), []string{"coins"}, nil); err != nil {
		l.t.Error(err)
	}
	if limit := int64(2 * n * coinSize); bytes > limit {
		l.t.Errorf("the table takes %d bytes for %d coins, more than %d", bytes, n, limit)
	}
	if limit := int64(4*n*coinSize + 2<<20); l.file.Size() > limit {
		l.t.Errorf("the file takes %d bytes for %d coins, more than %d", l.file.Size(), n, limit)
	}
}

func (l *large) flush() {
	l.set.Freeze()
	err := l.file.Update(func(tx *db.Tx) error { _, err := l.set.WriteFrozen(tx, int64(l.coins)); return err })
	if err != nil {
		l.t.Fatal(err)
	}
	l.set.Written()
}

// block reads 2,000 old coins, spends those that are there and makes 4,000.
func (l *large) block() time.Duration {
	var changes []Change
	var ops []wire.OutPoint
	seen := map[wire.OutPoint]bool{}
	for range min(2000, l.made) {
		if op := l.op(l.rng.IntN(l.made), l.rng.IntN(2)); !seen[op] {
			seen[op] = true
			ops = append(ops, op)
		}
	}
	found := make([]Found, len(ops))
	start := time.Now()
	if err := l.set.Fetch(ops, found, nil); err != nil {
		l.t.Fatal(err)
	}
	took := time.Since(start)
	for i, op := range ops {
		if found[i].OK {
			changes = append(changes, Change{Op: op})
			l.coins--
		}
	}
	for range 2000 {
		for index := range 2 {
			op := l.op(l.made, index)
			coin := chain.Coin{Value: 1 + chain.MaxMoney/1e9, Height: int32(l.made / 2000), PkScript: append([]byte{0, 20}, op.Hash[:20]...)}
			changes = append(changes, Change{Op: op, Coin: Append(nil, coin), Fresh: true})
			l.coins++
		}
		l.made++
	}
	l.set.Apply(nil, changes)
	return took
}

// watch notes the most memory of our own until stop is closed.
func (l *large) watch(stop <-chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		l.anon = max(l.anon, mebibytes("RssAnon:"))
		select {
		case <-tick.C:
		case <-stop:
			return
		}
	}
}

// mebibytes is what the kernel says of the process's memory: VmHWM is the most
// it ever had, RssAnon what it has now without mapped files. 0 where it says
// nothing.
func mebibytes(name string) int {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(b), name)
	kb, _ := strconv.Atoi(strings.Fields(after + " 0")[0])
	return kb >> 10
}
