package testnetcmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"grapevine/testnet/compare"
	"grapevine/testnet/demo"
	"grapevine/testnet/process"
)

// foundingChapter follows those of the demo's story.
const foundingChapter = 10

// founding is the demo's last chapter: a small comparison, on a network of its own.
func (p *program) founding(ctx context.Context, tell *teller, res *demo.Result) error {
	const chapter = "With a server, and without"
	began := time.Now()
	tell.Chapter(foundingChapter, chapter)
	cfg := compare.Config{Nodes: 3, Size: 1_500_000, Piece: 50_000, SeedRate: 1_500_000, Runs: 1}
	if tell.pause != nil { // somebody watches
		cfg.Size, cfg.SeedRate = 4_000_000, 2_000_000
	}
	tell.Say(fmt.Sprintf("%d newcomers want one chain of %s from one seed, whose line carries %s a second. First as clients of a server: each takes its whole copy from the seed. "+
		"Then as peers: each passes on what it has while it still fetches the rest.", cfg.Nodes, megabytes(cfg.Size), megabytes(cfg.SeedRate)))
	scratch, err := process.NewScratch(demoScratch)
	if err != nil {
		return err
	}
	defer scratch.Remove()
	got, err := p.measureWith(ctx, scratch.Dir, cfg, func(what, unit string) demo.Bar { return tell.Bar(what, unit) })
	tell.endBar()
	if err != nil {
		return fmt.Errorf("%s: %w", chapter, err)
	}
	var rows [][]any
	slowest := 0.0
	for _, r := range got.Runs {
		slowest = max(slowest, r.Last)
	}
	for _, r := range got.Runs {
		rows = append(rows, []any{r.Way, span1(r.Last), span1(r.Bound()), fmt.Sprintf("%.2f", r.Copies), strings.Repeat("▇", max(1, int(r.Last/slowest*12)))})
	}
	tell.Table([]string{"", ">the last has it", ">least possible", ">copies the seed sent", ""}, rows)
	server, peers := got.Runs[0], got.Runs[1]
	if peers.Copies >= server.Copies {
		return fmt.Errorf("%s: this did not hold: the seed sent %.2f copies to peers and %.2f to clients", chapter, peers.Copies, server.Copies)
	}
	res.Checks, res.Took = res.Checks+1, res.Took+time.Since(began)
	tell.Check(fmt.Sprintf("the seed sent %.2f copies of the chain to its clients, and %.2f to peers", server.Copies, peers.Copies))
	return nil
}
