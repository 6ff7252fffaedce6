package harness

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc/client"
	"grapevine/testnet"
	"grapevine/testnet/simnet"
)

// Network starts n whole nodes in this process that are all connected. Call it within
// synctest.Test: then time is virtual, and waiting for it takes none.
func Network(t testing.TB, n int) *Net {
	t.Helper()
	// A bubble's clock begins in 2000; regtest's genesis is of 2011.
	if at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); time.Now().Before(at) {
		time.Sleep(time.Until(at))
	}
	v := &virtual{net: simnet.New(simnet.Config{Latency: linkLatency}), nodes: make([]*running, n)}
	for range n {
		v.dirs = append(v.dirs, t.TempDir())
	}
	return begin(t, v, n)
}

const (
	linkLatency = 5 * time.Millisecond // one way
	rpcUser     = "harness"
	keypool     = 5 // addresses of each kind ahead: thousands would take the time of a test
	dialled     = 8 // of the nodes before it, as many as a node of Bitcoin Core keeps
)

// virtual runs nodes in this process over simnet.
type virtual struct {
	net   *simnet.Net
	dirs  []string
	nodes []*running
}

type running struct {
	stop context.CancelFunc
	done chan error // one value: how Run ended
}

func hostOf(i int) string { return fmt.Sprintf("10.0.%d.%d", i/200, i%200+1) }

func (v *virtual) start(i int) (testnet.Node, error) {
	const port = ":18444"
	cfg := node.Config{
		Params: chain.RegTest(), DataDir: v.dirs[i], Listen: hostOf(i) + port, Net: v.net.Host(hostOf(i)),
		Wallet: true, Keypool: keypool, TxIndex: true, Version: "test", NoSync: true,
		PlainTransport: true, // nobody listens here, and keys take a third of a short test
		RPCInside:      true, RPCUser: rpcUser, RPCPassword: rpcUser,
	}
	for j := max(0, i-dialled); j < i; j++ {
		cfg.AddNode = append(cfg.AddNode, hostOf(j)+port)
	}
	if i == 0 && len(v.nodes) > 1 { // started again, it would wait for the others
		cfg.AddNode = []string{hostOf(1) + port}
	}
	n, err := node.New(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{cancel, make(chan error, 1)}
	go func() { r.done <- n.Run(ctx) }() // stop waits for it
	select {
	case <-n.Ready():
	case err := <-r.done:
		cancel()
		return nil, fmt.Errorf("it ended at once: %w", err)
	}
	v.nodes[i] = r
	cl, err := client.Dial("http://127.0.0.1", rpcUser, rpcUser)
	if err != nil {
		return nil, err
	}
	return cl.Through(inside{n.RPC.Inside()}), nil
}

// inside is a road to a server in this process.
type inside struct{ http.Handler }

// RoundTrip is http.RoundTripper's.
func (x inside) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.RemoteAddr = "127.0.0.1:1"
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	answer := httptest.NewRecorder()
	x.ServeHTTP(answer, r)
	return answer.Result(), nil
}

func (v *virtual) stop(i int) error {
	v.nodes[i].stop()
	return <-v.nodes[i].done
}

func (v *virtual) dir(i int) string { return v.dirs[i] }

func (v *virtual) cut(group []int) error {
	if group == nil {
		v.net.Heal()
		return nil
	}
	var sides [][]string
	for i, g := range group {
		for len(sides) <= g {
			sides = append(sides, nil)
		}
		sides[g] = append(sides[g], hostOf(i))
	}
	v.net.Partition(sides...)
	return nil
}

func (v *virtual) ahead(d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("%v: virtual time does not go back", d)
	}
	time.Sleep(d)
	return nil
}

func (v *virtual) patience() time.Duration { return 10 * time.Minute } // of virtual time
func (v *virtual) pause()                  { time.Sleep(20 * time.Millisecond) }
