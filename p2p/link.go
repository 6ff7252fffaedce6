package p2p

import (
	"strings"
	"time"

	"github.com/btcsuite/btcd/wire/v2"
)

// Hello is what a peer's handshake has said.
type Hello struct {
	Transport   int      // 1, or 2: encrypted (BIP324)
	Session     [32]byte // of an encrypted transport (BIP324): its two ends can compare it
	Nonce       uint64
	Version     int32
	Services    wire.ServiceFlag
	UserAgent   string
	StartHeight int32
	Relay       bool      // wants transactions (BIP37's fRelay)
	WTxIDRelay  bool      // BIP339
	AddrV2      bool      // BIP155
	Have        bool      // both sides speak gvhave
	Given       bool      // and gvgiven
	Clock       time.Time // what they say the time is
}

// Sanitized is what somebody says without what could be taken for more than text: by a
// terminal, a page, a log or a shell that quotes it [SanitizeString].
func Sanitized(said string) string {
	const safe = " .,;-_/:?@()" // beside letters and digits [SAFE_CHARS_DEFAULT]
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(safe, r) {
			return r
		}
		return -1
	}, said)
}

// Kind is what a connection is for, in the words of Core's connection_type [ConnectionType].
type Kind string

const (
	Inbound    Kind = "inbound"
	Manual     Kind = "manual"              // asked for by people
	FullRelay  Kind = "outbound-full-relay" // chosen by us, for everything
	BlocksOnly Kind = "block-relay-only"    // chosen by us; who maps the network by transactions and addresses does not see it
	Feeler     Kind = "feeler"              // only to see whether an address is good
	AddrFetch  Kind = "addr-fetch"          // only to ask for addresses
)

// Chosen tells whether we have chosen the connection ourselves, not people.
func (k Kind) Chosen() bool {
	return k == FullRelay || k == BlocksOnly || k == Feeler || k == AddrFetch
}

// Link is a connection to a peer: which, what for, and what was said as it began. Whoever
// keeps more of a peer embeds it, or a pointer to the one that another keeps.
type Link struct {
	ID          PeerID
	Number      int64 // from 0, in the order of connecting, as people see it; -1: not connected yet
	Kind        Kind
	Permissions // granted by people; none usually
	Hello
}

// Inbound tells whether the peer has dialled us.
func (l Link) Inbound() bool { return l.Kind == Inbound }

// Preferred tells whether the peer is of our own choice, or trusted; an attacker has the
// others for free [fPreferredDownload].
func (l Link) Preferred() bool { return !l.Inbound() || l.May(MayStay) }

// Silent tells whether we have asked for no transactions and tell none, nor addresses.
func (l Link) Silent() bool { return l.Kind == BlocksOnly }
