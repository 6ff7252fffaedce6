package estimate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/btcsuite/btcd/wire/v2"
)

// A file is Core's fee_estimates.dat, all numbers little endian:
//
//	version needed 4 | version that wrote 4 | height 4 | first 4 | best 4 | bounds | medium | short | long
//
// where a horizon is decay 8, scale 4, sums of rates, transactions seen, then by
// period those confirmed, then those that left. Lists begin with their length;
// fractions are their 64 bits (IEEE 754).
const (
	versionNeeded = 149_900
	versionWrote  = 310_000

	maxBuckets = 1000
	maxPeriods = 1008 // a week of blocks
)

// ErrFormat: the file is none of these, or it is damaged.
var ErrFormat = errors.New("not a file of fee estimates, or a damaged one")

// order is that of the horizons in a file.
func order() [3]Which { return [3]Which{Medium, Short, Long} }

// Write writes what has been learnt.
func (e *Estimator) Write(to io.Writer) error {
	w := bufio.NewWriter(to) // it remembers its first error for Flush
	period := e.past
	if e.seenBlocks() > e.pastBlocks()/2 {
		period = span{e.first, e.height}
	}
	for _, n := range []int32{versionNeeded, versionWrote, e.height, period.first, period.best} {
		_ = binary.Write(w, binary.LittleEndian, n)
	}
	writeList(w, e.bounds)
	for _, which := range order() {
		h := e.horizons[which]
		_ = binary.Write(w, binary.LittleEndian, h.decay)
		_ = binary.Write(w, binary.LittleEndian, uint32(h.scale))
		writeList(w, h.summed)
		writeList(w, h.seen)
		for _, table := range [][][]float64{h.in, h.out} {
			_ = wire.WriteVarInt(w, 0, uint64(len(table)))
			for _, row := range table {
				writeList(w, row)
			}
		}
	}
	return w.Flush()
}

func writeList(w io.Writer, list []float64) {
	_ = wire.WriteVarInt(w, 0, uint64(len(list)))
	_ = binary.Write(w, binary.LittleEndian, list)
}

// Read takes over what a file has learnt; the estimator must have watched nothing
// yet. Of a bad file, whose error matches ErrFormat, it takes nothing.
func (e *Estimator) Read(from io.Reader) error {
	r := &reader{from: bufio.NewReader(from)}
	needed, _ := r.int32(), r.int32()
	height, past := r.int32(), span{r.int32(), r.int32()}
	r.require(needed >= versionNeeded && needed <= versionWrote, "of another version")
	r.require(past.first <= past.best && past.best <= height && past.first >= 0, "its range of blocks is invalid")
	bounds := r.list(2, maxBuckets)
	horizons := make([]*horizon, len(e.horizons))
	for _, which := range order() {
		horizons[which] = r.horizon(bounds, kinds()[which].often)
	}
	if r.err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, r.err)
	}
	e.bounds, e.horizons, e.height, e.past = bounds, horizons, height, past
	return nil
}

// reader remembers its first error.
type reader struct {
	from *bufio.Reader
	err  error
}

func (r *reader) require(ok bool, why string) {
	if !ok && r.err == nil {
		r.err = errors.New(why)
	}
}

func (r *reader) read(v any) {
	if r.err == nil {
		r.err = binary.Read(r.from, binary.LittleEndian, v)
	}
}

func (r *reader) int32() (n int32) {
	r.read(&n)
	return n
}

// count reads the length of a list, which must be within bounds.
func (r *reader) count(least, most int) int {
	if r.err != nil {
		return 0
	}
	n, err := wire.ReadVarInt(r.from, 0)
	if err != nil {
		r.err = err
	}
	if r.require(n >= uint64(least) && n <= uint64(most), "a list of another length"); r.err != nil {
		return 0
	}
	return int(n)
}

func (r *reader) list(least, most int) []float64 {
	list := make([]float64, r.count(least, most))
	r.read(list)
	for _, x := range list {
		r.require(x >= 0 && !math.IsInf(x, 0), "a number that cannot be")
	}
	return list
}

func (r *reader) table(least, most, columns int) [][]float64 {
	table := make([][]float64, r.count(least, most))
	for i := range table {
		table[i] = r.list(columns, columns)
	}
	return table
}

func (r *reader) horizon(bounds []float64, often float64) *horizon {
	h := &horizon{often: often, bounds: bounds}
	r.read(&h.decay)
	r.require(h.decay > 0 && h.decay < 1, "decay must be between 0 and 1")
	scale := r.int32()
	r.require(scale > 0 && scale <= maxPeriods, "a scale that cannot be")
	h.scale = int(scale)
	h.summed, h.seen = r.list(len(bounds), len(bounds)), r.list(len(bounds), len(bounds))
	most := 0
	if scale > 0 {
		most = maxPeriods / int(scale)
	}
	h.in = r.table(1, most, len(bounds))
	h.out = r.table(len(h.in), len(h.in), len(bounds))
	if r.err == nil {
		h.clear()
	}
	return h
}
