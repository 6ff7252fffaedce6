package coins

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

func number(n uint32) []byte {
	b := make([]byte, 32)
	binary.LittleEndian.PutUint32(b, n)
	return b
}

// Bitcoin Core's test vector: insert 0 and 1, remove 2.
func TestMuHashVector(t *testing.T) {
	m := NewMuHash()
	m.Insert(number(0))
	m.Insert(number(1))
	m.Remove(number(2))
	const want = "10d312b100cbd32ada024a6646e40d3482fcff103668d2625f10002a607d5863"
	if got := m.Sum().String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMuHashForgetsOrderAndWhatWasRemoved(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	straight, mixed, part := NewMuHash(), NewMuHash(), NewMuHash()
	for i := range uint32(20) {
		straight.Insert(number(i))
	}
	for _, i := range rng.Perm(30) {
		m := mixed
		if i%3 == 0 {
			m = part
		}
		m.Insert(number(uint32(i)))
	}
	for _, i := range rng.Perm(10) {
		mixed.Remove(number(uint32(20 + i)))
	}
	mixed.Join(part)
	if a, b := straight.Sum(), mixed.Sum(); a != b {
		t.Errorf("%v is not %v", a, b)
	}
	if NewMuHash().Sum() == straight.Sum() {
		t.Error("the empty set hashes as a full one")
	}
}

func BenchmarkMuHashInsert(b *testing.B) {
	m := NewMuHash()
	for b.Loop() {
		m.Insert(number(1))
	}
}
