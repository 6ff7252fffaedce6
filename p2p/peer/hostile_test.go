package peer_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p"
	"grapevine/p2p/msg"
	"grapevine/p2p/peer"
)

func TestT1_AnnouncedLengthsCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var before, after runtime.MemStats
		var silent []*life
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range 100 {
			s, lf := meet(t, true, config())
			s.greet()
			h := frame("block", nil)
			binary.LittleEndian.PutUint32(h[16:], msg.MaxPayload)
			s.Write(h)
			silent = append(silent, lf)
		}
		synctest.Wait()
		runtime.GC()
		runtime.ReadMemStats(&after)
		if n := int64(after.HeapAlloc) - int64(before.HeapAlloc); n > 64<<20 {
			t.Errorf("100 silent peers hold %d MiB", n>>20)
		}
		for _, lf := range silent {
			lf.ends(t, 2*time.Minute, false)
		}
	})
	for _, length := range []uint32{0xffffffff, 32 << 20, msg.MaxPayload + 1} {
		synctest.Test(t, func(t *testing.T) {
			s, lf := meet(t, true, config())
			s.greet()
			h := frame("block", nil)
			binary.LittleEndian.PutUint32(h[16:], length)
			s.Write(h)
			lf.ends(t, time.Second, true)
		})
	}
}

func TestT1_HalfMessagesOfManyPeersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.Budget = peer.NewBudget()
		block := frame("block", make([]byte, msg.MaxPayload))
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var lives []*life
		for range 40 {
			s, lf := meet(t, true, cfg)
			s.greet()
			s.SetWriteDeadline(time.Now().Add(time.Second))
			s.Write(block[:len(block)-1]) // all but the last byte
			lives = append(lives, lf)
		}
		s, honest := meet(t, true, cfg)
		s.greet()
		s.Write(list(50_000)) // 1.8 MB
		synctest.Wait()
		runtime.GC()
		runtime.ReadMemStats(&after)
		if n := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) >> 20; n > 64 {
			t.Errorf("40 half blocks hold %d MiB", n)
		}
		s.Close()
		honest.ends(t, time.Second, false)
		if len(honest.took) != 1 {
			t.Error("the honest peer's message was not taken")
		}
		gone := 0
		for _, lf := range lives {
			select {
			case <-lf.ended:
				gone++
			default:
				lf.Close(nil)
				<-lf.ended
			}
		}
		if gone < 25 {
			t.Errorf("%d of 40 had to go", gone)
		}
	})
}

func TestT2_BadFramesEndTheConnection(t *testing.T) {
	good := frame("ping", make([]byte, 8))
	tamper := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 0x80
		return b
	}
	for what, b := range map[string][]byte{
		"magic": tamper(0),
		"count": list(50_001),
	} {
		synctest.Test(t, func(t *testing.T) {
			s, lf := meet(t, true, config())
			s.greet()
			s.Write(b)
			t.Log(what)
			lf.ends(t, time.Second, true)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, config())
		s.greet()
		s.Write(frame("somenewthing", []byte("hello")))
		for _, spoiled := range [][]byte{tamper(5), tamper(20), tamper(24)} { // name, checksum, payload
			s.Write(spoiled)
		}
		s.say(&wire.MsgSendHeaders{})
		synctest.Wait()
		time.Sleep(time.Second)
		if st := infoOf(lf); st.RecvPerMsg["*other*"] != 24+5+3*(24+8) {
			t.Errorf("counted %v", st.RecvPerMsg)
		}
		s.Close()
		lf.ends(t, time.Second, false)
		if len(lf.took) != 1 {
			t.Errorf("took %v", lf.took)
		}
	})
}

func TestT6_WhoStopsReadingIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := chain.RegTest()
		m := chaintest.Mine(t, p, p.Genesis())
		cfg := config()
		cfg.RawBlock = func(to []byte, _ chain.Hash) ([]byte, error) { return append(to, make([]byte, 1<<20)...), nil }
		s, lf := meet(t, true, cfg)
		s.greet()
		synctest.Wait()
		for range 1000 {
			if err := lf.SendBlock(m.Block.Hash, true); err != nil {
				t.Fatal(err)
			}
		}
		if n := infoOf(lf).Queued; n > peer.MaxQueue {
			t.Errorf("%d bytes queued", n)
		}
		lf.ends(t, 3*time.Minute, false)
		if n := infoOf(lf).BytesSent; n > 2<<20 {
			t.Errorf("%d bytes went into the void", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, config())
		s.greet()
		synctest.Wait()
		inv := &wire.MsgInv{InvList: make([]*wire.InvVect, 50_000)}
		for i := range inv.InvList {
			inv.InvList[i] = &wire.InvVect{}
		}
		var err error
		for range 10 {
			if err = lf.Send(inv); err != nil {
				break
			}
		}
		if !errors.Is(err, peer.ErrSlow) {
			t.Errorf("err = %v", err)
		}
		if err := <-lf.ended; !errors.Is(err, peer.ErrSlow) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestT6_WhoAsksAndDoesNotReadIsNotReadFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, config())
		s.greet()
		time.Sleep(time.Second)
		s.SetWriteDeadline(time.Now().Add(10 * time.Second))
		var err error
		for n := 0; err == nil && n < 1_000_000; n++ {
			_, err = s.Write(frame("ping", make([]byte, 8)))
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a million pings were read: %v", err)
		}
		if n := infoOf(lf).Queued; n > peer.MaxQueue {
			t.Errorf("%d bytes queued", n)
		}
		lf.ends(t, 2*time.Minute, false)
	})
}

func TestT6_TheQueuesOfAllPeersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.Budget = peer.NewBudget()
		gone := wire.NewMsgNotFound()
		for range 20_000 { // 960 kB in memory, less than where a single peer is paused
			gone.AddInvVect(&wire.InvVect{})
		}
		var lives []*life
		held := func() (sum int, open int) {
			for _, lf := range lives {
				if n := infoOf(lf).Queued; n > 0 {
					sum, open = sum+n, open+1
				}
			}
			return sum, open
		}
		for range 100 { // they never read
			s, lf := meet(t, true, cfg)
			s.greet()
			synctest.Wait()
			lives = append(lives, lf)
			lf.Send(gone)
			lf.Send(gone)
			if sum, _ := held(); sum > 34<<20 {
				t.Fatalf("%d MiB wait to be sent", sum>>20)
			}
		}
		sum, open := held()
		if open < 10 {
			t.Errorf("%d peers hold %d bytes: too many had to go", open, sum)
		}
		for _, lf := range lives {
			lf.Close(nil)
			<-lf.ended
		}
		if sum, _ := held(); sum != 0 {
			t.Errorf("%d bytes are left in the queues of the dead", sum)
		}
	})
}

func TestT7_DrippedBytesLoseTheirSlot(t *testing.T) {
	drip := func(s *rawPeer, b []byte) {
		for _, c := range b {
			if _, err := s.Write([]byte{c}); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, config())
		done := make(chan struct{})
		go func() { drip(s, frame("version", make([]byte, 86))); close(done) }()
		lf.ends(t, peer.HandshakeTime+time.Second, false)
		<-done
	})
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, config())
		s.greet()
		done := make(chan struct{})
		go func() { drip(s, frame("inv", make([]byte, 2000))); close(done) }()
		lf.ends(t, 2*time.Minute+time.Second, false)
		<-done
	})
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, config())
		s.say(version()) // and never verack
		lf.ends(t, peer.HandshakeTime+time.Second, false)
	})
}

func TestASlowLinkIsNotDripping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, config())
		s.greet()
		inv := list(20_000)
		for len(inv) > 0 { // 1 kB/s
			n := min(len(inv), 1000)
			if _, err := s.Write(inv[:n]); err != nil {
				t.Fatal(err)
			}
			inv = inv[n:]
			time.Sleep(time.Second)
		}
		s.Close()
		lf.ends(t, time.Minute, false)
		if len(lf.took) != 1 {
			t.Errorf("took %d messages", len(lf.took))
		}
	})
}

func list(n int) []byte {
	p := binary.LittleEndian.AppendUint16([]byte{0xfd}, uint16(n))
	return frame("inv", append(p, make([]byte, n*36)...))
}

func TestT8_HandshakesOutOfOrder(t *testing.T) {
	old, huge, ours := version(), version(), version()
	old.ProtocolVersion, huge.ProtocolVersion = 0, -2147483648
	ours.Nonce = 555
	agent := func(n int) []byte {
		b := make([]byte, 80)
		binary.LittleEndian.PutUint32(b, 70016)
		b = append(b, 0xfe)
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
		return append(append(b, bytes.Repeat([]byte{'a'}, n)...), 0, 0, 0, 0, 1)
	}
	for what, c := range map[string]struct {
		say  []wire.Message
		raw  []byte
		time time.Duration
	}{
		"wtxidrelay late":   {say: []wire.Message{version(), &wire.MsgVerAck{}, &wire.MsgWTxIdRelay{}}},
		"sendaddrv2 late":   {say: []wire.Message{version(), &wire.MsgVerAck{}, &wire.MsgSendAddrV2{}}},
		"version 0":         {say: []wire.Message{old}},
		"version -2^31":     {say: []wire.Message{huge}},
		"our own nonce":     {say: []wire.Message{ours}},
		"a user agent 1 MB": {raw: frame("version", agent(1<<20)), time: peer.HandshakeTime}, // ignored
	} {
		synctest.Test(t, func(t *testing.T) {
			cfg := config()
			cfg.Ours = func(n uint64) bool { return n == 555 }
			s, lf := meet(t, true, cfg)
			t.Log(what)
			s.say(c.say...)
			s.Write(c.raw)
			lf.ends(t, c.time+time.Second, false)
			if len(lf.took) > 0 {
				t.Errorf("%s: %v was processed", what, lf.took)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, config())
		newer := version()
		newer.ProtocolVersion = 2147483647
		s.say(newer)
		s.Write(frame("feature2031", nil))
		s.say(&wire.MsgVerAck{})
		time.Sleep(time.Second)
		s.Close()
		lf.ends(t, time.Second, false)
		if lf.hello.Version != 2147483647 {
			t.Error("a node of the future was not greeted")
		}
	})
}

// What is early or said again is ignored, as in Core: nothing of it is processed, and
// the handshake goes on.
func TestT8_EarlyAndRepeatedMessagesAreIgnored(t *testing.T) {
	ping, ack, inv := &wire.MsgPing{Nonce: 9}, &wire.MsgVerAck{}, &wire.MsgInv{}
	for what, before := range map[string][]wire.Message{
		"a ping first":            {ping, version()},
		"verack first":            {ack, version()},
		"wtxidrelay first":        {&wire.MsgWTxIdRelay{}, version()},
		"a hundred things first":  append(slices.Repeat([]wire.Message{ping, inv}, 50), version()),
		"version twice":           {version(), version()},
		"a ping before verack":    {version(), ping},
		"an inv before verack":    {version(), inv},
		"a hundred before verack": append([]wire.Message{version()}, slices.Repeat([]wire.Message{ping, inv}, 50)...),
	} {
		synctest.Test(t, func(t *testing.T) {
			s, lf := meet(t, true, config())
			s.say(before...)
			s.say(ack, ack, version(), &wire.MsgSendHeaders{})
			go io.Copy(io.Discard, s)
			time.Sleep(time.Second)
			synctest.Wait()
			if len(lf.took) != 1 || lf.took[0].Command() != "sendheaders" || lf.hello.Version != 70016 || lf.hello.WTxIDRelay {
				t.Errorf("%s: hello %+v, processed %v", what, lf.hello, lf.took)
			}
			s.Close()
			lf.ends(t, time.Second, false)
		})
	}
	// sendheaders and sendcmpct count though verack comes after them.
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, config())
		s.say(version(), &wire.MsgSendHeaders{}, &msg.SendCmpct{Version: 2}, ack)
		go io.Copy(io.Discard, s)
		time.Sleep(time.Second)
		synctest.Wait()
		if len(lf.took) != 2 {
			t.Errorf("processed %v", lf.took)
		}
		s.Close()
		lf.ends(t, time.Second, false)
	})
	// An unfinished handshake ends after a minute, whatever is said meanwhile.
	for what, say := range map[string][]wire.Message{"nothing": nil, "pings": {ping}, "version and pings": {version(), ping}} {
		synctest.Test(t, func(t *testing.T) {
			s, lf := meet(t, true, config())
			go io.Copy(io.Discard, s)
			begun := time.Now()
			go func() {
				for time.Since(begun) < 2*time.Minute {
					for _, m := range say {
						command, payload, err := msg.Encode(m)
						if err != nil {
							t.Error(err)
						}
						if _, err := s.Write(frame(command, payload)); err != nil {
							return
						}
					}
					time.Sleep(time.Second)
				}
			}()
			lf.ends(t, 61*time.Second, false)
			if d := time.Since(begun); d < 59*time.Second {
				t.Errorf("%s: ended after %v", what, d)
			}
			time.Sleep(2 * time.Minute)
		})
	}
}

func TestWhoOffersTooLittleIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.Needs = wire.SFNodeNetwork | wire.SFNodeWitness
		s, lf := meet(t, false, cfg)
		v := version()
		v.Services = wire.SFNodeNetwork
		s.say(v)
		lf.ends(t, time.Second, false)
	})
}

func TestT45_PingsAndPongs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, config())
		s.greet()
		for range 5000 {
			s.say(&wire.MsgPong{Nonce: 78}, &wire.MsgPong{Nonce: 77}) // unsolicited: ignored
		}
		ours := s.await("ping")
		for nonce := range uint64(100) {
			s.say(&wire.MsgPing{Nonce: nonce})
			if got := s.await("pong"); binary.LittleEndian.Uint64(got) != nonce {
				t.Fatalf("ping %d was answered by %x", nonce, got)
			}
		}
		time.Sleep(10 * time.Second)
		s.Write(frame("pong", ours))
		time.Sleep(time.Second)
		st := infoOf(lf)
		if st.Ping < 10*time.Second || st.Ping > 11*time.Second || st.MinPing != st.Ping {
			t.Errorf("ping took %v", st.Ping)
		}
		s.Close()
		lf.ends(t, time.Second, false)
		if len(lf.took) != 1 {
			t.Errorf("%d messages came through, want one Pong", len(lf.took))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, config())
		s.greet()
		go io.Copy(io.Discard, s)
		for range 25 { // alive, but never answers a ping
			time.Sleep(time.Minute)
			s.say(&wire.MsgSendHeaders{})
		}
		lf.ends(t, time.Second, false)
	})
}

// infoOf is how a connection has done so far.
func infoOf(p interface{ Describe(*p2p.PeerInfo) }) (info p2p.PeerInfo) {
	p.Describe(&info)
	return info
}
