package signer

import (
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/script"
	"grapevine/wallet/descriptor"
)

// key is the private key n, as WIF for descriptors.
func key(t *testing.T, n byte, compressed bool) string {
	t.Helper()
	prv, _ := btcec.PrivKeyFromBytes(append(make([]byte, 31), n))
	wif, err := btcutil.NewWIF(prv, &chaincfg.RegressionNetParams, compressed)
	if err != nil {
		t.Fatal(err)
	}
	return wif.String()
}

// spend is a transaction of two inputs, with an output for each: the first
// spends the descriptor's coin, the second another.
func spend(script []byte) (*wire.MsgTx, map[wire.OutPoint]chain.Coin) {
	msg := wire.NewMsgTx(2)
	msg.LockTime = 400
	coins := map[wire.OutPoint]chain.Coin{}
	for i, pk := range [][]byte{script, {txscript.OP_1}} {
		op := wire.OutPoint{Hash: chain.Hash{1}, Index: uint32(i)}
		msg.AddTxIn(wire.NewTxIn(&op, nil, nil))
		msg.TxIn[i].Sequence = 20
		msg.AddTxOut(wire.NewTxOut(900, []byte{txscript.OP_1}))
		coins[op] = chain.Coin{Value: 1000, PkScript: pk}
	}
	return msg, coins
}

// coinsOf are the coins in the order of the inputs.
func coinsOf(msg *wire.MsgTx, coins map[wire.OutPoint]chain.Coin) (list []chain.Coin) {
	for _, in := range msg.TxIn {
		list = append(list, coins[in.PreviousOutPoint])
	}
	return list
}

func problemOf(msg *wire.MsgTx, coins map[wire.OutPoint]chain.Coin, known *descriptor.Provider, kind txscript.SigHashType) string {
	for _, p := range Sign(msg, coins, known, kind) {
		if p.Input == 0 {
			return p.Why
		}
	}
	return ""
}

// expanded is a descriptor with its script at index 0 and all that is known of it, private
// keys too.
func expanded(t *testing.T, desc string) (d *descriptor.Descriptor, pk []byte, known *descriptor.Provider) {
	t.Helper()
	d, err := descriptor.Parse(desc, &chaincfg.RegressionNetParams, false)
	if err != nil {
		t.Fatal(err)
	}
	known = descriptor.NewProvider()
	scripts, err := d.Expand(0, known)
	if err != nil {
		t.Fatal(err)
	}
	d.Secrets(0, known)
	return d, scripts[0], known
}

func TestEveryFormIsSignedByEveryKind(t *testing.T) {
	a, b, u := key(t, 1, true), key(t, 2, true), key(t, 3, false)
	const x = "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9" // of another, whose key is not here
	for _, desc := range []string{
		"pk(" + a + ")", "pk(" + u + ")", "pkh(" + a + ")", "pkh(" + u + ")", "wpkh(" + a + ")", "sh(wpkh(" + a + "))", "sh(pkh(" + u + "))",
		"multi(1," + a + "," + b + ")", "sh(multi(2," + a + "," + u + "))", "wsh(sortedmulti(2," + a + "," + b + "))", "sh(wsh(multi(1,02" + x + "," + b + ")))",
		"wsh(pk(" + a + "))", "wsh(pkh(" + a + "))", "sh(wsh(pkh(" + a + ")))", "tr(" + a + ")", "rawtr(" + a + ")", "tr(" + x + ",pk(" + a + "))",
		"tr(" + x + ",{pk(" + x + "),{multi_a(2," + a + "," + x + "," + b + "),pk(" + x + ")}})", "tr(" + a + ",{pk(" + b + "),pk(" + x + ")})",
		"wsh(and_v(v:pk(" + a + "),older(10)))", "wsh(andor(pk(02" + x + "),older(7),and_v(v:pkh(" + a + "),after(100))))", "sh(wsh(thresh(2,pk(" + a + "),s:pk(" + b + "),sln:older(70))))",
		"tr(" + x + ",and_v(v:pkh(" + a + "),or_d(pk(" + b + "),after(500))))", "tr(" + x + ",{pk(" + x + "),and_v(v:multi_a(1," + a + "),older(3))})",
	} {
		d, pk, known := expanded(t, desc)
		for _, kind := range []txscript.SigHashType{0, 1, 2, 3, 0x81, 0x82, 0x83} {
			msg, coins := spend(pk)
			if why := problemOf(msg, coins, known, kind); why != "" {
				t.Errorf("%s, kind %#x: %s", d, kind, why)
				continue
			}
			if why := script.Prepare(chain.NewTx(msg), coinsOf(msg, coins)).Verify(0, txscript.StandardVerifyFlags); why != "" {
				t.Errorf("%s, kind %#x: who sees the whole transaction says %s", d, kind, why)
			}
			before := msg.Copy()
			if why := problemOf(msg, coins, descriptor.NewProvider(), kind); why != "" || !slices.Equal(msg.TxIn[0].SignatureScript, before.TxIn[0].SignatureScript) {
				t.Errorf("%s: what was signed is not left as it is: %s", d, why)
			}
		}
		msg, coins := spend(pk)
		if why := problemOf(msg, coins, descriptor.NewProvider(), 0); why == "" {
			t.Errorf("%s is good without a signature", d)
		}
	}
}

func TestSignaturesOfSeveralComeTogether(t *testing.T) {
	for _, form := range []string{"sh(multi(2,", "wsh(multi(2,", "sh(wsh(multi(2,"} {
		keys := []string{key(t, 1, true), key(t, 2, true), key(t, 3, true)}
		closing := map[string]string{"sh(multi(2,": "))", "wsh(multi(2,": "))", "sh(wsh(multi(2,": ")))"}[form]
		text := form + keys[0] + "," + keys[1] + "," + keys[2] + closing
		d, err := descriptor.Parse(text, &chaincfg.RegressionNetParams, false)
		if err != nil {
			t.Fatal(err)
		}
		all := descriptor.NewProvider()
		scripts, err := d.Expand(0, all)
		if err != nil {
			t.Fatal(err)
		}
		only := func(i int) *descriptor.Provider {
			p := descriptor.NewProvider()
			p.Merge(all)
			one, err := descriptor.Parse("pk("+keys[i]+")", &chaincfg.RegressionNetParams, false)
			if err != nil {
				t.Fatal(err)
			}
			one.Secrets(0, p)
			return p
		}
		msg, coins := spend(scripts[0])
		var copies []*wire.MsgTx
		for _, i := range []int{2, 0} {
			one := msg.Copy()
			if why := problemOf(one, coins, only(i), 0); why == "" {
				t.Errorf("%s: good with one of two signatures", form)
			}
			copies = append(copies, one)
		}
		list := coinsOf(msg, coins)
		if merged := Combine(msg.Copy(), copies, list); NewTx(merged, list, true).Verify(0) != "" {
			t.Errorf("%s: combined it is not good", form)
		}
		again := copies[0].Copy() // the other goes on with what the first left
		if why := problemOf(again, coins, only(0), 0); why != "" {
			t.Errorf("%s: signed one after the other: %s", form, why)
		}
	}
}

func TestWhatCannotBeSignedSaysWhy(t *testing.T) {
	_, pk, known := expanded(t, "wpkh("+key(t, 1, true)+")")
	msg, coins := spend(pk)
	op := msg.TxIn[0].PreviousOutPoint
	coins[op] = chain.Coin{Value: NoAmount, PkScript: pk}
	if why := problemOf(msg, coins, known, 0); why != MissingAmount {
		t.Errorf("no amount: %s", why)
	}
	delete(coins, op)
	if why := problemOf(msg.Copy(), coins, known, 0); why != "Input not found or already spent" {
		t.Errorf("no coin: %s", why)
	}
	msg, coins = spend(pk)
	msg.TxOut = nil
	if why := problemOf(msg, coins, known, txscript.SigHashSingle); why == "" {
		t.Error("SINGLE without an output was signed")
	}
}
