package testnet

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNoNet: there is no net.json where it was looked for.
	ErrNoNet = errors.New("no local network is up")
	// ErrNoNode: net.json has no node with that number.
	ErrNoNode = errors.New("no such node")
	// ErrUp: the network or node is running already.
	ErrUp = errors.New("is up already")
	// ErrBusy: another command is starting or stopping the network's nodes.
	ErrBusy = errors.New("another command is starting or stopping its nodes")
	// ErrDown: the node is not running.
	ErrDown = errors.New("is not running")
	// ErrDamaged: net.json is not what was written.
	ErrDamaged = errors.New("the network's file is damaged")
	// ErrDiffer: the nodes do not agree where they must.
	ErrDiffer = errors.New("the nodes disagree")
)

// HangError: a node takes connections, and has answered nobody for so long.
type HangError struct {
	Node  Member
	After time.Duration
}

func (e *HangError) Error() string {
	process := ""
	if e.Node.PID > 0 {
		process = fmt.Sprintf(" (process %d)", e.Node.PID)
	}
	return fmt.Sprintf("%s%s has answered nothing for %v: it hangs", e.Node.Title(), process, e.After)
}
