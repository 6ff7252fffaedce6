package notify

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"
	"github.com/go-zeromq/zmq4"

	"grapevine/chain"
)

// wait bounds what should come at once; it ends tests that hang.
const wait = time.Minute

// start runs a Publisher of these notifiers until the test ends.
func start(t *testing.T, notifiers ...Notifier) *Publisher {
	t.Helper()
	p, err := Listen(Config{Notifiers: notifiers})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(wait):
			t.Error("the publisher does not end")
		}
	})
	return p
}

func (p *Publisher) port(i int) string {
	_, port, _ := net.SplitHostPort(p.endpoints[i].listener.Addr().String())
	return port
}

// subscribed waits until so many topics are asked for in all at an address.
func (p *Publisher) subscribed(t *testing.T, i, topics int) {
	t.Helper()
	for end := time.Now().Add(wait); time.Now().Before(end); time.Sleep(time.Millisecond) {
		have := 0
		e := p.endpoints[i]
		e.mu.Lock()
		for s := range e.subs {
			s.mu.Lock()
			have += len(s.topics)
			s.mu.Unlock()
		}
		e.mu.Unlock()
		if have == topics {
			return
		}
	}
	t.Fatalf("nobody has subscribed to %d topics", topics)
}

// block is one of n transactions.
func block(n int) chain.Linked {
	b := &chain.Block{Raw: bytes.Repeat([]byte{7}, 300), Hash: chain.Hash{1, 2, byte(n)}}
	for i := range n {
		msg := wire.NewMsgTx(2)
		msg.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: uint32(i)}})
		b.Txs = append(b.Txs, chain.NewTx(msg))
	}
	return chain.Linked{Node: &chain.HeaderNode{Hash: b.Hash}, Block: b}
}

// A subscriber of another make (go-zeromq/zmq4) hears every topic as Core would say it.
func TestSubscribersHear(t *testing.T) {
	unix := filepath.Join(t.TempDir(), "zmq")
	for _, address := range []string{"tcp://127.0.0.1:*", "tcp://*:*", "tcp://[::1]:*", "tcp://lo:*", "ipc://" + unix, "unix:" + unix} {
		var all []Notifier
		for _, topic := range Topics() {
			all = append(all, Notifier{topic, address, DefaultHWM})
		}
		if strings.Contains(address, "::1") && !hasIPv6() {
			continue
		}
		p := start(t, all...)
		to := strings.ReplaceAll(canonical(address), "*:*", "127.0.0.1:*")
		to = strings.ReplaceAll(strings.ReplaceAll(to, "lo:", "127.0.0.1:"), ":*", ":"+p.port(0))
		sub := zmq4.NewSub(t.Context())
		if err := sub.Dial(to); err != nil {
			t.Fatal(err)
		}
		if err := sub.SetOption(zmq4.OptionSubscribe, ""); err != nil {
			t.Fatal(err)
		}
		p.subscribed(t, 0, 1)
		gone, b := block(1), block(2)
		gone.Node.Hash[5], gone.Block.Hash[5] = 9, 9
		in, out, mined := block(3).Block.Txs[2], block(4).Block.Txs[3], block(2).Block.Txs[1]
		p.Moved(chain.Delta{Disconnected: []chain.Linked{gone}, Connected: []chain.Linked{b}, Tip: b.Node},
			chain.PoolDelta{In: []chain.PoolTx{{Tx: in, Sequence: 12}},
				Out: []chain.PoolGone{{Tx: mined, Why: chain.GoneConfirmed, Sequence: 10}, {Tx: out, Why: chain.GoneConflict, Sequence: 11}}}, false)
		p.Moved(chain.Delta{Connected: []chain.Linked{b}, Tip: b.Node}, chain.PoolDelta{}, true) // no new tip while it catches up
		id := func(tx *chain.Tx) string { return tx.ID.String() }
		raw := func(tx *chain.Tx) string { return hex.EncodeToString(tx.Raw()) }
		cb, tx := b.Block.Txs[0], b.Block.Txs[1]
		want := []string{
			"hashtx " + id(cb) + " 0", "rawtx " + raw(cb) + " 0", "sequence " + gone.Node.Hash.String() + "44 0",
			"sequence " + id(out) + "520b00000000000000 1",
			"hashtx " + id(in) + " 1", "rawtx " + raw(in) + " 1", "sequence " + id(in) + "410c00000000000000 2",
			"hashtx " + id(cb) + " 2", "rawtx " + raw(cb) + " 2", "hashtx " + id(tx) + " 3", "rawtx " + raw(tx) + " 3",
			"sequence " + b.Node.Hash.String() + "43 3",
			"hashblock " + b.Node.Hash.String() + " 0", "rawblock " + hex.EncodeToString(b.Block.Raw) + " 0",
			"hashtx " + id(cb) + " 4", "rawtx " + raw(cb) + " 4", "hashtx " + id(tx) + " 5", "rawtx " + raw(tx) + " 5",
			"sequence " + b.Node.Hash.String() + "43 4",
		}
		for i, w := range want {
			m, err := sub.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Frames) != 3 {
				t.Fatalf("%d frames", len(m.Frames))
			}
			got := fmt.Sprintf("%s %x %d", m.Frames[0], m.Frames[1], binary.LittleEndian.Uint32(m.Frames[2]))
			if got != w {
				t.Errorf("%s, message %d:\n got %s\nwant %s", address, i, got, w)
			}
		}
		sub.Close()
	}
}

func hasIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err == nil {
		l.Close()
	}
	return err == nil
}

// raw is a subscriber by hand, to do what none should.
type raw struct {
	net.Conn
	t *testing.T
}

func dial(t *testing.T, p *Publisher) raw {
	t.Helper()
	c, err := net.Dial("tcp", "127.0.0.1:"+p.port(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(wait)); err != nil {
		t.Fatal(err)
	}
	return raw{c, t}
}

func (c raw) say(parts ...[]byte) raw {
	c.t.Helper()
	if _, err := c.Write(bytes.Join(parts, nil)); err != nil {
		c.t.Fatal(err)
	}
	return c
}

// greeted reads what the publisher says first.
func (c raw) greeted() raw {
	c.t.Helper()
	if err := readGreeting(c); err != nil {
		c.t.Fatal(err)
	}
	if _, body, err := readFrame(c); err != nil || !bytes.Contains(body, []byte("PUB")) {
		c.t.Fatal(string(body), err)
	}
	return c
}

func sub(properties ...[]byte) []byte { return command("READY", bytes.Join(properties, nil)) }

// One who never reads costs memory up to the mark and holds up nobody; when it reads on, the
// counter shows what it has missed.
func TestWhoNeverReadsHoldsUpNobody(t *testing.T) {
	const hwm, messages, size = 10, 400, 100_000
	p := start(t, Notifier{rawBlock, "tcp://127.0.0.1:*", hwm})
	deaf := dial(t, p).say(greeting(), sub(property("Socket-Type", "SUB")), command("SUBSCRIBE", []byte("rawblock")))
	p.subscribed(t, 0, 1)
	good := dial(t, p).say(greeting(), sub(property("Socket-Type", "SUB")), frame(0, []byte("\x01raw"))).greeted()
	p.subscribed(t, 0, 2)
	b := block(1)
	b.Block.Raw = make([]byte, size)
	next := func(c raw) uint32 {
		for range 2 {
			if _, err := io.CopyN(io.Discard, c, int64(skip(t, c))); err != nil {
				t.Fatal(err)
			}
		}
		tail := make([]byte, skip(t, c))
		if _, err := io.ReadFull(c, tail); err != nil {
			t.Fatal(err)
		}
		return binary.LittleEndian.Uint32(tail)
	}
	for i := range uint32(messages) {
		p.Moved(chain.Delta{Connected: []chain.Linked{b}, Tip: b.Node}, chain.PoolDelta{}, false)
		if got := next(good); got != i {
			t.Fatalf("message %d came as %d", i, got)
		}
	}
	for s := range p.endpoints[0].subs {
		s.mu.Lock()
		n := len(s.waiting)
		s.mu.Unlock()
		if n > hwm {
			t.Errorf("%d messages wait, the mark is %d", n, hwm)
		}
	}
	deaf.greeted()
	last, gap := next(deaf), false
	for !gap {
		p.Moved(chain.Delta{Connected: []chain.Linked{b}, Tip: b.Node}, chain.PoolDelta{}, false)
		n := next(deaf)
		gap, last = n != last+1, n
	}
	if last < hwm {
		t.Errorf("the gap ends at %d", last)
	}
}

// skip reads a frame's header and returns its length.
func skip(t *testing.T, r io.Reader) uint64 {
	t.Helper()
	var h [9]byte
	if _, err := io.ReadFull(r, h[:2]); err != nil {
		t.Fatal(err)
	}
	if h[0]&flagLong == 0 {
		return uint64(h[1])
	}
	if _, err := io.ReadFull(r, h[2:]); err != nil {
		t.Fatal(err)
	}
	return binary.BigEndian.Uint64(h[1:])
}

func TestTheMarkIsExact(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	s := newSubscriber(here, 3) // nobody writes
	for i, want := range []int{1, 2, 3, 3} {
		s.offer(newMessage(hashTx, []byte{byte(i)}, uint32(i)))
		if len(s.waiting) != want {
			t.Errorf("after %d: %d wait, want %d", i+1, len(s.waiting), want)
		}
	}
	// Without a mark it is memory that ends it.
	s = newSubscriber(here, 0)
	m := newMessage(rawBlock, nil, 0)
	m.body = make([]byte, maxWaiting/2-len(m.head)-len(m.tail))
	for i, want := range []int{1, 2, 2} {
		s.offer(m)
		if len(s.waiting) != want {
			t.Errorf("after %d: %d wait, want %d", i+1, len(s.waiting), want)
		}
	}
	s.close()
}

func TestTopicsAreTakenBackAsOftenAsAsked(t *testing.T) {
	s := newSubscriber(nil, 1)
	s.ask("hash", true)
	s.ask("hash", true)
	s.ask("nothing of ours", true)
	s.ask("hashtxx", true)
	if len(s.topics) != 1 || !s.wants(hashTx) || s.wants(rawTx) {
		t.Errorf("%v", s.topics)
	}
	s.ask("hash", false)
	if !s.wants(hashBlock) {
		t.Error("taken back once of twice")
	}
	s.ask("hash", false)
	if s.wants(hashBlock) {
		t.Error("taken back and still wanted")
	}
}

// What is no subscriber is hung up on, whatever it says, and nothing is allocated for lengths.
func TestStrangersAreHungUpOn(t *testing.T) {
	p := start(t, Notifier{hashTx, "tcp://127.0.0.1:*", 1})
	ok := sub(property("Socket-Type", "SUB"), property("Identity", ""))
	old, plain := greeting(), greeting()
	old[versionAt] = 2
	copy(plain[mechanismAt:], "PLAIN")
	huge := []byte{flagLong, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	for name, said := range map[string][][]byte{
		"HTTP":                {bytes.Repeat([]byte("GET / HTTP/1.1\r\n"), 8)},
		"ZMTP 2":              {old, ok},
		"PLAIN":               {plain, ok},
		"another publisher":   {greeting(), sub(property("Socket-Type", "PUB"))},
		"no READY":            {greeting(), command("HELLO", nil)},
		"a message first":     {greeting(), frame(0, []byte{1})},
		"a property cut":      {greeting(), command("READY", property("Socket-Type", "SUB")[:14])},
		"a value cut":         {greeting(), command("READY", []byte{1, 'x', 0xff, 0xff, 0xff, 0xff})},
		"a huge READY":        {greeting(), huge},
		"a huge frame":        {greeting(), ok, huge},
		"one byte too much":   {greeting(), ok, frame(0, make([]byte, maxHeard+1))},
		"an empty command":    {greeting(), ok, {flagCommand, 0}},
		"a name cut":          {greeting(), ok, {flagCommand, 1, 9}},
		"a PING without time": {greeting(), ok, command("PING", []byte{0})},
		"a long PING":         {greeting(), ok, command("PING", make([]byte, 3+maxContext))},
	} {
		c := dial(t, p).say(said...)
		if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What is odd and harmless is not: a long topic, and a heartbeat is answered.
	c := dial(t, p).say(greeting(), ok, frame(0, make([]byte, maxHeard)), command("PING", []byte("\x00\x01context"))).greeted()
	if _, body, err := readFrame(c); err != nil || string(body) != "\x04PONGcontext" {
		t.Errorf("%q, %v", body, err)
	}
}

func TestAddressesThatCannotBe(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, n := range []Notifier{
		{hashTx, "foo", 1}, {hashTx, "", 1}, {hashTx, "tcp://", 1}, {hashTx, "tcp://127.0.0.1", 1}, {hashTx, "tcp://127.0.0.1:65536", 1},
		{hashTx, "tcp://localhost:1", 1}, {hashTx, "udp://127.0.0.1:1", 1}, {hashTx, "ipc://", 1}, {hashTx, "unix:/no/such/folder/s", 1},
		{hashTx, "tcp://" + taken.Addr().String(), 1}, {hashTx, "unix:" + file, 1}, {hashTx, "tcp://127.0.0.1:*", -1},
	} {
		if p, err := Listen(Config{Notifiers: []Notifier{{rawTx, "tcp://127.0.0.1:*", 1}, n}}); err == nil {
			t.Errorf("%+v is taken", n)
			p.Close()
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "kept" {
		t.Error("a file was taken for a socket")
	}
	if _, err := Listen(Config{Notifiers: make([]Notifier, maxNotifiers+1)}); err == nil {
		t.Error("too many notifiers")
	}
}

func TestWhichAddressesBitcoindStartsWith(t *testing.T) {
	for address, want := range map[string]bool{
		"foo": true, "tcp://127.0.0.1:28332": true, "tcp://127.0.0.1:x": true, "tcp://[::1]:5": true, "unix:/a/b": true, "127.0.0.1:9": true, "[::1]:9": true,
		"foo:bar": false, "127.0.0.1:0": false, "127.0.0.1:65535": true, "127.0.0.1:65536": false, ":": false, "ipc:///a/b": false, "[::1]:0": false,
	} {
		if err := CheckAddress(address); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// Several topics at one address share its socket; each notifier is listed, in the order of topics.
func TestNotifiersAreListed(t *testing.T) {
	p := start(t, Notifier{rawTx, "tcp://127.0.0.1:*", 5}, Notifier{hashBlock, "tcp://127.0.0.1:*", 7}, Notifier{hashBlock, "unix:" + filepath.Join(t.TempDir(), "s"), 1})
	list := p.Notifiers()
	if len(p.endpoints) != 2 || len(list) != 3 || list[0].Topic != hashBlock || list[0].HWM != 7 || !strings.HasPrefix(list[1].Address, "ipc://") || list[2].Topic != rawTx {
		t.Errorf("%+v", list)
	}
	if none := (*Publisher)(nil).Notifiers(); len(none) != 0 {
		t.Error("of none")
	}
}
