package explorer

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
)

// randomPool are n transactions, each of which spends from least to three earlier ones.
func randomPool(r *rand.Rand, n, least int) (txs []mempool.Candidate) {
	for i := range n {
		msg := wire.NewMsgTx(2)
		msg.LockTime = uint32(i) // each has a txid of its own
		if len(txs) > 0 {
			for range least + r.IntN(4-least) {
				msg.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: txs[r.IntN(len(txs))].Tx.ID, Index: uint32(r.IntN(100))}})
			}
		}
		fee := btcutil.Amount(r.IntN(1000))
		txs = append(txs, mempool.Candidate{Tx: chain.NewTx(msg), Fee: fee, Modified: fee, VSize: 50 + r.IntN(400)})
	}
	return txs
}

// slowChunks is chunksOf without clusters and bits: from all that is left it takes the ancestors that pay
// best, and puts together what pays more than what stands before it.
func slowChunks(txs []mempool.Candidate) (list []policy.Paid) {
	parents := func(i int) (of []int) {
		for _, in := range txs[i].Tx.TxIn {
			of = append(of, slices.IndexFunc(txs, func(c mempool.Candidate) bool { return c.Tx.ID == in.PreviousOutPoint.Hash }))
		}
		return of
	}
	done := map[int]bool{}
	var pays []policy.Paid
	for len(done) < len(txs) {
		var best []int
		var most policy.Paid
		for i := range txs {
			if done[i] {
				continue
			}
			set := map[int]bool{}
			var add func(int)
			add = func(j int) {
				if done[j] || set[j] {
					return
				}
				set[j] = true
				for _, p := range parents(j) {
					add(p)
				}
			}
			add(i)
			var paid policy.Paid
			var group []int
			for j := range txs {
				if set[j] {
					paid.Fee, paid.VSize = paid.Fee+txs[j].Modified, paid.VSize+txs[j].VSize
					group = append(group, j)
				}
			}
			if best == nil || policy.CmpRate(paid, most) > 0 {
				best, most = group, paid
			}
		}
		for _, j := range best {
			done[j] = true
			pays = append(pays, policy.Paid{Fee: txs[j].Modified, VSize: txs[j].VSize})
		}
	}
	for _, p := range pays {
		for n := len(list); n > 0 && policy.CmpRate(p, list[n-1]) > 0; n = len(list) {
			p = policy.Paid{Fee: p.Fee + list[n-1].Fee, VSize: p.VSize + list[n-1].VSize}
			list = list[:n-1]
		}
		list = append(list, p)
	}
	return list
}

// paidUpTo is how much the chunks before so many virtual bytes pay: their diagram.
func paidUpTo(list []policy.Paid, vsize int) (fees float64) {
	for _, p := range list {
		if take := min(p.VSize, vsize); take > 0 {
			fees += float64(p.Fee) * float64(take) / float64(p.VSize)
			vsize -= take
		}
	}
	return fees
}

func TestChunksAreThoseOfTheSlowTwin(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		one := int(seed % 2) // cluster
		txs := randomPool(r, 1+r.IntN(12), one)
		var got []policy.Paid
		place, seen := map[chain.Hash]int{}, map[chain.Hash]bool{}
		for i, c := range chunksOf(txs) {
			got = append(got, c.Paid)
			if i > 0 && policy.CmpRate(c.Paid, got[i-1]) > 0 {
				t.Fatalf("seed %d: chunk %d pays more than the one before it", seed, i)
			}
			for _, id := range c.ids {
				if seen[id] {
					t.Fatalf("seed %d: %s twice", seed, id)
				}
				seen[id], place[id] = true, len(place)
			}
		}
		if len(seen) != len(txs) {
			t.Fatalf("seed %d: %d of %d transactions", seed, len(seen), len(txs))
		}
		for _, c := range txs {
			for _, in := range c.Tx.TxIn {
				if place[in.PreviousOutPoint.Hash] > place[c.Tx.ID] {
					t.Fatalf("seed %d: a child before its parent", seed)
				}
			}
		}
		want := slowChunks(txs)
		for vsize := 0; vsize < 6000; vsize += 50 {
			// Of several clusters the twin puts together what has nothing to do with each other.
			if a, b := paidUpTo(got, vsize), paidUpTo(want, vsize); b-a > 1e-6*(1+b) || one == 1 && a-b > 1e-6*(1+b) {
				t.Fatalf("seed %d: the first %d vB pay %v, the twin's %v", seed, vsize, a, b)
			}
		}
	}
}

// A cluster above the limit keeps its order, one at the limit is put in order.
func TestClustersAtTheLimit(t *testing.T) {
	for _, n := range []int{maxLinear, maxLinear + 1} {
		var txs []mempool.Candidate
		for i := range n { // a chain of poor ones, and a rich child of the first
			msg := wire.NewMsgTx(2)
			msg.LockTime = uint32(i)
			c := mempool.Candidate{VSize: 100, Modified: 100}
			if i > 0 {
				from := i - 1
				if i == n-1 {
					from, c.Modified = 0, 100_000
				}
				msg.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: txs[from].Tx.ID}})
			}
			c.Tx = chain.NewTx(msg)
			txs = append(txs, c)
		}
		first := len(chunksOf(txs)[0].ids)
		if want := map[bool]int{true: 2, false: n}[n == maxLinear]; first != want {
			t.Errorf("of %d transactions the first chunk has %d, want %d", n, first, want)
		}
	}
}

func TestTilesFillTheirMap(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 2))
		tiles := make([]tile, 1+r.IntN(maxTiles))
		sizes := make([]float64, len(tiles))
		var sum float64
		for i := range sizes {
			sizes[i] = 1 + math.Floor(math.Exp(r.Float64()*14))
			sum += sizes[i]
		}
		squarify(tiles, sizes, area{0, 0, mapWidth, mapHeight})
		for i, a := range tiles {
			if a.X < -1e-6 || a.Y < -1e-6 || a.X+a.W > mapWidth+1e-6 || a.Y+a.H > mapHeight+1e-6 {
				t.Fatalf("seed %d: tile %d lies outside: %+v", seed, i, a)
			}
			if want := sizes[i] / sum * mapWidth * mapHeight; math.Abs(a.W*a.H-want) > 1e-6*mapWidth*mapHeight {
				t.Fatalf("seed %d: tile %d has %v, want %v", seed, i, a.W*a.H, want)
			}
			for j, b := range tiles[:i] {
				if a.X < b.X+b.W-1e-6 && b.X < a.X+a.W-1e-6 && a.Y < b.Y+b.H-1e-6 && b.Y < a.Y+a.H-1e-6 {
					t.Fatalf("seed %d: tiles %d and %d lie on each other", seed, i, j)
				}
			}
		}
	}
}

func TestSamplesAreARing(t *testing.T) {
	var s samples
	if list := s.list(); len(list) != 0 {
		t.Errorf("%d samples of none", len(list))
	}
	for _, p := range plotsOf(nil) {
		if p.Line != "" || p.Now != "–" {
			t.Errorf("a plot of nothing: %+v", p)
		}
	}
	for i := range maxSamples + 5 {
		s.add(sample{height: int32(i)})
		if want := min(i+1, maxSamples); len(s.list()) != want {
			t.Fatalf("%d samples, want %d", len(s.list()), want)
		}
	}
	list := s.list()
	if first, last := list[0].height, list[maxSamples-1].height; first != 5 || last != maxSamples+4 {
		t.Errorf("samples %d to %d", first, last)
	}
	for _, p := range plotsOf(list) {
		if len(p.Line) > 2500 {
			t.Errorf("%s: a line of %d characters", p.Title, len(p.Line))
		}
	}
	if got := thin([]float64{1, 2, 9, 3, 4, 5}, 3); !slices.Equal(got, []float64{2, 9, 5}) {
		t.Errorf("thinned: %v", got)
	}
}

func TestAPictureOfALargePoolStandsForAWhile(t *testing.T) {
	now := time.Unix(1000, 0)
	p := lastPicture{picture: &picture{seq: 7}, made: now}
	for _, c := range []struct {
		cost, after time.Duration
		seq         uint64
		want        bool
	}{
		{time.Millisecond, time.Hour, 7, true}, {time.Millisecond, 0, 8, false}, {slowPicture, 0, 8, false},
		{time.Second, 10*time.Second - 1, 8, true}, {time.Second, 10 * time.Second, 8, false},
	} {
		if p.cost = c.cost; p.stands(c.seq, now.Add(c.after)) != c.want {
			t.Errorf("%+v: it stands: %v", c, !c.want)
		}
	}
	if (&lastPicture{}).stands(0, now) {
		t.Error("no picture stands")
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"pool é ₿ 日本": "pool é ₿ 日本", "a\x00b\n": "a·b·", "\u202eabc\u200f": "·abc·", "\xff\xfe": "··", "": "", "e\u0301": "e·", "<b>": "<b>",
	} {
		if got := printable([]byte(in)); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"\x03\xa0\xbb\x0d/ViaBTC/Mined by x/,\xfa\xbemm": "/ViaBTC/Mined by x/,", "abc": "", "abcd": "abcd", "a\x00bcde\x01f": "bcde", "\x51\x08\xfe\x51\x59\x93": "",
		"]^_`{|}~": "", "日本語の": "日本語の", "EXODUS\x00\x00hi": "EXODUS", "\x04\xff\xff\x00\x1d\x01\x04EThe Times 03/Jan/2009": "EThe Times 03/Jan/2009", "  ab  ": "ab",
	} {
		if got := legible([]byte(in)); got != want {
			t.Errorf("of %q %q is text, want %q", in, got, want)
		}
	}
	if got := clip("日本語", 4); got != "日… (6 more characters)" {
		t.Errorf("clipped: %q", got)
	}
}
