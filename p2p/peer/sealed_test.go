package peer_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/v2transport"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p/msg"
	"grapevine/p2p/peer"
)

func encrypted() peer.Config {
	cfg := config()
	cfg.Encrypt = true
	return cfg
}

// packet reads one message of btcsuite's implementation.
func packet(t *testing.T, p *v2transport.Peer) []byte {
	t.Helper()
	b, err := p.V2ReceivePacket(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func longName(command string, payload []byte) []byte {
	b := make([]byte, 13)
	copy(b[1:], command)
	return append(b, payload...)
}

func TestEncryptedTransportWithAnotherImplementation(t *testing.T) {
	for _, inbound := range []bool{true, false} {
		for _, garbage := range []int{0, 1, 4095} {
			synctest.Test(t, func(t *testing.T) {
				s, lf := meet(t, inbound, encrypted())
				p := v2transport.NewPeer()
				p.UseReadWriter(s.Conn)
				var err error
				if inbound {
					err = p.InitiateV2Handshake(garbage)
				} else {
					err = p.RespondV2Handshake(garbage, v2transport.BitcoinNet(magic))
				}
				if err == nil {
					err = p.CompleteHandshake(inbound, []int{0, 5, 70_000}, v2transport.BitcoinNet(magic))
				}
				if err != nil {
					t.Fatal(err)
				}
				say := func(content []byte, decoy bool) {
					if _, _, err := p.V2EncPacket(content, nil, decoy); err != nil {
						t.Fatal(err)
					}
				}
				_, v, _ := msg.Encode(version())
				say(longName("version", v), false)
				say([]byte("decoy"), true)
				say(longName("verack", nil), false)
				for _, want := range []string{"version", "wtxidrelay", "sendaddrv2", "verack"} {
					if got := packet(t, p); !bytes.HasPrefix(got, longName(want, nil)) {
						t.Fatalf("%q, want %s", got, want)
					}
				}
				if got := packet(t, p); got[0] != 18 || len(got) != 9 {
					t.Errorf("%x is no ping with a short id", got)
				}
				for range 500 { // past two changes of keys
					say(append([]byte{18}, make([]byte, 8)...), false)
					if got := packet(t, p); got[0] != 19 {
						t.Fatalf("%x is no pong", got)
					}
				}
				say([]byte{99, 1, 2, 3}, false) // a short id of the future
				say([]byte{14, 0}, false)       // an empty inv
				time.Sleep(time.Second)
				s.Close()
				lf.ends(t, time.Second, false)
				if lf.hello.Transport != 2 || len(lf.took) != 1 || lf.took[0].Command() != "inv" {
					t.Errorf("transport %d, took %v", lf.hello.Transport, lf.took)
				}
			})
		}
	}
}

func TestWhoDialsUnencryptedIsUnderstood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, encrypted())
		s.greet()
		time.Sleep(time.Second)
		s.Close()
		lf.ends(t, time.Second, false)
		if lf.hello.Transport != 1 {
			t.Errorf("transport %d", lf.hello.Transport)
		}
	})
}

func TestBrowsersAreSentAwayAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, encrypted())
		s.Write([]byte("GET / HTTP/1.1\r\nHost: here\r\n\r\n"))
		lf.ends(t, time.Second, false)
	})
}

func TestOldNodesAreRecognisedWithinASecond(t *testing.T) {
	for what, behave := range map[string]func(*rawPeer){
		"hangs up":       func(s *rawPeer) { io.ReadFull(s, make([]byte, 24)); s.Close() },
		"keeps silent":   func(s *rawPeer) {},
		"is never there": func(s *rawPeer) { s.Close() },
	} {
		synctest.Test(t, func(t *testing.T) {
			s, lf := meet(t, false, encrypted())
			begun := time.Now()
			behave(s)
			if err := <-lf.ended; !errors.Is(err, peer.ErrPlain) {
				t.Errorf("%s: %v", what, err)
			}
			if d := time.Since(begun); d > 1100*time.Millisecond {
				t.Errorf("%s: noticed after %v", what, d)
			}
		})
	}
}

func TestT2_ForgedPacketsEndTheConnection(t *testing.T) {
	for what, tamper := range map[string]func([]byte){
		"length":     func(b []byte) { b[2] ^= 0x80 },
		"ciphertext": func(b []byte) { b[5] ^= 1 },
		"tag":        func(b []byte) { b[len(b)-1] ^= 1 },
	} {
		synctest.Test(t, func(t *testing.T) {
			s, lf := meet(t, true, encrypted())
			p := v2transport.NewPeer()
			var out tap
			out.ReadWriter = s.Conn
			p.UseReadWriter(&out)
			if err := errors.Join(p.InitiateV2Handshake(7), p.CompleteHandshake(true, nil, v2transport.BitcoinNet(magic))); err != nil {
				t.Fatal(err)
			}
			out.tamper = tamper
			_, v, _ := msg.Encode(version())
			p.V2EncPacket(longName("version", v), nil, false)
			t.Log(what)
			lf.ends(t, time.Second, true)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, encrypted())
		s.Write(bytes.Repeat([]byte{7}, 64+4095+16+100)) // a key and no end of garbage
		lf.ends(t, time.Second, true)
	})
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, encrypted())
		other := frame(wire.CmdVersion, make([]byte, 100))
		other[0] ^= 1
		s.Write(other)
		lf.ends(t, time.Second, false)
	})
}

// tap changes what is written on its way.
type tap struct {
	io.ReadWriter
	tamper func([]byte)
}

func (w *tap) Write(b []byte) (int, error) {
	if w.tamper != nil {
		w.tamper(b)
	}
	return w.ReadWriter.Write(b)
}
