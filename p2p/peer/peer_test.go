package peer_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p"
	"grapevine/p2p/msg"
	"grapevine/p2p/peer"
	"grapevine/testnet/simnet"
)

const magic = wire.TestNet

// rawPeer is the other end of a connection, speaking raw bytes.
type rawPeer struct {
	net.Conn
	t testing.TB
}

// frame is a message as it travels.
func frame(command string, payload []byte) []byte {
	b := make([]byte, 24, 24+len(payload))
	binary.LittleEndian.PutUint32(b, uint32(magic))
	copy(b[4:16], command)
	binary.LittleEndian.PutUint32(b[16:], uint32(len(payload)))
	copy(b[20:], chainhash.DoubleHashB(payload)[:4])
	return append(b, payload...)
}

func (s *rawPeer) say(ms ...wire.Message) {
	s.t.Helper()
	for _, m := range ms {
		command, payload, err := msg.Encode(m)
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := s.Write(frame(command, payload)); err != nil {
			return // the other side has hung up, which the test finds out by itself
		}
	}
}

// hear reads one message.
func (s *rawPeer) hear() (command string, payload []byte) {
	h := make([]byte, 24)
	if _, err := io.ReadFull(s, h); err != nil {
		return "", nil
	}
	payload = make([]byte, binary.LittleEndian.Uint32(h[16:]))
	if _, err := io.ReadFull(s, payload); err != nil {
		return "", nil
	}
	return string(bytes.TrimRight(h[4:16], "\x00")), payload
}

// await reads on until command, or "" when the connection ends.
func (s *rawPeer) await(command string) []byte {
	for {
		got, payload := s.hear()
		if got == command || got == "" {
			return payload
		}
	}
}

func version() *wire.MsgVersion {
	return &wire.MsgVersion{
		ProtocolVersion: 70016, Services: wire.SFNodeNetwork | wire.SFNodeWitness, Nonce: 99, UserAgent: "/stranger/",
		AddrYou: wire.NetAddress{IP: net.IPv6zero}, AddrMe: wire.NetAddress{IP: net.IPv6zero}, Timestamp: time.Now(),
	}
}

// greet makes the rawPeer's part of the handshake, as the dialler.
func (s *rawPeer) greet() {
	s.say(version(), &wire.MsgWTxIdRelay{}, &wire.MsgVerAck{})
	s.await("verack")
}

func config() peer.Config {
	return peer.Config{
		Magic: magic, Services: wire.SFNodeNetwork | wire.SFNodeWitness, UserAgent: "/test/", Nonce: 1234, Height: 7,
		RawBlock: func([]byte, chain.Hash) ([]byte, error) { return nil, errors.New("not found") },
	}
}

// life is a peer that runs: what it took, and how it ended.
type life struct {
	*peer.Peer
	hello p2p.Hello
	took  []wire.Message
	ended chan error
}

// meet connects a rawPeer with a Peer, which accepts (inbound) or dials.
func meet(t testing.TB, inbound bool, cfg peer.Config) (*rawPeer, *life) {
	t.Helper()
	n := simnet.New(simnet.Config{Latency: time.Millisecond})
	l, err := n.Host("10.0.0.2").Listen(t.Context(), netip.MustParseAddrPort("10.0.0.2:1"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	theirs, err := n.Host("10.0.0.1").Dial(t.Context(), netip.MustParseAddrPort("10.0.0.2:1"))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	lf := &life{Peer: peer.New(cfg, ours, inbound), ended: make(chan error, 1)}
	go func() {
		hello, err := lf.Handshake(context.Background())
		if err == nil {
			lf.hello = hello
			err = lf.Run(context.Background(), func(_ context.Context, m wire.Message) error {
				if ping, ok := m.(*wire.MsgPing); ok { // gossip answers when all before it is dealt with
					return lf.Send(wire.NewMsgPong(ping.Nonce))
				}
				lf.took = append(lf.took, m)
				return nil
			})
		}
		lf.ended <- err
	}()
	s := &rawPeer{theirs, t}
	t.Cleanup(func() { s.Close() })
	return s, lf
}

func TestHandshakeAsAcceptorAndAsDialler(t *testing.T) {
	for _, inbound := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s, lf := meet(t, inbound, config())
			want := []string{"version", "wtxidrelay", "sendaddrv2", "verack", "ping"}
			if inbound {
				s.say(version())
			}
			var got []string
			for range want {
				command, payload := s.hear()
				got = append(got, command)
				if command == "version" {
					m, err := msg.Decode(command, payload)
					if v, ok := m.(*wire.MsgVersion); !ok || v.ProtocolVersion != 70016 || v.LastBlock != 7 || v.Nonce != 1234 {
						t.Errorf("version %+v, %v", m, err)
					}
					if !inbound {
						s.say(version())
					}
				}
				if command == "verack" {
					s.say(&wire.MsgWTxIdRelay{}, &wire.MsgVerAck{})
				}
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("said %v, want %v", got, want)
			}
			s.Close()
			if err := <-lf.ended; !errors.Is(err, io.EOF) {
				t.Errorf("ended with %v", err)
			}
			if h := lf.hello; !h.WTxIDRelay || h.AddrV2 || h.UserAgent != "/stranger/" || !h.Relay {
				t.Errorf("hello %+v", h)
			}
		})
	}
}

// ends fails unless the peer hangs up within the time, with an offence or not.
func (lf *life) ends(t *testing.T, within time.Duration, wantOffence bool) {
	t.Helper()
	begun := time.Now()
	select {
	case err := <-lf.ended:
		var offence p2p.Offence
		if errors.As(err, &offence) != wantOffence {
			t.Errorf("ended with %v, an offence is %v", err, wantOffence)
		}
	case <-time.After(within):
		t.Errorf("still connected after %v", time.Since(begun))
		lf.Close(nil)
		<-lf.ended
	}
}

func TestBlocksAreLookedUpByTheWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := chain.RegTest()
		k := chaintest.NewKey(1)
		m := chaintest.Mine(t, p, p.Genesis(), chaintest.PayTo(k.P2WPKH()))
		tx := chaintest.SpendOne(t, m.Coinbase(k), chaintest.OpTrue(), 1000)
		b := chaintest.Mine(t, p, m.Node, chaintest.With(tx)).Block
		cfg := config()
		cfg.RawBlock = func(to []byte, h chain.Hash) ([]byte, error) {
			if h == b.Hash {
				return append(to, b.Raw...), nil
			}
			return nil, errors.New("not found")
		}
		s, lf := meet(t, true, cfg)
		s.greet()
		synctest.Wait()
		lf.SendBlock(b.Hash, true)
		lf.SendBlock(b.Hash, false)
		if got := s.await("block"); !bytes.Equal(got, b.Raw) {
			t.Errorf("block of %d bytes came as %d", len(b.Raw), len(got))
		}
		bare, err := msg.Decode("block", s.await("block"))
		if err != nil || bare.(*msg.Block).Txs[1].WID != tx.ID {
			t.Errorf("without witness: %v", err)
		}
		lf.SendShort(b.Hash)
		short, err := msg.Decode("cmpctblock", s.await("cmpctblock"))
		if c, ok := short.(*msg.CmpctBlock); !ok || c.Header.BlockHash() != b.Hash || len(c.Prefilled) != 1 || len(c.ShortIDs) != 1 || c.ShortIDs[0] != c.Key().Of(tx.WID) {
			t.Errorf("in short form: %v %v", short, err)
		}
		lf.SendBlock(m.Block.Hash, true)
		if got := s.await("notfound"); len(got) != 37 || !bytes.Equal(got[5:], m.Block.Hash[:]) {
			t.Errorf("notfound %x", got)
		}
		s.Close()
		lf.ends(t, time.Second, false)
	})
}

func TestHaveIsAgreedOnByBothSides(t *testing.T) {
	for _, c := range []struct {
		ours    bool
		version int32
		say     wire.Message
		want    bool
	}{
		{true, 70017, &msg.Feature{ID: msg.FeatureHave}, true},
		{true, 70017, &msg.Feature{ID: "another/one", Data: []byte{1}}, false},
		{true, 70016, &msg.Feature{ID: msg.FeatureHave}, false},
		{false, 70017, &msg.Feature{ID: msg.FeatureHave}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			cfg := config()
			cfg.Have = c.ours
			s, lf := meet(t, true, cfg)
			v := version()
			v.ProtocolVersion = c.version
			s.say(v, c.say, &wire.MsgVerAck{})
			var said []string
			for !slices.Contains(said, "verack") && !slices.Contains(said, "") {
				command, payload := s.hear()
				said = append(said, command)
				if command == "version" {
					m, _ := msg.Decode(command, payload)
					if got := m.(*wire.MsgVersion).ProtocolVersion; (got == 70017) != c.ours {
						t.Errorf("we say version %d", got)
					}
				}
			}
			if offered := slices.Contains(said, "feature"); offered != (c.ours && c.version >= 70017) {
				t.Errorf("%+v: said %v", c, said)
			}
			time.Sleep(time.Second)
			s.Close()
			lf.ends(t, time.Second, false)
			if lf.hello.Have != c.want {
				t.Errorf("%+v: have is %v", c, lf.hello.Have)
			}
		})
	}
}
