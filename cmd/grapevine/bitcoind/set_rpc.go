package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"cmp"
	"context"
	"fmt"
	"grapevine/cmd/grapevine/args"
	"io/fs"
	"log/slog"
	"math"
	"net"
	"strconv"
	"time"

	"grapevine/cmd/rpc"
	"grapevine/cmd/rpc/client"
)

func setRPCUser(s *setup) error {
	s.cfg.RPCUser = s.String("rpcuser", "")
	return nil
}

// setRPCPassword: who has a password needs no cookie, and there is none.
func setRPCPassword(s *setup) error {
	s.cfg.RPCPassword = s.String("rpcpassword", "")
	s.cfg.RPCNoCookie = s.cfg.RPCPassword != ""
	return nil
}

func setRPCAuth(s *setup) error {
	s.cfg.RPCAuth = s.List("rpcauth")
	return nil
}

func setRPCWhitelist(s *setup) error {
	s.cfg.RPCWhitelist = s.List("rpcwhitelist")
	on := s.Bool("rpcwhitelistdefault", s.Has("rpcwhitelist"))
	s.cfg.RPCWhitelistDefault = &on
	return nil
}

// setRPCCookie: -norpccookiefile writes none.
func setRPCCookie(s *setup) error {
	s.cfg.RPCCookie = s.Below("rpccookiefile", ".cookie")
	s.cfg.RPCNoCookie = s.cfg.RPCNoCookie || s.cfg.RPCCookie == ""
	return nil
}

func setRPCCookieMode(s *setup) error {
	modes := map[string]fs.FileMode{"owner": 0o600, "group": 0o640, "all": 0o644}
	mode, ok := modes[s.String("rpccookieperms", "owner")]
	if !ok {
		s.say(slog.LevelInfo, fmt.Sprintf("Invalid -rpccookieperms=%s; must be one of 'owner', 'group', or 'all'.", s.String("rpccookieperms", "")))
		s.later(rpc.ErrStart)
	}
	s.cfg.RPCCookieMode = mode
	return nil
}

func setRPCTimeout(s *setup) error {
	const most = math.MaxInt32 // seconds
	s.cfg.RPCTimeout = time.Duration(min(max(s.Int("rpcservertimeout", 0), 0), most)) * time.Second
	return nil
}

const mostThreads = 1 << 10

// setRPCThreads: with either of the two both count as in Core.
func setRPCThreads(s *setup) error {
	s.cfg.RPCThreads = int(min(max(s.Int("rpcthreads", rpc.CoreThreads), 1), mostThreads))
	s.cfg.RPCQueue = int(min(max(s.Int("rpcworkqueue", rpc.CoreQueue), 1), math.MaxUint16))
	return nil
}

// rpc decides where RPC answers [HTTPBindAddresses].
func (s *setup) rpc() error {
	port := client.DefaultPort(s.chain)
	if s.Has("rpcport") {
		n := s.Int("rpcport", 0)
		if n < 1 || n > math.MaxUint16 {
			return fmt.Errorf("Invalid port specified in -rpcport: '%s'", s.String("rpcport", ""))
		}
		port = uint16(n)
	}
	binds := s.List("rpcbind")
	for i, at := range binds {
		host, own, ok := args.SplitHostPort(at)
		if !ok {
			return fmt.Errorf("Invalid port specified in -rpcbind: '%s'", at)
		}
		binds[i] = net.JoinHostPort(host, strconv.Itoa(int(cmp.Or(own, port))))
	}
	if !s.Bool("server", true) {
		return nil
	}
	on := s.Bool("rest", false)
	s.cfg.REST = &on
	s.cfg.Logging, s.cfg.LogPath = s.log, s.Below("debuglogfile", "debug.log")
	s.cfg.RPCAllowIP = append([]string{}, s.List("rpcallowip")...)
	if err := rpc.CheckAllowIP(s.cfg.RPCAllowIP); err != nil {
		return fmt.Errorf("%w\nError: %w", err, rpc.ErrStart)
	}
	s.cfg.RPCBindAny = true
	if named := s.Has("rpcallowip"); !named || len(binds) == 0 {
		if named {
			s.say(slog.LevelWarn, "option -rpcallowip was specified without -rpcbind; this doesn't usually make sense")
		}
		if len(binds) > 0 {
			s.say(slog.LevelWarn, "option -rpcbind was ignored because -rpcallowip was not specified, refusing to allow everyone to connect")
		}
		text := strconv.Itoa(int(port))
		binds = []string{net.JoinHostPort("127.0.0.1", text), net.JoinHostPort("::1", text)}
	}
	s.cfg.RPCListen, s.cfg.RPCBind = binds[0], binds[1:]
	s.apart()
	return nil
}

// say logs a sentence of Core's.
func (s *setup) say(level slog.Level, text string) {
	s.cfg.Log.Log(context.Background(), level, said, "text", text)
}
