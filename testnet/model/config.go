package model

import (
	"encoding/json"
	"fmt"
	"time"
)

// Config is what to simulate.
type Config struct {
	Nodes    int    `json:"nodes"`
	Outbound int    `json:"outbound"` // links that each node keeps by dialling
	Seed     uint64 `json:"seed"`

	Latency time.Duration `json:"latency"` // one way, of every link; not with Regions
	Jitter  float64       `json:"jitter"`  // each link's latency is drawn from this share around it
	Rate    int64         `json:"rate"`    // bytes per second of each node's line up, and down; 0: no limit
	Regions bool          `json:"regions"` // the world of 2019 instead: see regions2019

	Blocks     int           `json:"blocks"`
	Interval   time.Duration `json:"interval"` // mean time between blocks
	Txs        int           `json:"txs"`
	Span       time.Duration `json:"span"`       // over which transactions come; 0: all the time that blocks come
	TxSize     int           `json:"txsize"`     // bytes
	Chained    float64       `json:"chained"`    // share of transactions that spend an unconfirmed one
	Validation time.Duration `json:"validation"` // of a block
	TxCheck    time.Duration `json:"txcheck"`    // of a transaction
	Public     bool          `json:"public"`     // announce as on public networks: at random times, for privacy
	Stock      float64       `json:"stock"`      // share of nodes that do not speak gvhave, as Bitcoin Core does not

	Power   []float64 `json:"power,omitempty"` // shares of the hash power of the first nodes; the others share what is left
	Selfish bool      `json:"selfish"`         // the first node withholds the blocks that it finds

	Loss      float64       `json:"loss"`      // breaks of a link in an hour: what loss is above TCP
	Churn     float64       `json:"churn"`     // share of nodes that stop and come back
	Liars     float64       `json:"liars"`     // share of nodes that do not play by the rules
	Groups    int           `json:"groups"`    // the network falls into so many parts; 0, 1: it does not
	Partition time.Duration `json:"partition"` // for so long

	Keep     bool                  `json:"-"` // keep when which node had what: Result.News
	Prove    bool                  `json:"-"` // prove the invariants after each step, not only at the end
	Progress func(done, total int) `json:"-"` // from time to time; nil: nobody wants to know

	spoil func(n int, m machine) machine // plants a bug in node n
}

// MarshalJSON writes times in seconds.
func (c Config) MarshalJSON() ([]byte, error) {
	type plain Config // without this method
	return json.Marshal(struct {
		plain
		Latency    float64 `json:"latency"`
		Interval   float64 `json:"interval"`
		Span       float64 `json:"span"`
		Validation float64 `json:"validation"`
		TxCheck    float64 `json:"txcheck"`
		Partition  float64 `json:"partition"`
	}{
		plain(c), c.Latency.Seconds(), c.Interval.Seconds(), c.Span.Seconds(),
		c.Validation.Seconds(), c.TxCheck.Seconds(), c.Partition.Seconds(),
	})
}

// Limits keep a run within the machine.
const (
	maxNodes  = 20_000
	maxBlocks = 5_000
	maxTxs    = 200_000

	maxLatency = time.Second // who dials shakes hands for three of them, twice that with jitter: see warmUp
)

// Default is a small network on one continent.
func Default() Config {
	return Config{
		Nodes: 64, Outbound: 8, Seed: 1,
		Latency: 50 * time.Millisecond, Jitter: 0,
		Blocks: 5, Interval: 30 * time.Second, Txs: 50, TxSize: 250,
		Validation: 100 * time.Millisecond, TxCheck: 200 * time.Microsecond,
	}
}

// Check refuses what makes no sense, in words for the person who asked.
func (c Config) Check() error {
	switch {
	case c.Nodes < 2 || c.Nodes > maxNodes:
		return fmt.Errorf("%d nodes: want 2 to %d", c.Nodes, maxNodes)
	case c.Outbound < 1 || c.Outbound >= c.Nodes || c.Outbound > 125:
		return fmt.Errorf("%d outbound links: want 1 to 125, and fewer than there are nodes", c.Outbound)
	case c.Blocks < 0 || c.Blocks > maxBlocks:
		return fmt.Errorf("%d blocks: want at most %d", c.Blocks, maxBlocks)
	case c.Txs < 0 || c.Txs > maxTxs:
		return fmt.Errorf("%d transactions: want at most %d", c.Txs, maxTxs)
	case c.Latency < 0 || c.Validation < 0 || c.TxCheck < 0 || c.Partition < 0 || c.Span < 0 || c.Rate < 0:
		return fmt.Errorf("times and rates cannot be negative")
	case c.Blocks > 0 && c.Interval <= 0:
		return fmt.Errorf("blocks need a time between them")
	case c.Latency > maxLatency:
		return fmt.Errorf("%v from node to node: want at most %v, or they have not met when the first block comes", c.Latency, maxLatency)
	case c.TxSize < 1 || c.TxSize > 100_000:
		return fmt.Errorf("transactions of %d bytes: want 1 to 100000", c.TxSize)
	case c.Jitter < 0 || c.Jitter > 1 || c.Stock < 0 || c.Stock > 1 || c.Churn < 0 || c.Churn > 1 || c.Chained < 0 || c.Chained > 1:
		return fmt.Errorf("shares are from 0 to 1")
	case c.Liars < 0 || c.Liars > 0.5:
		return fmt.Errorf("liars are a share from 0 to 0.5: nothing can be promised when most nodes lie")
	case c.Loss < 0 || c.Loss > 360:
		return fmt.Errorf("loss is breaks of a link in an hour, at most 360")
	case c.Groups < 0 || c.Groups > c.Nodes/2:
		return fmt.Errorf("%d parts: want at least two nodes in each", c.Groups)
	}
	return c.checkPower()
}

// active is how long blocks and transactions come; faults happen meanwhile.
func (c *Config) active() time.Duration {
	d := time.Duration(c.Blocks) * c.Interval
	return max(d, c.Span, c.Partition+time.Second, 10*time.Second)
}
