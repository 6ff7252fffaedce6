package history

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"sort"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
)

// HashOf is the script hash of a script.
func HashOf(script []byte) chain.Hash { return sha256.Sum256(script) }

// prefixSize is how much of a script hash a key keeps, in bytes.
const prefixSize = 20

// Prefix stands for a script in the keys of records.
type Prefix [prefixSize]byte

// PrefixOf shortens a script hash.
func PrefixOf(h chain.Hash) Prefix { return Prefix(h[:prefixSize]) }

// tagSize is how much of a txid says which output is spent: who looks for the
// spender of one reads the transaction to be sure.
const tagSize = 4

// Tag stands for a transaction whose output is spent.
type Tag [tagSize]byte

// TagOf shortens a txid.
func TagOf(txid chain.Hash) Tag { return Tag(txid[:tagSize]) }

// Touch is a transaction that pays a script or spends from it.
type Touch struct {
	TxID   chain.Hash
	Place  int // in the block
	Funds  []Fund
	Spends []Spend
}

// Fund is an output that pays the script.
type Fund struct {
	Vout  uint32
	Value btcutil.Amount
}

// Spend is an input that spends an output of the script's.
type Spend struct {
	Vin   uint32
	Value btcutil.Amount
	Of    Tag // of the transaction that made the output
	Vout  uint32
}

// Rows are the records of all scripts of a block, in the order of their keys. They keep each
// txid once, however many scripts its transaction touches, and put it into a record when
// that is asked for: they take about half of what the records would.
type Rows struct {
	txids []chain.Hash
	// raw are, one after the other: prefix ‖ the record, in which for each transaction
	// there is uvarint size of what follows in place of its txid.
	raw  []byte
	ends []uint32 // in raw
}

// Len is how many records there are.
func (r *Rows) Len() int { return len(r.ends) }

// Bytes is about what they take in memory.
func (r *Rows) Bytes() int64 {
	return int64(len(r.txids)*len(chain.Hash{}) + len(r.raw) + 4*len(r.ends))
}

func (r *Rows) at(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = r.ends[i-1]
	}
	return r.raw[from:r.ends[i]]
}

// Prefix is the script of a record.
func (r *Rows) Prefix(i int) Prefix { return Prefix(r.at(i)) }

// Find is the record of a script, if there is one.
func (r *Rows) Find(p Prefix) (i int, ok bool) {
	return sort.Find(r.Len(), func(i int) int { return bytes.Compare(p[:], r.at(i)[:prefixSize]) })
}

// Append writes a record to dst.
func (r *Rows) Append(dst []byte, i int) []byte {
	from := reader{raw: r.at(i)[prefixSize:]}
	for place := uint64(0); len(from.raw) > 0; {
		further := from.number()
		place += further
		dst = binary.AppendUvarint(dst, further)
		dst = append(dst, r.txids[place][:]...)
		dst = append(dst, from.take(int(from.number()))...)
	}
	return dst
}

// Txs is how many transactions a record is of, but at most as many as asked for.
func (r *Rows) Txs(i, most int) (n int) {
	for from := (reader{raw: r.at(i)[prefixSize:]}); len(from.raw) > 0 && n < most; n++ {
		from.number()
		from.take(int(from.number()))
	}
	return n
}

// mention is one output or input of a block, with the script it is about.
type mention struct {
	Prefix
	order uint64 // transaction, outputs before inputs, number
	value btcutil.Amount
}

const spendBit = 1 << 31 // of order: it is an input

func order(tx, n int) uint64 { return uint64(tx)<<32 | uint64(n) }

func (m *mention) tx() int      { return int(m.order >> 32) }
func (m *mention) number() int  { return int(m.order & (spendBit - 1)) }
func (m *mention) spends() bool { return m.order&spendBit != 0 }

// usualSize is what most records take in Rows, in bytes.
const usualSize = 48

// RowsOf are the records of a block; spent are the coins that its transactions spend.
func RowsOf(b *chain.Block, spent [][]chain.Coin) *Rows {
	all := sorted(mentions(b, spent))
	raw, ends := make([]byte, 0, usualSize*len(all)), make([]uint32, 0, len(all))
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Prefix == all[0].Prefix {
			n++
		}
		raw = append(raw, all[0].Prefix[:]...)
		raw = appendRow(raw, b, all[:n])
		ends = append(ends, uint32(len(raw)))
		all = all[n:]
	}
	// They wait for the next flush: without the room to grow.
	return &Rows{txids: chain.TxIDs(b.Txs), raw: bytes.Clone(raw), ends: slices.Clone(ends)}
}

// sorted orders mentions by script, and those of one as they stand in the block, which is how they come. What
// is moved while sorting is small.
func sorted(all []mention) []mention {
	type place struct {
		first uint64 // bytes of the prefix
		at    int32
	}
	places := make([]place, len(all))
	for i := range all {
		places[i] = place{binary.BigEndian.Uint64(all[i].Prefix[:]), int32(i)}
	}
	slices.SortFunc(places, func(x, y place) int {
		if x.first != y.first {
			return cmp.Compare(x.first, y.first)
		}
		if c := bytes.Compare(all[x.at].Prefix[8:], all[y.at].Prefix[8:]); c != 0 {
			return c
		}
		return cmp.Compare(x.at, y.at)
	})
	out := make([]mention, len(all))
	for i, p := range places {
		out[i] = all[p.at]
	}
	return out
}

// mentions are all outputs and inputs of a block that have a script to speak of.
func mentions(b *chain.Block, spent [][]chain.Coin) []mention {
	count := 0
	for _, tx := range b.Txs {
		count += len(tx.TxIn) + len(tx.TxOut)
	}
	all := make([]mention, 0, count)
	for i, tx := range b.Txs {
		for n, out := range tx.TxOut {
			if chain.Spendable(out.PkScript) {
				all = append(all, mention{Prefix: PrefixOf(HashOf(out.PkScript)), order: order(i, n), value: btcutil.Amount(out.Value)})
			}
		}
		if i >= len(spent) {
			continue
		}
		for n, c := range spent[i] {
			all = append(all, mention{Prefix: PrefixOf(HashOf(c.PkScript)), order: order(i, n) | spendBit, value: c.Value})
		}
	}
	return all
}

// appendRow writes what is about one script, as Rows keeps it.
func appendRow(dst []byte, b *chain.Block, of []mention) []byte {
	last := 0
	var buf [64]byte // enough for most
	for len(of) > 0 {
		tx, n, funds := of[0].tx(), 0, 0
		for n < len(of) && of[n].tx() == tx {
			if !of[n].spends() {
				funds++
			}
			n++
		}
		dst = binary.AppendUvarint(dst, uint64(tx-last))
		last = tx
		touch := appendTouch(buf[:0], b.Txs[tx], of[:funds], of[funds:n])
		dst = binary.AppendUvarint(dst, uint64(len(touch)))
		dst = append(dst, touch...)
		of = of[n:]
	}
	return dst
}

func appendTouch(dst []byte, tx *chain.Tx, funds, spends []mention) []byte {
	head := uint64(len(funds)) << 1
	if len(spends) > 0 {
		head |= 1
	}
	dst = binary.AppendUvarint(dst, head)
	for i := range funds {
		dst = binary.AppendUvarint(dst, uint64(funds[i].number()))
		dst = binary.AppendUvarint(dst, uint64(funds[i].value))
	}
	if len(spends) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(len(spends)))
	for i := range spends {
		spent := &tx.TxIn[spends[i].number()].PreviousOutPoint
		dst = binary.AppendUvarint(dst, uint64(spends[i].number()))
		dst = binary.AppendUvarint(dst, uint64(spends[i].value))
		dst = append(dst, spent.Hash[:tagSize]...)
		dst = binary.AppendUvarint(dst, uint64(spent.Index))
	}
	return dst
}

// errCut: a record ends within a field, or says what no block holds.
var errCut = errors.New("the record of a script is malformed")

// Decode reads a record.
func Decode(raw []byte) (touches []Touch, err error) {
	r := reader{raw: raw}
	place := uint64(0)
	for len(r.raw) > 0 && !r.bad {
		place += r.number()
		t := Touch{Place: int(place)}
		copy(t.TxID[:], r.take(len(t.TxID)))
		head := r.number()
		for range r.count(head>>1, 2) {
			t.Funds = append(t.Funds, Fund{Vout: uint32(r.number()), Value: btcutil.Amount(r.number())})
		}
		if head&1 == 1 {
			for range r.count(r.number(), 3+tagSize) {
				s := Spend{Vin: uint32(r.number()), Value: btcutil.Amount(r.number())}
				copy(s.Of[:], r.take(tagSize))
				s.Vout = uint32(r.number())
				t.Spends = append(t.Spends, s)
			}
		}
		touches = append(touches, t)
	}
	if r.bad {
		return nil, errCut
	}
	return touches, nil
}

// reader takes a record apart; once it is bad it gives nothing.
type reader struct {
	raw []byte
	bad bool
}

func (r *reader) number() uint64 {
	v, n := binary.Uvarint(r.raw)
	if n <= 0 {
		r.raw, r.bad = nil, true
		return 0
	}
	r.raw = r.raw[n:]
	return v
}

func (r *reader) take(n int) []byte {
	if len(r.raw) < n {
		r.raw, r.bad = nil, true
		return nil
	}
	b := r.raw[:n]
	r.raw = r.raw[n:]
	return b
}

// count is n, if so many things of at least that size may follow.
func (r *reader) count(n uint64, size int) uint64 {
	if n > uint64(len(r.raw)/size) {
		r.raw, r.bad = nil, true
		return 0
	}
	return n
}

// Scripts are the script hashes that a transaction pays or spends from, each once;
// spent are the coins that it spends, nil for a coinbase.
func Scripts(tx *chain.Tx, spent []chain.Coin) []chain.Hash {
	list := make([]chain.Hash, 0, len(tx.TxOut)+len(spent))
	for _, out := range tx.TxOut {
		if chain.Spendable(out.PkScript) {
			list = append(list, HashOf(out.PkScript))
		}
	}
	for _, c := range spent {
		list = append(list, HashOf(c.PkScript))
	}
	slices.SortFunc(list, func(x, y chain.Hash) int { return bytes.Compare(x[:], y[:]) })
	return slices.Compact(list)
}
