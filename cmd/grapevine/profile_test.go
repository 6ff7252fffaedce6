package main

import (
	"context"
	"log/slog"
	"net"
	"testing"
)

func TestProfilesAreForThisMachineAlone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		serveProfiles(ctx, l, slog.New(slog.DiscardHandler))
	}()
	for host, want := range map[string]int{"": 200, "page.example": 403, "localhost": 403} {
		if got := statusOf(t, "http://"+l.Addr().String()+"/debug/pprof/heap", host); got != want {
			t.Errorf("host %q: %d, want %d", host, got, want)
		}
	}
	stop()
	<-ended
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("the port is still open")
	}
}
