package policy_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	h20 = "0102030405060708090a0b0c0d0e0f1011121314"
	h32 = h20 + "15161718191a1b1c1d1e1f20"
	k33 = "02" + h32
	k65 = "04" + h32 + h32
)

func TestKindsOfOutputScripts(t *testing.T) {
	for _, c := range []struct {
		script string
		want   policy.Kind
	}{
		{"76a914" + h20 + "88ac", policy.PubKeyHash},
		{"a914" + h20 + "87", policy.ScriptHash},
		{"0014" + h20, policy.WitnessKeyHash},
		{"0020" + h32, policy.WitnessScriptHash},
		{"5120" + h32, policy.Taproot},
		{"51024e73", policy.Anchor},
		{"51024e74", policy.WitnessUnknown},
		{"5114" + h20, policy.WitnessUnknown},
		{"6028" + h20 + h20, policy.WitnessUnknown},
		{"0015" + h20 + "00", policy.NonStandard},       // version 0 has two lengths
		{"6029" + h20 + h20 + "00", policy.NonStandard}, // 41 bytes are no program
		{"4f14" + h20, policy.NonStandard},
		{"21" + k33 + "ac", policy.PubKey},
		{"41" + k65 + "ac", policy.PubKey},
		{"21" + "05" + h32 + "ac", policy.NonStandard},
		{"6a", policy.NullData},
		{"6a0401020304", policy.NullData},
		{"6a51006a", policy.NonStandard}, // not only pushes
		{"6a04010203", policy.NonStandard},
		{"5121" + k33 + "51ae", policy.Multisig},
		{"5221" + k33 + "41" + k65 + "52ae", policy.Multisig},
		{"5221" + k33 + "51ae", policy.NonStandard}, // two of one
		{"5121" + k33 + "52ae", policy.NonStandard}, // two keys said, one given
		{"0021" + k33 + "51ae", policy.NonStandard},
		{"5121" + k33 + "51ae51", policy.NonStandard},
		{"5121" + k33 + strings.Repeat("21"+k33, 16) + "0111ae", policy.Multisig},
		{"51" + strings.Repeat("21"+k33, 20) + "0114ae", policy.Multisig},
		{"51" + strings.Repeat("21"+k33, 21) + "0115ae", policy.NonStandard}, // more than may be
		{"51" + strings.Repeat("21"+k33, 16) + "0110ae", policy.NonStandard}, // 16 has an opcode
		{"", policy.NonStandard},
		{"51", policy.NonStandard},
		{"ae", policy.NonStandard},
	} {
		if got := policy.KindOf(unhex(t, c.script)); got != c.want {
			t.Errorf("%.60s: kind %d, want %d", c.script, got, c.want)
		}
	}
}

func TestDustLimitsAreCores(t *testing.T) {
	for script, want := range map[string]btcutil.Amount{
		"76a914" + h20 + "88ac": 546,
		"a914" + h20 + "87":     540,
		"0014" + h20:            294,
		"0020" + h32:            330,
		"5120" + h32:            330,
		"51024e73":              240,
		"6a0401020304":          0,
		"5121" + k33 + "51ae":   582,
	} {
		o := wire.NewTxOut(0, unhex(t, script))
		if got := policy.DustLimit(o.PkScript); got != want {
			t.Errorf("%s: %d, want %d", script, got, want)
		}
		o.Value = int64(want)
		if policy.Core31().IsDust(o) {
			t.Errorf("%s: the limit itself is dust", script)
		}
	}
}

func TestFeesAreRoundedUpAndRatesDown(t *testing.T) {
	for _, c := range []struct {
		rate  policy.FeeRate
		vsize int
		want  btcutil.Amount
	}{{1000, 141, 141}, {1, 1, 1}, {1, 1000, 1}, {1, 1001, 2}, {1500, 3, 5}, {0, 99, 0}, {1e10, 1000, 1e10}, {1 << 62, 400_000, 21e14}, {21e14, 100_000, 21e14}} {
		if got := c.rate.Fee(c.vsize); got != c.want {
			t.Errorf("%d for %d: %d, want %d", c.rate, c.vsize, got, c.want)
		}
	}
	if got := policy.RateOf(5, 0); got != 0 {
		t.Errorf("no bytes at %d", got)
	}
	if got := policy.FeeRate(1 << 62).Fee(0); got != 0 {
		t.Errorf("no bytes cost %d", got)
	}
	if got := policy.RateOf(500, 333); got != 1501 {
		t.Errorf("rate %d", got)
	}
	if got := policy.FeeRate(123456789).String(); got != "1.23456789 BTC/kvB" {
		t.Error(got)
	}
}

func TestRatesOfAllMoneyCompareWithoutOverflow(t *testing.T) {
	all := policy.Paid{Fee: chain.MaxMoney, VSize: 1}
	less := policy.Paid{Fee: chain.MaxMoney, VSize: 100_000_000}
	if policy.CmpRate(all, less) != 1 || policy.CmpRate(less, all) != -1 || policy.CmpRate(less, less) != 0 {
		t.Fatal("order")
	}
}

func TestSigOpsCountAsBytes(t *testing.T) {
	for _, c := range [][3]int{{561, 1, 141}, {400, 20, 100}, {400, 21, 105}, {401, 0, 101}} {
		if got := policy.Core31().VSize(c[0], c[1]); got != c[2] {
			t.Errorf("weight %d, %d operations: %d", c[0], c[1], got)
		}
	}
}

// plain is a transaction with one standard input and output.
func plain(t *testing.T, edit func(*wire.MsgTx)) *chain.Tx {
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: 1}, nil, nil))
	tx.AddTxOut(wire.NewTxOut(1e8, unhex(t, "0020"+h32)))
	if edit != nil {
		edit(tx)
	}
	return chain.NewTx(tx)
}

func TestFormsThatAreNotRelayed(t *testing.T) {
	data := func(n int) []byte { // an OP_RETURN script of n bytes
		return append([]byte{0x6a, 0x4e, byte(n - 6), byte((n - 6) >> 8), byte((n - 6) >> 16), 0}, make([]byte, n-6)...)
	}
	out := func(script []byte) *wire.TxOut { return wire.NewTxOut(0, script) }
	for _, c := range []struct {
		name string
		edit func(*wire.MsgTx)
		want error
	}{
		{"plain", nil, nil},
		{"version 1", func(tx *wire.MsgTx) { tx.Version = 1 }, nil},
		{"version 0", func(tx *wire.MsgTx) { tx.Version = 0 }, policy.ErrVersion},
		{"version 3", func(tx *wire.MsgTx) { tx.Version = 3 }, nil},
		{"version 4", func(tx *wire.MsgTx) { tx.Version = 4 }, policy.ErrVersion},
		{"version -1", func(tx *wire.MsgTx) { tx.Version = -1 }, policy.ErrVersion},
		{"signature script of 1650", func(tx *wire.MsgTx) { tx.TxIn[0].SignatureScript = make([]byte, 1650) }, nil},
		{"signature script of 1651", func(tx *wire.MsgTx) { tx.TxIn[0].SignatureScript = make([]byte, 1651) }, policy.ErrSigScriptSize},
		{"signature script that acts", func(tx *wire.MsgTx) { tx.TxIn[0].SignatureScript = []byte{0x51, 0x76} }, policy.ErrSigScriptPush},
		{"bare script", func(tx *wire.MsgTx) { tx.AddTxOut(out([]byte{0x51})) }, policy.ErrPkScript},
		{"1 of 3 keys", func(tx *wire.MsgTx) {
			tx.AddTxOut(wire.NewTxOut(1e4, unhex(t, "51"+strings.Repeat("21"+k33, 3)+"53ae")))
		}, nil},
		{"1 of 4 keys", func(tx *wire.MsgTx) {
			tx.AddTxOut(wire.NewTxOut(1e4, unhex(t, "51"+strings.Repeat("21"+k33, 4)+"54ae")))
		}, policy.ErrPkScript},
		{"all the data there may be", func(tx *wire.MsgTx) { tx.AddTxOut(out(data(99_000))); tx.AddTxOut(out(data(300))) }, nil},
		{"unknown witness version", func(tx *wire.MsgTx) { tx.AddTxOut(wire.NewTxOut(1e4, unhex(t, "5220"+h32))) }, nil},
		{"one dust output", func(tx *wire.MsgTx) { tx.AddTxOut(out(unhex(t, "51024e73"))) }, nil},
		{"two dust outputs", func(tx *wire.MsgTx) { tx.AddTxOut(out(unhex(t, "51024e73"))); tx.AddTxOut(out(unhex(t, "51024e73"))) }, policy.ErrDust},
		{"400,000 in weight", func(tx *wire.MsgTx) { tx.AddTxOut(out(data(99_893))) }, nil},
		{"above 400,000 in weight", func(tx *wire.MsgTx) { tx.AddTxOut(out(data(99_894))) }, policy.ErrTxSize},
	} {
		err := policy.Core31().CheckTx(plain(t, c.edit))
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// Dust that its child spends came with 29: by the rules of 28.1 none is relayed, and it
// is refused at its output, before the ones behind it are looked at.
func TestNoDustIsRelayedByOldRules(t *testing.T) {
	anchor, bare := wire.NewTxOut(0, unhex(t, "51024e73")), wire.NewTxOut(0, []byte{0x51})
	for name, c := range map[string]struct {
		outs []*wire.TxOut
		want error
	}{
		"at the limit":            {[]*wire.TxOut{wire.NewTxOut(240, anchor.PkScript)}, nil},
		"one below the limit":     {[]*wire.TxOut{wire.NewTxOut(239, anchor.PkScript)}, policy.ErrDust},
		"before a bare script":    {[]*wire.TxOut{anchor, bare}, policy.ErrDust},
		"behind a bare script":    {[]*wire.TxOut{bare, anchor}, policy.ErrPkScript},
		"before a second of data": {[]*wire.TxOut{wire.NewTxOut(0, []byte{0x6a}), wire.NewTxOut(0, []byte{0x6a}), anchor}, policy.ErrDust},
	} {
		tx := plain(t, func(tx *wire.MsgTx) { tx.TxOut = append(tx.TxOut, c.outs...) })
		if err := policy.Core28().CheckTx(tx); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestLessThanSixtyFiveBytesAreRefused(t *testing.T) {
	for n, want := range map[int]error{4: policy.ErrTxSizeSmall, 5: nil} {
		// 60 bytes, and the output script.
		tx := plain(t, func(tx *wire.MsgTx) { tx.TxOut[0].PkScript = make([]byte, n) })
		if tx.StrippedSize() != 60+n {
			t.Fatal(tx.StrippedSize())
		}
		if err := policy.CheckBareSize(tx); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%d bytes: %v", 60+n, err)
		}
	}
}

func TestInputsThatAreNotRelayed(t *testing.T) {
	push := func(b []byte) []byte {
		if len(b) < 76 {
			return append([]byte{byte(len(b))}, b...)
		}
		return append([]byte{0x4d, byte(len(b)), byte(len(b) >> 8)}, b...)
	}
	p2sh, p2wsh, p2tr := unhex(t, "a914"+h20+"87"), unhex(t, "0020"+h32), unhex(t, "5120"+h32)
	items := func(n, size int) (w wire.TxWitness) {
		for range n {
			w = append(w, make([]byte, size))
		}
		return w
	}
	control := slices.Concat([]byte{0xc0}, make([]byte, 32))
	for _, c := range []struct {
		name    string
		script  []byte
		sig     []byte
		witness wire.TxWitness
		want    error
	}{
		{"key hash", unhex(t, "76a914"+h20+"88ac"), nil, nil, nil},
		{"bare OP_TRUE", []byte{0x51}, nil, nil, policy.ErrInputs},
		{"unknown witness version", unhex(t, "5220"+h32), nil, nil, policy.ErrInputs},
		{"anchor", unhex(t, "51024e73"), nil, nil, nil},
		{"anchor with a witness", unhex(t, "51024e73"), nil, items(1, 1), policy.ErrWitness},
		{"script hash, nothing pushed", p2sh, nil, nil, policy.ErrInputs},
		{"script hash, 15 operations", p2sh, push(bytes.Repeat([]byte{0xac}, 15)), nil, nil},
		{"script hash, 16 operations", p2sh, push(bytes.Repeat([]byte{0xac}, 16)), nil, policy.ErrInputs},
		{"script hash, 520 bytes pushed", p2sh, push(make([]byte, 520)), nil, nil},
		{"script hash, 521 bytes pushed", p2sh, push(make([]byte, 521)), nil, policy.ErrInputs},
		{"script hash, the longest way to push", p2sh, []byte{0x4e, 1, 0, 0, 0, 0x51}, nil, nil},
		{"script hash, OP_1 pushed", p2sh, []byte{0x51}, nil, nil},
		{"witness for a key hash", unhex(t, "76a914"+h20+"88ac"), nil, items(1, 1), policy.ErrWitness},
		{"witness for a bare script hash", p2sh, push([]byte{0x51}), items(1, 1), policy.ErrWitness},
		{"nested witness program", p2sh, push(p2wsh), items(1, 3600), nil},
		{"nested taproot means nothing", p2sh, push(p2tr), items(3, 100), nil},
		{"witness script of 3600", p2wsh, nil, items(1, 3600), nil},
		{"witness script of 3601", p2wsh, nil, items(1, 3601), policy.ErrWitness},
		{"100 items", p2wsh, nil, items(101, 80), nil},
		{"101 items", p2wsh, nil, items(102, 80), policy.ErrWitness},
		{"item of 81", p2wsh, nil, slices.Concat(items(1, 81), items(1, 1)), policy.ErrWitness},
		{"taproot by key", p2tr, nil, items(1, 64), nil},
		{"annex", p2tr, nil, wire.TxWitness{make([]byte, 64), {0x50}}, policy.ErrWitness},
		{"empty control block", p2tr, nil, wire.TxWitness{{}, {}}, policy.ErrWitness},
		{"tapscript, item of 80", p2tr, nil, wire.TxWitness{make([]byte, 80), {0x51}, control}, nil},
		{"tapscript, item of 81", p2tr, nil, wire.TxWitness{make([]byte, 81), {0x51}, control}, policy.ErrWitness},
		{"tapscript, script of any length", p2tr, nil, wire.TxWitness{make([]byte, 9000), control}, nil},
		{"other leaf version", p2tr, nil, wire.TxWitness{make([]byte, 999), {0x51}, slices.Concat([]byte{0xc2}, make([]byte, 32))}, nil},
	} {
		tx := plain(t, func(tx *wire.MsgTx) { tx.TxIn[0].SignatureScript, tx.TxIn[0].Witness = c.sig, c.witness })
		err := policy.Core31().CheckInputs(tx, []chain.Coin{{PkScript: c.script}})
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestLegacySigOpsOfAllInputsAreBounded(t *testing.T) {
	redeem := append([]byte{15}, bytes.Repeat([]byte{0xac}, 15)...)
	for n, want := range map[int]error{166: nil, 167: policy.ErrInputs} {
		coins := make([]chain.Coin, n)
		tx := plain(t, func(tx *wire.MsgTx) {
			tx.TxIn = nil
			for i := range n {
				tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: uint32(i)}, redeem, nil))
				coins[i].PkScript = unhex(t, "a914"+h20+"87")
			}
		})
		if err := policy.Core31().CheckInputs(tx, coins); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%d inputs of 15: %v, want %v", n, err, want)
		}
	}
}

func TestDustMustBeMadeForFree(t *testing.T) {
	tx := plain(t, func(tx *wire.MsgTx) { tx.AddTxOut(wire.NewTxOut(239, unhex(t, "51024e73"))) })
	if err := policy.Core31().CheckFeeOfDust(tx, 0, 0); err != nil {
		t.Error(err)
	}
	if err := policy.Core31().CheckFeeOfDust(tx, 1, 1); !errors.Is(err, policy.ErrDust) {
		t.Error(err)
	}
}

// What the releases differ in: the number and size of data outputs, the rates,
// the words for scripts that fail, and BIP54's count.
func TestRulesOfRelayByRelease(t *testing.T) {
	data := func(sizes ...int) *chain.Tx {
		return plain(t, func(tx *wire.MsgTx) {
			for _, n := range sizes {
				tx.AddTxOut(wire.NewTxOut(0, append([]byte{0x6a, 0x4c, byte(n - 3)}, make([]byte, n-3)...)))
			}
		})
	}
	old, now := policy.Core28(), policy.Core31()
	for _, c := range []struct {
		sizes    []int
		old, now error
	}{
		{[]int{83}, nil, nil},
		{[]int{84}, policy.ErrPkScript, nil},
		{[]int{83, 83}, policy.ErrMultiData, nil},
		{[]int{10, 10}, policy.ErrMultiData, nil},
	} {
		for rules, want := range map[policy.Rules]error{old: c.old, now: c.now} {
			if err := rules.CheckTx(data(c.sizes...)); !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("%s: data outputs of %v: %v, want %v", rules.Name, c.sizes, err, want)
			}
		}
	}
	if old.MinRelay != 1000 || old.Increment != 1000 || now.MinRelay != 100 || now.Increment != 100 {
		t.Error("rates")
	}
	for _, c := range []struct {
		rules  policy.Rules
		broken bool
		want   chain.Policy
		said   string
	}{
		{old, true, "mandatory-script-verify-flag-failed (why)", ""},
		{old, false, "non-mandatory-script-verify-flag (why)", ""},
		{now, true, "mempool-script-verify-flag-failed (why)", "input 0"},
		{now, false, "mempool-script-verify-flag-failed (why)", "input 0"},
	} {
		if word, said := c.rules.ScriptWord("why", "input 0", c.broken); word != c.want || said != c.said {
			t.Errorf("%s, %s; want %s", word, said, c.want)
		}
	}
	for _, name := range []string{"28.1", "31"} {
		if r, err := policy.ParseRules(name); err != nil || r.Name != name {
			t.Errorf("%s: %v %v", name, r, err)
		}
	}
	for _, name := range []string{"", "28", "30", "31.0"} {
		if _, err := policy.ParseRules(name); err == nil {
			t.Errorf("%q is a choice", name)
		}
	}
}

// The size of data is counted to the byte.
func TestDataOfAllOutputsTogetherIsBounded(t *testing.T) {
	data := func(n int) *wire.TxOut {
		return wire.NewTxOut(0, append([]byte{0x6a, 0x4e, byte(n - 6), byte((n - 6) >> 8), byte((n - 6) >> 16), 0}, make([]byte, n-6)...))
	}
	rules := policy.Core31()
	rules.DataCarrier = 50_000
	for n, want := range map[int]error{20_000: nil, 20_001: policy.ErrDataCarrier} {
		tx := plain(t, func(tx *wire.MsgTx) { tx.AddTxOut(data(30_000)); tx.AddTxOut(data(n)) })
		if err := rules.CheckTx(tx); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("30,000 and %d bytes: %v", n, err)
		}
	}
}

func TestParseFeeRate(t *testing.T) {
	for s, want := range map[string]policy.FeeRate{"1": 1000, "1.5": 1500, "0.001": 1, "20": 20_000} {
		if got, err := policy.ParseFeeRate(s); err != nil || got != want {
			t.Errorf("%s: %d, %v", s, got, err)
		}
	}
	for _, s := range []string{"1.0001", "x", "-2", ""} {
		if _, err := policy.ParseFeeRate(s); !errors.Is(err, policy.ErrFeeRate) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestLegacySigOpsToTheLast(t *testing.T) {
	of := func(n int) []byte { return append([]byte{byte(n)}, bytes.Repeat([]byte{0xac}, n)...) }
	for last, want := range map[int]error{10: nil, 11: policy.ErrInputs} {
		coins := make([]chain.Coin, 167)
		tx := plain(t, func(tx *wire.MsgTx) {
			tx.TxIn = nil
			for i := range coins {
				n := 15
				if i == 166 {
					n = last
				}
				tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: uint32(i)}, of(n), nil))
				coins[i].PkScript = unhex(t, "a914"+h20+"87")
			}
		})
		if err := policy.Core31().CheckInputs(tx, coins); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%d in all: %v", 2490+last, err)
		}
		if err := policy.Core28().CheckInputs(tx, coins); err != nil {
			t.Errorf("28.1 does not count them: %v", err)
		}
	}
}

func TestSequencesThatSignal(t *testing.T) {
	for seq, want := range map[uint32]bool{0: true, 0xfffffffc: true, 0xfffffffd: true, 0xfffffffe: false, 0xffffffff: false} {
		tx := plain(t, func(tx *wire.MsgTx) { tx.TxIn[0].Sequence = seq })
		if policy.SignalsReplacement(tx.MsgTx) != want {
			t.Errorf("%x", seq)
		}
	}
}

func TestScriptsThatCannotBeSpentAreNoDust(t *testing.T) {
	for _, c := range []struct {
		script []byte
		free   bool
	}{{nil, false}, {make([]byte, 10_000), false}, {make([]byte, 10_001), true}, {[]byte{0x6a}, true}, {[]byte{0x4c}, false}} {
		if got := policy.DustLimit(c.script); (got == 0) != c.free || !chain.Spendable(c.script) != c.free {
			t.Errorf("%d bytes: %d", len(c.script), got)
		}
	}
}

func TestOperationsThatAreKnown(t *testing.T) {
	long := func(n int) []byte { return append([]byte{0x4d, byte(n), byte(n >> 8)}, make([]byte, n)...) }
	for _, c := range []struct {
		script []byte
		want   bool
	}{{nil, true}, {[]byte{0xb9}, true}, {[]byte{0xba}, false}, {[]byte{0xff}, false}, {long(520), true}, {long(521), false}, {[]byte{0x4c}, false}} {
		if policy.ValidOps(c.script) != c.want {
			t.Errorf("%.8x", c.script)
		}
	}
}

// A fee alone can be made good by a child.
func TestRefusalsThatAChildCanMakeGood(t *testing.T) {
	for _, c := range []struct {
		version int32
		err     error
		want    bool
	}{
		{2, chain.Refused(policy.ErrPoolMinFee, "1 < 2"), true},
		{2, chain.Refused(policy.ErrInsufficient, "why"), true},
		{3, chain.Refused(policy.ErrInsufficient+" (including sibling eviction)", "why"), true},
		{2, chain.Refused(policy.ErrPoolFull, ""), true},
		{2, chain.Refused(policy.ErrMinRelayFee, "1 < 2"), false},
		{3, chain.Refused(policy.ErrMinRelayFee, "1 < 2"), true},
		{2, chain.Refused(policy.ErrTooManyRepl, ""), false},
		{2, chain.Refused(policy.ErrDust, ""), false},
		{2, nil, false},
	} {
		tx := plain(t, func(tx *wire.MsgTx) { tx.Version = c.version })
		if policy.Reconsiderable(tx, c.err) != c.want {
			t.Errorf("version %d, %v", c.version, c.err)
		}
	}
}

func TestRatesCompareWithoutRounding(t *testing.T) {
	const big = chain.MaxMoney
	for _, c := range []struct {
		a, b policy.Paid
		want int
	}{
		{policy.Paid{Fee: 1, VSize: 3}, policy.Paid{Fee: 1, VSize: 3}, 0},
		{policy.Paid{Fee: 2, VSize: 6}, policy.Paid{Fee: 1, VSize: 3}, 0},
		{policy.Paid{Fee: 1, VSize: 3}, policy.Paid{Fee: 1, VSize: 4}, 1},
		{policy.Paid{Fee: 100_000, VSize: 100_001}, policy.Paid{Fee: 100_001, VSize: 100_002}, -1},
		{policy.Paid{Fee: big, VSize: 100_000}, policy.Paid{Fee: big - 1, VSize: 100_000}, 1}, // products beyond 64 bits
		{policy.Paid{Fee: big, VSize: 1}, policy.Paid{Fee: 1, VSize: 100_000}, 1},
		{policy.Paid{Fee: 0, VSize: 1}, policy.Paid{Fee: 1, VSize: 100_000}, -1},
	} {
		if got, back := policy.CmpRate(c.a, c.b), policy.CmpRate(c.b, c.a); got != c.want || back != -c.want {
			t.Errorf("%v and %v: %d and %d, want %d", c.a, c.b, got, back, c.want)
		}
	}
}
