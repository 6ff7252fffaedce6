package descriptor

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"grapevine/wallet"
)

// answer is what a Bitcoin Core 28.1 said of a descriptor on regtest:
// getdescriptorinfo, and deriveaddresses of its first three.
type answer struct {
	Desc, Text, Error, Refused string
	Range, Solvable, Private   bool
	Addresses                  []string
}

// answers are in testdata; letters stand for keys there. Those of miniscript.json are to
// expressions at random, and some by hand.
func answers(t *testing.T, name string) []answer {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Keys  map[string]string
		Cases []answer
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	letter := regexp.MustCompile(`\b[KLUXWPQR]\b`)
	spell := func(s string) string {
		return letter.ReplaceAllStringFunc(s, func(k string) string { return file.Keys[k] })
	}
	for i := range file.Cases {
		c := &file.Cases[i]
		c.Desc, c.Text, c.Error = spell(c.Desc), spell(c.Text), spell(c.Error)
	}
	return file.Cases
}

func TestDescriptorsReadAsInCore(t *testing.T) {
	net := &chaincfg.RegressionNetParams
	for _, c := range append(answers(t, "core.json"), answers(t, "miniscript.json")...) {
		d, err := Parse(c.Desc, net, false)
		if c.Text == "" {
			if err == nil || c.Error != "" && err.Error() != told(c.Error) { // of some Core says nothing at all
				t.Errorf("%s: got %v, %v\nwant %s", c.Desc, d, err, c.Error)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.Desc, err)
			continue
		}
		if d.String() != c.Text || d.Ranged() != c.Range || d.Solvable() != c.Solvable || d.HasSecrets() != c.Private {
			t.Errorf("%s: got %s, ranged %t, solvable %t, secrets %t\nwant %+v", c.Desc, d, d.Ranged(), d.Solvable(), d.HasSecrets(), c)
		}
		again, err := Parse(d.String(), net, true)
		if err != nil || again.String() != d.String() {
			t.Errorf("%s is written as %s, which reads as %v, %v", c.Desc, d, again, err)
		}
		checkAddresses(t, d, c)
		checkWays(t, d, c)
	}
}

// told is what is said where Core quotes what may be a private key.
func told(text string) string {
	raw := regexp.MustCompile("Pubkey '[0-9a-f]{64}'")
	return raw.ReplaceAllString(hideSecrets(text), "Pubkey '(private)'")
}

func checkAddresses(t *testing.T, d *Descriptor, c answer) {
	t.Helper()
	count := uint32(1)
	if d.Ranged() {
		count = 3
	}
	var got []string
	for i := range count {
		scripts, err := d.Expand(i, nil)
		if err != nil {
			if err.Error() != c.Refused {
				t.Errorf("%s at %d: %v, want %s", c.Desc, i, err, c.Refused)
			}
			return
		}
		for _, script := range scripts {
			if addr := wallet.AddressOf(script, d.net); addr != "" {
				got = append(got, addr)
			}
		}
	}
	if !slices.Equal(got, c.Addresses) {
		t.Errorf("%s: addresses %v, want %v", c.Desc, got, c.Addresses)
	}
}

// checkWays: the private text and the one from behind the last hardened step
// stand for the same scripts, and what Expand tells gives the descriptor back.
func checkWays(t *testing.T, d *Descriptor, c answer) {
	t.Helper()
	known := NewProvider()
	scripts, err := d.Expand(2, known)
	if err != nil {
		return
	}
	for name, write := range map[string]func() (string, bool){"private": d.Private, "normal": d.Normal} {
		text, ok := write()
		if !ok {
			continue
		}
		other, err := Parse(text, d.net, true)
		if err != nil {
			t.Errorf("%s: its %s form %s: %v", c.Desc, name, text, err)
			continue
		}
		same, err := other.Expand(2, nil)
		if (err != nil || !slices.EqualFunc(scripts, same, slices.Equal)) && !strings.Contains(text, "*h") {
			t.Errorf("%s: its %s form %s pays %x, %v, not %x", c.Desc, name, text, same, err, scripts)
		}
	}
	if d.Combo() || !d.Solvable() {
		return
	}
	found := Infer(scripts[0], d.net, known)
	same, err := found.Expand(0, nil)
	if err != nil || !slices.Equal(same[0], scripts[0]) || !found.Solvable() {
		t.Errorf("%s: found again as %s, which pays %x, %v", c.Desc, found, same, err)
	}
}

func TestMultipathStandsForSeveral(t *testing.T) {
	const xpub = "tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp"
	net := &chaincfg.RegressionNetParams
	all, err := ParseAll("wpkh("+xpub+"/<0;1>/*)", net, false)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d, %v", len(all), err)
	}
	for i, want := range []string{"wpkh(" + xpub + "/0/*)", "wpkh(" + xpub + "/1/*)"} {
		if all[i].String() != WithChecksum(want) {
			t.Errorf("%d: %s, want %s", i, all[i], want)
		}
	}
	if _, err := Parse("wpkh("+xpub+"/<0;1>/*)", net, false); err == nil {
		t.Error("read where one is wanted")
	}
	for _, bad := range []string{"<0>", "<0;0>", "<0;1>/<2;3>", "<0;", "0;1>", "<;>", "<0;x>"} {
		if _, err := ParseAll("wpkh("+xpub+"/"+bad+")", net, false); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	if _, err := ParseAll("wsh(multi(1,"+xpub+"/<0;1>,"+xpub+"/<2;3;4>))", net, false); err == nil {
		t.Error("two keys with a different count were read")
	}
	if all, err := ParseAll("wsh(multi(1,"+xpub+"/<0;1>,"+xpub+"/5))", net, false); err != nil || len(all) != 2 {
		t.Errorf("%d, %v", len(all), err)
	}
}

func TestDescriptorsHaveABound(t *testing.T) {
	deep := strings.Repeat("{", maxDepth+1)
	if _, err := Parse("tr("+written("K")+","+deep+")", &chaincfg.RegressionNetParams, false); err == nil || !strings.Contains(err.Error(), "nesting levels") {
		t.Errorf("%d levels: %v", maxDepth+1, err)
	}
	long := "raw(" + strings.Repeat("00", maxText/2)
	if _, err := Parse(long, &chaincfg.RegressionNetParams, false); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("%d characters: %v", len(long), err)
	}
}

func FuzzParse(f *testing.F) {
	net := &chaincfg.RegressionNetParams
	for _, s := range []string{"pk(K)", "tr(X,{pk(L),multi_a(1,X)})", "wsh(sortedmulti(1,K,L))", "sh(wpkh([deadbeef/0h]W))", "raw(51)#8lvh9jxk"} {
		f.Add(written(s))
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ParseAll(text, net, false)
		if err != nil {
			return
		}
		for _, d := range all {
			again, err := Parse(d.String(), net, true)
			if err != nil || again.String() != d.String() {
				t.Fatalf("%q is written as %s: %v", text, d, err)
			}
			_, _ = d.Expand(1, NewProvider())
		}
	})
}
