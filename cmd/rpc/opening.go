package rpc

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
	"grapevine/p2p/swarm"
)

// testRows are for tests of peers; no list of help shows them.
func (s *Server) testRows() []jsonrpc.Method {
	return []jsonrpc.Method{
		{Name: "addconnection", Params: "address:text connection_type:text v2transport:bool", Do: s.addConnection,
			Help: "Regtest: opens a connection of a kind that the node otherwise chooses itself: outbound-full-relay, block-relay-only, addr-fetch or feeler.", Example: "127.0.0.1:18446 outbound-full-relay true"},
		{Name: "addpeeraddress", Params: "address:text port:int tried:bool=false", Do: s.addPeerAddress,
			Help: "Regtest: puts an address into the address book, among those that were reached if tried.", Example: "1.2.3.4 8333 true"},
		{Name: "getorphantxs", Params: "verbosity:level=0", Do: s.getOrphanTxs, Large: true,
			Help: "Transactions that wait for their parents, which this node does not know, the oldest first.", Example: "2"},
		{Name: "getrawaddrman", Do: s.getRawAddrman,
			Help: "All addresses of the address book with their places, as BUCKET/POSITION."},
		{Name: "sendmsgtopeer", Params: "peer_id:long msg_type:text msg:text", Do: s.sendMsgToPeer,
			Help: "Regtest: sends a peer a message of this name and payload (hex), whatever they are.", Example: "0 addr ffffff"},
	}
}

// regtestOnly refuses a method elsewhere.
func (s *Server) regtestOnly(method string) error {
	if s.cfg.Chain.Params.Local() {
		return nil
	}
	return jsonrpc.Errorf(jsonrpc.CodeMisc, "%s is for regression testing (-regtest mode) only.", method)
}

func (s *Server) addConnection(ctx context.Context, c *jsonrpc.Call) (any, error) {
	addr, kind, encrypted := c.String("address"), strings.TrimSpace(c.String("connection_type")), c.Bool("v2transport")
	if err := cmp.Or(s.regtestOnly("addconnection"), c.Err()); err != nil {
		return nil, err
	}
	switch k := p2p.Kind(kind); {
	case !k.Chosen():
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "%s", c.Usage().Message)
	case encrypted && s.cfg.Swarm.Services()&wire.SFNodeP2PV2 == 0:
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Error: Adding v2transport connections requires -v2transport init flag to be set.")
	}
	err := s.cfg.Swarm.Open(ctx, swarm.Opening{To: addr, Kind: p2p.Kind(kind), Plain: !encrypted})
	switch {
	case errors.Is(err, swarm.ErrNoCapacity):
		return nil, jsonrpc.Errorf(jsonrpc.CodeNodeCapacity, "Error: Already at capacity for specified connection type.")
	case err != nil: // as in Core the answer is the same whether it went well or not
		s.log.Info("addconnection", "err", err)
	}
	return struct {
		Address string `json:"address"`
		Kind    string `json:"connection_type"`
	}{addr, kind}, nil
}

func (s *Server) addPeerAddress(_ context.Context, c *jsonrpc.Call) (any, error) {
	text, port, tried := c.String("address"), c.Int("port"), c.Bool("tried")
	if port < 0 || port > 65535 {
		c.Refuse(jsonrpc.CodeMisc, "JSON integer out of range")
	}
	if err := cmp.Or(s.regtestOnly("addpeeraddress"), c.Err()); err != nil {
		return nil, err
	}
	type answer struct {
		Error   string `json:"error,omitempty"`
		Success bool   `json:"success"`
	}
	at, ok := p2p.HostPort{Host: text, Port: uint16(port)}.AddrPort()
	if network, _ := p2p.Overlay(at.Addr()); !ok || network == "" && at.Addr().Zone() != "" {
		return answer{}, nil
	}
	book := s.cfg.Swarm.Book()
	at = s.cfg.Swarm.Roads().Place(netip.AddrPortFrom(at.Addr().Unmap(), at.Port()))
	added := book.Add(p2p.Addr{At: at, Services: wire.SFNodeNetwork | wire.SFNodeWitness, Seen: s.cfg.Chain.Now().Unix()}, at.String())
	switch {
	case !added:
		return answer{Error: "failed-adding-to-new"}, nil
	case tried && !book.Promote(at):
		return answer{Error: "failed-adding-to-tried"}, nil
	}
	return answer{Success: true}, nil
}

type placedAddress struct {
	Address       string `json:"address"`
	Port          uint16 `json:"port"`
	Services      uint64 `json:"services"`
	Time          int64  `json:"time"`
	Network       string `json:"network"`
	Source        string `json:"source"`
	SourceNetwork string `json:"source_network"`
	MappedAS      uint32 `json:"mapped_as,omitempty"`
	SourceAS      uint32 `json:"source_mapped_as,omitempty"`
}

func (s *Server) getRawAddrman(context.Context, *jsonrpc.Call) (any, error) {
	tables := map[string]map[string]placedAddress{"new": {}, "tried": {}}
	for _, p := range s.cfg.Swarm.Book().Table() {
		source, network, as := p.Source, "not_publicly_routable", uint32(0)
		if from, err := netip.ParseAddrPort(p.Source); err == nil {
			source, network, as = p2p.HostOf(from.Addr()), netOf(from.Addr()), s.cfg.Swarm.Book().AS(from.Addr())
		}
		tables[tableOf(p)][fmt.Sprintf("%d/%d", p.Bucket, p.Position)] = placedAddress{
			Address: p2p.HostOf(p.At.Addr()), Port: p.At.Port(), Services: uint64(p.Services), Time: p.Seen,
			Network: netOf(p.At.Addr()), Source: source, SourceNetwork: network, MappedAS: s.cfg.Swarm.Book().AS(p.At.Addr()), SourceAS: as,
		}
	}
	return tables, nil
}

func tableOf(p addrbook.Placed) string {
	if p.Tried {
		return "tried"
	}
	return "new"
}

type addrCount struct {
	New   int `json:"new"`
	Tried int `json:"tried"`
	Total int `json:"total"`
}

// getAddrmanInfo counts the address book by network.
func (s *Server) getAddrmanInfo(context.Context, *jsonrpc.Call) (any, error) {
	counts := map[string]addrCount{"all_networks": {}}
	for _, name := range p2p.Networks() {
		counts[name] = addrCount{}
	}
	for _, p := range s.cfg.Swarm.Book().Table() {
		for _, name := range []string{netOf(p.At.Addr()), "all_networks"} {
			n := counts[name]
			n.Total++
			if p.Tried {
				n.Tried++
			} else {
				n.New++
			}
			counts[name] = n
		}
	}
	return counts, nil
}

// netOf is the network of an address in the book, wherever it leads.
func netOf(a netip.Addr) string {
	network, _ := p2p.Overlay(a)
	switch {
	case network != "":
		return network
	case a.Is4():
		return p2p.IPv4
	}
	return p2p.IPv6
}

func (s *Server) sendMsgToPeer(_ context.Context, c *jsonrpc.Call) (any, error) {
	id, command, text := c.Int("peer_id"), c.String("msg_type"), c.String("msg")
	if len(command) > wire.CommandSize {
		c.Refuse(jsonrpc.CodeInvalidParam, "Error: msg_type too long, max length is %d", wire.CommandSize)
	}
	payload, err := hex.DecodeString(text)
	if err != nil {
		c.Refuse(jsonrpc.CodeInvalidParam, "Error parsing input for msg")
	}
	if err := cmp.Or(s.regtestOnly("sendmsgtopeer"), c.Err()); err != nil {
		return nil, err
	}
	err = s.cfg.Swarm.SendRaw(id, command, payload)
	if errors.Is(err, swarm.ErrNotConnected) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "Error: Could not send message to peer")
	}
	return struct{}{}, err
}
