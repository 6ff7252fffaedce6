package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"grapevine/testnet"
)

// newcomer starts a fifth, empty node and watches it learn.
func (s *story) newcomer(ctx context.Context) error {
	s.tell.Say(fmt.Sprintf("Anybody may mine. Node 3 adds %d blocks, so that there is a past worth asking for.", s.opt.Past))
	var to string
	if err := s.call(ctx, historian, "getnewaddress", &to); err != nil {
		return err
	}
	if err := s.mineBlocks(ctx, historian, s.opt.Past, to); err != nil {
		return err
	}
	height, _, err := s.sameTip(ctx)
	if err != nil {
		return err
	}
	s.tell.Say("A fifth node starts with nothing and, like the others, knows only node 0's address. It asks for the headers first, then for different blocks from different peers as it meets them, " +
		"and believes none of them: it checks every block and every signature itself.")
	begin, want := s.now(), int64(height)
	var spec testnet.Spec
	if s.opt.Slow > 0 {
		s.tell.Say(fmt.Sprintf("(So that you can watch, its download is held to %d kB a second.)", s.opt.Slow/1000))
		spec.Conf = []string{fmt.Sprintf("maxdownload = %d", s.opt.Slow)}
	}
	m, err := s.launcher.Add(ctx, spec)
	if err != nil {
		return err
	}
	if err := s.join(m); err != nil {
		return err
	}
	connections := testnet.Connections{}
	if err := s.watchSync(ctx, m.Node, want, connections); err != nil {
		return err
	}
	s.res.SyncTook = s.now().Sub(begin)
	sent, err := s.net.Senders(ctx, connections.All())
	if err != nil {
		return err
	}
	var rows [][]any
	total, senders := 0, 0
	for i, n := range sent {
		if i == m.Node {
			continue
		}
		rows = append(rows, []any{i, n, strings.Repeat("▇", (n*40+int(want)-1)/int(want))})
		total += n
		if n > 0 {
			senders++
		}
	}
	s.res.SentBy = sent
	s.tell.Table([]string{">from node", ">blocks", ""}, rows)
	if rest := want - int64(total); rest > 0 {
		s.tell.Say(fmt.Sprintf("(%d more came over connections that have ended since: when two nodes dial each other at once, one of the two connections is closed.)", rest))
	}
	return s.check(senders > 0, "node %d has all %d blocks, from %d of its peers, and has checked them, %s after it was started", m.Node, want, senders, ms(s.res.SyncTook))
}

// watchSync shows a bar until node has want blocks, and notes who sends them.
func (s *story) watchSync(ctx context.Context, node int, want int64, connections testnet.Connections) error {
	bar := s.tell.Bar(fmt.Sprintf("node %d", node), "blocks")
	defer bar.Done()
	return s.await(ctx, "the newcomer to reach the tip", func(ctx context.Context) (bool, error) {
		var have int64
		if err := s.call(ctx, node, "getblockcount", &have); err != nil {
			return false, err
		}
		err := connections.Refresh(ctx, s.net.Nodes[node])
		bar.Update(have, want, s.net.Tally(connections.All()))
		return have >= want, err
	})
}

// agree holds all nodes' beliefs side by side.
func (s *story) agree(ctx context.Context) error {
	s.tell.Say("There is no master copy to compare with. But whoever has the same last block has the same history, because each block names the one before by its hash. " +
		"And every node can hash all the coins that exist: one wrong satoshi anywhere and the two hashes would have nothing in common.")
	return s.compare(ctx)
}

func (s *story) compare(ctx context.Context) error {
	if _, _, err := s.sameTip(ctx); err != nil {
		return err
	}
	var all []testnet.Snapshot
	var rows [][]any
	for _, i := range s.up() {
		snap, err := testnet.Inspect(ctx, i, s.net.Nodes[i])
		if err != nil {
			return err
		}
		if err := testnet.Disjoint(ctx, i, s.net.Nodes[i], 3); err != nil {
			return err
		}
		all = append(all, snap)
		rows = append(rows, []any{i, snap.Height, short(snap.Tip), short(snap.MuHash), snap.Supply})
	}
	s.tell.Table([]string{">node", ">block", "its hash ends in", "hash of all coins", ">BTC in existence"}, rows)
	if err := testnet.Agree(all); err != nil {
		return err
	}
	s.res.Height, s.res.Tip, s.res.MuHash = all[0].Height, all[0].Tip, all[0].MuHash
	return s.check(true, "all %d nodes have one tip and one set of coins, and no coin too many or too few", len(all))
}

// short is the end of a hash: block hashes begin with zeros.
func short(hash string) string { return "…" + hash[max(0, len(hash)-12):] }

// crash kills a node, lets the others go on, and brings it back.
func (s *story) crash(ctx context.Context) error {
	s.tell.Say("Node 1 is killed with kill -9, as by a power cut: no goodbye, nothing saved. The others do not need it. Node 0 pays node 2 again and a block is mined, and node 1 knows nothing of either.")
	if err := s.launcher.Kill(ctx, victim); err != nil {
		return err
	}
	s.net.Nodes[victim] = nil
	var to string
	if err := s.call(ctx, payee, "getnewaddress", &to); err != nil {
		return err
	}
	if err := s.call(ctx, payer, "sendtoaddress", nil, to, json.Number("0.25")); err != nil {
		return err
	}
	if err := s.mineOne(ctx); err != nil {
		return err
	}
	height, _, err := s.sameTip(ctx)
	if err != nil {
		return err
	}
	if err := s.check(true, "the network went on to block %d without node 1", height); err != nil {
		return err
	}
	return s.revive(ctx, height)
}

// revive starts the victim again on what it had.
func (s *story) revive(ctx context.Context, height int32) error {
	s.tell.Say("Node 1 starts again on the files it left behind, finds its peers in its own address book, and asks what it has missed.")
	begin := s.now()
	m, err := s.launcher.Start(ctx, victim)
	if err != nil {
		return err
	}
	if err := s.join(m); err != nil {
		return err
	}
	if err := s.await(ctx, "node 1 to catch up", func(ctx context.Context) (bool, error) {
		var h int32
		err := s.call(ctx, victim, "getblockcount", &h)
		return h == height, err
	}); err != nil {
		return err
	}
	if err := s.check(true, "node 1 is back at block %d, %s after it was started", height, ms(s.now().Sub(begin))); err != nil {
		return err
	}
	var b testnet.Amount
	if err := s.call(ctx, payee, "getbalance", &b); err != nil {
		return err
	}
	if err := s.check(b == 175*testnet.CoinBTC/100, "node 2's wallet holds %s BTC", b); err != nil {
		return err
	}
	return s.compare(ctx)
}

// stop ends the network.
func (s *story) stop(ctx context.Context) error {
	s.tell.Say("Every node is asked to stop: it finishes what it is doing, writes everything down and goes.")
	begin := s.now()
	if err := s.launcher.Stop(ctx); err != nil {
		return err
	}
	took := s.now().Sub(begin)
	return s.check(true, "all nodes have stopped, within %s", ms(took))
}
