package jsonrpc

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
)

func TestAmountsAreExactBothWays(t *testing.T) {
	for text, want := range map[string]btcutil.Amount{
		"0": 0, "1": 1e8, "1.5": 1.5e8, "0.00000001": 1, "1e-8": 1, "1E-5": 1000, "20999999.9769": 2099999997690000, "1e2": 1e10, `"0.10000000"`: 1e7,
		"1.000000000": 1e8, "0.0000000100": 1, `"0.500000000000"`: 5e7, "0.000000000": 0, "1000.000000000e-11": 1,
	} {
		got, err := DecodeAmount(json.RawMessage(text))
		if err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"-1", "0.000000001", "1.0000000010", `"0.1000000001"`, "21000000.00000001", "1e-9", "1e99", `""`, `"x"`, "true", "[]", "{}", "1e999999999999", `"-0.1"`} {
		if got, err := DecodeAmount(json.RawMessage(text)); err == nil {
			t.Errorf("%s: got %d", text, got)
		} else if e, ok := errors.AsType[*Error](err); !ok || e.Code != CodeType {
			t.Errorf("%s: %v", text, err)
		}
	}
	for a, want := range map[Amount]string{0: "0.00000000", 1: "0.00000001", -1: "-0.00000001", 5e9: "50.00000000", -123456789: "-1.23456789"} {
		raw, err := json.Marshal(a)
		if err != nil || string(raw) != want {
			t.Errorf("%d: %s, %v", a, raw, err)
		}
		var back Amount
		if err := json.Unmarshal(raw, &back); err != nil || back != a {
			t.Errorf("%s: back %d, %v", raw, back, err)
		}
	}
}

func bound(t *testing.T, signature, raw string) *Params {
	t.Helper()
	m := Method{Params: signature}
	p := index([]Method{m})[m.Name].bind(json.RawMessage(raw))
	if p.miscounted {
		t.Fatalf("bind %q %s", signature, raw)
	}
	return &p
}

func TestParametersRead(t *testing.T) {
	p := bound(t, "hash:hex level|verbose:level=5 list:list? flag:bool=true text:text=x", `["0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206", true, ["a","b"], false]`)
	if got := p.Hash("hash").String(); got != "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206" {
		t.Errorf("hash %s", got)
	}
	if got := p.Verbosity("level"); got != 1 {
		t.Errorf("level %d", got)
	}
	if got := p.Strings("list"); len(got) != 2 || got[1] != "b" {
		t.Errorf("list %v", got)
	}
	if p.Bool("flag") || p.String("text") != "x" || p.Has("text") || p.Err() != nil {
		t.Errorf("flag or default: %v", p.Err())
	}
	if got := bound(t, "hash:hex level|verbose:level=0", `{"hash":"x","verbose":2}`).Verbosity("level"); got != 2 {
		t.Errorf("older name: %d", got)
	}
}

func TestFaultsOfParametersStick(t *testing.T) {
	for _, c := range []struct {
		name, raw string
		read      func(*Params)
		code      Code
		message   string
	}{
		{"short hash", `["ab"]`, func(p *Params) { p.Hash("a") }, CodeInvalidParam, "a must be of length 64 (not 2, for 'ab')"},
		{"no hex", `["zz91f8f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"]`, func(p *Params) { p.Hash("a") }, CodeInvalidParam,
			"a must be hexadecimal string (not 'zz91f8f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206')"},
		{"the first one counts", `[[], {}]`, func(p *Params) { p.String("a"); p.Int("b") }, CodeType,
			"JSON value of type array is not of expected type string"},
	} {
		p := bound(t, "a:any b:any?", c.raw)
		c.read(p)
		e, ok := errors.AsType[*Error](p.Err())
		if !ok || e.Code != c.code || e.Message != c.message {
			t.Errorf("%s: got %v", c.name, p.Err())
		}
	}
}

func TestPairsKeepTheirOrder(t *testing.T) {
	for _, raw := range []string{`[{"z":1,"a":"x","m":2}]`, `[[{"z":1},{"a":"x"},{"m":2}]]`} {
		pairs := bound(t, "o:any", raw).Pairs("o")
		if len(pairs) != 3 || pairs[0].Name != "z" || pairs[1].Text() != "x" || pairs[2].Name != "m" {
			t.Errorf("%s: %v", raw, pairs)
		}
	}
}
