package node

import (
	"cmp"
	"context"
	"errors"
	"net"
	"path/filepath"
	"time"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/chain/miner"
	"grapevine/chain/policy"
	"grapevine/chain/script"
	"grapevine/cmd/rpc"
	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/electrum"
	"grapevine/cmd/rpc/events"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/notify"
	"grapevine/cmd/rpc/poolapi"
	"grapevine/cmd/rpc/walletapi"
	"grapevine/db"
	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/swarm"
	"grapevine/wallet/loader"
	"grapevine/wallet/service"
)

// The rooms in the order of their dependency, a function each.

func (n *Node) openLedger() error {
	file, err := n.open("chain", ledger.Schema, ledger.Older()...)
	if err != nil {
		return ofFile("chain", err)
	}
	n.script = script.New(script.Config{Word: n.cfg.Policy.BlockScript()})
	n.Ledger, err = ledger.Open(ledger.Config{
		DB: file, Params: n.cfg.Params, Script: n.script,
		DBCache: cmp.Or(n.cfg.DBCache, defaultCache()), AssumeValid: n.cfg.AssumeValid, BodiesApart: n.cfg.Manners.Reserved, Prune: n.cfg.Prune, Rebuild: n.cfg.Rebuild, StopAt: n.cfg.StopAt, RefuseFuture: n.cfg.RefuseFuture, NeedWitnesses: true,
		TxIndex: n.cfg.TxIndex, FilterIndex: n.cfg.FilterIndex, CoinStatsIndex: n.cfg.CoinStatsIndex, AddressIndex: n.cfg.AddressIndex,
		Now: n.clock.Now, Log: n.log.With("subsystem", "ledger"),
	})
	n.follow.ledger = n.Ledger
	n.versions = chain.NewVersionBits(n.cfg.Params)
	n.follow.warn = &warnings{versions: n.versions, invalid: n.Ledger.Tips, alert: n.commands.alert, log: n.log}
	n.follow.stopAt, n.follow.stop = n.cfg.StopAt, n.stop
	n.follow.tips = &tipLog{log: n.log, now: n.cfg.Now, best: func() int32 { return n.Ledger.BestHeader().Height },
		each: n.cfg.EachTip, txs: func(h chain.Hash) uint64 { return n.Ledger.ChainTxs(h) }}
	return ofFile("chain", err)
}

func (n *Node) buildPool() error {
	n.Pool = mempool.New(mempool.Config{
		Params: n.cfg.Params, Script: n.script, MaxBytes: n.cfg.PoolBytes, Expiry: n.cfg.PoolExpiry,
		View:  func() mempool.View { return n.Ledger.View() },
		Rules: n.cfg.Policy, ByScript: n.cfg.AddressIndex, Now: n.clock.Now, Stopwatch: time.Now, Log: n.log.With("subsystem", "pool"),
	})
	n.follow.pool = n.Pool
	n.feeFile = &feeFile{path: filepath.Join(n.cfg.DataDir, "fee_estimates.dat"), pool: n.Pool, log: n.log.With("subsystem", "pool")}
	n.feeFile.load(n.cfg.Now(), n.cfg.StaleEstimates)
	return nil
}

func (n *Node) buildSwarm() error {
	if err := n.openBook(); err != nil {
		return ofFile("peers", err)
	}
	talkRand, err := n.random()
	if err != nil {
		return err
	}
	n.state = gossip.New(gossip.Config{
		Params: n.cfg.Params, Headers: n.Ledger.Headers(), Stored: n.Ledger.HaveBody, Pruned: n.Ledger.Absent, Limited: n.cfg.Prune.On,
		Tip: n.Ledger.Tip(), Invalid: n.invalid(), MinFee: int64(n.Pool.MinFee()),
		Filters: n.cfg.FilterIndex && !n.cfg.HideFilters, Incremental: int64(n.cfg.Policy.Increment), Manners: n.cfg.Manners,
		Rand: talkRand, Log: n.log.With("subsystem", "gossip"),
	})
	switch {
	case n.cfg.MockTime != 0:
		n.state.Step(n.cfg.Now(), gossip.ClockSet{At: n.clock.Now(), Ahead: n.clock.Ahead()})
	case n.cfg.ClockAhead != 0:
		n.state.Step(n.cfg.Now(), gossip.ClockSet{Ahead: n.clock.Ahead()})
	}
	n.Events = events.NewHub(events.Config{Node: n.cfg.LocalNode, Now: n.cfg.Now})
	var filter func(chain.Hash) ([]byte, chain.Hash, bool, error) // nil: none are kept, and none offered
	if n.cfg.FilterIndex && !n.cfg.HideFilters {
		filter = n.Ledger.Filter
	}
	swarmRand, err := n.random()
	if err != nil {
		return err
	}
	if n.cfg.CaptureDir != "" {
		n.cfg.Capture = (&capture{dir: n.cfg.CaptureDir, now: n.clock.Now, log: n.log.With("subsystem", "swarm")}).message
	}
	n.Swarm, err = swarm.New(swarm.Config{
		Options: n.cfg.Options,
		Params:  n.cfg.Params, Net: n.cfg.Net, Listen: n.cfg.Listen,
		Connect: n.cfg.Connect, AddNode: n.cfg.AddNode, MaxPeers: n.cfg.MaxPeers, DialNobody: n.cfg.DialNobody,
		Bootstrap: n.cfg.Bootstrap, Lookup: n.cfg.Lookup,
		MaxUpload: n.cfg.MaxUpload, MaxDownload: n.cfg.MaxDownload,
		PeerUpload: n.cfg.PeerUpload, PeerDownload: n.cfg.PeerDownload,
		Have: !n.cfg.Prune.On, Limited: n.cfg.Prune.On, Partial: n.belowSnapshot, Encrypt: !n.cfg.PlainTransport,
		BlocksOnly: n.cfg.Manners.BlocksOnly, Bloom: n.cfg.Manners.Bloom,
		State: n.state, RawBlock: n.Ledger.AppendBlock, Filter: filter,
		ValidateTx: n.follow.txs,
		ValidateBlock: func(j p2p.ValidateBlock) {
			n.Ledger.Submit(j.Node, j.Block, uint64(j.Peer))
		},
		StoreHeaders: n.Ledger.AddHeaders, TxSent: n.Pool.Fetched,
		Watch: events.NewTap(n.Events, n.state, n.Ledger.Tip()),
		Book:  n.book, UserAgent: cmp.Or(n.cfg.UserAgent, "/grapevine:"+n.cfg.Version+"/"),
		Rand: swarmRand, Now: n.cfg.Now, Clock: n.clock.Now, Ahead: n.clock.Ahead, Log: n.log.With("subsystem", "swarm"),
	})
	n.follow.swarm = n.Swarm
	return err
}

// belowSnapshot says whether old bodies have yet to come, as the coin set is a snapshot's.
func (n *Node) belowSnapshot() bool {
	base, _ := n.Ledger.Unproven()
	return base != nil
}

// invalid is what gossip is to know of marked headers from the start.
func (n *Node) invalid() (evs []gossip.HeaderInvalid) {
	for _, bad := range n.Ledger.InvalidHeaders() {
		evs = append(evs, gossip.HeaderInvalid(bad))
	}
	return evs
}

func (n *Node) openWallet() error {
	if !n.cfg.Wallet {
		return nil
	}
	w, err := n.cfg.Wallets, error(nil)
	n.Wallets, err = loader.OpenWallets(loader.WalletsConfig{
		Dir: cmp.Or(w.Dir, filepath.Join(n.cfg.DataDir, "wallets")), File: w.File, Old: n.path("wallet"), Unnamed: !w.Asked,
		Names: w.Names, Saved: w.Saved, Default: w.Default, Save: w.Save, Warn: w.Warn, Warnings: w.Warnings, Open: n.openWalletFile, Config: service.Config{
			Params: n.cfg.Params, Chain: n.Ledger, Submit: n.Swarm.SubmitTx, Pool: n.waiting,
			EstimateFee: n.estimateFee, News: n.commands.walletTx, Habits: n.cfg.Habits, Relay: n.Pool, Lookahead: n.cfg.Keypool,
			AddressKind: n.cfg.AddressKind, ChangeKind: n.cfg.ChangeKind, Filter: n.filters(),
			Rand: n.cfg.Rand, Now: n.clock.Now, Log: n.log.With("subsystem", "wallet"),
		}})
	if err != nil {
		return ofFile("wallet", err)
	}
	n.follow.wallet, n.Wallet = n.Wallets, n.Wallets.Main()
	return nil
}

func (n *Node) openWalletFile(path string) (*db.DB, error) {
	return n.keeper.note(path, func() (*db.DB, error) { return service.OpenFile(path, db.Options{NoSync: n.cfg.NoSync}) })
}

// waiting are the pool's transactions, parents first.
func (n *Node) waiting() []*chain.Tx {
	pool := n.Pool.Snapshot().Txs
	txs := make([]*chain.Tx, len(pool))
	for i, c := range pool {
		txs[i] = c.Tx
	}
	return txs
}

func (n *Node) estimateFee(target int, conservative bool) (policy.FeeRate, bool) {
	rate, _, ok := n.Pool.EstimateFee(target, conservative)
	return policy.FeeRate(rate), ok
}

// Own transactions that nobody has asked for are announced again in so long and
// up to half of it more [MAX_INITIAL_BROADCAST_DELAY: 10 to 15 minutes].
const reannounce = 10 * time.Minute

func (n *Node) buildSchedule() error {
	r, err := n.random()
	if err != nil {
		return err
	}
	n.schedule = newSchedule(n.cfg.Now)
	n.schedule.add(func() time.Duration { return estimatesEvery }, n.feeFile.flush)
	n.schedule.add(func() time.Duration { return reannounce + time.Duration(r.Int64N(int64(reannounce/2))) }, n.announceAgain)
	n.schedule.add(func() time.Duration { return resendLook }, n.resendWallets)
	return nil
}

// resendLook is how often wallets are asked whether their payments are to be sent again.
const resendLook = time.Minute

func (n *Node) resendWallets(ctx context.Context) error {
	if n.Wallets == nil {
		return nil
	}
	wtxids, err := n.Wallets.Resend(ctx)
	return errors.Join(err, n.announce(ctx, wtxids...))
}

// announceAgain announces our transactions that no peer has asked for yet (rebroadcast)
// [ReattemptInitialBroadcast].
func (n *Node) announceAgain(ctx context.Context) error {
	return n.announce(ctx, n.Pool.Unbroadcast()...)
}

func (n *Node) announce(ctx context.Context, wtxids ...chain.Hash) error {
	if len(wtxids) == 0 {
		return nil
	}
	return n.Swarm.Deliver(ctx, gossip.TxsAgain{WTxIDs: wtxids})
}

// mockForward moves the schedule forward [mockscheduler].
func (n *Node) mockForward(ctx context.Context, by time.Duration) error {
	n.schedule.forward(by)
	return n.follow.sync(ctx)
}

func (n *Node) buildMiner() error {
	r, err := n.random()
	if err != nil {
		return err
	}
	own, err := n.random()
	if err != nil {
		return err
	}
	n.payTo, n.mining = n.cfg.MineTo, newMining(n.cfg.Mine, own)
	n.Miner = miner.New(miner.Config{
		Params: n.cfg.Params, Versions: n.versions, Ledger: n.Ledger, Pool: n.Pool, Submit: n.Swarm.SubmitBlock,
		MaxWeight: n.cfg.BlockWeight, Reserved: n.cfg.Policy.BlockReserved, MinRate: n.cfg.Policy.BlockMin, Version: n.cfg.BlockVersion, PrintPriority: n.cfg.PrintPriority,
		ExtraNonce: r.Uint64(), NoExtraNonce: n.cfg.NoExtraNonce, NoLockTime: n.cfg.Policy.NoLockTime,
		Moved: n.follow.Moved, Now: n.clock.Now, Log: n.log.With("subsystem", "miner"),
	})
	return nil
}

// openZeroMQ opens its sockets, once all else stands.
func (n *Node) openZeroMQ() error {
	if len(n.cfg.ZeroMQ) == 0 {
		return nil
	}
	zmq, err := notify.Listen(notify.Config{Notifiers: n.cfg.ZeroMQ, Log: n.log.With("subsystem", "zmq")})
	if err != nil && n.cfg.ZeroMQOrNot {
		n.log.Warn("the node runs without ZeroMQ", "err", err)
		return nil
	}
	n.zmq, n.follow.zmq = zmq, zmq
	return err
}

func (n *Node) buildRPC() (err error) {
	if n.cfg.RPCListen == "" && !n.cfg.RPCInside && !n.servesElectrum() {
		return nil
	}
	cfg := rpc.Config{
		Chain: &chainapi.API{
			Params: n.cfg.Params, Versions: n.versions, Warnings: n.follow.warn.current, Ledger: n.Ledger, Pool: n.Pool, Miner: n.Miner,
			Submit: n.Swarm.SubmitBlock, SubmitHeader: n.Swarm.SubmitHeader, FetchBlock: n.Swarm.FetchBlock,
			Settle: n.follow.settle, Followed: n.follow.sync, Sync: n.syncState, File: n.files[0], Now: n.clock.Now,
			TxIndex: n.cfg.TxIndex, FilterIndex: n.cfg.FilterIndex, CoinStatsIndex: n.cfg.CoinStatsIndex, AddressIndex: n.cfg.AddressIndex,
			Prune: n.cfg.Prune, Release: n.cfg.Policy.Name, Dir: n.cfg.DataDir,
		},
		Pool: &poolapi.API{
			Params: n.cfg.Params, Ledger: n.Ledger, Pool: n.Pool, Submit: n.Swarm.SubmitTx, TxIndex: n.cfg.TxIndex, File: n.poolFile,
			SubmitPackage: n.follow.submitPackage, Prioritise: n.follow.prioritise, AnnounceAgain: n.announce, NoEstimates: n.cfg.Manners.BlocksOnly,
		},
		Swarm: n.Swarm, Events: n.Events, Stop: n.stop, ZeroMQ: n.zmq, Policy: n.cfg.Policy,
		Listen: n.cfg.RPCListen, User: n.cfg.RPCUser, Password: n.cfg.RPCPassword,
		Serving: n.cfg.Serving, REST: n.cfg.REST, AllowHosts: n.cfg.AllowHosts, Esplora: n.cfg.Esplora, Page: n.cfg.Page, Web: n.cfg.Web,
		CookiePath: filepath.Join(n.cfg.DataDir, ".cookie"), Version: n.cfg.Version, UserAgent: n.cfg.UserAgent,
		Rand: n.cfg.Rand, Log: n.log.With("subsystem", "rpc"),
	}
	n.explore = explore.New(cfg.Chain, cfg.Pool)
	cfg.Explore = n.explore
	if n.Wallets != nil {
		cfg.Wallet = &walletapi.API{Params: n.cfg.Params, Wallets: n.Wallets, Kind: n.cfg.AddressKind, Change: n.cfg.ChangeKind, Ledger: n.Ledger, Pool: n.Pool}
	}
	if n.cfg.Params.Local() {
		cfg.MockTime = n.mockTime
		cfg.Local = &rpc.Local{
			SetClock: n.setClock, Clock: n.readClock, Mining: n.setMining, Links: n.cfg.Links,
			Hold: n.hold, Release: n.Swarm.Release, CopyTo: n.copyTo,
		}
		cfg.Pool.MockForward = n.mockForward
	}
	if n.cfg.RPCListen != "" || n.cfg.RPCInside {
		n.RPC, err = rpc.New(cfg)
	}
	return err
}

func (n *Node) servesElectrum() bool { return n.cfg.Electrum != "" || n.cfg.ElectrumTLS != "" }

// openElectrum opens its ports, once all else stands.
func (n *Node) openElectrum() error {
	if !n.servesElectrum() {
		return nil
	}
	if !n.cfg.TxIndex || !n.cfg.AddressIndex {
		return errors.New("the protocol of Electrum needs the index of transactions and the index by script")
	}
	server, err := electrum.Listen(electrum.Config{Explore: n.explore, Listen: n.cfg.Electrum, TLS: n.cfg.ElectrumTLS, Dir: n.cfg.DataDir,
		Version: n.cfg.Version, Rand: n.cfg.Rand, Log: n.log.With("subsystem", "electrum")})
	if op, ok := errors.AsType[*net.OpError](err); ok {
		flag := "--electrum"
		if op.Addr != nil && op.Addr.String() == n.cfg.ElectrumTLS {
			flag = "--electrumtls"
		}
		return &ListenError{Flag: flag, Err: op}
	}
	if err != nil {
		return err
	}
	n.Electrum, n.follow.electrum = server, server
	return nil
}

// syncState says how high the headers reach and whether bodies are being fetched.
func (n *Node) syncState() (headers int32, syncing bool) {
	st := n.Swarm.Status()
	return st.Headers, st.Syncing
}

// filters are the blocks' basic filters (BIP158), for wallets; nil: there is no index.
func (n *Node) filters() func(chain.Hash) ([]byte, bool, error) {
	if !n.cfg.FilterIndex {
		return nil
	}
	return func(hash chain.Hash) ([]byte, bool, error) {
		raw, _, ok, err := n.Ledger.Filter(hash)
		return raw, ok, err
	}
}
