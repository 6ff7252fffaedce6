package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"grapevine/testnet"
)

// start brings four nodes up.
func (s *story) start(ctx context.Context) error {
	s.tell.Say("Four programs start on this machine. Each is a whole node: it keeps its own copy of the chain, its own wallet and its own keys. " +
		"There is no server. Node 0 knows nobody; the others are told one thing, the address of node 0.")
	begin := s.now()
	var rows [][]any
	for range first {
		m, err := s.launcher.Add(ctx, testnet.Spec{})
		if err != nil {
			return err
		}
		if err := s.join(m); err != nil {
			return err
		}
		told := "nobody"
		if m.AddNode != "" {
			told = "node 0"
		}
		rows = append(rows, []any{m.Node, m.P2P, m.RPC, m.PID, told})
	}
	s.tell.Table([]string{">node", "talks to peers at", "answers you at", ">process", "knows"}, rows)
	return s.check(len(s.net.Members) == first, "%d nodes answer, %s after the first one was started", first, ms(s.now().Sub(begin)))
}

// meet waits until everybody knows everybody.
func (s *story) meet(ctx context.Context) error {
	s.tell.Say("Nodes tell each other whom they have met, as people do. So nodes 1, 2 and 3 learn of each other through node 0 and connect directly. " +
		"From then on node 0 is one among equals: the network would live on without it.")
	begin := s.now()
	var links [][]int
	err := s.await(ctx, "the nodes to find each other", func(ctx context.Context) (bool, error) {
		var err error
		links, err = s.net.Links(ctx)
		return err == nil && everybodyKnowsEverybody(links), err
	})
	if err != nil {
		return fmt.Errorf("%w (connected so far: %v)", err, links)
	}
	took := s.now().Sub(begin)
	var rows [][]any
	for i, l := range links {
		rows = append(rows, []any{i, list(l)})
	}
	s.tell.Table([]string{">node", "is connected to nodes"}, rows)
	return s.check(testnet.Whole(links, 0), "every node talks to every other, %s later; without node 0 they would still be one network", ms(took))
}

func everybodyKnowsEverybody(links [][]int) bool {
	return !slices.ContainsFunc(links, func(l []int) bool { return len(l) != len(links)-1 })
}

func list(numbers []int) string {
	var s []string
	for _, n := range numbers {
		s = append(s, fmt.Sprint(n))
	}
	return strings.Join(s, ", ")
}

// maturity is how many blocks a reward waits before it can be spent.
const maturity = 100

// mine makes the first money.
func (s *story) mine(ctx context.Context) error {
	s.tell.Say("New coins are the reward for finding a block, 50 BTC each. A reward can be spent only after 100 more blocks, " +
		"so node 0 mines 101: then its first 50 BTC are good. (This is a test network, where a block costs a few hashes instead of a power plant.)")
	var to string
	if err := s.call(ctx, payer, "getnewaddress", &to); err != nil {
		return err
	}
	if err := s.mineBlocks(ctx, payer, maturity+1, to); err != nil {
		return err
	}
	height, took, err := s.sameTip(ctx)
	if err != nil {
		return err
	}
	if err := s.check(height == maturity+1, "all nodes have checked all %d blocks, %s after node 0 found the last", height, ms(took)); err != nil {
		return err
	}
	var b testnet.Amount
	if err := s.call(ctx, payer, "getbalance", &b); err != nil {
		return err
	}
	return s.check(b == 50*testnet.CoinBTC, "node 0 can spend %s BTC", b)
}

// mineBlocks lets a node mine, a few blocks at a time so that one sees it.
func (s *story) mineBlocks(ctx context.Context, node, n int, to string) error {
	step := max(5, n/100)
	bar := s.tell.Bar("mining", "blocks")
	defer bar.Done()
	for done := 0; done < n; {
		now := min(step, n-done)
		if err := s.call(ctx, node, "generatetoaddress", nil, now, to); err != nil {
			return err
		}
		done += now
		bar.Update(int64(done), int64(n), "")
	}
	return nil
}

// sameTip waits until all nodes that are up stand on node 0's block, and says
// its height and how long that took.
func (s *story) sameTip(ctx context.Context) (height int32, took time.Duration, err error) {
	begin := s.now()
	err = s.await(ctx, "all nodes to stand on one block", func(ctx context.Context) (bool, error) {
		var want, got string // node 0's tip, and each one's
		for _, i := range s.up() {
			if err := s.call(ctx, i, "getbestblockhash", &got); err != nil {
				return false, err
			}
			if want == "" {
				want = got
			}
			if got != want {
				return false, nil
			}
		}
		return true, nil
	})
	took = s.now().Sub(begin)
	if err != nil {
		return 0, took, err
	}
	return height, took, s.call(ctx, payer, "getblockcount", &height)
}
