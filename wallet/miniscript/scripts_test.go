package miniscript

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"golang.org/x/crypto/ripemd160" //lint:ignore SA1019 Bitcoin's scripts have it
)

func hash160(b []byte) []byte { return address.Hash160(b) }

// hashOf is what a fragment wants the preimage of.
func hashOf(f fragment, b []byte) []byte {
	once := sha256.Sum256(b)
	switch f {
	case sha256Of:
		return once[:]
	case hash256Of:
		twice := sha256.Sum256(once[:])
		return twice[:]
	case hash160Of:
		return hash160(b)
	}
	h := ripemd160.New()
	h.Write(b)
	return h.Sum(nil)
}

// writer writes expressions at random, of any type; most are not valid.
type writer struct {
	r    *rand.Rand
	ctx  Context
	next uint32
}

// secret is 32 bytes of which others are made: a private key, or a preimage.
func secret(n uint32) []byte { return binary.BigEndian.AppendUint32(make([]byte, 28, 32), n+1) }

// secrets are those that expressions at random are made of, by what is made of them: a
// key's x, or a hash.
func newSecrets() map[string][]byte {
	m := map[string][]byte{}
	for n := uint32(1); n < 150; n++ {
		b := secret(n)
		m[string(pubKey(n)[1:])] = b
		for f := sha256Of; f <= hash160Of; f++ {
			m[string(hashOf(f, b))] = b
		}
	}
	return m
}

func pubKey(n uint32) []byte {
	_, pub := btcec.PrivKeyFromBytes(secret(n))
	return pub.SerializeCompressed()
}

func (w *writer) key() string {
	w.next++
	n := w.next
	if w.r.IntN(40) == 0 {
		n = 1
	}
	return hex.EncodeToString(pubKey(n))
}

func (w *writer) leaf() string {
	switch w.r.IntN(9) {
	case 0:
		return "0"
	case 1:
		return "1"
	case 2:
		return "pk_h(" + w.key() + ")"
	case 3:
		return fmt.Sprintf("older(%d)", []int{1, 10, 17, 1 << 22, 1<<22 + 3, 300}[w.r.IntN(6)])
	case 4:
		return fmt.Sprintf("after(%d)", []int{1, 127, 128, 500_000_000, 499_999_999, 1_700_000_000}[w.r.IntN(6)])
	case 5:
		f := sha256Of + fragment(w.r.IntN(4))
		w.next++
		return f.word() + "(" + hex.EncodeToString(hashOf(f, secret(w.next))) + ")"
	case 6:
		n := 1 + w.r.IntN(3)
		word := fmt.Sprintf("multi(%d", 1+w.r.IntN(n))
		if w.ctx == Tapscript {
			word = strings.Replace(word, "multi", "multi_a", 1)
		}
		for range n {
			word += "," + w.key()
		}
		return word + ")"
	}
	return "pk_k(" + w.key() + ")"
}

// expr writes one that should be of a form: B, V, K or W. Where it is chosen at random
// what leads there is more likely to have a type.
func (w *writer) expr(form byte, depth int) string {
	if w.r.IntN(30) == 0 {
		form = "BVKW"[w.r.IntN(4)]
	}
	sub := func(form byte) string { return w.expr(form, depth-1) }
	join := func(word string, forms string) string {
		var subs []string
		for i := range len(forms) {
			subs = append(subs, sub(forms[i]))
		}
		return word + "(" + strings.Join(subs, ",") + ")"
	}
	switch form {
	case 'V':
		switch w.r.IntN(5) {
		case 0:
			return join("and_v", "VV")
		case 1:
			return join("or_c", "BV")
		}
		return wrapText("v", sub('B'))
	case 'K':
		if depth <= 0 || w.r.IntN(2) == 0 {
			return []string{"pk_k(", "pk_h("}[w.r.IntN(2)] + w.key() + ")"
		}
		return join([]string{"and_v", "or_i", "andor"}[w.r.IntN(3)], []string{"VK", "KK", "BKK"}[w.r.IntN(3)])
	case 'W':
		return wrapText(string("as"[w.r.IntN(2)]), sub('B'))
	}
	if depth <= 0 {
		return w.end()
	}
	switch w.r.IntN(12) {
	case 0:
		return join("and_v", "VB")
	case 1:
		return join("and_b", "BW")
	case 2:
		return join("or_b", "BW")
	case 3:
		return join("or_d", "BB")
	case 4:
		return join("or_i", "BB")
	case 5:
		return join("andor", "BBB")
	case 6:
		return join("and_n", "BB")
	case 7:
		n := 1 + w.r.IntN(4)
		return join("thresh", "B"+strings.Repeat("W", n-1))[:7] + fmt.Sprint(1+w.r.IntN(n)) + "," + join("", "B"+strings.Repeat("W", n-1))[1:]
	case 8:
		return wrapText("c", sub('K'))
	case 9:
		return wrapText(string("nlutj"[w.r.IntN(5)]), sub("BBBVB"[w.r.IntN(5)]))
	case 10:
		return wrapText("d", wrapText("v", sub('B')))
	}
	return w.end()
}

func (w *writer) end() string {
	leaf := w.leaf()
	if strings.HasPrefix(leaf, "pk_") {
		return wrapText("c", leaf)
	}
	return leaf
}

// wrapText puts a wrapper's letter before an expression.
func wrapText(letter, text string) string {
	before, _, _ := strings.Cut(text, "(")
	if strings.Contains(before, ":") {
		return letter + text
	}
	return letter + ":" + text
}

// spender is who satisfies an expression in a real transaction.
type spender struct {
	ctx    Context
	keys   *shelf
	tx     *wire.MsgTx
	prev   *wire.TxOut
	script []byte
	all    map[string][]byte
	have   map[string]bool // which secrets are known
}

func (s *spender) xOf(key int) string {
	raw := s.keys.raw[key]
	return string(raw[len(raw)-32:])
}

func (s *spender) Sign(key int) ([]byte, bool) {
	raw := s.all[s.xOf(key)]
	if !s.have[string(raw)] {
		return nil, false
	}
	prv, _ := btcec.PrivKeyFromBytes(raw)
	fetcher := txscript.NewCannedPrevOutputFetcher(s.prev.PkScript, s.prev.Value)
	hashes := txscript.NewTxSigHashes(s.tx, fetcher)
	if s.ctx == Tapscript {
		hash, err := txscript.CalcTapscriptSignaturehash(hashes, txscript.SigHashAll, s.tx, 0, fetcher, txscript.NewBaseTapLeaf(s.script))
		if err != nil {
			return nil, false
		}
		sig, err := schnorr.Sign(prv, hash)
		if err != nil {
			return nil, false
		}
		return append(sig.Serialize(), byte(txscript.SigHashAll)), true
	}
	hash, err := txscript.CalcWitnessSigHash(s.script, hashes, txscript.SigHashAll, s.tx, 0, s.prev.Value)
	if err != nil {
		return nil, false
	}
	return append(ecdsa.Sign(prv, hash).Serialize(), byte(txscript.SigHashAll)), true
}

func (s *spender) PubKey(key int) []byte { return s.keys.raw[key] }

func (s *spender) Preimage(_ Hash, hash []byte) ([]byte, bool) {
	raw := s.all[string(hash)]
	return raw, s.have[string(raw)]
}

func (s *spender) After(time uint32) bool {
	return (time < firstLockTime) == (s.tx.LockTime < firstLockTime) && time <= s.tx.LockTime
}

func (s *spender) Older(age uint32) bool {
	const mask = sequenceSeconds | 0xffff
	have := s.tx.TxIn[0].Sequence & mask
	return have&sequenceSeconds == age&sequenceSeconds && age&mask <= have
}

// newSpender pays to an expression and begins to spend it.
func newSpender(e *Expr, keys *shelf, r *rand.Rand) *spender {
	s := &spender{ctx: e.ctx, keys: keys, script: e.Script(keys.raw), have: map[string]bool{}}
	s.prev = wire.NewTxOut(1000, nil)
	sum := sha256.Sum256(s.script)
	s.prev.PkScript = append([]byte{txscript.OP_0, 32}, sum[:]...)
	if e.ctx == Tapscript {
		s.prev.PkScript = append([]byte{txscript.OP_1, 32}, schnorr.SerializePubKey(s.output())...)
	}
	s.tx = wire.NewMsgTx(2)
	s.tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{}, nil, nil))
	s.tx.AddTxOut(wire.NewTxOut(900, []byte{txscript.OP_1}))
	s.tx.LockTime = []uint32{0, 127, 1000, 499_999_999, 500_000_000, 1_800_000_000}[r.IntN(6)]
	s.tx.TxIn[0].Sequence = []uint32{0, 1, 16, 400, 1 << 22, 1<<22 + 500}[r.IntN(6)]
	return s
}

func (s *spender) tree() *txscript.IndexedTapScriptTree {
	return txscript.AssembleTaprootScriptTree(txscript.NewBaseTapLeaf(s.script))
}

func (s *spender) internal() *btcec.PublicKey {
	_, pub := btcec.PrivKeyFromBytes(secret(1000))
	return pub
}

func (s *spender) output() *btcec.PublicKey {
	root := s.tree().RootNode.TapHash()
	return txscript.ComputeTaprootOutputKey(s.internal(), root[:])
}

// run is what the script engine says of a witness.
func (s *spender) run(items [][]byte) error {
	witness := append(slices.Clone(items), s.script)
	if s.ctx == Tapscript {
		block := s.tree().LeafMerkleProofs[0].ToControlBlock(s.internal())
		raw, err := block.ToBytes()
		if err != nil {
			return err
		}
		witness = append(witness, raw)
	}
	s.tx.TxIn[0].Witness = witness
	fetcher := txscript.NewCannedPrevOutputFetcher(s.prev.PkScript, s.prev.Value)
	engine, err := txscript.NewEngine(s.prev.PkScript, s.tx, 0, txscript.StandardVerifyFlags, nil, txscript.NewTxSigHashes(s.tx, fetcher), s.prev.Value, fetcher)
	if err != nil {
		return err
	}
	return engine.Execute()
}

// secretsOf are what an expression's keys and hashes were made of.
func (s *spender) secretsOf(e *Expr) (list []string) {
	for _, n := range e.order {
		for _, key := range n.keys {
			list = append(list, string(s.all[s.xOf(key)]))
		}
		if n.hash != nil {
			list = append(list, string(s.all[string(n.hash)]))
		}
	}
	return list
}

// TestWitnessesSpend: what is said of expressions holds when the script engine runs
// them; one secret after the other becomes known.
func TestWitnessesSpend(t *testing.T) {
	valid, sane, spent := 0, 0, 0
	r, all := rand.New(rand.NewPCG(1, 2)), newSecrets()
	for i := range 6000 {
		w := &writer{r: r, ctx: Context(i % 2)}
		text := w.expr('B', 1+r.IntN(4))
		e, keys := parse(t, text, w.ctx)
		if e == nil || !e.root.valid(w.ctx) || !e.root.typ.has(tB) {
			continue
		}
		valid++
		checkAgain(t, e, keys, e.Script(keys.raw))
		if e.Sane() {
			sane++
		}
		s := newSpender(e, keys, r)
		s.all = all
		secrets := s.secretsOf(e)
		r.Shuffle(len(secrets), func(i, j int) { secrets[i], secrets[j] = secrets[j], secrets[i] })
		before := false
		for n := range len(secrets) + 1 {
			if n > 0 {
				s.have[secrets[n-1]] = true
			}
			good := s.check(t, e, text)
			if e.Sane() && before && !good {
				t.Errorf("%s: who knows more can do less", text)
			}
			if before = good; good {
				spent++
			}
		}
	}
	if valid < 1000 || sane < 300 || spent < 1000 {
		t.Errorf("%d valid, %d sane, %d spent", valid, sane, spent)
	}
}

// check satisfies an expression with what is known, and says whether it could be done.
func (s *spender) check(t *testing.T, e *Expr, text string) bool {
	t.Helper()
	any := e.best(s)
	items, ok := e.Satisfy(s)
	within := e.root.within(e.ctx)
	if any.ok && within {
		if err := s.run(any.list()); err != nil {
			t.Errorf("%s: %x is refused: %v", text, any.list(), err)
		}
	}
	if e.Sane() && ok != any.ok {
		t.Errorf("%s is sane, but %t and %t", text, ok, any.ok)
	}
	if !ok {
		return false
	}
	most, bytes, can := e.Witness()
	size := 0
	for _, item := range items {
		size += 1 + len(item)
	}
	if !can || len(items) > most || size > bytes {
		t.Errorf("%s: %d items of %d bytes, at most %d of %d", text, len(items), size, most, bytes)
	}
	return true
}
