package node

import (
	"context"
	"errors"
	"fmt"
	"net"

	"grapevine/cmd/rpc"
)

// stage is a room that runs.
type stage struct {
	name string
	flag string // of the address it listens at, if any
	run  func(context.Context) error
}

// ended is how a stage came to its end.
type ended struct {
	stage int
	err   error
}

// runStages starts the stages in order. When ctx ends, or one of them fails or
// ends by itself, it stops them in reverse order, waiting for each before the
// next, and returns what went wrong, nil after a clean stop.
func runStages(ctx context.Context, stages []stage) error {
	ends := make(chan ended, len(stages)) // room for all: no stage waits to report
	stops := make([]context.CancelFunc, len(stages))
	for i, s := range stages {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		stops[i] = cancel
		go func() { ends <- ended{i, s.run(own)} }()
	}
	gone := make([]bool, len(stages))
	var errs []error
	note := func(e ended) {
		gone[e.stage] = true
		if err := stages[e.stage].explain(e.err); err != nil {
			errs = append(errs, err)
		}
	}
	select {
	case <-ctx.Done():
	case e := <-ends:
		note(e)
	}
	for i := len(stages) - 1; i >= 0; i-- {
		stops[i]()
		for !gone[i] {
			note(<-ends)
		}
	}
	return errors.Join(errs...)
}

// explain names the room, and the flag when it is an address that cannot be listened at.
func (s stage) explain(err error) error {
	var op *net.OpError
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return nil
	case errors.Is(err, rpc.ErrStart): // whose text names all there is
		return err
	case errors.As(err, &op) && op.Op == "listen" && s.flag != "":
		return &ListenError{Flag: s.flag, Err: op}
	}
	return fmt.Errorf("%s: %w", s.name, err)
}
