package rpc

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/p2p"
)

// bookRows are about addresses: those kept away, and those heard of.
func (s *Server) bookRows() []jsonrpc.Method {
	return jsonrpc.Group("Network",
		jsonrpc.Method{Name: "setban", Params: "subnet:text command:text bantime:long=0 absolute:bool=false", Do: s.setBan,
			Help: "Keeps an address, a subnet, an onion service or an I2P destination away for bantime seconds (default a day; with absolute until that Unix time), or takes that back.", Example: "10.1.0.0/16 add 3600"},
		jsonrpc.Method{Name: "listbanned", Do: s.listBanned,
			Help: "The addresses and subnets that are kept away, and for how long."},
		jsonrpc.Method{Name: "clearbanned", Do: s.clearBanned,
			Help: "Takes back all bans."},
		jsonrpc.Method{Name: "getaddrmaninfo", Do: s.getAddrmanInfo,
			Help: "How many addresses the address book has, by network: new ones that were heard of, and tried ones that were reached once."},
		jsonrpc.Method{Name: "getnodeaddresses", Params: "count:int=1 network:text?", Do: s.getNodeAddresses,
			Help: "Addresses of nodes we have heard of, those seen last first; 0 asks for all.", Example: "8"},
	)
}

func (s *Server) setBan(_ context.Context, c *jsonrpc.Call) (any, error) {
	where, command := c.String("subnet"), c.String("command")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if command != "add" && command != "remove" {
		return nil, c.Usage()
	}
	subnet, ok := s.cfg.Swarm.Roads().ParseSubnet(where)
	if !ok {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidSubnet, "Error: Invalid IP/Subnet")
	}
	switch command {
	case "add":
		if s.cfg.Swarm.Book().Holds(subnet, !strings.Contains(where, "/")) { // Core: isSubnet
			return nil, jsonrpc.Errorf(jsonrpc.CodeNodeAdded, "Error: IP/Subnet already banned")
		}
		until, err := s.banEnd(c.Int("bantime"), c.Bool("absolute"))
		if err = cmp.Or(c.Err(), err); err != nil {
			return nil, err
		}
		return nil, s.cfg.Swarm.SetBan(subnet, until)
	case "remove":
		if !s.cfg.Swarm.Book().Unban(subnet) {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidSubnet, "Error: Unban failed. Requested address/subnet was not previously manually banned.")
		}
	}
	return nil, nil
}

// banEnd reads a length in seconds, or a Unix time if it is absolute.
func (s *Server) banEnd(length int64, absolute bool) (time.Time, error) {
	now := s.cfg.Chain.Now()
	if absolute {
		if length < now.Unix() {
			return now, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Error: Absolute timestamp is in the past")
		}
		const last = math.MaxInt64 / 2 // in Unix seconds; what is near the largest number is a time before all others
		return time.Unix(min(length, last), 0), nil
	}
	if length <= 0 {
		return now.Add(s.cfg.Swarm.BanTime()), nil
	}
	const longest = 100 * 365 * 24 * 60 * 60 // seconds; more would not fit a Duration some day
	return now.Add(time.Duration(min(length, longest)) * time.Second), nil
}

type ban struct {
	Address   string `json:"address"`
	Created   int64  `json:"ban_created"`
	Until     int64  `json:"banned_until"`
	Duration  int64  `json:"ban_duration"`
	Remaining int64  `json:"time_remaining"`
}

func (s *Server) listBanned(context.Context, *jsonrpc.Call) (any, error) {
	list := []ban{}
	for _, b := range s.cfg.Swarm.Book().Bans() {
		list = append(list, ban{
			Address: b.Net.String(), Created: b.Since.Unix(), Until: b.Until.Unix(),
			Duration: int64(b.Until.Sub(b.Since).Round(time.Second).Seconds()), Remaining: int64(b.Until.Sub(s.cfg.Chain.Now()).Seconds()),
		})
	}
	return list, nil
}

func (s *Server) clearBanned(context.Context, *jsonrpc.Call) (any, error) {
	book := s.cfg.Swarm.Book()
	for _, b := range book.Bans() {
		book.Unban(b.Net)
	}
	return nil, nil
}

type nodeAddress struct {
	Time     int64  `json:"time"`
	Services uint64 `json:"services"`
	Address  string `json:"address"`
	Port     uint16 `json:"port"`
	Network  string `json:"network"`
}

// getNodeAddresses answers those that were seen last; 0 asks for all.
func (s *Server) getNodeAddresses(_ context.Context, c *jsonrpc.Call) (any, error) {
	count, network := c.Int("count"), c.String("network")
	if count < 0 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Address count out of range")
	}
	if c.Has("network") && !slices.Contains(p2p.Networks(), strings.ToLower(network)) { // Core: ParseNetwork
		c.Refuse(jsonrpc.CodeInvalidParam, "Network not recognized: %s", network)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	all := s.cfg.Swarm.Book().All()
	slices.SortFunc(all, func(a, b p2p.Addr) int { return cmp.Compare(b.Seen, a.Seen) })
	list := []nodeAddress{}
	for _, a := range all {
		n := nodeAddress{a.Seen, uint64(a.Services), p2p.HostOf(a.At.Addr()), a.At.Port(), netOf(a.At.Addr())}
		if network != "" && strings.ToLower(network) != n.Network {
			continue
		}
		if list = append(list, n); int64(len(list)) == count {
			break
		}
	}
	return list, nil
}
