package p2p

import (
	"crypto/sha256"
	"errors"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// ASMap tells which autonomous system an address of the internet belongs to, by a file in
// Bitcoin Core's format [-asmap]: a program over the bits of an address, IPv4's within IPv6,
// that is a decision tree written down from its root, its bits lowest first in each byte.
//
//	0            RETURN   the number (from 1) that follows
//	1 0          JUMP     if the next bit of the address is 1, over so many bits (from 17) of the program
//	1 1 0        MATCH    the number (from 2) that follows names bits, after its highest one; if the next
//	                      of the address are others, the default is the answer
//	1 1 1        DEFAULT  the number (from 1) that follows, until the next
//
// A number is in one of several classes: each is as many bits wide as asWidths say, and
// before it stands a 1 for each class that is too small and a 0, but not in the last one.
type ASMap struct {
	program []byte
	version chain.Hash
}

// errASMap: not every address leads to an answer, or something leads to none.
var errASMap = errors.New("not a map of autonomous systems")

// addressBits are those of IPv6.
const addressBits = 128

// Widths of the classes of numbers.
func kindWidths() []int  { return []int{0, 0, 1} }
func asWidths() []int    { return []int{15, 16, 17, 18, 19, 20, 21, 22, 23, 24} }
func matchWidths() []int { return []int{1, 2, 3, 4, 5, 6, 7, 8} }
func jumpWidths() []int {
	return []int{5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30}
}

// Kinds of instructions.
const (
	asReturn = iota
	asJump
	asMatch
	asDefault
)

// ParseASMap reads a map, and proves that every address leads to an answer
// [SanityCheckASMap].
func ParseASMap(raw []byte) (*ASMap, error) {
	m := &ASMap{program: slices.Clone(raw)}
	r := asReader{program: m.program}
	if err := r.check(addressBits); err != nil {
		return nil, err
	}
	if len(raw)*8-r.at > 7 {
		return nil, errASMap
	}
	for r.at < len(raw)*8 {
		if b, _ := r.bit(); b != 0 {
			return nil, errASMap
		}
	}
	m.version = m.hash()
	return m, nil
}

// hash is what Core calls the map's version: it hashes a byte for each bit, after their
// number.
func (m *ASMap) hash() chain.Hash {
	h := sha256.New()
	_ = wire.WriteVarInt(h, 0, uint64(len(m.program))*8) // a hash takes everything
	for _, b := range m.program {
		var each [8]byte
		for i := range each {
			each[i] = b >> i & 1
		}
		h.Write(each[:])
	}
	return sha256.Sum256(h.Sum(nil))
}

// Version names the map; the zero hash without one.
func (m *ASMap) Version() (version chain.Hash) {
	if m != nil {
		version = m.version
	}
	return version
}

// Of is the number of the autonomous system of an address; 0: it is of none, or there is
// no map [GetMappedAS, Interpret].
func (m *ASMap) Of(a netip.Addr) uint32 {
	if m == nil || !a.IsValid() {
		return 0
	}
	if network, _ := Overlay(a); network != "" {
		return 0
	}
	ip := LinkedIPv4(a).As16()
	r, used, last := asReader{program: m.program}, 0, uint32(0)
	next := func() uint32 { // ParseASMap has seen to it that there is one
		used++
		return uint32(ip[(used-1)/8]>>(7-(used-1)%8)) & 1
	}
	for {
		kind, number, err := r.instruction()
		switch {
		case err != nil:
			return 0
		case kind == asReturn:
			return number
		case kind == asDefault:
			last = number
		case kind == asJump:
			if next() == 1 {
				r.at += int(number)
			}
		case kind == asMatch:
			for i := bits.Len32(number) - 2; i >= 0; i-- {
				if next() != number>>i&1 {
					return last
				}
			}
		}
	}
}

// asReader reads the program bit by bit.
type asReader struct {
	program []byte
	at      int
}

func (r *asReader) bit() (uint32, error) {
	if r.at >= len(r.program)*8 {
		return 0, errASMap
	}
	b := r.program[r.at/8] >> (r.at % 8) & 1
	r.at++
	return uint32(b), nil
}

// number reads a number that is at least least.
func (r *asReader) number(least uint32, widths []int) (uint32, error) {
	for class, width := range widths {
		if class < len(widths)-1 {
			more, err := r.bit()
			if err != nil {
				return 0, err
			}
			if more == 1 {
				least += 1 << width
				continue
			}
		}
		n := uint32(0)
		for range width {
			b, err := r.bit()
			if err != nil {
				return 0, err
			}
			n = n<<1 | b
		}
		return least + n, nil
	}
	return 0, errASMap
}

// instruction reads one.
func (r *asReader) instruction() (kind, number uint32, err error) {
	if kind, err = r.number(0, kindWidths()); err != nil {
		return 0, 0, err
	}
	switch kind {
	case asJump:
		number, err = r.number(17, jumpWidths())
	case asMatch:
		number, err = r.number(2, matchWidths())
	default:
		number, err = r.number(1, asWidths())
	}
	return kind, number, err
}

// check reads one tree to its end, for which so many bits of the address are left. It is
// called in itself once for each bit at most.
func (r *asReader) check(left int) error {
	before, shortMatch := uint32(asJump), false
	for {
		kind, number, err := r.instruction()
		if err != nil {
			return err
		}
		switch kind {
		case asReturn:
			if before == asDefault { // it had better be the number itself
				return errASMap
			}
			return nil
		case asDefault:
			if before == asDefault {
				return errASMap
			}
		case asJump:
			other := r.at + int(number)
			if left--; left < 0 {
				return errASMap
			}
			if err := r.check(left); err != nil {
				return err
			}
			if r.at != other { // there is the tree for the other bit
				return errASMap
			}
		case asMatch:
			width := bits.Len32(number) - 1
			shortMatch = shortMatch && before == asMatch
			if left -= width; left < 0 || width < 8 && shortMatch { // of those in a row one is short at most
				return errASMap
			}
			shortMatch = width < 8
		}
		before = kind
	}
}

// LinkedIPv4 is the address of IPv4 that one of IPv6 stands for [GetLinkedIPv4]; others are
// as they were.
func LinkedIPv4(a netip.Addr) netip.Addr {
	if a = a.Unmap(); a.Is4() || a.Zone() != "" {
		return a
	}
	raw := a.As16()
	last := [4]byte(raw[12:])
	within := func(prefix string) bool { return netip.MustParsePrefix(prefix).Contains(a) }
	switch {
	case within("::ffff:0:0:0/96"), within("64:ff9b::/96"): // RFC 6145, RFC 6052
	case within("2002::/16"): // 6to4, RFC 3964
		last = [4]byte(raw[2:])
	case within("2001::/32"): // Teredo, RFC 4380
		for i := range last {
			last[i] = ^last[i]
		}
	default:
		return a
	}
	return netip.AddrFrom4(last)
}
