package miniscript

import (
	"bytes"
	"encoding/hex"
	"runtime"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
)

// TestFaultsAreSaidInCoresWords: each was asked of Bitcoin Core 28.1 (getdescriptorinfo of
// wsh() around it); a letter stands for a key.
func TestFaultsAreSaidInCoresWords(t *testing.T) {
	const hash = "abababababababababababababababababababababababababababababababab"
	const other = "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
	for text, want := range map[string]string{
		"or_b(pk(A),s:pk(B))":   "",
		"0":                     "0 is not satisfiable",
		"1":                     "1 is not sane: witnesses without signature exist",
		"pk_k(A)":               "pk_k(A) is not sane",
		"a:pk(A)":               "a:pk(A) is not sane",
		"and_v(v:pk(A),pk(A))":  "and_v(v:pk(A),pk(A)) is not sane: contains duplicate public keys",
		"and_v(1,pk(A))":        "and_v(1,pk(A)) is invalid",
		"or_i(pk(A),or_i(1,0))": "or_i(pk(A),u:1) is not sane: witnesses without signature exist",
		"and_b(hash160(1fd9b55a054a2b3f658d97e6b84cf3ee00be429a),a:1)": "and_b(hash160(1fd9b55a054a2b3f658d97e6b84cf3ee00be429a),a:1) is not sane: witnesses without signature exist",
		"or_i(and_b(after(1),a:after(1000000000)),pk(A))":              "and_b(after(1),a:after(1000000000)) is not sane: contains mixes of timelocks expressed in blocks and seconds",
		"or_i(sha256(" + hash + "),sha256(" + other + "))":             "or_i(sha256(" + hash + "),sha256(" + other + ")) is not sane: malleable witnesses exist",
	} {
		e, keys := parse(t, withKeys(text), WitnessScript)
		if e == nil {
			t.Errorf("%s cannot be read", text)
			continue
		}
		if part, why := e.Fault(keys.name); part+why != withKeys(want) {
			t.Errorf("%s: %q, want %q", text, part+why, withKeys(want))
		}
	}
}

// withKeys puts keys where capital letters are.
func withKeys(text string) string {
	for c := byte('A'); c <= 'H'; c++ {
		text = strings.ReplaceAll(text, string(c), hex.EncodeToString(pubKey(uint32(c))))
	}
	return text
}

// TestWhatIsNoExpressionIsRefused: cut off, or made wrong, at each position.
func TestWhatIsNoExpressionIsRefused(t *testing.T) {
	good := withKeys("andor(multi(2,A,B),or_i(and_v(v:pkh(C),hash160(" + strings.Repeat("ab", 20) + ")),older(1008)),thresh(2,pk(D),s:pk(E),sln:after(500)))")
	if e, keys := parse(t, good, WitnessScript); e == nil || e.Text(keys.name) != good {
		t.Fatal("the good one is not read")
	}
	for at := range good {
		for _, bad := range []string{good[:at], good[:at] + good[at+1:], good[:at] + "!" + good[at:], good[:at] + ")" + good[at:], good[:at] + "," + good[at:], good[:at] + "(" + good[at:]} {
			s := &shelf{ctx: WitnessScript}
			e, err := Parse(bad, WitnessScript, s.read)
			if e == nil || err != nil {
				continue
			}
			if text := e.Text(s.name); text == good || !strings.HasSuffix(bad, ")") {
				t.Fatalf("%s is read as %s", bad, text)
			}
		}
	}
	for _, bad := range []string{
		"", ":", "v:", "2", "pk()", "pk", "and_v(1,1", "and_v(1)", "and_v(1,1,1)", "andor(0,1)", "thresh(1)", "thresh(0,0)", "thresh(2,0)",
		"thresh(1,0,)", "older(-1)", "older(+1)", "older()", "older(1x)", "after(99999999999999999999)", "vv:1", "q:1", "A:1", "sha256(00)",
		"hash160(" + strings.Repeat("ab", 32) + ")", "multi_a(1,A)", "multi(1)", "multi(0,A)", "multi(2,A)", "multi(1,A,)", "pk(A)pk(B)", "0x", "unknown(1)",
	} {
		s := &shelf{ctx: WitnessScript}
		if e, err := Parse(withKeys(bad), WitnessScript, s.read); e != nil && err == nil {
			t.Errorf("%q is read as %s", bad, e.Text(s.name))
		}
	}
}

func TestScriptsThatAreNone(t *testing.T) {
	for _, script := range []string{
		"", "ac519c", "ac", "69", "5187", "63", "68", "6768", "006368", "7c", "9a", "93", "ae", "51ae", "5151ae",
		"ba20c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5ba519c", // a multi_a whose first key is missing
		"2103a0434d9e47f3c86235477c7b1ae6ae5d3442d49b1943c2b752a68e2a47e247c7ac6951", // OP_CHECKSIG OP_VERIFY
		"0000210232780000feff00ffffffffffff21ff005f00ae21ae00000000060602060406564c2102320000060900fe00005f00ae21ae00100000060606060606000000000000000000000000000000000000000000000000000000000000000000",
		"4c0101b2", "0200b2", "05ffffffff00b1", "00b2", "82012088a8", "82022000", "5193",
	} {
		raw, err := hex.DecodeString(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, ctx := range []Context{WitnessScript, Tapscript} {
			if e, keys := decode(raw, ctx, [][]byte{pubKey(1)[ctx:]}); e != nil && e.Sane() {
				t.Errorf("%s is found as %s", script, e.Text(keys.name))
			}
		}
	}
}

// TestTheLargest: as many wrappers as a script may have, and one beyond.
func TestTheLargest(t *testing.T) {
	most := maxTapscript - 34
	for _, more := range []int{0, 1} {
		text := strings.Repeat("n", most+more) + ":pk(" + hex.EncodeToString(pubKey(1)) + ")"
		e, keys := parse(t, text, Tapscript)
		if more == 1 {
			if e != nil {
				t.Errorf("%d bytes are read", e.root.size)
			}
			continue
		}
		if e == nil || !e.Sane() || len(e.Script(keys.raw)) != maxTapscript {
			t.Fatal("the largest is not read")
		}
		found, _ := decode(e.Script(keys.raw), Tapscript, keys.raw)
		if found == nil || !found.Sane() {
			t.Error("the largest is not found by its script")
		}
	}
}

// TestTheDeepest: what is as deep as may be is read, both ways, and what is deeper in neither; expressions in
// a row are not deep.
func TestTheDeepest(t *testing.T) {
	key := "pk(" + hex.EncodeToString(pubKey(1)) + ")"
	for more := range 2 {
		text := strings.Repeat("l", maxDeep-1+more) + ":" + key
		e, keys := parse(t, text, Tapscript)
		if e == nil || e.root.valid(Tapscript) != (more == 0) {
			t.Fatalf("%d beyond: valid %t", more, more != 0)
		}
		if found, _ := decode(e.Script(keys.raw), Tapscript, keys.raw); found == nil != (more == 1) {
			t.Errorf("%d beyond: found %t by the script", more, found != nil)
		}
	}
	row := strings.Repeat("and_v(v:older(1),", maxDeep+1) + key + strings.Repeat(")", maxDeep+1)
	e, keys := parse(t, row, Tapscript)
	if e == nil || !e.Sane() {
		t.Fatal("a row is not read")
	}
	if found, _ := decode(e.Script(keys.raw), Tapscript, keys.raw); found == nil || !found.Sane() {
		t.Error("a row is not found by its script")
	}
}

// TestNothingButEndings: a stranger's script takes no memory by the size of a stack.
func TestNothingButEndings(t *testing.T) {
	for _, op := range []byte{txscript.OP_ENDIF, txscript.OP_FROMALTSTACK, txscript.OP_BOOLAND} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		e := FromScript(bytes.Repeat([]byte{op}, maxTapscript), Tapscript, func([]byte) bool { return true })
		runtime.ReadMemStats(&after)
		const most = 128 << 20 // the steps take 11 MB, and grow
		if took := after.StackSys - min(after.StackSys, before.StackSys); e != nil || took > most {
			t.Errorf("%x: %d bytes of stack", op, took)
		}
	}
}

func TestStackHasABound(t *testing.T) {
	for count, want := range map[int]bool{998: true, 999: false} {
		text := strings.Repeat("and_b(older(1),a:", count) + "pk(" + hex.EncodeToString(pubKey(1)) + ")" + strings.Repeat(")", count)
		if e, _ := parse(t, text, Tapscript); e == nil || e.root.within(Tapscript) != want {
			t.Errorf("%d: within the limits %t", count, !want)
		}
	}
	for subs, want := range map[int]bool{maxThresh: true, maxThresh + 1: false} {
		text := "thresh(1,pk(" + hex.EncodeToString(pubKey(1)) + ")" + strings.Repeat(",a:0", subs-1) + ")"
		if e, _ := parse(t, text, Tapscript); e == nil || e.root.valid(Tapscript) != want {
			t.Errorf("%d subs: valid %t", subs, !want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("and_v(v:pk(A),or_d(pk(B),older(9)))", true)
	f.Add("thresh(2,pk(A),s:pk(B),sln:after(500))", false)
	f.Fuzz(func(t *testing.T, text string, tap bool) {
		s := &shelf{}
		if tap {
			s.ctx = Tapscript
		}
		e, err := Parse(withKeys(text), s.ctx, s.read)
		if e == nil || err != nil {
			return
		}
		again := e.Text(s.name)
		twin, err := Parse(again, s.ctx, (&shelf{ctx: s.ctx}).read)
		if err != nil || twin == nil || twin.Text(s.name) != again {
			t.Fatalf("%q is written as %s", text, again)
		}
		_, _ = e.Fault(s.name)
		if e.root.valid(s.ctx) && len(e.Script(s.raw)) != e.root.size {
			t.Fatalf("%q: script of another size", text)
		}
	})
}

func FuzzFromScript(f *testing.F) {
	f.Add([]byte{0x51}, false)
	f.Fuzz(func(t *testing.T, script []byte, tap bool) {
		ctx := WitnessScript
		if tap {
			ctx = Tapscript
		}
		s := &shelf{ctx: ctx}
		e := FromScript(script, ctx, func(raw []byte) bool {
			s.raw = append(s.raw, raw)
			return len(raw) == 33-int(ctx)
		})
		if e != nil && string(e.Script(s.raw)) != string(script) {
			t.Fatalf("%x is found as %s", script, e.Text(s.name))
		}
	})
}
