package psbt

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	twin "github.com/btcsuite/btcd/psbt/v2"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet/descriptor"
)

// invalid are BIP174's vectors of what must be refused.
const invalidTx = "AgAAAAEmgXE3Ht/yhek3re6ks3t4AAwFZsuzrWRkFxPKQhcb9gAAAABqRzBEAiBwsiRRI+a/R01gxbUMBD1MaRpdJDXwmjSnZiqdwl5F5AIgATKcqdrPKAvfMHQOwDkEIkIsgctFg5RXrrdvwS7dlbMBIQJlfRGNM1e44PTCzUbbezn22cONmnCry5st5dyNv+TOMf7///8C09/1BQAAAAAZdqkU0MWZA8W6woaHYOkP1SGkZlqnZSCIrADh9QUAAAAAF6kUNUXm4zuDLEcFDyTTEywFn4JOhYeHzpAF"

func wif(t *testing.T, n byte) string {
	t.Helper()
	prv, _ := btcec.PrivKeyFromBytes(append(make([]byte, 31), n))
	w, err := btcutil.NewWIF(prv, &chaincfg.RegressionNetParams, true)
	if err != nil {
		t.Fatal(err)
	}
	return w.String()
}

// funded is a PSBT that spends a descriptor's coin, whose transaction is known,
// and what is known of the descriptor with these of its keys private.
func funded(t *testing.T, desc string) (*PSBT, *descriptor.Provider, *descriptor.Descriptor) {
	t.Helper()
	d, err := descriptor.Parse(desc, &chaincfg.RegressionNetParams, false)
	if err != nil {
		t.Fatal(err)
	}
	known := descriptor.NewProvider()
	scripts, err := d.Expand(0, known)
	if err != nil {
		t.Fatal(err)
	}
	from := wire.NewMsgTx(2)
	from.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chain.Hash{7}}, nil, nil))
	from.AddTxOut(wire.NewTxOut(5000, scripts[0]))
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: from.TxHash()}, nil, nil))
	tx.AddTxOut(wire.NewTxOut(4000, scripts[0]))
	p := New(tx)
	p.SetNonWitness(0, chain.NewTx(from))
	return p, known, d
}

// again writes a PSBT and reads it.
func again(t *testing.T, p *PSBT) *PSBT {
	t.Helper()
	q, err := DecodeText(p.Text())
	if err != nil {
		t.Fatal(err)
	}
	if q.Text() != p.Text() {
		t.Fatalf("%s\nreads and writes as\n%s", p.Text(), q.Text())
	}
	return q
}

func TestAPaymentGoesThroughAllRoles(t *testing.T) {
	a, b, c := wif(t, 1), wif(t, 2), wif(t, 3)
	for _, desc := range []string{
		"pkh(" + a + ")", "wpkh(" + a + ")", "sh(wpkh(" + a + "))", "wsh(multi(2," + a + "," + b + "," + c + "))", "sh(wsh(multi(2," + a + "," + b + ")))",
		"sh(multi(2," + a + "," + b + "))", "tr(" + a + ")", "tr(" + c + ",{pk(" + a + "),multi_a(2," + a + "," + b + ")})",
	} {
		p, known, d := funded(t, desc)
		if got := p.Analyze(policy.Core31()); got.Next != Updater && got.Next != Signer || got.Inputs[0].Final {
			t.Errorf("%s: at first %+v", d, got)
		}
		if _, data := p.Sign(0, Job{Tx: p.Signing(), Known: known, Kind: 1}); data == nil {
			t.Fatal("no data")
		}
		p.UpdateOutput(0, known)
		p = again(t, p)
		d.Secrets(0, known)
		if done, _ := p.Sign(0, Job{Tx: p.Signing(), Known: known, Kind: txscript.SigHashDefault}); !done {
			t.Errorf("%s: not signed", d)
		}
		p = again(t, p)
		if got := p.Analyze(policy.Core31()); got.Next != Finalizer || *got.Fee != 1000 || got.VSize == 0 {
			t.Errorf("%s: signed it is %+v", d, got)
		}
		if !p.Finalize() {
			t.Fatalf("%s: not final", d)
		}
		p = again(t, p)
		if got := p.Analyze(policy.Core31()); got.Next != Extractor {
			t.Errorf("%s: final it is %+v", d, got)
		}
		out, _ := p.UTXO(0)
		fetcher := txscript.NewCannedPrevOutputFetcher(out.PkScript, out.Value)
		tx := p.Extract()
		vm, err := txscript.NewEngine(out.PkScript, tx, 0, txscript.StandardVerifyFlags, nil, txscript.NewTxSigHashes(tx, fetcher), out.Value, fetcher)
		if err == nil {
			err = vm.Execute()
		}
		if err != nil {
			t.Errorf("%s: %v", d, err)
		}
	}
}

func TestCopiesComeTogether(t *testing.T) {
	p, known, _ := funded(t, "wsh(multi(2,"+wif(t, 1)+","+wif(t, 2)+"))")
	p.Sign(0, Job{Tx: p.Signing(), Known: known, Kind: 1})
	var copies []*PSBT
	for _, n := range []byte{1, 2} {
		one := again(t, p)
		alone := descriptor.NewProvider()
		d, err := descriptor.Parse("pk("+wif(t, n)+")", &chaincfg.RegressionNetParams, false)
		if err != nil {
			t.Fatal(err)
		}
		d.Secrets(0, alone)
		if done, data := one.Sign(0, Job{Tx: one.Signing(), Known: alone, Kind: 1, Finalize: true}); done || len(data.MissingSigs) != 1 {
			t.Errorf("one signature of two: done %t, missing %d", done, len(data.MissingSigs))
		}
		copies = append(copies, one)
	}
	if !copies[0].Merge(copies[1]) || !copies[0].Finalize() {
		t.Error("two signatures are not enough")
	}
	other, _, _ := funded(t, "wpkh("+wif(t, 1)+")")
	if copies[0].Merge(other) {
		t.Error("another transaction was taken")
	}
	joined := New(&wire.MsgTx{Version: 1, LockTime: 9})
	if _, twice := joined.Join(copies[1]); twice || len(joined.Inputs) != 1 || joined.Tx.LockTime != 0 || len(joined.Inputs[0].All(InPartialSig)) != 0 {
		t.Errorf("joined: %+v", joined)
	}
	if op, twice := joined.Join(copies[1]); !twice || op != copies[1].Tx.TxIn[0].PreviousOutPoint {
		t.Error("an input was taken twice")
	}
}

// records is a PSBT of one input and no output with these records of the input.
func records(list ...string) []byte {
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chain.Hash{1}}, nil, nil))
	raw := New(tx).Encode()
	raw = raw[:len(raw)-1]
	var b bytes.Buffer
	b.Write(raw)
	for i := 0; i < len(list); i += 2 {
		writeRecord(&b, list[i], []byte(list[i+1]))
	}
	b.WriteByte(0)
	return b.Bytes()
}

func TestWhatIsWrongIsRefusedInCoresWords(t *testing.T) {
	pub := "\x02\x79\xbe\x66\x7e\xf9\xdc\xbb\xac\x55\xa0\x62\x95\xce\x87\x0b\x07\x02\x9b\xfc\xdb\x2d\xce\x28\xd9\x59\xf2\x81\x5b\x16\xf8\x17\x98"
	long := strings.Repeat("x", 64)
	for _, c := range []struct {
		raw  []byte
		want string
	}{
		{nil, "DataStream::read(): end of data"},
		{[]byte("psbt\xfe\x00"), "Invalid PSBT magic bytes"},
		{[]byte("psbt\xff\x00"), "No unsigned transaction was provided"},
		{[]byte("psbt\xff"), "Separator is missing at the end of the global map"},
		{records("\x04", "a", "\x04", "b"), "Duplicate Key, input redeemScript already provided"},
		{records("\x04x", "a"), "Input redeemScript key is more than one byte type"},
		{records("\x02"+pub, long, "\x02"+pub, long), "Duplicate Key, input partial signature for pubkey already provided"},
		{records("\x02"+pub[:32], long), "Size of key was not the expected size for the type partial signature pubkey"},
		{records("\x02\x05"+pub[1:], long), "Invalid pubkey"},
		{records("\x03", "abc"), "Size of value was not the stated size"},
		{records("\x06"+pub, "abc"), "Invalid length for HD key path"},
		{records("\x00", "abc"), "Size of value was not the stated size"},
		{records("\x13", long[:63]), "Input Taproot key path signature is shorter than 64 bytes"},
		{records("\x13", long+"xx"), "Input Taproot key path signature is longer than 65 bytes"},
		{records("\x14"+long[:63], long), "Input Taproot script signature key is not 65 bytes"},
		{records("\x15"+long[:32], "x"), "Taproot leaf script key is not at least 34 bytes"},
		{records("\x15"+long[:34], "x"), "Input Taproot leaf script key's control block size is not valid"},
		{records("\x15"+long[:33], ""), "Input Taproot leaf script must be at least 1 byte"},
		{records("\x16"+long[:32], "\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "Input Taproot BIP32 keypath has an invalid length"},
		{records("\x17", long[:31]), "Size of value was not the stated size"},
		{records("\xf0", "a", "\xf0", "b"), "Duplicate Key, key for unknown value already provided"},
		{records("\x08", "\xfe\xff\xff\xff\x01"), "DataStream::read(): end of data"},
		{append(records(), 0), "extra data after PSBT"},
	} {
		if _, err := decode(c.raw); err == nil || err.Error() != c.want {
			t.Errorf("%x: %v, want %s", c.raw, err, c.want)
		}
	}
	if _, err := DecodeText("cHNidP8="[:7]); err == nil || err.Error() != "invalid base64" {
		t.Errorf("half a base64: %v", err)
	}
	if _, err := DecodeText(invalidTx); err == nil || err.Error() != "Invalid PSBT magic bytes" {
		t.Errorf("a transaction: %v", err)
	}
}

func TestACutIsRefusedEverywhere(t *testing.T) {
	p, known, d := funded(t, "tr("+wif(t, 3)+",{pk("+wif(t, 1)+"),pk("+wif(t, 2)+")})")
	p.Sign(0, Job{Tx: p.Signing(), Known: known, Kind: 1})
	p.UpdateOutput(0, known)
	raw := p.Encode()
	for n := range raw {
		if q, err := decode(raw[:n]); err == nil {
			t.Fatalf("%s: cut to %d of %d bytes it reads as %s", d, n, len(raw), q.Text())
		}
	}
}

func TestRecordsOfUnknownKindsAreKept(t *testing.T) {
	p, err := decode(records("\xf0abc", "value", "\xfc\x02id\x05key", "mine", "\xfd\xff\x01", "far"))
	if err != nil {
		t.Fatal(err)
	}
	again(t, p)
	if got := p.Inputs[0].Unknown(InputKinds()); len(got) != 2 || len(p.Inputs[0].All(Proprietary)) != 1 {
		t.Errorf("unknown %v", got)
	}
}

// btcsuite's reader takes what we write, and writes what we read.
func TestTwinReadsWhatWeWrite(t *testing.T) {
	for _, desc := range []string{"pkh(" + wif(t, 1) + ")", "wsh(multi(1," + wif(t, 1) + "," + wif(t, 2) + "))", "tr(" + wif(t, 3) + ",{pk(" + wif(t, 1) + "),pk(" + wif(t, 2) + ")})"} {
		p, known, d := funded(t, desc)
		d.Secrets(0, known)
		p.Sign(0, Job{Tx: p.Signing(), Known: known, Kind: 1})
		p.UpdateOutput(0, known)
		q, err := twin.NewFromRawBytes(strings.NewReader(p.Text()), true)
		if err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		var b bytes.Buffer
		if err := q.Serialize(&b); err != nil {
			t.Fatal(err)
		}
		back, err := decode(b.Bytes())
		if err != nil || back.Text() != p.Text() {
			t.Errorf("%s: it comes back as %v, %v", d, back, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range []string{"cHNidP8BAAoCAAAAAAAAAAAAAA==", invalidTx} {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add(records("\x08", "\x01\x01a", "\x16"+strings.Repeat("x", 32), "\x00abcd"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := decode(raw)
		if err != nil {
			return
		}
		q, err := decode(p.Encode())
		if err != nil || !bytes.Equal(q.Encode(), p.Encode()) {
			t.Fatalf("%x reads, and what it writes does not: %v", raw, err)
		}
		p.Analyze(policy.Core31())
		p.Finalize()
	})
}

// As Core: what begins with OP_RETURN is not spent; what ends too early cannot be either, but that is not looked at.
func TestAnalysisOfOutputsThatCannotBeSpent(t *testing.T) {
	for script, refused := range map[string]bool{"raw(6a)": true, "raw(4c)": false} {
		p, _, _ := funded(t, script)
		if got := p.Analyze(policy.Core31()); strings.Contains(got.Fault, "spends unspendable output") != refused {
			t.Errorf("%s: %+v", script, got)
		}
	}
}
