package chainapi

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/db"
)

// snapshotRows are about the coin set as a file.
func (a *API) snapshotRows() []jsonrpc.Method {
	return jsonrpc.Group("Blockchain",
		jsonrpc.Method{Name: "dumptxoutset", Params: `path:text type:text? options:{"rollback":hash|height}?;rollback:word?`, Do: a.dumpTxOutSet,
			Help: `Writes the coin set to a new file in Bitcoin Core's format, at the tip (type "latest") or at an earlier block (type "rollback" with the option of that name). A relative path is taken from the data directory.`, Example: "utxo.dat latest"},
		jsonrpc.Method{Name: "loadtxoutset", Params: "path:text", Do: a.loadTxOutSet,
			Help: `Takes the coin set of a file that dumptxoutset made, of this node or of Bitcoin Core, for the node's own: its block becomes the tip at once, and the chain grows from there. The blocks below are fetched and validated in the background, until they have made the same coins (getchainstates tells how far that is); if they make others, the node goes back and ends. Regtest takes a snapshot of any height, other networks those that the node knows the hash of.`, Example: "utxo.dat"},
		jsonrpc.Method{Name: "getchainstates", Do: a.getChainStates,
			Help: "The coin sets that are kept: one, validated from genesis, and above it that of a snapshot until that is proven."},
	)
}

type dumped struct {
	Coins  uint64 `json:"coins_written"`
	Base   string `json:"base_hash"`
	Height int32  `json:"base_height"`
	Path   string `json:"path"`
	Hash   string `json:"txoutset_hash"`
	Txs    uint64 `json:"nchaintx"`
}

func (a *API) dumpTxOutSet(ctx context.Context, c *jsonrpc.Call) (any, error) {
	path := c.String("path")
	at, err := a.dumpedBlock(c)
	if err != nil {
		return nil, err
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	path = a.inDir(path)
	if _, err := os.Lstat(path); err == nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "%s already exists. If you are sure this is what you want, move it out of the way first", path)
	}
	temporary := path + ".incomplete"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Couldn't open file %s for writing.", temporary)
	}
	result, err := a.dump(ctx, file, at)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return nil, errors.Join(dumpFault(err), os.Remove(temporary))
	}
	result.Path = path
	return result, nil
}

// inDir is a file that a client names: a relative path is taken from the data directory.
func (a *API) inDir(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(a.Dir, path)
}

// dumpFault puts why an earlier set cannot be had into Core's words.
func dumpFault(err error) error {
	if errors.Is(err, chain.ErrPruned) {
		return jsonrpc.Errorf(jsonrpc.CodeMisc, "Could not roll back to requested height since necessary block data is already pruned.")
	}
	return err
}

// dumpedBlock is where the set is to stand; nil: at the tip.
func (a *API) dumpedBlock(c *jsonrpc.Call) (*chain.HeaderNode, error) {
	kind := c.String("type")
	for _, o := range c.Members("options", "rollback:word?") {
		switch {
		case !o.Has("rollback"):
		case kind != "" && kind != "rollback":
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Invalid snapshot type \"%s\" specified with rollback option", kind)
		default:
			return a.rolledBack(o)
		}
	}
	switch {
	case kind == "latest", kind == "" && a.old(): // which had no types yet
		return nil, nil
	case kind == "rollback":
		return a.lastSnapshot()
	}
	return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Invalid snapshot type \"%s\" specified. Please specify \"rollback\" or \"latest\"", kind)
}

// lastSnapshot is the block of the highest snapshot of the network that the chain has reached.
func (a *API) lastSnapshot() (*chain.HeaderNode, error) {
	var at *chain.HeaderNode
	for _, s := range a.Params.Snapshots() {
		if n := a.Ledger.AtHeight(s.Height); n != nil {
			at = n
		}
	}
	if at == nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "There is no snapshot height of this network at or below the tip; name the block by the option rollback")
	}
	return at, nil
}

// rolledBack is the block that the option names, by its hash or height.
func (a *API) rolledBack(o *jsonrpc.Params) (*chain.HeaderNode, error) {
	n, err := a.hashOrHeight(o, "rollback")
	if err == nil && !n.IsAncestorOf(a.Ledger.Tip()) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Block is not in main chain")
	}
	return n, err
}

// dump writes the set; when the chain moves meanwhile, once more.
func (a *API) dump(ctx context.Context, file *os.File, at *chain.HeaderNode) (dumped, error) {
	for range dumpTries {
		if _, err := file.Seek(0, 0); err != nil {
			return dumped{}, err
		}
		if err := file.Truncate(0); err != nil {
			return dumped{}, err
		}
		w, err := coins.NewSnapshotWriter(file, a.Params)
		if err != nil {
			return dumped{}, err
		}
		base := at
		if at == nil {
			base, err = a.Ledger.ScanCoins(ctx, w.Add)
		} else {
			err = a.Ledger.ScanPastCoins(ctx, at, w.Add)
		}
		if errors.Is(err, ledger.ErrMoved) {
			continue
		}
		if err != nil {
			return dumped{}, err
		}
		n, sum, err := w.Close(base.Hash)
		return dumped{Coins: n, Base: base.Hash.String(), Height: base.Height, Hash: sum.String(), Txs: a.Ledger.ChainTxs(base.Hash)}, err
	}
	return dumped{}, jsonrpc.Errorf(jsonrpc.CodeMisc, "The chain moves faster than its coins can be read; try again")
}

// dumpTries is how often a dump of an earlier set begins again because the chain moved.
const dumpTries = 5

type chainStates struct {
	Headers int32        `json:"headers"`
	States  []chainState `json:"chainstates"`
}

type chainState struct {
	Blocks     int32       `json:"blocks"`
	Best       string      `json:"bestblockhash"`
	Bits       string      `json:"bits"`
	Target     string      `json:"target"`
	Difficulty show.Number `json:"difficulty"`
	Progress   show.Number `json:"verificationprogress"`
	DBCache    int64       `json:"coins_db_cache_bytes"`
	TipCache   int64       `json:"coins_tip_cache_bytes"`
	Snapshot   string      `json:"snapshot_blockhash,omitempty"`
	Validated  bool        `json:"validated"`
}

func (a *API) getChainStates(context.Context, *jsonrpc.Call) (any, error) {
	tip := a.Ledger.Tip()
	headers, syncing := a.Sync()
	headers = max(headers, tip.Height)
	state := func(n *chain.HeaderNode) chainState {
		return chainState{
			Blocks: n.Height, Best: n.Hash.String(), Bits: show.Bits(n.Header.Bits), Target: show.Target(n.Header.Bits),
			Difficulty: show.Difficulty(n.Header.Bits), Progress: a.progress(n, headers, syncing),
			TipCache: a.Ledger.CacheBytes(), Validated: true,
		}
	}
	base, proven := a.Ledger.Unproven()
	if base == nil {
		return chainStates{headers, []chainState{state(tip)}}, nil
	}
	loaded := state(tip)
	loaded.Snapshot, loaded.Validated = base.Hash.String(), false
	return chainStates{headers, []chainState{state(proven), loaded}}, nil
}

type loaded struct {
	Coins  uint64 `json:"coins_loaded"`
	Tip    string `json:"tip_hash"`
	Height int32  `json:"base_height"`
	Path   string `json:"path"`
}

func (a *API) loadTxOutSet(ctx context.Context, c *jsonrpc.Call) (any, error) {
	path := c.String("path")
	if err := c.Err(); err != nil {
		return nil, err
	}
	path = a.inDir(path)
	unreadable := jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Couldn't open file %s for reading.", path)
	file, err := db.OpenFile(path)
	if err != nil {
		return nil, unreadable
	}
	defer file.Close()
	r, err := coins.NewSnapshotReader(file, a.Params)
	if err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "Unable to parse metadata: %s", err)
	}
	base, err := a.Ledger.LoadSnapshot(ctx, r, func() bool { return a.Pool.Stats().Size == 0 })
	if err == nil {
		err = a.Followed(ctx)
	}
	if err != nil {
		return nil, loadFault(err, path)
	}
	return loaded{r.Coins, base.Hash.String(), base.Height, path}, nil
}

// loadFault puts why a snapshot is not loaded into Core's words.
func loadFault(err error, path string) error {
	text := ""
	if bad, ok := errors.AsType[*coins.SnapshotError](err); ok {
		text = "Population failed: " + bad.Text
	} else if refused, ok := errors.AsType[*ledger.SnapshotRefused](err); ok {
		text = refused.Text
	} else {
		return err
	}
	return jsonrpc.Errorf(jsonrpc.CodeInternal, "Unable to load UTXO snapshot: %s. (%s)", text, path)
}
