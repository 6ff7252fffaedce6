package hostile_test

import (
	"bytes"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain/chaintest"
	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
	"grapevine/testnet/hostile"
)

// tally counts what is written, in bytes and lines of each message.
type tally struct {
	mu    sync.Mutex
	bytes map[string]int
	lines map[string]int
}

func (c *tally) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, what, _ := bytes.Cut(b, []byte("msg="))
	what, _, _ = bytes.Cut(what, []byte(" subsystem="))
	c.bytes[string(what)] += len(b)
	c.lines[string(what)]++
	return len(b), nil
}

// overlong is how our log might be made to grow: a version message that is as
// long as it may be, and grows once more when it is quoted.
func overlong() *wire.MsgVersion {
	v := hostile.Version()
	v.UserAgent = string(bytes.Repeat([]byte{1}, wire.MaxUserAgentLen))
	return v
}

// A thousand offences a second, a third each of invalid blocks that were really
// asked for and validated, connections that turn out to be our own, and greetings out
// of order; 30,000 of them at full size, 1,500 usually: enough for the limit of
// 256 KiB at once and as many an hour for each place in our code that writes.
// Without it 10,000 invalid blocks alone write 2.3 MiB. What an hour writes is
// the business of cmd/grapevine/cli.
func TestT44_OffencesDoNotFillTheDisk(t *testing.T) {
	n := 1500
	if full() {
		n = 30_000
	}
	log := tally{bytes: map[string]int{}, lines: map[string]int{}}
	underAttack(t, func(t *testing.T, h *harness) {
		h.makes(int64(n) * 4096) // hosts, headers
		begun, own := time.Now(), h.ownNonce()
		var all sync.WaitGroup
		for i := range n {
			offend := func(p *hostile.Peer) { p.Write(announce(p, 0xffff_ffff)) }
			switch i % 3 {
			case 0:
				bad := h.block(h.tip(), chaintest.Tamper(func(b *wire.MsgBlock) { b.Transactions[0].TxOut[0].Value++ }))
				offend = func(p *hostile.Peer) {
					serve(p, bad)
					p.Greet(overlong(), hostile.Headers(bad.Node))
				}
			case 1:
				offend = func(p *hostile.Peer) {
					v := overlong()
					v.Nonce = own
					p.Listen()
					p.Say(v)
				}
			}
			all.Go(func() {
				p, err := hostile.Dial(t.Context(), h.net.Host(attackerIP(i)), h.target.addr, h.params.Net)
				if err != nil {
					t.Error(err)
					return
				}
				defer p.Close()
				offend(p)
				if i%3 != 2 {
					h.falls(p, 10*time.Second, "an offender")
				}
			})
			time.Sleep(time.Millisecond)
		}
		all.Wait()
		log.mu.Lock()
		defer log.mu.Unlock()
		for _, what := range slices.Sorted(maps.Keys(log.bytes)) {
			t.Logf("%d offences have written %d KiB in %d lines of %s", n, log.bytes[what]>>10, log.lines[what], what)
			if most := 256<<10 + int(float64(256<<10)*time.Since(begun).Hours()); log.bytes[what] > most {
				t.Errorf("%d bytes, %d may be", log.bytes[what], most)
			}
		}
		if len(log.bytes) < 4 {
			t.Error("not every offence was tried")
		}
	}, func(c *node.Config) { c.Log = slog.New(cli.LimitLog(slog.NewTextHandler(&log, nil))) })
}

// ownNonce gets the target to dial somebody who only listens, for as long as a
// handshake may take: the nonce that it says makes whoever says it the target itself.
func (h *harness) ownNonce() uint64 {
	h.t.Helper()
	const ip = "67.1.1.1"
	l, err := h.net.Host(ip).Listen(h.t.Context(), netip.MustParseAddrPort(ip+":8333"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer l.Close()
	gossip := addrs(1, 0, 0)
	gossip.AddrList[0] = wire.NetAddressV2FromBytes(time.Now(), wire.SFNodeNetwork|wire.SFNodeWitness, []byte{67, 1, 1, 1}, 8333)
	if err := h.attacker(60_001).Say(gossip); err != nil {
		h.t.Fatal(err)
	}
	for { // until it has given up the encrypted transport; the honest node comes too
		conn, err := l.Accept()
		if err != nil {
			h.t.Fatal(err)
		}
		p := hostile.New(conn, h.params.Net)
		h.attackers = append(h.attackers, p)
		p.Listen()
		v, err := p.Await("version", 10*time.Second)
		if err == nil && strings.HasPrefix(conn.RemoteAddr().String(), targetIP) {
			return v.(*wire.MsgVersion).Nonce
		}
		p.Close()
	}
}
