package p2p

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// asWriter writes maps, bit by bit.
type asWriter []byte // a byte for each bit

func (w *asWriter) number(n, least uint32, widths []int) {
	n -= least
	for class, width := range widths {
		if class < len(widths)-1 && n >= 1<<width {
			*w = append(*w, 1)
			n -= 1 << width
			continue
		}
		if class < len(widths)-1 {
			*w = append(*w, 0)
		}
		for i := width - 1; i >= 0; i-- {
			*w = append(*w, byte(n>>i&1))
		}
		return
	}
}

func (w *asWriter) op(kind, number uint32) {
	w.number(kind, 0, kindWidths())
	switch kind {
	case asJump:
		w.number(number, 17, jumpWidths())
	case asMatch:
		w.number(number, 2, matchWidths())
	default:
		w.number(number, 1, asWidths())
	}
}

// fork writes a jump between two trees.
func (w *asWriter) fork(zero, one asWriter) {
	w.op(asJump, uint32(len(zero)))
	*w = append(append(*w, zero...), one...)
}

func (w asWriter) bytes() []byte {
	raw := make([]byte, (len(w)+7)/8)
	for i, b := range w {
		raw[i/8] |= b << (i % 8)
	}
	return raw
}

// tree writes a random tree over what is left of an address, and the same as a function.
func tree(rnd *rand.Rand, left int) (asWriter, func(ip []byte) uint32) {
	answer := 1 + rnd.Uint32N(1<<16)
	if left < 100 || rnd.IntN(5) == 0 {
		var w asWriter
		w.op(asReturn, answer)
		return w, func([]byte) uint32 { return answer }
	}
	if rnd.IntN(3) == 0 { // a default, and bits that must be so
		var w asWriter
		w.op(asDefault, answer)
		width := 1 + rnd.IntN(8)
		match := uint32(1)<<width | rnd.Uint32N(1<<width)
		w.op(asMatch, match)
		rest, f := tree(rnd, left-width)
		for len(rest) > 0 && rest[0] == 1 && rest[1] == 1 && rest[2] == 1 { // no default directly behind
			rest, f = tree(rnd, left-width)
		}
		return append(w, rest...), func(ip []byte) uint32 {
			for i := range width {
				if uint32(ip[i]) != match>>(width-1-i)&1 {
					return answer
				}
			}
			return f(ip[width:])
		}
	}
	zero, f0 := tree(rnd, left-1)
	one, f1 := tree(rnd, left-1)
	for len(zero) < 17 {
		return zero, f0
	}
	var w asWriter
	w.fork(zero, one)
	return w, func(ip []byte) uint32 {
		if ip[0] == 0 {
			return f0(ip[1:])
		}
		return f1(ip[1:])
	}
}

// The map against the function that it was written from, for random addresses.
func TestAMapOfAutonomousSystemsAnswersAsItsTree(t *testing.T) {
	read := 0
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		w, f := tree(rnd, addressBits)
		m, err := ParseASMap(w.bytes())
		if err != nil {
			continue // a match of a few bits behind another: not written so
		}
		read++
		for range 50 {
			var ip [16]byte
			for i := range ip {
				ip[i] = byte(rnd.Uint32())
			}
			ip[0] = 0x30 // of no overlay, and no IPv4 in disguise
			expanded := make([]byte, 0, addressBits)
			for i := range addressBits {
				expanded = append(expanded, ip[i/8]>>(7-i%8)&1)
			}
			if got, want := m.Of(netip.AddrFrom16(ip)), f(expanded); got != want {
				t.Fatalf("seed %d: %v is of %d, want %d", seed, netip.AddrFrom16(ip), got, want)
			}
		}
	}
	if read < 100 {
		t.Errorf("only %d of 200 maps were read", read)
	}
}

// A map may be cut nowhere, and with any bit turned round it is refused or answers
// something.
func TestDamagedMapsOfAutonomousSystems(t *testing.T) {
	var zero, one, w asWriter
	zero.op(asReturn, 7)
	one.op(asDefault, 1<<24)
	one.op(asMatch, 0b1_01)
	one.op(asReturn, 65_536)
	w.fork(zero, one)
	raw := w.bytes()
	m, err := ParseASMap(raw)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]uint32{"10.0.0.1": 7, "a000::1": 65_536, "8000::1": 1 << 24} {
		if got := m.Of(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is of %d, want %d", text, got, want)
		}
	}
	for n := range len(raw) {
		if _, err := ParseASMap(raw[:n]); err == nil {
			t.Errorf("cut to %d bytes it is read", n)
		}
	}
	if _, err := ParseASMap(append(raw, 0)); err == nil {
		t.Error("with a byte behind it is read")
	}
	for i := range len(raw) * 8 {
		turned := append([]byte(nil), raw...)
		turned[i/8] ^= 1 << (i % 8)
		if m, err := ParseASMap(turned); err == nil {
			m.Of(netip.MustParseAddr("a000::1"))
			m.Of(netip.MustParseAddr("1.2.3.4"))
		}
	}
	deep := asWriter{}
	for range 16 {
		deep.op(asMatch, 1<<8)
	}
	if _, err := ParseASMap(append(append(asWriter{}, deep...), returns(5)...).bytes()); err != nil {
		t.Error("a match of all 128 bits is not read")
	}
	deep.op(asMatch, 2)
	if _, err := ParseASMap(append(deep, returns(5)...).bytes()); err == nil {
		t.Error("a match of 129 bits is read")
	}
	var none *ASMap
	if none.Of(netip.MustParseAddr("1.2.3.4")) != 0 || m.Of(netip.Addr{}) != 0 || m.Of(ViaCJDNS(netip.MustParseAddr("fc00::1"))) != 0 {
		t.Error("no map, no address or an overlay's is of a system")
	}
}

func returns(n uint32) (w asWriter) {
	w.op(asReturn, n)
	return w
}

func FuzzASMap(f *testing.F) {
	f.Add(returns(9).bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if m, err := ParseASMap(raw); err == nil {
			for _, text := range []string{"1.2.3.4", "2001:db8::1", "ffff::", "::"} {
				m.Of(netip.MustParseAddr(text))
			}
		}
	})
}

func TestLinkedIPv4(t *testing.T) {
	for text, want := range map[string]string{
		"1.2.3.4": "1.2.3.4", "::ffff:1.2.3.4": "1.2.3.4", "::ffff:0:1.2.3.4": "1.2.3.4", "64:ff9b::1.2.3.4": "1.2.3.4",
		"2002:102:304::": "1.2.3.4", "2001:0:9999:9999:9999:9999:fefd:fcfb": "1.2.3.4",
		"2001:db8::1": "2001:db8::1", "64:ff9b:1::1": "64:ff9b:1::1",
	} {
		if got := LinkedIPv4(netip.MustParseAddr(text)); got.String() != want {
			t.Errorf("%s stands for %v, want %s", text, got, want)
		}
	}
}
