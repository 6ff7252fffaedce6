package testnet

import "errors"

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
