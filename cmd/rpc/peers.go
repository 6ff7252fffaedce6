package rpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/p2p"
	"grapevine/p2p/swarm"
)

// coreVersion is the version of Bitcoin Core whose answers ours are like.
// Clients choose by it (and by subversion, which btcd's rpcclient compares as
// text) what they may ask.
const (
	coreVersion     = 310000
	coreSubversion  = "/Satoshi:31.0.0/grapevine:%s/"
	protocolVersion = 70016
)

// peerRows are about the connections.
func (s *Server) peerRows() []jsonrpc.Method {
	return jsonrpc.Group("Network",
		jsonrpc.Method{Name: "getnetworkinfo", Do: s.getNetworkInfo,
			Help: "Version, services, connections and relay fees of this node."},
		jsonrpc.Method{Name: "getpeerinfo", Do: s.getPeerInfo,
			Help: "Every connected peer: who it is, what it has, and how many blocks and transactions were given to it and taken from it (blocks_to, txs_to, blocks_from, txs_from)."},
		jsonrpc.Method{Name: "getconnectioncount", Do: s.getConnectionCount,
			Help: "The number of connected peers."},
		jsonrpc.Method{Name: "getnettotals", Do: s.getNetTotals,
			Help: "Bytes sent and received since the start."},
		jsonrpc.Method{Name: "getaddednodeinfo", Params: "node:text?", Do: s.getAddedNodeInfo,
			Help: "The peers that addnode asked for, and whether they are connected."},
		jsonrpc.Method{Name: "addnode", Params: "node:text command:text v2transport:bool?", Do: s.addNode,
			Help: "Keeps a peer connected from now on, forgets it, or tries it once.", Example: "127.0.0.1:18446 add"},
		jsonrpc.Method{Name: "ping", Do: s.ping,
			Help: "Sends a ping to every peer; getpeerinfo says how long the answers took."},
		jsonrpc.Method{Name: "disconnectnode", Params: "address:text? nodeid:long?", Do: s.disconnectNode,
			Help: "Ends the connection with a peer, by its address or (with an empty address) by its id.", Example: "127.0.0.1:18446"},
		jsonrpc.Method{Name: "setnetworkactive", Params: "state:bool", Do: s.setNetworkActive,
			Help: "Switches the network off and on.", Example: "false"},
	)
}

type netInfo struct {
	Version      int            `json:"version"`
	Subversion   string         `json:"subversion"`
	Protocol     int            `json:"protocolversion"`
	Services     string         `json:"localservices"`
	ServiceNames []string       `json:"localservicesnames"`
	Relay        bool           `json:"localrelay"`
	TimeOffset   int64          `json:"timeoffset"`
	Active       bool           `json:"networkactive"`
	Connections  int            `json:"connections"`
	In           int            `json:"connections_in"`
	Out          int            `json:"connections_out"`
	Networks     []netKind      `json:"networks"`
	RelayFee     jsonrpc.Amount `json:"relayfee"`
	Increment    jsonrpc.Amount `json:"incrementalfee"`
	Local        []localAddress `json:"localaddresses"`
	Warnings     []string       `json:"warnings"`
}

type localAddress struct {
	Address string `json:"address"`
	Port    uint16 `json:"port"`
	Score   int    `json:"score"`
}

type netKind struct {
	Name      string `json:"name"`
	Limited   bool   `json:"limited"`
	Reachable bool   `json:"reachable"`
	Proxy     string `json:"proxy"`
	Randomize bool   `json:"proxy_randomize_credentials"`
}

func (s *Server) getNetworkInfo(context.Context, *jsonrpc.Call) (any, error) {
	rules, offered := s.cfg.Pool.Pool.Rules(), s.cfg.Swarm.Services()
	info := netInfo{
		Version: coreVersion, Subversion: cmp.Or(s.cfg.UserAgent, fmt.Sprintf(coreSubversion, s.cfg.Version)), Protocol: protocolVersion,
		Services: services(offered), ServiceNames: p2p.ServiceNames(offered), Relay: s.cfg.Swarm.TakesTxs(), Active: s.cfg.Swarm.Active(),
		RelayFee: jsonrpc.Amount(rules.MinRelay), Increment: jsonrpc.Amount(rules.Increment),
		Local: []localAddress{}, Warnings: s.cfg.Chain.Warned(),
	}
	roads := s.cfg.Swarm.Roads()
	for _, name := range p2p.Networks() {
		proxy, reachable := roads.Through(name), roads.Reaches(name)
		info.Networks = append(info.Networks, netKind{Name: name, Limited: !reachable, Reachable: reachable, Proxy: proxy.String(), Randomize: proxy.Isolate})
	}
	for _, at := range s.cfg.Swarm.Locals() {
		info.Local = append(info.Local, localAddress{p2p.HostOf(at.Addr()), at.Port(), 4}) // [LOCAL_MANUAL]
	}
	info.In, info.Out = s.countPeers()
	info.Connections = info.In + info.Out
	return info, nil
}

func services(f wire.ServiceFlag) string { return fmt.Sprintf("%016x", uint64(f)) }

// getPeerInfo answers the view itself, whose JSON is the row.
func (s *Server) getPeerInfo(context.Context, *jsonrpc.Call) (any, error) {
	return append([]p2p.PeerInfo{}, s.cfg.Swarm.Connections()...), nil
}

func (s *Server) getConnectionCount(context.Context, *jsonrpc.Call) (any, error) {
	return len(s.cfg.Swarm.Connections()), nil
}

func (s *Server) getNetTotals(context.Context, *jsonrpc.Call) (any, error) {
	t := s.cfg.Swarm.Totals()
	u := s.cfg.Swarm.UploadTarget()
	type target struct {
		Timeframe int    `json:"timeframe"`
		Target    uint64 `json:"target"`
		Reached   bool   `json:"target_reached"`
		Serve     bool   `json:"serve_historical_blocks"`
		BytesLeft uint64 `json:"bytes_left_in_cycle"`
		TimeLeft  int64  `json:"time_left_in_cycle"`
	}
	return struct {
		Recv   uint64 `json:"totalbytesrecv"`
		Sent   uint64 `json:"totalbytessent"`
		Millis int64  `json:"timemillis"`
		Target target `json:"uploadtarget"`
	}{t.BytesRecv, t.BytesSent, s.cfg.Chain.Now().UnixMilli(), target{86400, u.Most, u.Reached, u.OldBlocks, u.BytesLeft, int64(u.TimeLeft.Seconds())}}, nil
}

func (s *Server) ping(context.Context, *jsonrpc.Call) (any, error) { return nil, s.cfg.Swarm.Ping() }

type addedNode struct {
	Node      string         `json:"addednode"`
	Connected bool           `json:"connected"`
	Addresses []addedAddress `json:"addresses"`
}

type addedAddress struct {
	Address   string `json:"address"`
	Connected string `json:"connected"` // "inbound" or "outbound"
}

func (s *Server) getAddedNodeInfo(_ context.Context, c *jsonrpc.Call) (any, error) {
	only := c.String("node")
	to, _ := p2p.ParseHostPort(only, p2p.DefaultPort(s.cfg.Chain.Params))
	list := []addedNode{}
	for _, a := range s.cfg.Swarm.AddedNodes() {
		if only != "" && a.Node != only && a.To != to {
			continue
		}
		n := addedNode{Node: a.Node, Connected: a.Peer != nil, Addresses: []addedAddress{}}
		switch {
		case n.Connected && a.Peer.Inbound(): // it has dialled us first: nothing is missing
			n.Addresses = append(n.Addresses, addedAddress{a.Peer.Addr, "inbound"})
		case n.Connected:
			n.Addresses = append(n.Addresses, addedAddress{a.Peer.Addr, "outbound"})
		}
		list = append(list, n)
	}
	if only != "" && len(list) == 0 {
		c.Refuse(jsonrpc.CodeNodeNotAdded, "Error: Node has not been added.")
	}
	return list, c.Err()
}

func (s *Server) addNode(ctx context.Context, c *jsonrpc.Call) (any, error) {
	node, command, encrypted := c.String("node"), c.String("command"), c.Bool("v2transport")
	if err := c.Err(); err != nil {
		return nil, err
	}
	plain := c.Has("v2transport") && !encrypted
	if encrypted && s.cfg.Swarm.Services()&wire.SFNodeP2PV2 == 0 {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Error: v2transport requested but not enabled (see -v2transport)")
	}
	switch command {
	case "onetry":
		// As in Core the answer is null whether it went well or not.
		if err := s.cfg.Swarm.Open(ctx, swarm.Opening{To: node, Kind: p2p.Manual, Plain: plain}); err != nil {
			s.log.Info("addnode onetry", "err", err)
		}
		return nil, nil
	case "add":
		err := s.cfg.Swarm.AddNode(node, plain)
		if errors.Is(err, swarm.ErrNodeAdded) {
			return nil, jsonrpc.Errorf(jsonrpc.CodeNodeAdded, "Error: Node already added")
		}
		return nil, err
	case "remove":
		err := s.cfg.Swarm.RemoveNode(node)
		if errors.Is(err, swarm.ErrNodeNotAdded) {
			return nil, jsonrpc.Errorf(jsonrpc.CodeNodeNotAdded, "Error: Node could not be removed. It has not been added previously.")
		}
		return nil, err
	}
	return nil, c.Usage()
}

func (s *Server) disconnectNode(_ context.Context, c *jsonrpc.Call) (any, error) {
	addr, byID := c.String("address"), c.Has("nodeid")
	if byID == (addr != "") {
		c.Refuse(jsonrpc.CodeInvalidParams, "Only one of address and nodeid should be provided.")
	}
	id := c.Int("nodeid")
	if err := c.Err(); err != nil {
		return nil, err
	}
	var err error
	if byID {
		err = s.cfg.Swarm.DisconnectNumber(id)
	} else {
		err = s.cfg.Swarm.Disconnect(addr)
	}
	if errors.Is(err, swarm.ErrNotConnected) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeNodeNotFound, "Node not found in connected nodes")
	}
	return nil, err
}

func (s *Server) setNetworkActive(_ context.Context, c *jsonrpc.Call) (any, error) {
	on := c.Bool("state")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := s.cfg.Swarm.SetActive(on); err != nil {
		return nil, err
	}
	return on, nil
}
