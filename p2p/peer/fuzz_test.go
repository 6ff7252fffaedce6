package peer_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p/msg"
	"grapevine/p2p/peer"
)

// script is a connection whose other end has said all it will say.
type script struct{ *bytes.Reader }

func (script) Write(b []byte) (int, error)      { return len(b), nil }
func (script) Close() error                     { return nil }
func (script) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1} }
func (script) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 2} }
func (script) SetDeadline(time.Time) error      { return nil }
func (script) SetReadDeadline(time.Time) error  { return nil }
func (script) SetWriteDeadline(time.Time) error { return nil }

// FuzzConnection: whatever a stranger says, the connection ends and nothing panics.
func FuzzConnection(f *testing.F) {
	_, v, err := msg.Encode(version())
	if err != nil {
		f.Fatal(err)
	}
	greeting := append(frame("version", v), frame("verack", nil)...)
	f.Add(greeting, false)
	f.Add(append(greeting, frame("ping", make([]byte, 8))...), true)
	f.Add(append(greeting, frame(wire.CmdInv, []byte{0})...), false)
	f.Add(bytes.Repeat([]byte{0xaa}, 200), true)
	f.Fuzz(func(t *testing.T, said []byte, encrypt bool) {
		cfg := config()
		cfg.Encrypt, cfg.Budget = encrypt, peer.NewBudget()
		p := peer.New(cfg, script{bytes.NewReader(said)}, true)
		if _, err := p.Handshake(context.Background()); err != nil {
			return
		}
		if err := p.Run(context.Background(), func(context.Context, wire.Message) error { return nil }); err == nil {
			t.Error("the connection ended without a reason")
		}
	})
}

var _ io.Reader = script{}
