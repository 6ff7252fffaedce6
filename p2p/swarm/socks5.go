package swarm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"grapevine/p2p"
)

// connect opens the connection to the proxy itself.
func connect(ctx context.Context, p p2p.Proxy, network p2p.Network) (net.Conn, error) {
	if p.Socket == "" {
		return network.Dial(ctx, p.At)
	}
	var d net.Dialer
	return d.DialContext(ctx, "unix", p.Socket)
}

// proxyTime is how long a proxy may take to reach a node [g_socks5_recv_timeout].
const proxyTime = 20 * time.Second

// proxied is a connection through a proxy: its other end is who was asked for.
type proxied struct {
	net.Conn
	to remoteName
}

func (p *proxied) RemoteAddr() net.Addr { return p.to }

// remoteName is where a proxy has led, HOST:PORT.
type remoteName string

func (remoteName) Network() string  { return "tcp" }
func (n remoteName) String() string { return string(n) }

var errSocks = errors.New("does not speak SOCKS5")

// socks5 makes the handshake: methods, credentials if it wants them, the request
// [Socks5]. credentials, user name and password in one, "" for none [TorStreamIsolation].
// Addresses are written as names too, as Core writes them, so that a proxy sees one kind
// of request, and names are looked up where the proxy is. (golang.org/x/net/proxy would
// send addresses as such.)
func socks5(conn io.ReadWriter, to p2p.HostPort, credentials string) error {
	if len(to.Host) > 255 {
		return errors.New("Hostname too long") //lint:ignore ST1005 Core's words
	}
	methods := []byte{5, 1, 0}
	if credentials != "" {
		methods = []byte{5, 2, 0, 2}
	}
	chosen, err := exchange(conn, methods, 2)
	switch {
	case err != nil:
		return err
	case chosen[0] != 5:
		return errSocks
	case chosen[1] == 2 && credentials != "":
		if err := authenticate(conn, credentials); err != nil {
			return err
		}
	case chosen[1] != 0:
		return fmt.Errorf("proxy requested wrong authentication method %02x", chosen[1])
	}
	ask := append([]byte{5, 1, 0, 3, byte(len(to.Host))}, to.Host...)
	answer, err := exchange(conn, append(ask, byte(to.Port>>8), byte(to.Port)), 4)
	switch {
	case err != nil:
		return err
	case answer[0] != 5 || answer[2] != 0:
		return errSocks
	case answer[1] != 0:
		return errors.New(socksError(answer[1]))
	}
	return skipBound(conn, answer[3])
}

func authenticate(conn io.ReadWriter, credentials string) error {
	said := append([]byte{1, byte(len(credentials))}, credentials...)
	said = append(append(said, byte(len(credentials))), credentials...)
	answer, err := exchange(conn, said, 2)
	if err == nil && (answer[0] != 1 || answer[1] != 0) {
		err = errors.New("proxy authentication unsuccessful")
	}
	return err
}

// exchange says something and reads so many bytes.
func exchange(conn io.ReadWriter, say []byte, n int) ([]byte, error) {
	if _, err := conn.Write(say); err != nil {
		return nil, err
	}
	answer := make([]byte, n)
	_, err := io.ReadFull(conn, answer)
	return answer, err
}

// skipBound reads the address from which the proxy connects: nobody needs it.
func skipBound(conn io.Reader, kind byte) error {
	size := []byte{0}
	switch kind {
	case 1:
		size[0] = 4
	case 4:
		size[0] = 16
	case 3:
		if _, err := io.ReadFull(conn, size); err != nil {
			return err
		}
	default:
		return errSocks
	}
	_, err := io.CopyN(io.Discard, conn, int64(size[0])+2)
	return err
}

// socksError says why a proxy could not connect [Socks5ErrorString].
func socksError(code byte) string {
	said := []string{1: "general failure", 2: "connection not allowed", 3: "network unreachable", 4: "host unreachable",
		5: "connection refused", 6: "TTL expired", 7: "protocol error", 8: "address type not supported"}
	// Tor says more of onion services (torspec, 304).
	onions := []string{"onion service descriptor can not be found", "onion service descriptor is invalid",
		"onion service introduction failed", "onion service rendezvous failed", "onion service missing client authorization",
		"onion service wrong client authorization", "onion service invalid address", "onion service introduction timed out"}
	switch i := int(code) - 0xf0; {
	case int(code) < len(said):
		return said[code]
	case i >= 0 && i < len(onions):
		return onions[i]
	}
	return "unknown (0x" + strconv.FormatUint(uint64(code), 16) + ")"
}
