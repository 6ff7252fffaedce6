package rpc_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// story is a chain that comes out the same every time: a hundred blocks, then
// one that pays from block 1 to three kinds of script, then a payment waiting
// in the pool.
type story struct {
	blocks []chaintest.Mined
	paid   *chain.Tx // in block 102
	waits  *chain.Tx // in the pool
}

func tell(t *testing.T) story {
	t.Helper()
	p := chain.RegTest()
	alice, bob := chaintest.NewKey(1), chaintest.NewKey(2)
	first := chaintest.Mine(t, p, p.Genesis(), chaintest.PayTo(alice.P2WPKH()))
	s := story{blocks: append([]chaintest.Mined{first}, chaintest.Grow(t, p, first.Node, chaintest.Times(100))...)}
	data, err := txscript.NewScriptBuilder().AddOp(txscript.OP_RETURN).AddData([]byte("grapevine")).Script()
	if err != nil {
		t.Fatal(err)
	}
	s.paid = chaintest.Spend(t, []chaintest.Coin{first.Coinbase(alice)},
		chaintest.Pay(20e8, bob.P2PKH()), chaintest.Pay(29.999e8, bob.P2TR()), chaintest.Pay(0, data))
	last := s.blocks[len(s.blocks)-1]
	s.blocks = append(s.blocks, chaintest.Mine(t, p, last.Node, chaintest.With(s.paid), chaintest.Fees(0.001e8), chaintest.PayTo(alice.P2TR())))
	s.waits = chaintest.SpendOne(t, chaintest.OutputOf(s.paid, 1, bob), alice.P2WPKH(), 2000)
	return s
}

// questions are asked of a node that has heard the story. Answers that depend
// on the clock or the disk are left to shape_test.go.
func (s story) questions() [][]any {
	tip := s.blocks[101].Block.Hash.String()
	paid, waits := s.paid.ID.String(), s.waits.ID.String()
	return [][]any{
		{"getblockcount"},
		{"getbestblockhash"},
		{"getchaintips"},
		{"getdeploymentinfo"},
		{"getblockheader", tip},
		{"getblock", tip, 1},
		{"getblock", tip, 2},
		{"getblock", tip, 3},
		{"getblockstats", 102},
		{"getblockfilter", tip},
		{"gettxoutsetinfo"},
		{"gettxoutsetinfo", "muhash"},
		{"getrawtransaction", paid, 2},
		{"getrawtransaction", paid, 1, tip},
		{"getrawtransaction", waits, 1},
		{"decoderawtransaction", hex.EncodeToString(s.waits.Raw())},
		{"gettxout", paid, 0},
		{"gettxout", paid, 1},
		{"gettxout", paid, 1, false},
		{"gettxout", waits, 0},
		{"getrawmempool"},
		{"gettxspendingprevout", []any{map[string]any{"txid": paid, "vout": 1}, map[string]any{"txid": paid, "vout": 0}}},
		{"testmempoolaccept", []any{hex.EncodeToString(s.waits.Raw())}},
		{"validateaddress", stranger},
		{"decodescript", "5121" + "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798" + "51ae"},
	}
}

func TestAnswersStayAsTheyAre(t *testing.T) {
	w, s := start(t), tell(t)
	for _, b := range s.blocks {
		if got := string(w.must("submitblock", hex.EncodeToString(b.Block.Raw))); got != "null" {
			t.Fatalf("block %d: %s", b.Node.Height, got)
		}
	}
	w.must("sendrawtransaction", hex.EncodeToString(s.waits.Raw()))
	var got bytes.Buffer
	for _, q := range s.questions() {
		words := make([]string, len(q))
		for i, v := range q {
			words[i] = fmt.Sprint(v)
			if _, text := v.(string); !text {
				raw, _ := json.Marshal(v)
				words[i] = string(raw)
			}
		}
		fmt.Fprintf(&got, "> %s\n", strings.Join(words, " "))
		if err := json.Indent(&got, w.must(q[0].(string), q[1:]...), "", "  "); err != nil {
			t.Fatal(err)
		}
		got.WriteString("\n\n")
	}
	answers := regexp.MustCompile(`"disk_size": \d+`).ReplaceAll(got.Bytes(), []byte(`"disk_size": 0`)) // the store's own business
	path := filepath.Join("testdata", "answers.txt")
	if *rewrite {
		if err := os.WriteFile(path, answers, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	was, is := strings.Split(string(want), "\n"), strings.Split(string(answers), "\n")
	for i := range min(len(was), len(is)) {
		if was[i] != is[i] {
			t.Fatalf("%s:%d:\nwas %s\nis  %s\n(go test ./cmd/rpc -rewrite if it is meant)", path, i+1, was[i], is[i])
		}
	}
	if len(was) != len(is) {
		t.Errorf("%s has %d lines, the answers %d", path, len(was), len(is))
	}
}

var rewrite = flag.Bool("rewrite", false, "write the answers anew into testdata")
