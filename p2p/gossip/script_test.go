package gossip

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/blocks"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

var rewrite = flag.Bool("rewrite", false, "write what happened into testdata/*.txt")

// script runs one conversation. A line is a command, a remark after '#', or,
// after "->", what the State did because of the command above it.
//
//	chain a 5 [on X] [size N]   blocks a1 to a5 on X (genesis)
//	block NAME on X with T …    a block with transactions
//	tx NAME [spends X …]        a transaction
//	invalid NAME                the block breaks a rule when it is connected
//	backend auto | by hand      ledger and pool answer at once, or by "verdict"
//	has X..Y                    the node has these blocks from the start
//	join ID out|in [WORD …]     nowitness, txid, norelay, have, manual, blocksonly
//	recv ID MESSAGE …           what a peer says
//	verdict block NAME WORD, verdict tx NAME WORD
//	tip NAME, pool in NAME, pool out NAME, bad NAME, badbyhand NAME, unbad NAME, lost NAME, pruned NAME
//	limited                     the node serves its last blocks only
//	submit tx NAME, submit block NAME, leave ID
//	wait DURATION               time passes, with a tick at each deadline
type script struct {
	t      *testing.T
	w      *world
	s      *State
	r      *backend
	now    time.Time
	auto   bool
	ticket p2p.Ticket
	out    []string
}

func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d conversations: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runScript(t, file) })
	}
}

func runScript(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	sc := &script{t: t, w: w, s: newTestState(w, 1), r: newBackend(w), now: w.start, auto: true}
	var got bytes.Buffer
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "->") {
			continue
		}
		fmt.Fprintln(&got, line)
		if cmd := strings.TrimSpace(strings.Split(line, "#")[0]); cmd != "" {
			sc.out = nil
			sc.run(strings.Fields(cmd))
			for _, o := range sc.out {
				fmt.Fprintln(&got, "->", o)
			}
		}
	}
	if *rewrite {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if g, want := got.String(), string(text); g != want {
		t.Errorf("%s: first difference:\n%s\n(run with -rewrite and read the diff)", file, firstDiff(g, want))
	}
}

func firstDiff(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			x := "(end)"
			if i < len(w) {
				x = w[i]
			}
			return fmt.Sprintf("line %d\n  got  %s\n  want %s", i+1, g[i], x)
		}
	}
	return "shorter than wanted"
}

func (sc *script) run(f []string) {
	switch f[0] {
	case "chain":
		sc.defineChain(f[1:])
	case "block":
		var txs []*chain.Tx
		for _, name := range f[5:] {
			txs = append(txs, sc.w.tx(name))
		}
		sc.w.block(f[1], f[3], 300, txs...)
	case "tx":
		if len(f) > 3 {
			sc.w.tx(f[1], f[3:]...)
		} else {
			sc.w.tx(f[1])
		}
	case "invalid":
		sc.w.invalid[sc.node(f[1]).Hash] = true
	case "backend":
		sc.auto = f[1] == "auto"
	case "has":
		sc.has(f[1])
	case "join":
		sc.join(f[1:])
	case "recv":
		sc.step(Message{sc.peer(f[1]), sc.message(f[2], f[3:])})
	case "leave":
		sc.step(Left{sc.peer(f[1])})
	case "wait":
		sc.wait(f[1])
	case "submit":
		sc.ticket++
		if f[1] == "tx" {
			sc.step(SubmitTx{sc.ticket, sc.w.tx(f[2])})
		} else {
			sc.step(SubmitBlock{sc.ticket, sc.blockOf(f[2])})
		}
	case "verdict":
		sc.verdict(f[1], f[2], f[3:])
	default:
		sc.fact(f)
	}
}

func (sc *script) fact(f []string) {
	switch f[0] {
	case "tip":
		sc.step(TipChanged{sc.node(f[1])})
	case "pool":
		if f[1] == "in" {
			sc.step(TxIn{chain.PoolTx{Tx: sc.w.tx(f[2]), Fee: 1000}})
		} else {
			sc.step(TxOut{chain.PoolGone{Tx: sc.w.tx(f[2]), Why: chain.GoneConfirmed}})
		}
	case "bad":
		sc.step(HeaderInvalid{sc.node(f[1]), chain.Broken(chain.ErrCoinbaseAmount, "")})
	case "badbyhand":
		sc.step(HeaderInvalid{sc.node(f[1]), nil})
	case "limited":
		sc.s.server.Limited = true
	case "pruned":
		sc.step(BodiesPruned{[]*chain.HeaderNode{sc.node(f[1])}})
	case "lost":
		sc.step(BodyLost{sc.node(f[1])})
	case "unbad":
		sc.step(HeaderValid{sc.node(f[1])})
	default:
		sc.t.Fatalf("no such command: %v", f)
	}
}

func (sc *script) defineChain(f []string) {
	n, on, size := sc.number(f[1]), "g", 1000
	for i := 2; i+1 < len(f); i += 2 {
		switch f[i] {
		case "on":
			on = f[i+1]
		case "size":
			size = sc.number(f[i+1])
		}
	}
	sc.w.grow(f[0], on, n, size)
}

func (sc *script) has(names string) {
	for _, name := range sc.names(names) {
		for _, ev := range sc.r.validateBlock(p2p.ValidateBlock{Node: sc.node(name), Block: sc.w.blockNamed(name)}) {
			sc.s.Step(sc.now, ev)
		}
	}
}

func (sc *script) join(f []string) {
	link := p2p.Link{Kind: p2p.FullRelay, Hello: hello()}
	if f[1] == "in" {
		link.Kind = p2p.Inbound
	}
	for _, word := range f[2:] {
		switch word {
		case "nowitness":
			link.Services = wire.SFNodeNetwork
		case "txid":
			link.WTxIDRelay = false
		case "norelay":
			link.Relay = false
		case "have":
			link.Have = true
		case "blocksonly":
			link.Kind = p2p.BlocksOnly
		case "manual":
			link.Kind = p2p.Manual
		}
	}
	sc.step(joined(sc.peer(f[0]), link))
}

// step runs an event, and with an automatic backend all that comes of it.
func (sc *script) step(ev Event) {
	for queue := []Event{ev}; len(queue) > 0; queue = queue[1:] {
		acts := sc.s.Step(sc.now, queue[0])
		checkInvariants(sc.t, sc.s)
		for _, a := range acts {
			sc.out = append(sc.out, sc.describe(a))
			if !sc.auto {
				continue
			}
			switch a := a.(type) {
			case p2p.ValidateBlock:
				queue = append(queue, sc.r.validateBlock(a)...)
			case p2p.ValidateTx:
				queue = append(queue, sc.r.validateTx(a)...)
			}
		}
	}
}

func (sc *script) wait(d string) {
	dur, err := time.ParseDuration(d)
	if err != nil {
		sc.t.Fatal(err)
	}
	end := sc.now.Add(dur)
	for at := sc.s.Deadline(); !at.IsZero() && !at.After(end); at = sc.s.Deadline() {
		if at.After(sc.now) {
			sc.now = at
		}
		before := len(sc.out)
		sc.step(Tick{})
		for i := before; i < len(sc.out); i++ {
			sc.out[i] = fmt.Sprintf("(%s left) %s", end.Sub(sc.now), sc.out[i])
		}
	}
	sc.now = end
}

func (sc *script) verdict(kind, name string, f []string) {
	var err error
	switch f[0] {
	case "ok":
	case "later":
		err = chain.ErrInconclusive
	case "duplicate":
		err = chain.ErrDuplicate
	case "mutated":
		err = &chain.RuleError{Rule: chain.ErrBadMerkleRoot, Mutated: true}
	case "missing":
		m := &chain.MissingError{}
		for _, p := range f[1:] {
			m.Parents = append(m.Parents, sc.w.tx(p).ID)
		}
		err = m
	case "rule":
		err = chain.Broken(chain.Rule(f[1]), "")
	case "policy":
		err = chain.Refused(chain.Policy(strings.Join(f[1:], " ")), "")
	default:
		sc.t.Fatalf("no such verdict: %v", f)
	}
	if kind == "tx" {
		sc.step(TxVerdict{Tx: sc.w.tx(name), Err: err})
	} else {
		sc.step(BlockVerdict{sc.node(name), err})
	}
}

func (sc *script) message(name string, f []string) wire.Message {
	switch name {
	case "headers":
		m := &wire.MsgHeaders{}
		for _, n := range sc.namesOf(f) {
			m.Headers = append(m.Headers, &sc.node(n).Header)
		}
		return m
	case "block":
		return &msg.Block{Block: sc.blockOf(f[0])}
	case "tx":
		return &msg.Tx{Tx: sc.w.tx(f[0])}
	case "inv":
		return &wire.MsgInv{InvList: sc.invs(f)}
	case "getdata":
		return &wire.MsgGetData{InvList: sc.invs(f)}
	case "notfound":
		return &wire.MsgNotFound{InvList: sc.invs(f)}
	case "getheaders":
		m := &wire.MsgGetHeaders{}
		for _, n := range sc.namesOf(f) {
			m.BlockLocatorHashes = append(m.BlockLocatorHashes, &sc.node(n).Hash)
		}
		return m
	case "getblocks":
		return &wire.MsgGetBlocks{BlockLocatorHashes: []*chain.Hash{&sc.node(f[0]).Hash}}
	case "gvhave":
		return sc.have(f)
	case "sendcmpct":
		return &msg.SendCmpct{Version: 2, Announce: len(f) > 0}
	case "cmpctblock", "getblocktxn", "blocktxn":
		return sc.compactMessage(name, f)
	case "sendheaders":
		return &wire.MsgSendHeaders{}
	case "feefilter":
		return wire.NewMsgFeeFilter(int64(sc.number(f[0])))
	case "getaddr":
		return &wire.MsgGetAddr{}
	case "ping":
		return wire.NewMsgPing(uint64(sc.number(f[0])))
	}
	sc.t.Fatalf("no such message: %s", name)
	return nil
}

// compactMessage reads "cmpctblock B", "getblocktxn B 1 2", "blocktxn B a b".
func (sc *script) compactMessage(name string, f []string) wire.Message {
	b := sc.blockOf(f[0])
	switch name {
	case "cmpctblock":
		return msg.Compact(b, 1, []int{0})
	case "getblocktxn":
		m := &msg.GetBlockTxn{Block: b.Hash}
		for _, n := range f[1:] {
			m.Indexes = append(m.Indexes, sc.number(n))
		}
		return m
	}
	m := &msg.BlockTxn{Block: b.Hash}
	for _, n := range f[1:] {
		m.Txs = append(m.Txs, sc.w.tx(n))
	}
	return m
}

// have reads "a5 held a7..a8 fetching a6": all up to a5, and what follows.
func (sc *script) have(f []string) *msg.Have {
	last := sc.node(f[0])
	top := last.Height
	for i := 2; i < len(f); i += 2 {
		for _, name := range sc.names(f[i]) {
			top = max(top, sc.node(name).Height)
		}
	}
	m := msg.NewHave(last.Hash, uint16(top-last.Height))
	for i := 2; i < len(f); i += 2 {
		bits := m.Held
		if f[i-1] == "fetching" {
			bits = m.Fetching
		}
		for _, name := range sc.names(f[i]) {
			bits.Set(int(sc.node(name).Height-last.Height) - 1)
		}
	}
	return m
}

// blockOf is the block of that name; "mutated:X" a copy that does not match
// its header.
func (sc *script) blockOf(name string) *chain.Block {
	name, damaged := strings.CutPrefix(name, "mutated:")
	b := *sc.w.blockNamed(sc.w.names[sc.node(name).Hash])
	if damaged {
		return spoiled(&b)
	}
	return &b
}

func (sc *script) invs(f []string) (invs []*wire.InvVect) {
	for _, word := range f {
		kind, rest, _ := strings.Cut(word, ":")
		for _, name := range sc.names(rest) {
			iv := &wire.InvVect{}
			switch kind {
			case "compact":
				iv.Type, iv.Hash = blocks.InvTypeCompact, sc.node(name).Hash
			case "block":
				iv.Type, iv.Hash = wire.InvTypeWitnessBlock, sc.node(name).Hash
			case "bareblock":
				iv.Type, iv.Hash = wire.InvTypeBlock, sc.node(name).Hash
			case "tx":
				iv.Type, iv.Hash = txs.InvTypeWTx, sc.w.tx(name).WID
			case "txid":
				iv.Type, iv.Hash = wire.InvTypeWitnessTx, sc.w.tx(name).ID
			case "type":
				iv.Type = wire.InvType(sc.number(name))
			}
			invs = append(invs, iv)
		}
	}
	return invs
}

func (sc *script) number(word string) int {
	n, err := strconv.Atoi(word)
	if err != nil {
		sc.t.Fatal(err)
	}
	return n
}

func (sc *script) peer(word string) p2p.PeerID { return p2p.PeerID(sc.number(word)) }

func (sc *script) node(name string) *chain.HeaderNode {
	n := sc.w.nodes[name]
	if n == nil {
		sc.t.Fatalf("no block %q", name)
	}
	return n
}

var numberedName = regexp.MustCompile(`^(.*?)(\d+)$`)

// names spells out "a1..a5" and "a1,b".
func (sc *script) names(word string) (names []string) {
	for _, part := range strings.Split(word, ",") {
		from, to, ranged := strings.Cut(part, "..")
		if !ranged {
			names = append(names, part)
			continue
		}
		a, b := numberedName.FindStringSubmatch(from), numberedName.FindStringSubmatch(to)
		for i := sc.number(a[2]); i <= sc.number(b[2]); i++ {
			names = append(names, a[1]+strconv.Itoa(i))
		}
	}
	return names
}

func (sc *script) namesOf(f []string) (names []string) {
	for _, word := range f {
		names = append(names, sc.names(word)...)
	}
	return names
}
