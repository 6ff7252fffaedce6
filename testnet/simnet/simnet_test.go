package simnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"grapevine/testnet/simnet"
)

// pair connects 10.0.0.1 with 10.0.0.2.
func pair(t *testing.T, n *simnet.Net) (a, b net.Conn) {
	t.Helper()
	ctx := context.Background()
	l, err := n.Host("10.0.0.2").Listen(ctx, netip.MustParseAddrPort("10.0.0.2:18444"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = n.Host("10.0.0.1").Dial(ctx, netip.MustParseAddrPort("10.0.0.2:18444")); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func TestBytesTakeLatencyAndBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(simnet.Config{Latency: 50 * time.Millisecond, Upload: 100_000})
		a, b := pair(t, n)
		start := time.Now()
		go func() {
			a.Write(make([]byte, 200_000))
			a.Close()
		}()
		got, err := io.ReadAll(b)
		if err != nil || len(got) != 200_000 {
			t.Fatalf("read %d bytes, %v", len(got), err)
		}
		if d := time.Since(start); d < 2050*time.Millisecond || d > 2060*time.Millisecond {
			t.Errorf("200 kB at 100 kB/s and 50 ms took %v, want 2.05 s", d)
		}
		b.Close()
		if n.Connections() != 0 {
			t.Errorf("%d connections left", n.Connections())
		}
	})
}

func TestUploadIsSharedByAllConnectionsOfAHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(simnet.Config{})
		n.Host("10.0.0.1").SetUpload(100_000)
		a1, b1 := pair(t, n)
		a2, b2 := pair(t, n)
		start := time.Now()
		for _, a := range []net.Conn{a1, a2} {
			go func() { a.Write(make([]byte, 100_000)); a.Close() }()
		}
		io.ReadAll(b1)
		io.ReadAll(b2)
		if d := time.Since(start).Round(10 * time.Millisecond); d != 2*time.Second {
			t.Errorf("took %v, want 2 s", d)
		}
	})
}

func TestAWriterWaitsForTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, simnet.New(simnet.Config{}))
		a.SetWriteDeadline(time.Now().Add(time.Minute))
		n, err := a.Write(make([]byte, 1<<20))
		if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n > 512<<10 {
			t.Errorf("wrote %d bytes into a window nobody reads, %v", n, err)
		}
		b.SetReadDeadline(time.Now().Add(time.Second))
		got, err := io.ReadAll(b)
		if len(got) != n || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read %d of %d bytes, %v", len(got), n, err)
		}
	})
}

func TestPartitionHoldsBytesBackUntilItHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(simnet.Config{Latency: time.Millisecond})
		a, b := pair(t, n)
		n.Partition([]string{"10.0.0.1"})
		if _, err := a.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		b.SetReadDeadline(time.Now().Add(time.Hour))
		if _, err := b.Read(make([]byte, 5)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read through a partition: %v", err)
		}
		if _, err := n.Host("10.0.0.1").Dial(t.Context(), netip.MustParseAddrPort("10.0.0.2:18444")); !errors.Is(err, syscall.EHOSTUNREACH) {
			t.Errorf("dialled through a partition: %v", err)
		}
		n.Heal()
		b.SetReadDeadline(time.Time{})
		if got := make([]byte, 5); true {
			if _, err := io.ReadFull(b, got); err != nil || string(got) != "hello" {
				t.Errorf("after healing: %q, %v", got, err)
			}
		}
	})
}

func TestNobodyListens(t *testing.T) {
	n := simnet.New(simnet.Config{})
	if _, err := n.Host("10.0.0.1").Dial(t.Context(), netip.MustParseAddrPort("10.0.0.9:1")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("err = %v", err)
	}
}

func TestResetBreaksBothEnds(t *testing.T) {
	n := simnet.New(simnet.Config{})
	a, b := pair(t, n)
	n.Reset("10.0.0.1")
	for _, c := range []net.Conn{a, b} {
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("err = %v", err)
		}
	}
}

// What happens on different links happens at different instants, and in every run at the same ones.
func TestSpreadIsOfEachLinkItsOwnAndRepeats(t *testing.T) {
	run := func() (at []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			n := simnet.New(simnet.Config{Latency: 20 * time.Millisecond, Spread: time.Millisecond})
			var ends []net.Conn
			for range 4 {
				a, b := pair(t, n)
				ends = append(ends, a, b)
			}
			defer func() {
				for _, c := range ends {
					c.Close()
				}
			}()
			arrive := func(c net.Conn, what string, want error) {
				begun := time.Now()
				if _, err := c.Read(make([]byte, 1)); !errors.Is(err, want) {
					t.Errorf("%s: %v", what, err)
				}
				if d := time.Since(begun); d >= 0 && d <= 21*time.Millisecond {
					at = append(at, d)
				} else {
					t.Errorf("%s after %v", what, d)
				}
			}
			for i := 0; i < len(ends); i += 2 {
				ends[i].Write([]byte{1})
				arrive(ends[i+1], "a byte", nil)
			}
			n.Reset("10.0.0.1")
			start := time.Now()
			for i := range ends {
				arrive(ends[i], "a reset", syscall.ECONNRESET)
			}
			if time.Since(start) == 0 {
				t.Error("all links broke at one instant")
			}
		})
		return at
	}
	first, again := run(), run()
	if !slices.Equal(first, again) {
		t.Errorf("another time in another run: %v and %v", first, again)
	}
	slices.Sort(first[:4])
	if len(slices.Compact(first[:4])) != 4 {
		t.Errorf("links of the same latency: %v", first[:4])
	}
}
