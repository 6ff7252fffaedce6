package show

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// The values are those of a Bitcoin Core 28.1 on regtest.
func TestScriptsAreWrappedWhereSomebodyCouldSpend(t *testing.T) {
	for _, c := range []struct{ script, asm, p2sh, program, nested, desc string }{
		{"210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798ac", "", "2MvVwHhgE2JyjkjQk72CghrhrJsanKfHfqe", "0014751e76e8199196d454941c45d1b3a323f1433bd6", "2NAUYAHhujozruyzpsFRP63mbrdaU5wnEpN", "addr(bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080)"},
		{"410479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8ac", "", "2MwoDvT2TAY67j8QJLMq2hATi92ND3d9o3G", "", "", ""},
		{"76a914751e76e8199196d454941c45d1b3a323f1433bd688ac", "", "2NByiBUaEXrhmqAsg7BbLpcQSAQs1EDwt5w", "0014751e76e8199196d454941c45d1b3a323f1433bd6", "2NAUYAHhujozruyzpsFRP63mbrdaU5wnEpN", "addr(bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080)"},
		{"51410479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b851ae", "", "2MtywQNkBXLR8BpovWhhFo6u2WuwtgzbHxo", "", "", ""},
		{"51210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f8179851ae", "", "2N5GpVq89v2GRMDWQMfTwifUZCtqaczC6Y7", "002028205333db922f66e8a941b4a32d66de5cea03d9cda46e3e6658935272b9b24f", "2MuckXYMSkbjmGz4LpEhd9QTRztpMceVskG", "wsh(multi(1,0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798))"},
		{"51", "1", "2ND8PB9RrfCaAcjfjP1Y6nAgFd9zWHYX4DN", "00204ae81572f06e1b88fd5ced7a1a000945432e83e1551e6f721ee9c00b8cc33260", "2N3i4C56DiqfpdcAJsAdZd2xYpCQMRAroye", "addr(bcrt1qft5p2uhsdcdc3l2ua4ap5qqfg4pjaqlp250x7us7a8qqhrxrxfsqseac85)"},
		{"", "", "2N9hLwkSqr1cPQAPxbrGVUjxyjD11G2e1he", "0020e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "2N2CmnxjBbPTHrawgG2FkTuBLcJtEzA86sF", "addr(bcrt1quwcvgs5clswpfxhm7nyfjmaeysn6us0yvjdexn9yjkv3k7zjhp2snwgpgy)"},
		{"ff", "OP_INVALIDOPCODE", "", "", "", ""},
		{"50", "OP_RESERVED", "", "", "", ""},
		{"7e", "OP_CAT", "", "", "", ""},
		{"4c", "[error]", "", "", "", ""},
		{"6a", "OP_RETURN", "", "", "", ""},
		{"6a0401020304", "67305985", "", "", "", ""},
		{"bb", "OP_UNKNOWN", "", "", "", ""},
		{"ba", "OP_CHECKSIGADD", "", "", "", ""},
		{"0014751e76e8199196d454941c45d1b3a323f1433bd6", "", "2NAUYAHhujozruyzpsFRP63mbrdaU5wnEpN", "", "", ""},
		{"512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", "", "", "", "", ""},
		{"51024e73", "29518", "", "", "", ""},
		{"a914751e76e8199196d454941c45d1b3a323f1433bd687", "", "", "", "", ""},
		{"0015751e76e8199196d454941c45d1b3a323f1433bd600", "", "2MyUU12SCLxqFf5m7ERUv9GV5fDQ7nH1gU5", "0020d6af601db5360937b6322ab69c1ed8149b1e1663183368115f899b22f6d1f1cb", "2NEbdDwUzRnDGTV2BN8MS2Uf3KzP5c4RKDH", "addr(bcrt1q66hkq8d4xcyn0d3j92mfc8kczjd3u9nrrqeksy2l3xdj9ak3789snqtlzu)"},
	} {
		script, err := hex.DecodeString(c.script)
		if err != nil {
			t.Fatal(err)
		}
		d := NewDecoded(script, &chaincfg.RegressionNetParams)
		if d.P2SH != c.p2sh || c.asm != "" && !strings.HasSuffix(d.Asm, c.asm) {
			t.Errorf("%s: asm %s, p2sh %s, want %s, %s", c.script, d.Asm, d.P2SH, c.asm, c.p2sh)
		}
		w := Wrapped{}
		if d.SegWit != nil {
			w = *d.SegWit
		}
		w.Desc, _, _ = strings.Cut(w.Desc, "#")
		if w.Hex != c.program || w.P2SH != c.nested || w.Desc != c.desc {
			t.Errorf("%s: %+v\nwant %s %s %s", c.script, w, c.program, c.nested, c.desc)
		}
	}
	raw, err := json.Marshal(NewDecoded([]byte{0x51}, &chaincfg.RegressionNetParams))
	if err != nil || !strings.Contains(string(raw), `"segwit":{"asm":"0 4ae8`) || !strings.HasSuffix(string(raw), `"p2sh-segwit":"2N3i4C56DiqfpdcAJsAdZd2xYpCQMRAroye"}}`) {
		t.Errorf("JSON %s, %v", raw, err)
	}
}

// A caller may say which of the two forms of transactions (BIP144) its bytes have.
func TestTransactionsAreReadInTheFormThatWasAskedFor(t *testing.T) {
	bare := func(witness bool, script ...byte) string {
		msg := wire.NewMsgTx(2)
		msg.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: 1}, nil, nil))
		msg.AddTxOut(wire.NewTxOut(1000, script))
		if witness {
			msg.TxIn[0].Witness = wire.TxWitness{{1}}
		}
		return hex.EncodeToString(chain.NewTx(msg).Raw())
	}
	empty := func() string {
		msg := wire.NewMsgTx(2)
		msg.AddTxOut(wire.NewTxOut(1000, []byte{0x51}))
		return hex.EncodeToString(chain.NewTx(msg).Raw())
	}()
	for _, c := range []struct {
		name, text            string
		either, with, without bool
	}{
		{"witness", bare(true, 0x51), true, true, false},
		{"no witness", bare(false, 0x51), true, true, true},
		{"no inputs", empty, true, false, true},
		{"a script without meaning", bare(true, 0xff), true, true, false},
		{"behind its end", bare(true, 0x51) + "00", false, false, false},
		{"behind its end", empty + "00", false, false, false},
		{"nothing", "", false, false, false},
		{"no hex", "zz", false, false, false},
		{"many inputs said, none there", "02000000feffffff00", false, false, false},
	} {
		for form, want := range map[TxForm]bool{AnyForm: c.either, WithWitness: c.with, withoutWitness: c.without} {
			tx, err := DecodeTx(c.text, form)
			if (err == nil) != want || want && hex.EncodeToString(tx.Raw()) != c.text {
				t.Errorf("%s, form %d: %v", c.name, form, err)
			}
		}
	}
}
