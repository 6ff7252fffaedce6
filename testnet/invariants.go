package testnet

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
)

// Snapshot is what one node believes, as far as the nodes of a network must
// agree at the end of a scenario.
type Snapshot struct {
	Node   int
	Height int32
	Tip    string // hash of the best block
	MuHash string // hash of the coin set, whatever the order it was made in
	Supply Amount // sum of all coins
	Pool   int    // transactions waiting
}

// Amount is satoshis, read from the BTC numbers of RPC without float noise.
type Amount int64

// CoinBTC is one bitcoin in satoshis.
const CoinBTC Amount = 100_000_000

// UnmarshalJSON reads a JSON number of BTC with up to 8 decimals.
func (a *Amount) UnmarshalJSON(raw []byte) error {
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return fmt.Errorf("amount: %w", err)
	}
	f, err := strconv.ParseFloat(n.String(), 64)
	if err != nil {
		return fmt.Errorf("amount: %w", err)
	}
	// 21e6 BTC with 8 decimals has 16 digits: a float64 holds them all, the
	// last one needs the rounding.
	if f < 0 {
		*a = -Amount(-f*float64(CoinBTC) + 0.5)
	} else {
		*a = Amount(f*float64(CoinBTC) + 0.5)
	}
	return nil
}

// String is BTC with 8 decimals.
func (a Amount) String() string {
	sign := ""
	if a < 0 {
		sign, a = "-", -a
	}
	return fmt.Sprintf("%s%d.%08d", sign, a/CoinBTC, a%CoinBTC)
}

// Inspect asks a node what it believes.
func Inspect(ctx context.Context, number int, n Node) (Snapshot, error) {
	s := Snapshot{Node: number}
	var info struct {
		Height int32  `json:"height"`
		Best   string `json:"bestblock"`
		MuHash string `json:"muhash"`
		Total  Amount `json:"total_amount"`
	}
	if err := n.Call(ctx, "gettxoutsetinfo", &info, "muhash"); err != nil {
		return s, fmt.Errorf("node %d: %w", number, err)
	}
	var pool struct {
		Size int `json:"size"`
	}
	if err := n.Call(ctx, "getmempoolinfo", &pool); err != nil {
		return s, fmt.Errorf("node %d: %w", number, err)
	}
	s.Height, s.Tip, s.MuHash, s.Supply, s.Pool = info.Height, info.Best, info.MuHash, info.Total, pool.Size
	return s, nil
}

// Agree says whether all snapshots show one tip, one coin set, and exactly the
// coins that the subsidies made (our miner claims all fees, and nobody here
// burns coins). It returns ErrDiffer with the nodes' numbers.
func Agree(all []Snapshot) error {
	for _, s := range all {
		if a := all[0]; s.Tip != a.Tip {
			return fmt.Errorf("%w: node %d is at block %d (%.16s…), node %d at block %d (%.16s…)",
				ErrDiffer, a.Node, a.Height, a.Tip, s.Node, s.Height, s.Tip)
		}
		if a := all[0]; s.MuHash != a.MuHash || s.Supply != a.Supply {
			return fmt.Errorf("%w: nodes %d and %d have one tip and different coins (%.16s… and %.16s…)",
				ErrDiffer, a.Node, s.Node, a.MuHash, s.MuHash)
		}
		if made := Subsidies(s.Height); s.Supply != made {
			return fmt.Errorf("%w with the law: node %d counts %s BTC, and the subsidies made %s", ErrDiffer, s.Node, s.Supply, made)
		}
	}
	return nil
}

// Subsidies is the sum of all regtest block rewards from block 1 to height,
// fees apart: 50 BTC, halved every 150 blocks. The genesis reward cannot be
// spent and is in no coin set.
func Subsidies(height int32) Amount {
	const halving = 150
	var sum Amount
	for h := int32(1); h <= height; h++ {
		if epoch := h / halving; epoch < 64 {
			sum += 50 * CoinBTC >> epoch
		}
	}
	return sum
}

// Disjoint says whether no transaction is both in a node's pool and in one of
// the last depth blocks of its chain.
func Disjoint(ctx context.Context, number int, n Node, depth int) error {
	var pool []string
	if err := n.Call(ctx, "getrawmempool", &pool); err != nil {
		return fmt.Errorf("node %d: %w", number, err)
	}
	waiting := make(map[string]bool, len(pool))
	for _, id := range pool {
		waiting[id] = true
	}
	var hash string
	if err := n.Call(ctx, "getbestblockhash", &hash); err != nil {
		return fmt.Errorf("node %d: %w", number, err)
	}
	for ; depth > 0 && hash != ""; depth-- {
		var b struct {
			Prev string   `json:"previousblockhash"`
			Tx   []string `json:"tx"`
		}
		if err := n.Call(ctx, "getblock", &b, hash, 1); err != nil {
			return fmt.Errorf("node %d: %w", number, err)
		}
		for _, id := range b.Tx {
			if waiting[id] {
				return fmt.Errorf("%w: node %d has transaction %s both in its pool and in block %s", ErrDiffer, number, id, hash)
			}
		}
		hash = b.Prev
	}
	return nil
}
