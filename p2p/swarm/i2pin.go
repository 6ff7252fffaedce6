package swarm

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"grapevine/db"
	"grapevine/p2p"
)

// Who comes over I2P comes to a destination that stays the same, because its private key is
// kept in a file, as Core's i2p_private_key: the whole of it, in binary. The bridge is asked
// for one stream at a time, and says whose it is before the stream begins:
//
//	DEST GENERATE SIGNATURE_TYPE=7          when there is no file yet
//	STREAM ACCEPT ID=… SILENT=false         on a connection of its own
//	(a line: the whole destination)         when somebody comes, then the stream
const (
	maxI2PKey     = 64 << 10
	destSize      = 387 // of a destination without its certificate's content, whose length are its last two bytes
	firstRetry    = time.Second
	lastRetry     = 5 * time.Minute // between attempts to be called, when the bridge is not there
	i2pAlphabet   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~"
	i2pPermission = 0o600
)

var errI2PKey = errors.New("not a private key of an I2P destination")

func i2pText() *base64.Encoding { return base64.NewEncoding(i2pAlphabet) }

// addrOfDest is the name of a destination: the hash of all of it but its private parts.
func addrOfDest(dest []byte) (netip.AddrPort, error) {
	if len(dest) < destSize {
		return netip.AddrPort{}, errI2PKey
	}
	size := destSize + int(binary.BigEndian.Uint16(dest[destSize-2:]))
	if len(dest) < size {
		return netip.AddrPort{}, errI2PKey
	}
	id := sha256.Sum256(dest[:size])
	a, _ := p2p.OverlayAddr(p2p.I2P, id[:])
	return netip.AddrPortFrom(a, 0), nil
}

// key is the private key of our destination, which the bridge makes when there is none.
func (s *sam) key(ctx context.Context, conn net.Conn) ([]byte, error) {
	raw, err := db.ReadFile(s.keyFile, maxI2PKey)
	if errors.Is(err, fs.ErrNotExist) {
		var pairs map[string]string
		if pairs, err = s.talk(ctx, conn, "DEST GENERATE SIGNATURE_TYPE=7"); err != nil {
			return nil, err
		}
		if raw, err = i2pText().DecodeString(pairs["PRIV"]); err != nil {
			return nil, fmt.Errorf("SAM bridge %s: %w", s.bridge, errI2PKey)
		}
		if _, err = addrOfDest(raw); err == nil {
			err = keepKey(s.keyFile, raw)
		}
	}
	if err != nil {
		return nil, err
	}
	own, err := addrOfDest(raw)
	if err != nil || len(raw) > maxI2PKey {
		return nil, fmt.Errorf("%s: %w", s.keyFile, errI2PKey)
	}
	s.own.Store(&own)
	return raw, nil
}

// keepKey writes a file that is whole or not there.
func keepKey(path string, raw []byte) error {
	beside := path + ".new"
	if err := os.WriteFile(beside, raw, i2pPermission); err != nil {
		return err
	}
	return os.Rename(beside, path)
}

// acceptI2P takes who comes over I2P, until ctx ends [ThreadI2PAcceptIncoming].
func (s *Swarm) acceptI2P(ctx context.Context) {
	retry := firstRetry
	for ctx.Err() == nil {
		conn, from, err := s.sam.accept(ctx, s.hurried(), s.setOverlay)
		if err != nil {
			s.cfg.Log.Debug("nobody can come over I2P", "bridge", s.cfg.SAM.String(), "err", err)
			select {
			case <-time.After(retry):
			case <-ctx.Done():
			}
			retry = min(2*retry, lastRetry)
			continue
		}
		retry = firstRetry
		select {
		case s.accepted <- incoming{conn: conn, at: from}:
		case <-ctx.Done():
			conn.Close()
		}
	}
}

// accept waits for a stream; ours is told our address before.
func (s *sam) accept(ctx context.Context, network p2p.Network, ours func(netip.AddrPort)) (net.Conn, netip.AddrPort, error) {
	id, err := s.session(ctx, network)
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	ours(*s.own.Load())
	conn, err := s.hello(ctx, network)
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	pairs, err := s.ask(ctx, conn, "STREAM ACCEPT ID="+id+" SILENT=false")
	if err != nil {
		conn.Close()
		if pairs["RESULT"] == "INVALID_ID" {
			s.forget(ctx, id)
		}
		return nil, netip.AddrPort{}, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	line, err := readReply(conn)
	if !stop() {
		err = context.Cause(ctx)
	}
	var from netip.AddrPort
	if err == nil {
		word, _, _ := strings.Cut(line, " ") // ports may follow
		var dest []byte
		if dest, err = i2pText().DecodeString(word); err == nil {
			from, err = addrOfDest(dest)
		}
	}
	if err != nil {
		conn.Close()
		return nil, netip.AddrPort{}, err
	}
	return &proxied{conn, remoteName(p2p.HostPortOf(from).String())}, from, nil
}

// setOverlay notes one of our addresses that we have learnt since we listen.
func (s *Swarm) setOverlay(at netip.AddrPort) {
	s.overlayMu.Lock()
	defer s.overlayMu.Unlock()
	if !slices.Contains(s.overlays, at) {
		s.overlays = append(s.overlays, at)
		s.cfg.Log.Info("address of ours", "addr", p2p.HostPortOf(at))
	}
}

// dropOverlay: nobody reaches us there any more.
func (s *Swarm) dropOverlay(at netip.AddrPort) {
	s.overlayMu.Lock()
	defer s.overlayMu.Unlock()
	s.overlays = slices.DeleteFunc(s.overlays, func(own netip.AddrPort) bool { return own == at })
}

// overlayAddrs are these.
func (s *Swarm) overlayAddrs() []netip.AddrPort {
	s.overlayMu.Lock()
	defer s.overlayMu.Unlock()
	return slices.Clone(s.overlays)
}
