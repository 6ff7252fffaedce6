package script

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// claimed is the claim of a question that our own curve can be asked in a batch; nil: its
// key is none, or has an odd y.
func (q *question) claimed() *claim {
	k := pure{}.parse(q.key)
	if k == nil || q.key[0] != 2 {
		return nil
	}
	return &claim{*q.bip340, q.hash, k}
}

// alone says whether all claims are good, asked one by one.
func alone(claims []claim) bool {
	for _, c := range claims {
		if !(pure{}).schnorr(&c.sig, &c.hash, c.key) {
			return false
		}
	}
	return true
}

// goodClaims are n signatures of as many keys.
func goodClaims(n int) (claims []claim) {
	m := &maker{chunk: newChunk(n, n)}
	for len(claims) < n {
		m.renew()
		q := question{key: append([]byte{2}, m.key[1:]...), hash: m.hash, bip340: &m.bip340}
		claims = append(claims, *q.claimed())
	}
	return claims
}

// A batch passes if and only if all that is in it does: of few, each kind of bad one and good
// ones mixed.
func TestTwin_ABatchSaysWhatEachSays(t *testing.T) {
	mixed(t, kindsOfBIP340(), (*question).claimed, alone, pure{}.schnorrAll)
}

// The same of ECDSA, for every curve that has batches.
func TestTwin_ABatchOfECDSASaysWhatEachSays(t *testing.T) {
	for _, c := range curves() {
		all, ok := c.(batcher)
		if !ok {
			continue
		}
		t.Run(c.name(), func(t *testing.T) {
			mixed(t, kindsOfECDSA(), func(q *question) *ecdsaClaim { return q.claimedBy(c) },
				func(claims []ecdsaClaim) bool { return aloneBy(c, claims) }, all.ecdsaAll)
		})
	}
}

// claimedBy is the claim of a question of ECDSA for a curve; nil: its key is none.
func (q *question) claimedBy(c curve) *ecdsaClaim {
	k := c.parse(q.key)
	if k == nil {
		return nil
	}
	return &ecdsaClaim{&signature{&q.r, &q.s}, q.hash, k}
}

// aloneBy says whether all claims are good, asked one by one.
func aloneBy(by curve, claims []ecdsaClaim) bool {
	for _, c := range claims {
		if !by.ecdsa(c.sig.r, c.sig.s, &c.hash, c.key) {
			return false
		}
	}
	return true
}

// mixed asks of batches of up to twenty, most of them of the first kind, one by one and together.
func mixed[C any](t *testing.T, kinds []kindOfQuestion, claimed func(*question) *C, alone, together func([]C) bool) {
	n := questions(t, 4_000)
	sum := inChunks(t, n, func(c *chunk) error {
		m := &maker{chunk: c}
		var batch []C
		size := 1
		for i := range c.size {
			if i%20 == 0 {
				m.renew()
			}
			k := kinds[0]
			if c.IntN(12) == 0 {
				k = kinds[c.IntN(len(kinds))]
			}
			if claim := claimed(k.make(m)); claim != nil {
				batch = append(batch, *claim)
			}
			if len(batch) < size {
				continue
			}
			want, got := alone(batch), together(batch)
			if got != want {
				return fmt.Errorf("a batch of %d, the last of %s: %v, one by one %v", len(batch), k.name, got, want)
			}
			column := 0
			if !want {
				column = 1
			}
			c.count.note("batches", column)
			batch, size = batch[:0], 1+c.IntN(20)
		}
		return nil
	})
	if counts := sum["batches"]; counts[0] == 0 || counts[1] == 0 {
		t.Errorf("one-sided: %v", counts)
	}
}

func TestBIP340VectorsInBatches(t *testing.T) {
	good := goodClaims(4)
	for i, v := range readVectors(t, "bip340.csv", 15) {
		q := question{key: append([]byte{2}, v.key...), hash: chainhash.Hash(v.hash), bip340: (*[64]byte)(v.sig)}
		c := q.claimed()
		if c == nil {
			continue
		}
		for _, batch := range [][]claim{{*c}, {*c, *c}, append([]claim{*c}, good...), append(good[:3:3], *c, good[3])} {
			if got := (pure{}).schnorrAll(batch); got != (v.verdict == "true") {
				t.Errorf("row %d in a batch of %d: %v", i, len(batch), got)
			}
		}
	}
}

// One bad one, wherever it stands and whatever is bad of it, spoils the batch.
func TestABatchWithOneBadSignature(t *testing.T) {
	good := goodClaims(9)
	if !(pure{}).schnorrAll(good) {
		t.Fatal("good ones are refused")
	}
	for at := range good {
		for name, spoil := range map[string]func(*claim){
			"R":               func(c *claim) { c.sig[31] ^= 1 },
			"s":               func(c *claim) { c.sig[63] ^= 1 },
			"hash":            func(c *claim) { c.hash[0] ^= 1 },
			"another's key":   func(c *claim) { c.key = good[(at+1)%len(good)].key },
			"another's hash":  func(c *claim) { c.hash = good[(at+1)%len(good)].hash },
			"nothing but 0":   func(c *claim) { c.sig = [64]byte{} },
			"another's whole": func(c *claim) { c.sig = good[(at+1)%len(good)].sig },
		} {
			batch := append([]claim(nil), good...)
			spoil(&batch[at])
			if (pure{}).schnorrAll(batch) {
				t.Errorf("accepted with a bad %s at %d", name, at)
			}
		}
	}
}

// Bad ones whose errors add up to nothing are refused all the same: without weights each
// of these batches would pass.
func TestBadSignaturesDoNotCancelInABatch(t *testing.T) {
	shift := func(c *claim, d btcec.ModNScalar) {
		var s btcec.ModNScalar
		s.SetByteSlice(c.sig[32:])
		s.Add(&d).PutBytesUnchecked(c.sig[32:])
	}
	for _, d := range []uint32{1, 2, 1 << 31} {
		up := *new(btcec.ModNScalar).SetInt(d)
		down := *new(btcec.ModNScalar).Set(&up).Negate()
		for i := range 5 {
			for j := range 5 {
				batch := goodClaims(5)
				if shift(&batch[i], up); i == j {
					batch = append(batch, batch[i]) // the same bad one twice
				} else {
					shift(&batch[j], down)
				}
				if (pure{}).schnorrAll(batch) {
					t.Fatalf("%d: %d and %d cancel", d, i, j)
				}
			}
		}
	}
	// The same good one many times, and one that is bad by what two others are.
	batch := goodClaims(1)
	for range 6 {
		batch = append(batch, batch[0])
	}
	if !(pure{}).schnorrAll(batch) {
		t.Error("a good one, seven times, is refused")
	}
	one := *new(btcec.ModNScalar).SetInt(1)
	minusTwo := *new(btcec.ModNScalar).SetInt(2).Negate()
	shift(&batch[0], one)
	shift(&batch[1], one)
	shift(&batch[2], minusTwo)
	if (pure{}).schnorrAll(batch) {
		t.Error("three of one key cancel")
	}
}

func TestWeightsDependOnEverything(t *testing.T) {
	claims := goodClaims(3)
	seen := map[btcec.ModNScalar]string{}
	note := func(what string) {
		t.Helper()
		for i, w := range weigh(claims) {
			if was, ok := seen[w]; ok || w.IsZero() {
				t.Errorf("%s: weight %d is that of %q", what, i, was)
			}
			seen[w] = what
		}
	}
	note("as signed")
	for name, bytes := range map[string][]byte{"R": claims[2].sig[:32], "s": claims[2].sig[32:], "hash": claims[1].hash[:]} {
		bytes[5] ^= 4
		note(name)
		bytes[5] ^= 4
	}
	claims[0].key = claims[1].key
	note("key")
	claims[0], claims[2] = claims[2], claims[0]
	note("order")
	claims = claims[:2]
	note("number")
}

// One bad signature of ECDSA, wherever it stands and whatever is bad of it, spoils the batch.
func TestABatchWithOneBadSignatureOfECDSA(t *testing.T) {
	for _, c := range curves() {
		all, ok := c.(batcher)
		if !ok {
			continue
		}
		m := &maker{chunk: newChunk(6, 6)}
		var good []ecdsaClaim
		for range usualClaims + 3 {
			m.renew()
			good = append(good, *m.question().claimedBy(c))
		}
		for n := range good {
			if !all.ecdsaAll(good[:n+1]) {
				t.Fatalf("%s: %d good ones are refused", c.name(), n+1)
			}
		}
		one := new(btcec.ModNScalar).SetInt(1)
		for at := range good {
			for name, spoil := range map[string]func(*ecdsaClaim){
				"r":             func(c *ecdsaClaim) { c.sig.r.Add(one) },
				"s":             func(c *ecdsaClaim) { c.sig.s.Add(one) },
				"r of 0":        func(c *ecdsaClaim) { c.sig.r.Zero() },
				"s of 0":        func(c *ecdsaClaim) { c.sig.s.Zero() },
				"hash":          func(c *ecdsaClaim) { c.hash[0] ^= 1 },
				"another's key": func(c *ecdsaClaim) { c.key = good[(at+1)%len(good)].key },
			} {
				batch := append([]ecdsaClaim(nil), good...)
				r, s := *good[at].sig.r, *good[at].sig.s
				batch[at].sig = &signature{&r, &s}
				spoil(&batch[at])
				if all.ecdsaAll(batch) {
					t.Errorf("%s: accepted with a bad %s at %d", c.name(), name, at)
				}
			}
		}
	}
}

// Inputs that a batch checks fail where and as CheckInput says, also those that it left
// for the end; and where all passes nothing is judged twice.
func TestBatchSaysWhatCheckInputSays(t *testing.T) {
	const flags = chain.ConsensusFlags
	kinds := []func(*chaintest.Key) []byte{(*chaintest.Key).P2TR, (*chaintest.Key).P2WPKH, (*chaintest.Key).P2TR, (*chaintest.Key).P2TR}
	var txs []*chain.Tx
	var coins [][]chain.Coin
	for _, pay := range kinds {
		tx, c := spendsOf(t, 2, pay)
		txs, coins = append(txs, tx...), append(coins, c...)
	}
	c := New(Config{})
	for bad := range len(txs) + 1 {
		for _, at := range []int{0, 1} {
			b := c.Batch(flags)
			var want, got error // the first failure
			place, wantAt, gotAt := int64(0), int64(0), int64(math.MaxInt64)
			for i, tx := range txs {
				spent := append([]chain.Coin(nil), coins[i]...)
				if i == bad {
					spent[at].Value++ // another hash
				}
				p := Prepare(tx, spent)
				for in := range tx.TxIn {
					place++
					if err := c.CheckInput(p, in, flags); err != nil && want == nil {
						want, wantAt = err, place
					}
					if err := b.CheckInput(p, in, place); err != nil && got == nil {
						got, gotAt = err, place
					}
				}
			}
			if left, err := b.End(); err != nil && left < gotAt {
				got, gotAt = err, left
			}
			if fmt.Sprint(got) != fmt.Sprint(want) || (got == nil) != (bad == len(txs)) || got != nil && gotAt != wantAt {
				t.Fatalf("transaction %d, input %d: at %d %v\nwant %d %v", bad, at, gotAt, got, wantAt, want)
			}
		}
	}
}

// The same of spends of every form, some of them changed, up to twenty of them in a batch: what leaves
// several signatures, what the engine has to judge after signatures were left, and what it refuses.
func TestTwin_InputsInABatchFailWhereEachDoes(t *testing.T) {
	list := mutations()
	sum := inChunks(t, questions(t, 40_000), func(ch *chunk) error {
		c := New(Config{})
		var bases []*trial
		for i, form := range slices.Concat(forms(), forms()) {
			bases = append(bases, newTrial(ch, form, i%5 == 0))
		}
		for asked := 0; asked < ch.size; {
			flags := someFlags(ch)
			b := c.Batch(flags)
			var want, got error // the first failure
			wantAt, gotAt := 0, math.MaxInt
			for at := range 1 + ch.IntN(20) {
				asked++
				tr := bases[ch.IntN(len(bases))].copy()
				if ch.IntN(16) == 0 {
					list[ch.IntN(len(list))].do(ch, tr, ch.number*chunkSize+asked)
				}
				p := tr.prepared()
				if err := c.CheckInput(p, tr.at, flags); err != nil && want == nil {
					want, wantAt = err, at
				}
				if err := b.CheckInput(p, tr.at, int64(at)); err != nil && got == nil {
					got, gotAt = err, at
				}
			}
			if left, err := b.End(); err != nil && int(left) < gotAt {
				got, gotAt = err, int(left)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) || got != nil && gotAt != wantAt {
				return fmt.Errorf("under %x at %d %w\nwant %d %w", flags, gotAt, got, wantAt, want)
			}
			column := 0
			if want != nil {
				column = 1
			}
			ch.count.note("batches", column)
		}
		return nil
	})
	if counts := sum["batches"]; counts[0] == 0 || counts[1] == 0 {
		t.Errorf("one-sided: %v", counts)
	}
}

// Where a batch is not good an input that has left several signatures is judged once.
func TestAnInputOfSeveralKeysIsJudgedOnce(t *testing.T) {
	asked, want := 0, 0
	c := New(Config{})
	c.curve = struct {
		counting
		batcher
	}{counting{c.curve, &asked}, c.curve.(batcher)}
	b, ch := c.Batch(chain.ConsensusFlags), newChunk(8, 8)
	for at := int64(0); at < 4; {
		tr := newTrial(ch, "P2WSH multisig", false)
		witness := tr.in().Witness
		need, keys, _ := multisigOf(witness[len(witness)-1])
		if need < 2 || need < len(keys) {
			continue
		}
		if want += need; at == 3 {
			tr.coin().Value++ // another hash
			want += 1 - need  // the first signature tells
		}
		if err := b.CheckInput(tr.prepared(), tr.at, at); err != nil || asked > 0 {
			t.Fatalf("%d verified before the end: %v", asked, err)
		}
		at++
	}
	if at, err := b.End(); at != 3 || err == nil || asked != want {
		t.Errorf("at %d after %d signatures, want at 3 after %d: %v", at, asked, want, err)
	}
}

// What is left alone is judged alone, and an empty batch is good.
func TestABatchOfOne(t *testing.T) {
	const flags = chain.ConsensusFlags
	txs, coins := spendsOf(t, 1, (*chaintest.Key).P2TR)
	c := New(Config{})
	if at, err := c.Batch(flags).End(); at != 0 || err != nil {
		t.Errorf("an empty batch fails at %d: %v", at, err)
	}
	for _, value := range []btcutil.Amount{coins[0][0].Value, coins[0][0].Value + 1} {
		spent := append([]chain.Coin(nil), coins[0]...)
		spent[0].Value = value
		p, b := Prepare(txs[0], spent), c.Batch(flags)
		want := c.CheckInput(p, 0, flags)
		at, err := int64(7), b.CheckInput(p, 0, 7)
		if err == nil {
			at, err = b.End()
		}
		if fmt.Sprint(err) != fmt.Sprint(want) || (err == nil) != (value == coins[0][0].Value) || err != nil && at != 7 {
			t.Errorf("value %d: %v at %d; want %v", value, err, at, want)
		}
	}
}

// BenchmarkTaproot is sixteen inputs of taproot's key path, their keys known, one by one and
// as a batch, and then the signatures alone.
func BenchmarkTaproot(b *testing.B) {
	const flags = chain.ConsensusFlags
	txs, coins := spendsOf(b, 8, (*chaintest.Key).P2TR)
	c := New(Config{})
	b.Run("inputs one by one", func(b *testing.B) {
		for b.Loop() {
			for i, tx := range txs {
				if err := c.CheckTx(tx, coins[i], flags); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("inputs in a batch", func(b *testing.B) {
		for b.Loop() {
			batch := c.Batch(flags)
			for i, tx := range txs {
				p := Prepare(tx, coins[i])
				for in := range tx.TxIn {
					if err := batch.CheckInput(p, in, 0); err != nil {
						b.Fatal(err)
					}
				}
			}
			if _, err := batch.End(); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, n := range []int{4, 16, 64} {
		claims := goodClaims(n)
		b.Run(fmt.Sprintf("%d signatures one by one", n), func(b *testing.B) {
			for b.Loop() {
				if !alone(claims) {
					b.Fatal("refused")
				}
			}
		})
		b.Run(fmt.Sprintf("%d signatures in a batch", n), func(b *testing.B) {
			for b.Loop() {
				if !(pure{}).schnorrAll(claims) {
					b.Fatal("refused")
				}
			}
		})
	}
}
