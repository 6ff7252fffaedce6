package node

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
)

// order notes which stage ended when.
type order struct {
	mu    sync.Mutex
	names []string
}

func (o *order) stage(name string, fails error) stage {
	return stage{name: name, flag: "--listen", run: func(ctx context.Context) error {
		if fails == nil {
			<-ctx.Done()
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.names = append(o.names, name)
		return fails
	}}
}

func TestStagesStopInReverseOrder(t *testing.T) {
	var o order
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := runStages(ctx, []stage{o.stage("a", nil), o.stage("b", nil), o.stage("c", nil)}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"c", "b", "a"}; !slices.Equal(o.names, want) {
		t.Errorf("stopped in order %v, want %v", o.names, want)
	}
}

func TestFailingStageStopsTheOthers(t *testing.T) {
	var o order
	disk := errors.New("no space left")
	err := runStages(t.Context(), []stage{o.stage("a", nil), o.stage("b", disk), o.stage("c", nil)})
	if !errors.Is(err, disk) || err.Error() != "b: no space left" {
		t.Errorf("err = %v, want b's failure with its name", err)
	}
	if want := []string{"b", "c", "a"}; !slices.Equal(o.names, want) {
		t.Errorf("stopped in order %v, want %v", o.names, want)
	}
}

func TestListenFailureNamesItsFlag(t *testing.T) {
	var o order
	taken := &net.OpError{Op: "listen", Net: "tcp", Err: errors.New("address already in use")}
	err := runStages(t.Context(), []stage{o.stage("swarm", taken)})
	var listen *ListenError
	if !errors.As(err, &listen) || listen.Flag != "--listen" {
		t.Errorf("err = %v, want a ListenError of --listen", err)
	}
}
