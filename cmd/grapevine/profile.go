package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"runtime"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
)

func profileFlags() []urfave.Flag {
	return []urfave.Flag{cli.StringFlag("pprof", "`ADDR:PORT` on loopback where go tool pprof may take profiles of the node")}
}

// profileRate is every how many bytes allocated one allocation is noted, for the profile of memory: Go's own.
const profileRate = 512 << 10

// profileConfig judges --pprof.
func profileConfig(s string) error {
	if at, err := netip.ParseAddrPort(s); s != "" && (err != nil || !at.Addr().IsLoopback()) {
		return cli.Usagef("--pprof %q: want an address that only this machine reaches, as 127.0.0.1:6060", s)
	}
	return nil
}

// profileAt opens what --pprof names; nil without the flag. Profiles tell what is in
// memory, keys among it: other machines never get to them.
func profileAt(c *urfave.Context) (net.Listener, error) {
	s := c.String("pprof")
	if err := profileConfig(s); s == "" || err != nil {
		return nil, err
	}
	runtime.MemProfileRate = profileRate
	l, err := net.Listen("tcp", s)
	if err != nil {
		return nil, cli.Fail("--pprof", err)
	}
	return l, nil
}

// serveProfiles answers at l until ctx ends; l may be nil.
func serveProfiles(ctx context.Context, l net.Listener, log *slog.Logger) {
	if l == nil {
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	s := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != l.Addr().String() { // a web page that has its own name point here (DNS rebinding)
			http.Error(w, "ask by address", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	log.Info("profiles can be taken", "with", "go tool pprof http://"+l.Addr().String()+"/debug/pprof/profile")
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		log.Warn("no more profiles", "err", err)
	}
}
