package web_test

import (
	"fmt"
	"strings"
	"testing"

	"grapevine/cmd/web"
	"grapevine/cmd/web/layout"
	"grapevine/testnet"
)

// aCrowd is a network of many nodes, each of which has eight connections of its own.
type aCrowd int

func (aCrowd) Self() int { return 0 }

func (n aCrowd) File() (f testnet.File, err error) {
	for i := range int(n) {
		f.Nodes = append(f.Nodes, testnet.Member{Node: i, PID: 10 + i, P2P: fmt.Sprintf("127.0.0.1:%d", 1000+i)})
	}
	f.SetWays(testnet.Link{From: int(n) - 2, To: int(n) - 1, Way: testnet.Way{Cut: true}})
	return f, nil
}

func (n aCrowd) Node(m testnet.Member) (testnet.Node, error) { return asNode{n.answers(m.Node)}, nil }

func (n aCrowd) answers(i int) answers {
	a := aNode()
	a["getblockchaininfo"] = `{"blocks":1234,"bestblockhash":"` + strings.Repeat("ab", 32) + `"}`
	var peers []string
	row := func(id int, addr, bind string, inbound bool, from int) {
		peers = append(peers, fmt.Sprintf(`{"id":%d,"addr":%q,"addrbind":%q,"inbound":%v,"pingtime":0.001,"blocks_from":%d,"blocks_to":70,"txs_from":12345,"txs_to":6,"bytesrecv":1234567}`,
			id, addr, bind, inbound, from))
	}
	listens := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", 1000+i) }
	ends := func(i, k int) string { return fmt.Sprintf("127.0.0.1:%d", 5000+20*i+k) }
	for k, far := range []int{1, 3, 6, 10, 15, 21, 28, 30} {
		out, in := (i+far)%int(n), (i-far+int(n))%int(n)
		row(2*k, listens(out), ends(i, k), false, 60+k)
		row(2*k+1, ends(in, k), listens(i), true, 70)
	}
	a["getpeerinfo"] = "[" + strings.Join(peers, ",") + "]"
	return a
}

// A network of any size is a page of about 100 kB: tables have parts, and of the connections some are drawn.
func TestManyNodesAreOnePage(t *testing.T) {
	const most = 105_000
	for _, n := range []aCrowd{64, 128, 256} {
		p := newPage(t, web.Config{Call: n.answers(0).call, Siblings: n})
		page := ask(p, "GET", "/network").Body.String()
		t.Logf("%d nodes: %d bytes", int(n), len(page))
		if len(page) > most {
			t.Errorf("%d nodes: %d bytes, want at most %d", int(n), len(page), most)
		}
		if rows := strings.Count(page, "<tr>"); rows < 100 || rows > 170 {
			t.Errorf("%d nodes: %d rows", int(n), rows)
		}
		want := fmt.Sprintf("%s connections of %s are not drawn", layout.Count(int(n)*8-320), layout.Count(int(n)*8))
		if !strings.Contains(page, want) {
			t.Errorf("%d nodes: the page lacks %q", int(n), want)
		}
		cut := fmt.Sprintf("✕ cut from %d to %d", n-2, n-1)
		if !strings.Contains(page, cut) || !strings.Contains(page, fmt.Sprintf("{&#34;a&#34;:&#34;%d&#34;,&#34;b&#34;:&#34;%d&#34;,&#34;connected&#34;:true,&#34;cut_ab&#34;:true", n-2, n-1)) {
			t.Errorf("%d nodes: the cut is not on the first page, or not drawn", int(n))
		}
	}
}

// Each part of a table has its own page, and no number leads beside them.
func TestTablesOfManyNodesHaveParts(t *testing.T) {
	p := newPage(t, web.Config{Call: aCrowd(64).answers(0).call, Siblings: aCrowd(64)})
	first := ask(p, "GET", "/network?connections=2").Body.String()
	for _, want := range []string{`>node 49<`, "1 to 50 of 64", `href="/network?connections=2&amp;nodes=2#nodes"`, "51 to 100 of 512", `aria-label="Pages of given"`} {
		if !strings.Contains(first, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(first, `scope="row">node 50<`) {
		t.Error("the first page has the 51st node")
	}
	for path, want := range map[string]string{"/network?nodes=2": "51 to 64 of 64", "/network/tables?nodes=2": "51 to 64 of 64", "/network?nodes=99": "51 to 64 of 64",
		"/network?nodes=-1": "1 to 50 of 64", "/network?nodes=%3Cscript%3E": "1 to 50 of 64", "/network?nodes=9999999999999999999999": "51 to 64 of 64"} {
		w := ask(p, "GET", path)
		if page := w.Body.String(); w.Code != 200 || !strings.Contains(page, want) || strings.Contains(page, "<script>") {
			t.Errorf("%s: %d, want %q", path, w.Code, want)
		}
	}
}
