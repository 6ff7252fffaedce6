package compare

import (
	"context"
	"fmt"

	"grapevine/testnet/model"
)

// MaxModel is how many newcomers the model takes.
const MaxModel = model.MaxNewcomers

// Many newcomers are modelled with fewer and larger blocks: the work of a run grows with
// the square of their number.
const (
	manyNewcomers = 100
	fewBlocks     = 52 // of 950 kB are 50 MB
)

// coarse is the same chain's size in fewer blocks.
func coarse(c Config, ch *Chain) *Chain {
	piece := min(max(int(c.Size/fewBlocks), c.Piece), MaxPiece)
	if piece == c.Piece {
		return ch
	}
	last := ch.Blocks[len(ch.Blocks)-1].Header.Timestamp
	return makeChain(c.Size, piece, last)
}

// modelled runs both ways with n newcomers in virtual time, by the same gossip code.
func modelled(ctx context.Context, c Config, ch *Chain, n int) (runs []Run, err error) {
	if n > manyNewcomers {
		ch = coarse(c, ch)
	}
	for _, way := range []Way{Server, Peers} {
		what := fmt.Sprintf("model of %d, %s", n, way)
		got, err := model.Download(ctx, model.DownloadConfig{
			Newcomers: n, Blocks: ch.Blocks, SeedRate: c.SeedRate, Rate: c.Rate, Server: way == Server, Seed: 1,
			Progress: func(done, total int64) { c.Progress(what, done, total) },
		})
		if err != nil {
			return nil, err
		}
		run := Run{Way: way, Run: 1, Nodes: n, Model: true, Bytes: ch.Bytes, Bounds: c.BoundsOf(n, ch.Bytes), Sent: got.SeedSent}
		run.sumOf(got.Seconds)
		runs = append(runs, run)
	}
	return runs, nil
}
