package notify

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Schemes of addresses. Core writes unix: where ZeroMQ says ipc:// [ADDR_PREFIX_UNIX,
// ADDR_PREFIX_IPC].
const (
	schemeTCP  = "tcp://"
	schemeIPC  = "ipc://"
	schemeUnix = "unix:"
)

// canonical is an address in ZeroMQ's words.
func canonical(address string) string {
	if path, ok := strings.CutPrefix(address, schemeUnix); ok {
		return schemeIPC + path
	}
	return address
}

// CheckAddress says whether bitcoind would start with such an address of -zmqpub…; one that it
// starts with may yet be one that cannot be listened at. What stands behind the only colon
// has to be a port [SplitHostPort].
func CheckAddress(address string) error {
	colon := strings.LastIndexByte(address, ':')
	switch {
	case strings.HasPrefix(address, schemeUnix) || colon < 0:
		return nil
	case colon > 0 && strings.IndexByte(address, ':') != colon && !(address[0] == '[' && address[colon-1] == ']'):
		return nil
	}
	if port, err := strconv.ParseUint(address[colon+1:], 10, 16); err != nil || port == 0 {
		return fmt.Errorf("no port in %q", address)
	}
	return nil
}

// listen opens the socket of a canonical address.
func listen(address string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(address, schemeIPC); ok && path != "" {
		return listenUnix(path)
	}
	host, ok := strings.CutPrefix(address, schemeTCP)
	if !ok {
		return nil, fmt.Errorf("%q: want %sHOST:PORT or %sPATH", address, schemeTCP, schemeUnix)
	}
	host, port, err := net.SplitHostPort(host)
	if err != nil {
		return nil, err
	}
	if port == "*" {
		port = "0" // any that is free
	}
	if host, err = hostOf(host); err != nil {
		return nil, err
	}
	return net.Listen("tcp", net.JoinHostPort(host, port))
}

// hostOf is the address to bind to: an address as it stands, * for all, or that of a network
// interface. Names are not looked up, as ZeroMQ does not for what it binds to.
func hostOf(host string) (string, error) {
	if host == "*" {
		return "0.0.0.0", nil
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return host, nil
	}
	nic, err := net.InterfaceByName(host)
	if err != nil {
		return "", fmt.Errorf("%q is neither an IP address nor a network interface", host)
	}
	addrs, err := nic.Addrs()
	if err != nil {
		return "", err
	}
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil {
			return ip.IP.String(), nil
		}
	}
	return "", fmt.Errorf("network interface %s has no IPv4 address", host)
}

// listenUnix takes the place of a socket that an earlier run left behind, of nothing else.
func listenUnix(path string) (net.Listener, error) {
	if st, err := os.Lstat(path); err == nil && st.Mode().Type() == fs.ModeSocket {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return net.Listen("unix", path)
}
