package script

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/chainhash/v2"
)

// question is a signature, a hash and a key, or what looks like them: of ECDSA
// as two numbers, or encoded if der is set; or of BIP340.
type question struct {
	key    []byte
	hash   chainhash.Hash
	r, s   btcec.ModNScalar
	der    []byte
	bip340 *[64]byte
	// want is the verdict, where what made the question knows it.
	want verdictKind
	// readBy is who alone reads der, if not both.
	readBy string
}

// verdictKind is a verdict, or anybody's guess.
type verdictKind byte

const (
	unknown verdictKind = iota
	accept
	refuse
)

// wantIf is accept or refuse.
func wantIf(good bool) verdictKind {
	if good {
		return accept
	}
	return refuse
}

// answer is what a curve says.
func (q *question) answer(c curve) bool {
	k := c.parse(q.key)
	if k == nil {
		return false
	}
	if q.bip340 != nil {
		return c.schnorr(q.bip340, &q.hash, k)
	}
	return c.ecdsa(&q.r, &q.s, &q.hash, k)
}

func (q *question) String() string {
	return fmt.Sprintf("key %x, hash %x, r %v, s %v, DER %x, BIP340 %x", q.key, q.hash[:], q.r, q.s, q.der, q.bip340)
}

// ask asks all curves, which have to agree with each other, with what is
// wanted, and for an encoded signature with btcec's own parsers.
func (q *question) ask(all []curve) (good bool, err error) {
	if q.der != nil {
		if err := q.decode(); err != nil {
			return false, err
		}
	}
	good = q.answer(all[0])
	for _, c := range all[1:] {
		if got := q.answer(c); got != good {
			return false, fmt.Errorf("%s says %v, %s %v: %v", all[0].name(), good, c.name(), got, q)
		}
	}
	if q.want != unknown && good != (q.want == accept) {
		return false, fmt.Errorf("all say %v: %v", good, q)
	}
	return good, nil
}

// Rows of the table for the encodings that not everybody reads.
const (
	rowCoreReads  = "  of the DER: by Core's rules alone"
	rowBtcecReads = "  of the DER: by btcec's alone"
)

// decode fills r and s from der as Bitcoin Core does, and holds them against
// what the engine's parser and the fast road's make of the same bytes.
func (q *question) decode() error {
	var ok bool
	q.r, q.s, ok = laxSig(q.der)
	inRange := ok && !q.r.IsZero() && !q.s.IsZero()
	want := ecdsa.NewSignature(&q.r, &q.s)
	lax, err := ecdsa.ParseSignature(q.der)
	switch {
	case err == nil && inRange && !lax.IsEqual(want):
		return fmt.Errorf("lax: Core reads %v, btcec %v: %v", want, lax, q)
	case err != nil && inRange:
		q.readBy = rowCoreReads
	case err == nil && !inRange:
		q.readBy = rowBtcecReads
	}
	if road := parseSig(append(bytes.Clone(q.der), 1)); road != nil {
		strict, err := ecdsa.ParseDERSignature(q.der)
		if err != nil || !inRange || !strict.IsEqual(want) || !want.IsEqual(ecdsa.NewSignature(road.r, road.s)) {
			return fmt.Errorf("strict: the fast road reads %v, btcec %v, %v: %v", road, strict, err, q)
		}
		if road.s.IsOverHalfOrder() {
			return fmt.Errorf("the fast road takes a high s: %v", q)
		}
	}
	if again := strictOf(append(bytes.Clone(q.der), 7)); (again != nil) != (q.readBy == rowCoreReads) {
		return fmt.Errorf("spelled anew it is %x: %v", again, q)
	} else if again != nil {
		strict, err := ecdsa.ParseDERSignature(again[:len(again)-1])
		if err != nil || again[len(again)-1] != 7 || !sameBut(strict, want) {
			return fmt.Errorf("spelled anew it is %x: %v, %v", again, err, q)
		}
	}
	return nil
}

// sameBut says whether two signatures are the same but for the sign of s.
func sameBut(a, b *ecdsa.Signature) bool {
	ra, sa, rb, sb := a.R(), a.S(), b.R(), b.S()
	return ra.Equals(&rb) && (sa.Equals(&sb) || sa.Equals(sb.Negate()))
}

// All curves that this build has answer alike what they are asked. The shares of
// the kinds are hundredths; the table that is logged has the verdicts.
func TestTwin_CurvesAgree(t *testing.T) {
	all, list := curves(), kindsOfQuestions()
	var turns, names []string
	byName := map[string]kindOfQuestion{}
	for _, k := range list {
		byName[k.name] = k
		names = append(names, fmt.Sprintf("%s, %d%%", k.name, k.share))
		for range k.share {
			turns = append(turns, k.name)
		}
	}
	if len(turns) != 100 {
		t.Fatalf("the shares are of %d", len(turns))
	}
	n := questions(t, 10_000)
	sum := inChunks(t, n, func(c *chunk) error {
		m := &maker{chunk: c}
		for i := range c.size {
			if i%50 == 0 {
				m.renew() // two keys for a hundred questions
			}
			k := byName[turns[(i+c.number*chunkSize)%len(turns)]]
			q := k.make(m)
			good, err := q.ask(all)
			if err != nil {
				return fmt.Errorf("question %d, %s: %w", i, k.name, err)
			}
			column := 1
			if good {
				column = 0
			}
			c.count.note(fmt.Sprintf("%s, %d%%", k.name, k.share), column)
			if q.readBy != "" {
				c.count.note(q.readBy, column)
			}
		}
		return nil
	})
	var by []string
	for _, c := range all {
		by = append(by, c.name())
	}
	t.Logf("%d signatures verified by %v%s", n, by, sum.table("accepted refused", append(names, rowCoreReads, rowBtcecReads)))
	for i, k := range list {
		yes, no := sum[names[i]][0], sum[names[i]][1]
		if yes == 0 && k.verdicts != onlyRefused || no == 0 && k.verdicts != onlyAccepted {
			t.Errorf("%s: %d accepted, %d refused: one-sided", k.name, yes, no)
		}
	}
}

// All curves of this build answer alike whatever bytes they are asked about: a key, a hash, and
// the two numbers of ECDSA or a signature of BIP340. With the tag libsecp256k1 they are three.
func FuzzCurvesAgree(f *testing.F) {
	m := &maker{chunk: newChunk(1, 1)}
	for _, k := range kindsOfQuestions() {
		m.renew()
		if q := k.make(m); q.bip340 != nil {
			f.Add(q.key, q.hash[:], q.bip340[:], true)
		} else {
			f.Add(q.key, q.hash[:], append(bytesOfScalar(q.r), bytesOfScalar(q.s)...), false)
		}
	}
	all := curves()
	f.Fuzz(func(t *testing.T, key, hash, sig []byte, bip340 bool) {
		if len(hash) != len(chainhash.Hash{}) || len(sig) != 64 || bip340 && (len(key) != 33 || key[0] != 2) {
			return
		}
		q := question{key: key, hash: chainhash.Hash(hash)}
		if bip340 {
			q.bip340 = (*[64]byte)(sig)
		} else if q.r.SetByteSlice(sig[:32]) || q.s.SetByteSlice(sig[32:]) {
			return // no number below the order
		}
		good, err := q.ask(all)
		if err != nil {
			t.Fatal(err)
		}
		if bip340 {
			if c := q.claimed(); c != nil && (pure{}).schnorrAll([]claim{*c, *c}) != good {
				t.Fatalf("twice in a batch: %v: %v", !good, &q)
			}
			return
		}
		for _, by := range all {
			c := q.claimedBy(by)
			if together, ok := by.(batcher); ok && c != nil && together.ecdsaAll([]ecdsaClaim{*c, *c}) != good {
				t.Fatalf("twice in a batch of %s: %v: %v", by.name(), !good, &q)
			}
		}
	})
}

// vector is a published question: a row of key, hash and signature in hex, and a word
// for the verdict.
type vector struct {
	key, hash, sig []byte
	verdict        string
}

// readVectors reads the n rows of a file in testdata.
func readVectors(t *testing.T, name string, n int) (list []vector) {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != n {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		key, err1 := hex.DecodeString(row[0])
		hash, err2 := hex.DecodeString(row[1])
		sig, err3 := hex.DecodeString(row[2])
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		list = append(list, vector{key, hash, sig, row[3]})
	}
	return list
}

// What BIP340 gives for messages of 32 bytes.
func TestBIP340Vectors(t *testing.T) {
	for i, v := range readVectors(t, "bip340.csv", 15) {
		q := question{key: append([]byte{2}, v.key...), hash: chainhash.Hash(v.hash), bip340: (*[64]byte)(v.sig),
			want: wantIf(v.verdict == "true")}
		if _, err := q.ask(curves()); err != nil {
			t.Errorf("row %d: %v", i, err)
		}
	}
}

// Wycheproof's (github.com/C2SP/wycheproof at dac1dd47)
// ecdsa_secp256k1_sha256_bitcoin_test.json: the hash is the message's SHA-256, the
// verdict that by strict DER and a low s.
func TestWycheproofVectors(t *testing.T) {
	asked := 0
	for i, v := range readVectors(t, "wycheproof.csv", 463) {
		q := question{key: v.key, hash: chainhash.Hash(v.hash), want: wantIf(v.verdict == "valid")}
		strict, err := ecdsa.ParseDERSignature(v.sig)
		if err == nil {
			q.r, q.s = strict.R(), strict.S()
		}
		if err != nil || q.s.IsOverHalfOrder() {
			if q.want == accept {
				t.Errorf("row %d: refused before any curve is asked: %v", i, err)
			}
			continue
		}
		asked++
		if _, err := q.ask(curves()); err != nil {
			t.Errorf("row %d: %v", i, err)
		}
	}
	if asked < 170 {
		t.Errorf("the curves were asked %d times", asked)
	}
}
