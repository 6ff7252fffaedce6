package compare

import (
	"context"
	"fmt"
	"slices"
	"time"

	"grapevine/testnet"
)

// Way is how the newcomers come by the chain.
type Way string

const (
	// Server: each takes from the seed alone and gives nobody: client and server.
	Server Way = "client-server"
	// Peers: each takes from whoever has, and gives what it has: peer to peer.
	Peers Way = "peers"
)

// Config says what is compared.
type Config struct {
	Nodes    int   // newcomers
	Size     int64 // bytes of the chain
	Piece    int   // bytes of a block
	SeedRate int64 // bytes a second that the seed sends to all together
	Rate     int64 // the same of each newcomer; 0: no limit
	Runs     int   // of each way, one after the other in turn
	Model    []int // so many newcomers in the model too
	// With is another program that is compared as peers; nil: none.
	With *Stranger
	// Progress hears how many blocks the newcomers have, of how many; nil: nobody asks.
	Progress func(what string, done, total int64)
}

// Limits of one comparison.
const (
	MaxNodes = 64 // each is a process
	MaxRuns  = 20
	MinRate  = 10_000 // bytes a second: one block in a minute and a half
)

// Check refuses what makes no sense, in words for who asked.
func (c Config) Check() error {
	switch {
	case c.Nodes < 1 || c.Nodes > MaxNodes:
		return fmt.Errorf("%d newcomers: want 1 to %d, each is a process; --model takes thousands", c.Nodes, MaxNodes)
	case c.Size < MinSize || c.Size > MaxSize:
		return fmt.Errorf("a chain of %d bytes: want %d to %d", c.Size, MinSize, int64(MaxSize))
	case c.Piece < MinPiece || c.Piece > MaxPiece:
		return fmt.Errorf("blocks of %d bytes: want %d to %d", c.Piece, MinPiece, MaxPiece)
	case c.Size/int64(c.Piece) > maxBlocks:
		return fmt.Errorf("%d blocks: want at most %d; let them be larger", c.Size/int64(c.Piece), maxBlocks)
	case int64(c.Piece) > c.Size:
		return fmt.Errorf("blocks of %d bytes are more than the chain, %d bytes", c.Piece, c.Size)
	case c.SeedRate < MinRate || c.Rate != 0 && c.Rate < MinRate:
		return fmt.Errorf("a line of less than %d bytes a second is too slow to be measured here", MinRate)
	case c.Runs < 1 || c.Runs > MaxRuns:
		return fmt.Errorf("%d runs: want 1 to %d", c.Runs, MaxRuns)
	}
	for _, n := range c.Model {
		if n < 1 || n > MaxModel {
			return fmt.Errorf("a model of %d newcomers: want 1 to %d", n, MaxModel)
		}
	}
	return nil
}

// Bounds are the least times that are possible, in seconds, by the lines alone.
type Bounds struct {
	Server float64 `json:"client_server"` // N·F/u: so many copies through one line
	Peers  float64 `json:"peers"`         // max(F/u, N·F/(u + N·u')): one copy, and what all lines carry together
}

// BoundsOf n newcomers, of a chain of so many bytes.
func (c Config) BoundsOf(n int, bytes int64) Bounds {
	f, u, all := float64(bytes), float64(c.SeedRate), float64(n)
	b := Bounds{Server: all * f / u, Peers: f / u}
	if c.Rate > 0 {
		b.Peers = max(b.Peers, all*f/(u+all*float64(c.Rate)))
	}
	return b
}

// Newcomer is what one of them has seen.
type Newcomer struct {
	Seconds float64 `json:"seconds"` // until it had the last block
	Took    int64   `json:"took"`    // bytes
	Gave    int64   `json:"gave"`
}

// Run is one measurement.
type Run struct {
	Way    Way     `json:"way"`
	Run    int     `json:"run"`   // 1, 2, …
	Nodes  int     `json:"nodes"` // newcomers
	Model  bool    `json:"model"` // in virtual time
	Bytes  int64   `json:"bytes"` // of the chain
	First  float64 `json:"first"` // seconds until the first newcomer has it
	Median float64 `json:"median"`
	Last   float64 `json:"last"`
	Sent   int64   `json:"seed_sent"` // bytes
	Copies float64 `json:"copies"`    // of the chain that the seed has sent
	Bounds Bounds  `json:"bounds"`
	// Each newcomer; in the model nobody, there are too many.
	Newcomers []Newcomer `json:"newcomers,omitempty"`
}

// Bound is the least time of this run's way.
func (r Run) Bound() float64 {
	if r.Way == Server {
		return r.Bounds.Server
	}
	return r.Bounds.Peers
}

// sum fills in what follows from the newcomers.
func (r *Run) sum() {
	var seconds []float64
	for _, n := range r.Newcomers {
		seconds = append(seconds, n.Seconds)
	}
	r.sumOf(seconds)
}

// sumOf is sum, by when each had the last block.
func (r *Run) sumOf(seconds []float64) {
	times := slices.Sorted(slices.Values(seconds))
	r.First, r.Median, r.Last = times[0], times[(len(times)-1)/2], times[len(times)-1]
	r.Copies = float64(r.Sent) / float64(r.Bytes)
}

// Result is a whole comparison.
type Result struct {
	Machine  string `json:"machine"`
	Date     string `json:"date"` // 2026-11-29
	Bytes    int64  `json:"bytes"`
	Blocks   int    `json:"blocks"`
	SeedRate int64  `json:"seed_rate"`
	Rate     int64  `json:"rate,omitempty"`
	Runs     []Run  `json:"runs"`
}

// Lab is where newcomers are started: a network of processes whose node 0 is the seed.
type Lab interface {
	testnet.Launcher
	// StopNodes ends some of the nodes and waits for them.
	StopNodes(ctx context.Context, numbers []int) error
	// Forget lets a node that is down know no addresses.
	Forget(number int) error
	// Empty deletes all that a node has that is down, but its log.
	Empty(number int) error
}

// Measure brings newcomers to one chain in each way, in turn. The lab is empty;
// at the end its nodes are stopped, unless there was an error.
func Measure(ctx context.Context, lab Lab, c Config) (*Result, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Progress == nil {
		c.Progress = func(string, int64, int64) {}
	}
	began := time.Now()
	ch := makeChain(c.Size, c.Piece, began)
	res := &Result{Machine: machine(), Date: began.Format(time.DateOnly), Bytes: ch.Bytes, Blocks: len(ch.Blocks), SeedRate: c.SeedRate, Rate: c.Rate}
	l := &laboratory{Lab: lab, cfg: c, chain: ch}
	if err := l.makeSeed(ctx); err != nil {
		return nil, fmt.Errorf("the seed: %w", err)
	}
	ways := []Way{Server, Peers}
	if c.With != nil {
		ways = append(ways, Way(c.With.Kind))
	}
	for i := range c.Runs {
		for _, way := range ways {
			run, err := l.trial(ctx, way)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", way, err)
			}
			run.Run = i + 1
			res.Runs = append(res.Runs, run)
		}
	}
	if err := lab.Stop(ctx); err != nil {
		return nil, err
	}
	for _, n := range c.Model {
		runs, err := modelled(ctx, c, ch, n)
		if err != nil {
			return nil, fmt.Errorf("the model of %d: %w", n, err)
		}
		res.Runs = append(res.Runs, runs...)
	}
	return res, nil
}
