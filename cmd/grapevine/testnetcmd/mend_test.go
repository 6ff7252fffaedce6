package testnetcmd

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// limits is a node that notes how long who calls it would wait.
type limits struct{ waits []time.Duration }

func (l *limits) Call(ctx context.Context, _ string, _ any, _ ...any) error {
	wait := time.Duration(-1) // for ever
	if at, limited := ctx.Deadline(); limited {
		wait = time.Until(at)
	}
	l.waits = append(l.waits, wait)
	return nil
}

// A node that hangs does not keep a command that mends in passing, and those who wait for the
// network meanwhile.
func TestWhatIsMendedInPassingWaitsForNoNodeThatHangs(t *testing.T) {
	deaf, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and answers nobody
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	var node limits
	local, err := process.Create(process.Config{Dir: t.TempDir(), Dial: func(testnet.Member) (testnet.Node, error) { return &node, nil }})
	if err == nil {
		err = local.Enter(make([]testnet.Spec, 1))
	}
	if err != nil {
		t.Fatal(err)
	}
	m := local.Members()[0]
	if err := os.Mkdir(m.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	lock, err := process.Occupy(m.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := lock.Answers(deaf.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(filepath.Dir(m.DataDir), "snapshots", ".half"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := local.Change(func(f *testnet.File) error { f.Apart = &testnet.Apart{Node: 0, Block: "00"}; return nil }); err != nil {
		t.Fatal(err)
	}
	brief, cancel := context.WithTimeout(t.Context(), mendWithin+time.Minute) // so that it ends without a limit too
	defer cancel()
	p, begun := &program{&cli.Program{Err: cli.Plain(io.Discard)}}, time.Now()
	p.bringBack(brief, local)
	if len(node.waits) != 1 || node.waits[0] < 0 || node.waits[0] > mendWithin {
		t.Errorf("the hold of a snapshot waits %v", node.waits)
	}
	if took := time.Since(begun); took > mendWithin+20*time.Second {
		t.Errorf("it took %v", took)
	}
	if local.File().Apart == nil {
		t.Error("a node that does not answer is said to be back")
	}
}

// A node that does not answer is not asked for each block that a reorg has marked; one that does not
// know such a block is brought back all the same.
func TestBringingBackEndsAtTheFirstCallWithoutAnAnswer(t *testing.T) {
	for answer, want := range map[string]int64{"": 1, `{"error":{"code":-5,"message":"Block not found"}}`: 4} {
		var calls atomic.Int64
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1); answer == "" {
				panic(http.ErrAbortHandler)
			}
			if raw, _ := io.ReadAll(r.Body); calls.Load() == want && string(raw) != `{"jsonrpc":"1.0","id":4,"method":"setnetworkactive","params":[true]}`+"\n" {
				t.Errorf("the last call is %s", raw)
			}
			fmt.Fprint(w, answer)
		}))
		m := testnet.Member{PID: 1, RPC: s.URL}
		if err := takeBack(t.Context(), m, testnet.Apart{Block: "00", Older: []string{"01", "02"}}); err == nil || calls.Load() != want {
			t.Errorf("%q: %d calls, %v", answer, calls.Load(), err)
		}
		s.Close()
	}
}
