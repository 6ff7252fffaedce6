package node

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mrand "math/rand/v2"
	"time"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/chain/miner"
	"grapevine/chain/script"
	"grapevine/cmd/rpc"
	"grapevine/cmd/rpc/electrum"
	"grapevine/cmd/rpc/events"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/notify"
	"grapevine/db"
	"grapevine/p2p/addrbook"
	"grapevine/p2p/gossip"
	"grapevine/p2p/swarm"
	"grapevine/wallet/loader"
	"grapevine/wallet/service"
)

// Node is one running node: its rooms, open to whoever tests or shows them.
type Node struct {
	Ledger  *ledger.Ledger
	Pool    *mempool.Pool
	Swarm   *swarm.Swarm
	Miner   *miner.Miner
	Wallet  *service.Service // the one without a name, nil where it is not there from the start
	Wallets *loader.Wallets  // all of them, nil without
	RPC     *rpc.Server      // nil without RPC

	// Electrum is nil where its protocol is not served.
	Electrum *electrum.Server

	// Events are what happens on the node, as it happens.
	Events *events.Hub

	explore  *explore.API
	cfg      Config
	clock    *clock
	log      *slog.Logger
	follow   *follower
	script   *script.Checker
	book     *addrbook.Book
	poolFile *poolFile
	feeFile  *feeFile
	commands *commands
	versions *chain.VersionBits
	state    *gossip.State
	schedule *schedule
	files    []*db.DB          // in order of opening
	zmq      *notify.Publisher // nil without ZeroMQ
	mining   *mining
	keeper   *keeper
	payTo    []byte // where mine sends new coins; only its goroutine touches it after New
	stop     context.CancelFunc
	asked    context.Context // ends when RPC's stop was called
}

// New opens the files in cfg.DataDir and builds every room. Nothing runs yet;
// a Node that is never Run must be Closed [AppInitMain].
func New(cfg Config) (*Node, error) {
	n := &Node{cfg: cfg.withDefaults(), follow: newFollower(), keeper: &keeper{open: map[string]*db.DB{}}}
	n.clock = &clock{machine: n.cfg.Now}
	n.clock.set.Store(n.cfg.MockTime)
	n.clock.ahead.Store(int64(n.cfg.ClockAhead))
	n.log = n.cfg.Log
	n.asked, n.stop = context.WithCancel(context.Background())
	n.commands = newCommands(n.cfg.Commands, n.log.With("subsystem", "commands"), func() bool {
		_, syncing := n.syncState()
		return syncing
	})
	n.follow.commands = n.commands
	for _, build := range []func() error{n.openLedger, n.buildPool, n.buildPoolFile, n.buildSwarm, n.openWallet, n.buildMiner, n.buildSchedule, n.openZeroMQ, n.buildRPC, n.openElectrum} {
		if err := build(); err != nil {
			return nil, errors.Join(err, n.Close())
		}
	}
	return n, nil
}

func (c Config) withDefaults() Config {
	if c.Net == nil {
		c.Net = swarm.TCP{}
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Run works until ctx ends, RPC says stop, or a room fails; then it stops the
// rooms in reverse order (RPC and miner, swarm, wallet, ledger), keeps the pool
// and closes the files.
func (n *Node) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(n.asked, cancel)()
	stages := []stage{
		{name: "follower", run: n.follow.Run},
		{name: "ledger", run: n.Ledger.Run},
		{name: "swarm", flag: "--listen", run: n.Swarm.Run},
		{name: "pool", run: n.poolFile.Run},
		{name: "miner", run: n.mine},
		{name: "schedule", run: n.schedule.Run},
	}
	if n.Wallets != nil {
		stages = insert(stages, 2, stage{name: "wallet", run: n.Wallets.Run})
	}
	if n.zmq != nil {
		stages = append(stages, stage{name: "zmq", run: n.zmq.Run})
	}
	if n.Electrum != nil {
		stages = append(stages, stage{name: "electrum", run: n.Electrum.Run})
	}
	if n.listensRPC() {
		stages = append(stages, stage{name: "rpc", flag: "--rpclisten", run: n.serveRPC})
	}
	stages = append(stages, stage{name: "commands", run: func(ctx context.Context) error { return n.commands.Run(ctx, n.Ready()) }})
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		n.commands.stopping()
		stop()
	})()
	err := runStages(running, stages)
	n.commands.stopping() // also when a room has failed
	n.follow.tips.stop()
	if err == nil {
		n.poolFile.keep()
		n.feeFile.save(true)
	}
	return errors.Join(err, n.Close())
}

// serveRPC begins when the swarm listens for peers: who gets an answer may connect.
func (n *Node) serveRPC(ctx context.Context) error {
	select {
	case <-n.Swarm.Ready():
		return n.RPC.Run(ctx)
	case <-ctx.Done():
		return nil
	}
}

func insert(to []stage, at int, s stage) []stage {
	return append(to[:at:at], append([]stage{s}, to[at:]...)...)
}

// Ready is closed when the node answers: RPC when it has one, else its peers.
func (n *Node) Ready() <-chan struct{} {
	if n.listensRPC() {
		return n.RPC.Ready()
	}
	return n.Swarm.Ready()
}

// listensRPC is whether others reach the node's RPC.
func (n *Node) listensRPC() bool { return n.RPC != nil && n.cfg.RPCListen != "" }

// Close closes the files, last opened first.
func (n *Node) Close() error {
	n.stop()
	var errs []error
	if n.zmq != nil {
		errs = append(errs, n.zmq.Close())
	}
	if n.Electrum != nil {
		errs = append(errs, n.Electrum.Close())
	}
	for i := len(n.files) - 1; i >= 0; i-- {
		errs = append(errs, n.files[i].Close())
	}
	n.files = nil
	return errors.Join(errs...)
}

// random is a random source of its own for one room.
func (n *Node) random() (*mrand.Rand, error) {
	var seed [16]byte
	if _, err := io.ReadFull(n.cfg.Rand, seed[:]); err != nil {
		return nil, fmt.Errorf("random seed: %w", err)
	}
	return mrand.New(mrand.NewPCG(binary.LittleEndian.Uint64(seed[:]), binary.LittleEndian.Uint64(seed[8:]))), nil
}
