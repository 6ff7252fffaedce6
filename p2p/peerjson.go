package p2p

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// The JSON of a PeerInfo is its row of getpeerinfo: Core's members, and at the end what this
// node and the peer gave each other. One list of members writes and reads it, so that who
// asks a node for its peers has what the node has. Events name a peer by few of them (Brief).

// member is one of them.
type member struct {
	name  string
	write func() any
	read  func(json.RawMessage) error
	empty bool // left out
}

// as is a member that JSON has as a T.
func as[T any](name string, get func() T, set func(T) error) member {
	return member{name: name, write: func() any { return get() }, read: func(raw json.RawMessage) error {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		return set(v)
	}}
}

// plain is a member that is in JSON what it is in Go.
func plain[T any](name string, v *T) member {
	return as(name, func() T { return *v }, func(x T) error { *v = x; return nil })
}

// unlessEmpty is left out when it says nothing.
func unlessEmpty[T comparable](name string, v *T) member {
	m := plain(name, v)
	m.empty = *v == *new(T)
	return m
}

// given counts what was given or taken: nothing is, and it is left out, before the handshake. Who has it has greeted.
func (p *PeerInfo) given(name string, v *int64) member {
	m := as(name, func() int64 { return *v }, func(n int64) error { *v, p.Greeted = n, true; return nil })
	m.empty = !p.Greeted && *v == 0
	return m
}

// moment is a time in whole seconds since 1970; 0 for never.
func moment(name string, t *time.Time) member {
	return as(name, func() int64 {
		if t.IsZero() {
			return 0
		}
		return t.Unix()
	}, func(unix int64) error {
		if *t = (time.Time{}); unix != 0 {
			*t = time.Unix(unix, 0)
		}
		return nil
	})
}

// duration is in seconds, of whole microseconds as Core's; left out when nothing was measured, or
// the clock was put back meanwhile.
func duration(name string, d *time.Duration) member {
	m := as(name, func() float64 { return float64(d.Microseconds()) / 1e6 },
		func(seconds float64) error {
			const most = 1 << 62 // nanoseconds: 146 years
			if *d = time.Duration(min(max(0, math.Round(seconds*float64(time.Second))), most)); seconds == 0 {
				*d = 1 // it was measured
			}
			return nil
		})
	m.empty = *d <= 0
	return m
}

// row is in Core's order [getpeerinfo].
func (p *PeerInfo) row() members {
	return members{
		plain("id", &p.Number), p.node(), plain("addr", &p.Addr), plain("addrbind", &p.LocalAddr), plain("network", &p.Network),
		as("services", func() string { return fmt.Sprintf("%016x", uint64(p.Services)) }, p.readServices),
		as("servicesnames", func() []string { return ServiceNames(p.Services) }, func([]string) error { return nil }),
		plain("relaytxes", &p.Relay),
		moment("lastsend", &p.LastSend), moment("lastrecv", &p.LastRecv), moment("last_transaction", &p.LastTx), moment("last_block", &p.LastBlock),
		plain("bytessent", &p.BytesSent), plain("bytesrecv", &p.BytesRecv), moment("conntime", &p.Connected),
		as("timeoffset", func() int64 { return int64(p.TimeSkew.Seconds()) }, func(s int64) error { p.TimeSkew = time.Duration(s) * time.Second; return nil }),
		duration("pingtime", &p.Ping), duration("minping", &p.MinPing), duration("pingwait", &p.PingWait),
		plain("version", &p.Version), plain("subver", &p.UserAgent), as("inbound", p.Inbound, p.readInbound),
		plain("bip152_hb_to", &p.HBTo), plain("bip152_hb_from", &p.HBFrom), plain("startingheight", &p.StartHeight),
		plain("presynced_headers", &p.Presynced), plain("synced_headers", &p.Headers), plain("synced_blocks", &p.Height),
		as("inflight", func() []int32 { return append([]int32{}, p.InFlight...) }, func(list []int32) error { p.InFlight = list; return nil }),
		plain("addr_relay_enabled", &p.AddrRelay), plain("addr_processed", &p.AddrsTaken), plain("addr_rate_limited", &p.AddrsLimited),
		as("permissions", p.Permissions.Names, p.readPermissions), as("minfeefilter", p.feeFilter, p.readFeeFilter),
		plain("bytessent_per_msg", &p.SentPerMsg), plain("bytesrecv_per_msg", &p.RecvPerMsg), plain("connection_type", &p.Kind),
		as("transport_protocol_type", p.transport, p.readTransport), as("session_id", p.session, p.readSession), unlessEmpty("mapped_as", &p.MappedAS),
		p.given("blocks_from", &p.BlocksFrom), p.given("txs_from", &p.TxsFrom), p.given("blocks_to", &p.BlocksTo), p.given("txs_to", &p.TxsTo),
		unlessEmpty("listens", &p.Listens),
	}
}

// Brief is the peer as an event names it, to be written or read; why: also what the connection
// is for, and what the peer says it is.
func (p *PeerInfo) Brief(why bool) interface {
	json.Marshaler
	json.Unmarshaler
} {
	list := members{
		plain("id", &p.Number), plain("addr", &p.Addr), unlessEmpty("local", &p.LocalAddr), as("inbound", p.Inbound, p.readInbound),
		unlessEmpty("listens", &p.Listens), unlessEmpty("node", &p.Node),
	}
	if why {
		list = append(list, unlessEmpty("connection", &p.Kind), unlessEmpty("agent", &p.UserAgent))
	}
	return list
}

// MarshalJSON writes the row.
func (p PeerInfo) MarshalJSON() ([]byte, error) { return p.row().MarshalJSON() }

// UnmarshalJSON reads the row.
func (p *PeerInfo) UnmarshalJSON(raw []byte) error {
	*p = PeerInfo{Link: Link{Hello: Hello{Relay: true}}} // who says nothing of it takes transactions [-netinfo]
	return p.row().UnmarshalJSON(raw)
}

// members are a JSON object.
type members []member

// MarshalJSON writes them.
func (list members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // who writes the answer knows whether that is needed
	before := byte('{')
	for _, m := range list {
		if m.empty {
			continue
		}
		b.WriteByte(before)
		before = ','
		b.WriteString(strconv.Quote(m.name) + ":")
		if err := enc.Encode(m.write()); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads them; some may be missing: nodes differ.
func (list members) UnmarshalJSON(raw []byte) error {
	var said map[string]json.RawMessage
	if err := json.Unmarshal(raw, &said); err != nil {
		return err
	}
	for _, m := range list {
		if v, ok := said[m.name]; ok {
			if err := m.read(v); err != nil {
				return fmt.Errorf("peer: %s: %w", m.name, err)
			}
		}
	}
	return nil
}

// node is a number in JSON, where it is known.
func (p *PeerInfo) node() member {
	m := as("node", func() json.Number { return json.Number(p.Node) }, func(n json.Number) error { p.Node = n.String(); return nil })
	m.empty = p.Node == ""
	return m
}

func (p *PeerInfo) readServices(hexed string) error {
	n, err := strconv.ParseUint(hexed, 16, 64)
	p.Services = wire.ServiceFlag(n)
	return err
}

// readInbound says what the connection is for if nothing else does: connection_type follows.
func (p *PeerInfo) readInbound(in bool) error {
	if in {
		p.Kind = Inbound
	}
	return nil
}

func (p *PeerInfo) readPermissions(names []string) error {
	p.Permissions = 0
	for _, name := range names {
		bits, _ := permission(name) // others may have more
		p.Permissions |= bits
	}
	return nil
}

func (p *PeerInfo) feeFilter() json.Number {
	return json.Number(chain.FormatAmount(btcutil.Amount(p.FeeFilter)))
}

func (p *PeerInfo) readFeeFilter(n json.Number) (err error) {
	p.FeeFilter, err = chain.ParseFixed(n.String(), 8)
	return err
}

func (p *PeerInfo) transport() string {
	if p.Transport == 0 {
		return "detecting"
	}
	return "v" + strconv.Itoa(p.Transport)
}

func (p *PeerInfo) readTransport(v string) error {
	if p.Transport = 0; len(v) == 2 && v[0] == 'v' && v[1] >= '1' && v[1] <= '9' {
		p.Transport = int(v[1] - '0')
	}
	return nil
}

func (p *PeerInfo) session() string {
	if p.Transport != 2 {
		return ""
	}
	return hex.EncodeToString(p.Session[:])
}

func (p *PeerInfo) readSession(id string) error {
	raw, err := hex.DecodeString(id)
	copy(p.Session[:], raw)
	return err
}

// ServiceNames are Core's words for what a node offers [serviceFlagsToStr].
func ServiceNames(f wire.ServiceFlag) []string {
	names := []string{}
	known := map[int]string{0: "NETWORK", 2: "BLOOM", 3: "WITNESS", 6: "COMPACT_FILTERS", 10: "NETWORK_LIMITED", 11: "P2P_V2"}
	for bit := range 64 {
		if f&(1<<bit) != 0 {
			names = append(names, cmp.Or(known[bit], fmt.Sprintf("UNKNOWN[2^%d]", bit)))
		}
	}
	return names
}
