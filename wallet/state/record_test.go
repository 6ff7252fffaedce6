package state

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"testing"

	"grapevine/chain"
	"grapevine/wallet"
)

const ahead = 60

func example() stored {
	return stored{
		order: 7, received: 1_700_000_000, height: 101, block: chain.Hash{1, 2}, index: 3,
		blockTime: 1_700_000_100, conflict: Nowhere, comment: "rent", raw: []byte{1, 2, 3},
	}
}

func TestARecordReadsAsItWasWritten(t *testing.T) {
	for _, s := range []stored{example(), {height: Nowhere, conflict: 5, abandoned: true, raw: []byte{9}}} {
		got, err := decodeStored(appendStored(nil, s))
		if err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("%+v, want %+v: %v", got, s, err)
		}
	}
}

func TestARecordCutShortIsRefused(t *testing.T) {
	whole := appendStored(nil, example())
	for n := range whole {
		if _, err := decodeStored(whole[:n]); !errors.Is(err, errStored) {
			t.Fatalf("%d bytes of %d: %v", n, len(whole), err)
		}
	}
	if _, err := decodeStored(append(whole, 0)); !errors.Is(err, errStored) {
		t.Fatalf("a byte too many: %v", err)
	}
}

func FuzzDecodeStored(f *testing.F) {
	f.Add(appendStored(nil, example()))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := decodeStored(raw)
		if err != nil {
			return
		}
		again, err := decodeStored(appendStored(nil, s))
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Fatalf("%+v, %+v, %v", s, again, err)
		}
	})
}

// fresh is the state of a new wallet, the same each time.
func fresh(t *testing.T, p *chain.Params) *State {
	t.Helper()
	st, err := New(bytes.Repeat([]byte{7}, 64), "words", Settings{Params: p, Lookahead: ahead}, p.Genesis())
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestADamagedStateIsNotOpened(t *testing.T) {
	p := chain.RegTest()
	st := fresh(t, p)
	c, err := st.Take()
	if err != nil {
		t.Fatal(err)
	}
	genesis := func(h int32) *chain.HeaderNode {
		if h == 0 {
			return p.Genesis()
		}
		return nil
	}
	signet := c
	signet.Keys = bytes.Replace(c.Keys, []byte("regtest"), []byte("signet"), 1)
	if _, err := Load(signet, Settings{Params: p, Lookahead: ahead}, genesis); !errors.Is(err, wallet.ErrNetwork) {
		t.Errorf("of another network: %v", err)
	}
	if _, err := Load(c, Settings{Params: p, Lookahead: ahead}, genesis); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Changes){
		"keys":        func(c *Changes) { c.Keys = []byte("{") },
		"network":     func(c *Changes) { c.Keys = bytes.Replace(c.Keys, []byte("regtest"), []byte("signet"), 1) },
		"cursor":      func(c *Changes) { c.Cursor = nil },
		"other chain": func(c *Changes) { c.Cursor = []byte(`[{"height":0,"hash":"00"}]`) },
		"record":      func(c *Changes) { c.Txs = map[chain.Hash][]byte{{}: {1}} },
		"transaction": func(c *Changes) { c.Txs = map[chain.Hash][]byte{{}: appendStored(nil, example())} },
	} {
		bad := c
		spoil(&bad)
		if _, err := Load(bad, Settings{Params: p, Lookahead: ahead}, genesis); err == nil {
			t.Errorf("%s: a damaged state was opened", name)
		}
	}
}

// A file of a wallet that had two kinds of addresses opens with all of them.
func TestAFileOfFewerRowsIsOpened(t *testing.T) {
	p := chain.RegTest()
	st := fresh(t, p)
	taproot := wallet.Branch{Kind: wallet.Taproot}
	first, _, err := st.NewScript(taproot, "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := st.Take()
	if err != nil {
		t.Fatal(err)
	}
	c.Keys = fmt.Appendf(nil, `{"network":"regtest","words":"words","seed":%q,"next":[0,0,1,0],"birth":0}`, base64.StdEncoding.EncodeToString(st.secrets.Seed))
	c.Secrets = nil
	for place := range c.Scripts {
		if place>>32 > 3 {
			delete(c.Scripts, place)
		}
	}
	again, err := Load(c, Settings{Params: p, Lookahead: ahead}, func(int32) *chain.HeaderNode { return p.Genesis() })
	if err != nil {
		t.Fatal(err)
	}
	next, _, err := again.NewScript(taproot, "")
	if err != nil || bytes.Equal(first, next) {
		t.Errorf("the next address is %x, as the first, %v", next, err)
	}
	if rest, err := again.Take(); err != nil || len(rest.Scripts)+len(c.Scripts) != 8*ahead+1 {
		t.Errorf("%d scripts are new, %v", len(rest.Scripts), err)
	}
}

// A start derives nothing: what the file holds of the rows is taken as it stands, and no
// script is to be written.
func TestAStartTakesTheScriptsFromTheFile(t *testing.T) {
	p := chain.RegTest()
	st := fresh(t, p)
	c, err := st.Take()
	if err != nil {
		t.Fatal(err)
	}
	genesis := func(int32) *chain.HeaderNode { return p.Genesis() }
	first, err := Load(c, Settings{Params: p, Lookahead: ahead}, genesis) // a new wallet looks ahead less far
	if err != nil {
		t.Fatal(err)
	}
	rest, err := first.Take()
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(c.Scripts, rest.Scripts)
	if rest.Keys != nil {
		c.Keys = rest.Keys
	}
	for place := range c.Scripts { // were one derived, it would be another
		c.Scripts[place] = fmt.Sprintf("script at %d", place)
	}
	again, err := Load(c, Settings{Params: p, Lookahead: ahead}, genesis)
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range c.Scripts {
		if again.scripts[script] == nil {
			t.Fatalf("%q was not taken", script)
		}
	}
	if len(again.scripts) != 8*ahead || len(c.Scripts) != 8*ahead {
		t.Errorf("%d scripts, %d of them in the file", len(again.scripts), len(c.Scripts))
	}
	if rest, err := again.Take(); err != nil || len(rest.Scripts) != 0 {
		t.Errorf("%d scripts are new, %v", len(rest.Scripts), err)
	}
}

// What could not be written is written the next time.
func TestGiveBackKeepsEverythingToBeWritten(t *testing.T) {
	p := chain.RegTest()
	st := fresh(t, p)
	first, err := st.Take()
	if err != nil || st.Dirty() {
		t.Fatal(st.Dirty(), err)
	}
	st.GiveBack(first)
	again, err := st.Take()
	if err != nil || !reflect.DeepEqual(first.Keys, again.Keys) || !reflect.DeepEqual(first.Secrets, again.Secrets) || !reflect.DeepEqual(first.Scripts, again.Scripts) || len(again.Scripts) != 8*FirstReach {
		t.Fatalf("%d scripts, then %d: %v", len(first.Scripts), len(again.Scripts), err)
	}
}
