package twin

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// named finds twists by their names.
func named(t *testing.T, all []twist, names ...string) (found []twist) {
	t.Helper()
	for _, name := range names {
		n := len(found)
		for _, tw := range all {
			if tw.name == name {
				found = append(found, tw)
			}
		}
		if len(found) != n+1 {
			t.Fatalf("%d twists are named %q", len(found)-n, name)
		}
	}
	return found
}

// from lets a rule hold from a height on: below it the same block is good.
func from(height int32, tw twist) func(at int32) twist {
	return func(at int32) twist {
		now := tw
		if at < height {
			now.rule = ""
		}
		return now
	}
}

// Heights of the soft forks for TestTwinWhileSoftForksBegin.
const bip34, dersig, cltv, csv = 130, 135, 140, 145

// laxSignature puts zeros in front of s, which is not DER.
func laxSignature(in *wire.TxIn) {
	sig := in.SignatureScript
	n := int(sig[0])
	s := 1 + 4 + int(sig[4]) + 1 // where the length of s is
	longer := append([]byte{byte(n + 1), sig[1], sig[2] + 1}, sig[3:s]...)
	longer = append(longer, sig[s]+1, 0)
	in.SignatureScript = append(longer, sig[s+1:]...)
}

// beginning are twists that are good until a soft fork's height.
func beginning(t *testing.T) []func(at int32) twist {
	version := func(v int32) func(*block) bool {
		return header(func(_ *block, h *wire.BlockHeader) { h.Version = v })
	}
	unreached := lockedBy(assemble([]byte{0xff, 0xff, 0}, txscript.OP_CHECKLOCKTIMEVERIFY), nil, nil)
	young := lockedBy(assemble(txscript.OP_16, txscript.OP_CHECKSEQUENCEVERIFY), nil, nil)
	between := edited(func(b *block, _ *coin, tx *wire.MsgTx) { // the median time has not come, the block's has
		b.opt(chaintest.At(time.Unix(b.at.node.MedianTimePast()+5000, 0)))
		tx.LockTime = uint32(b.at.node.MedianTimePast() + 100)
		tx.TxIn[0].Sequence = wire.MaxTxInSequenceNum - 1
	})
	locks := named(t, lockTwists(), "a block too young", "512 seconds too young")
	blocks := named(t, blockTwists(), "no height", "another height")
	script := func(name string, make func(*block) bool) twist {
		return twist{name: name, rule: chain.ErrBlockScript, late: true, make: make}
	}
	return []func(at int32) twist{
		from(bip34, twist{name: "version 1", rule: chain.ErrBadVersion, make: version(1)}),
		from(dersig, twist{name: "version 2", rule: chain.ErrBadVersion, make: version(2)}),
		from(cltv, twist{name: "version 3", rule: chain.ErrBadVersion, make: version(3)}),
		from(bip34, blocks[0]), from(bip34, blocks[1]),
		from(dersig, script("zeros in front of s", forged(p2pkh, laxSignature))),
		from(cltv, script("CHECKLOCKTIMEVERIFY of a time to come", unreached)),
		from(csv, script("CHECKSEQUENCEVERIFY of an age to come", young)),
		from(csv, locks[0]), from(csv, locks[1]),
		from(csv, twist{name: "locked between median time and its own", rule: chain.ErrNonFinal, make: between}),
	}
}

// Soft forks begin at exactly their heights.
func TestTwinWhileSoftForksBegin(t *testing.T) {
	p := chain.RegTest()
	for name, height := range map[string]int32{"bip34": bip34, "dersig": dersig, "cltv": cltv, "csv": csv} {
		if err := p.Activate(name, height); err != nil {
			t.Fatal(err)
		}
	}
	c, rules := newComparison(t, p), beginning(t)
	good, bad := map[string]int{}, map[string]int{}
	for c.top.node.Height < csv+8 {
		parent := c.top
		for _, at := range rules {
			tw := at(parent.node.Height + 1)
			b := c.begin(parent)
			if !tw.make(b) {
				continue
			}
			next, raw := b.mine()
			if c.offer(next, raw, tw) == refused {
				bad[tw.name]++
				continue
			}
			good[tw.name]++
			c.we.forget(next.node.Hash) // the next one is to be tried on the same parent
			c.by.forget(next.node.Hash)
			c.top = parent
		}
		c.extend(parent)
	}
	for _, at := range rules {
		if name := at(0).name; good[name] < 3 || bad[name] < 3 {
			t.Errorf("%q was good %d times, bad %d times", name, good[name], bad[name])
		}
	}
	t.Logf("%d blocks", c.offers)
}

// Where btcd is known to differ from Bitcoin Core, it still does, and we do not.
func TestTwinKnowsWhereBtcdDiffers(t *testing.T) {
	const always = "GetBlockScriptFlags sets P2SH, witness and taproot for every block but the named exceptions"
	differ := func(tws []twist) []twist {
		for i := range tws {
			tws[i].why = always
		}
		return tws
	}
	spring2012 := time.Date(2012, 3, 1, 0, 0, 0, 0, time.UTC) // a month before BIP16's time
	never := []byte{txscript.OP_RETURN}
	failing := twist{name: "a redeem script that fails", rule: chain.ErrBlockScript, late: true,
		make: lockedBy(assemble(txscript.OP_HASH160, address.Hash160(never), txscript.OP_EQUAL), assemble(never), nil)}
	for _, c := range []struct {
		name   string
		segwit int32
		now    time.Time
		twists []twist
	}{
		{"P2SH in blocks of before April 2012", 1000, spring2012, []twist{failing}},
		{"witness programs before segwit's height", 1000, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC),
			named(t, scriptTwists(), "no witness", "no witness for taproot")},
	} {
		p := chain.RegTest()
		if err := p.Activate("segwit", c.segwit); err != nil {
			t.Fatal(err)
		}
		both := newComparisonAt(t, p, c.now)
		for _, tw := range differ(c.twists) {
			for both.differ[tw.name] < 5 {
				both.tryTwist(tw)
				both.extend(both.top)
			}
		}
		t.Logf("%s: btcd takes them %v; %s", c.name, both.differ, always)
	}
}
