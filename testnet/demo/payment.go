package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"grapevine/testnet"
)

// pay sends 1.5 BTC from node 0 to node 2 and watches it travel.
func (s *story) pay(ctx context.Context) error {
	s.tell.Say("Node 2 makes an address: a place that only its own key can spend from. Node 0 signs a transaction that moves 1.5 BTC there and tells its peers; " +
		"each checks the signature and that the coins exist, and passes it on. Nobody is asked for permission.")
	var to string
	if err := s.call(ctx, payee, "getnewaddress", &to); err != nil {
		return err
	}
	s.tell.Say("Node 2's address is " + to)
	txid, seen, err := s.watchPayment(ctx, to, "1.5")
	if err != nil {
		return err
	}
	s.tell.Say("The transaction is " + txid)
	rows := make([][]any, len(seen))
	slowest := time.Duration(0)
	for i, d := range seen {
		rows[i] = []any{i, ms(d), role(i)}
		slowest = max(slowest, d)
		s.res.PaidMS = append(s.res.PaidMS, d.Seconds()*1000)
	}
	s.tell.Table([]string{">node", ">has seen it after", ""}, rows)
	return s.check(slowest < patience, "all nodes know of the payment %s after it was ordered", ms(slowest))
}

func role(node int) string {
	switch node {
	case payer:
		return "pays (chose coins, signed, checked)"
	case payee:
		return "is paid"
	}
	return "heard it through the grapevine"
}

// sighting is the first time a transaction was seen in a node's pool.
type sighting struct {
	node int
	txid string
	at   time.Time
}

// watchPayment orders a payment and says after how long each node had it. All
// nodes are watched from before the order, so nothing is missed.
func (s *story) watchPayment(ctx context.Context, to, amount string) (txid string, seen []time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	nodes := s.up()
	const perNode = 4 // more transactions than the story ever has in a pool
	sightings := make(chan sighting, perNode*len(nodes))
	var watchers sync.WaitGroup
	for _, i := range nodes {
		watchers.Go(func() { s.watch(ctx, i, sightings) })
	}
	defer func() {
		cancel()
		watchers.Wait()
	}()
	begin := s.now()
	if err := s.call(ctx, payer, "sendtoaddress", &txid, to, json.Number(amount)); err != nil {
		return "", nil, err
	}
	seen = make([]time.Duration, len(nodes))
	for left := len(nodes); left > 0; {
		select {
		case <-ctx.Done():
			return txid, nil, fmt.Errorf("after %v the payment has not reached %d of %d nodes", patience, left, len(nodes))
		case g := <-sightings:
			if g.txid == txid {
				seen[slices.Index(nodes, g.node)] = g.at.Sub(begin)
				left--
			}
		}
	}
	return txid, seen, nil
}

// watch reports every transaction that appears in a node's pool, until ctx ends.
func (s *story) watch(ctx context.Context, node int, out chan<- sighting) {
	known := map[string]bool{}
	for ctx.Err() == nil {
		var pool []string
		if s.call(ctx, node, "getrawmempool", &pool) == nil { // if it does not answer, the wait ends in an error
			now := s.now()
			for _, id := range pool {
				if !known[id] {
					known[id] = true
					select {
					case out <- sighting{node, id, now}:
					case <-ctx.Done():
						return
					}
				}
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(pollEvery):
		}
	}
}

// confirm mines the payment into a block.
func (s *story) confirm(ctx context.Context) error {
	s.tell.Say("So far the payment is only known. A block makes it part of the one history that all nodes share: whoever wants to undo it must do the work of this block again, and of all after it.")
	if err := s.mineOne(ctx); err != nil {
		return err
	}
	height, took, err := s.sameTip(ctx)
	if err != nil {
		return err
	}
	if err := s.check(true, "block %d is on all nodes, %s after it was found", height, ms(took)); err != nil {
		return err
	}
	var b testnet.Amount
	if err := s.call(ctx, payee, "getbalance", &b); err != nil {
		return err
	}
	return s.check(b == 3*testnet.CoinBTC/2, "node 2's wallet holds %s BTC", b)
}

// mineOne mines a block at node 0, to its own wallet.
func (s *story) mineOne(ctx context.Context) error {
	var to string
	if err := s.call(ctx, payer, "getnewaddress", &to); err != nil {
		return err
	}
	return s.call(ctx, payer, "generatetoaddress", nil, 1, to)
}
