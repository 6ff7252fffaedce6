package chainapi

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"grapevine/chain/coins"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/db"
)

// fileRows are about the chain's file. They are ours, but for verifychain: bitcoind has none.
func (a *API) fileRows() []jsonrpc.Method {
	return slices.Concat(jsonrpc.Group("Control",
		jsonrpc.Method{Name: "dbinfo", Do: a.dbInfo,
			Help: "The chain file: path, bytes, layout version, height, and how many headers, blocks and coins it holds."},
		jsonrpc.Method{Name: "dbcheck", Do: a.dbCheck,
			Help: "Proves the chain file: pages, checksums, and that headers, bodies, undo records and coins agree. Error -20 names what is wrong."},
		jsonrpc.Method{Name: "dbprogress", Do: a.dbProgress,
			Help: "How far a running dbcheck is."},
		jsonrpc.Method{Name: "dbbackup", Params: "destination:text", Do: a.dbBackup,
			Help: "Writes a copy of the chain file to an absolute path that does not exist yet, while the node runs.", Example: "/tmp/chain.db"},
	), jsonrpc.Group("Blockchain",
		jsonrpc.Method{Name: "verifychain", Params: "checklevel:int=3 nblocks:int=6", Do: a.verifyChain,
			Help: "Verifies the last nblocks blocks (0: all) as thoroughly as checklevel says. true if they are sound; else the log says why not. dbcheck proves the whole file."},
	))
}

// checkState is how far a running dbcheck is.
type checkState struct {
	mu       sync.Mutex
	progress checkProgress
	most     int64 // records of the longest part
}

type checkProgress struct {
	Running bool   `json:"running"`
	Done    int64  `json:"done"`
	Total   int64  `json:"total"`
	What    string `json:"what"`
}

// begin says false when a check is running already.
func (s *checkState) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.progress.Running {
		return false
	}
	s.progress, s.most = checkProgress{Running: true}, 0
	return true
}

func (s *checkState) at(done, total int64, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress.Done, s.progress.Total, s.progress.What = done, total, what
	s.most = max(s.most, done)
}

func (s *checkState) end() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress.Running = false
	return s.most
}

func (s *checkState) now() checkProgress {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.progress
}

type checkResult struct {
	OK      bool    `json:"ok"`
	Checked int64   `json:"checked"`
	Seconds float64 `json:"seconds"`
}

func (a *API) dbCheck(ctx context.Context, _ *jsonrpc.Call) (any, error) {
	r, err := a.checkFile(ctx)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (a *API) checkFile(ctx context.Context) (checkResult, error) {
	if !a.check.begin() {
		return checkResult{}, jsonrpc.Errorf(jsonrpc.CodeMisc, "a check is running already: see dbprogress")
	}
	start := time.Now()
	err := a.Ledger.CheckFile(ctx, a.check.at)
	r := checkResult{OK: err == nil, Checked: a.check.end(), Seconds: time.Since(start).Seconds()}
	if err != nil {
		return r, jsonrpc.Errorf(jsonrpc.CodeDatabase, "%s", err)
	}
	return r, nil
}

func (a *API) dbProgress(context.Context, *jsonrpc.Call) (any, error) { return a.check.now(), nil }

func (a *API) verifyChain(ctx context.Context, c *jsonrpc.Call) (any, error) {
	level, blocks := c.Int("checklevel"), c.Int("nblocks")
	if err := c.Err(); err != nil {
		return nil, err
	}
	defer c.Aside()() // there is one at a time
	sound, err := a.Ledger.Verify(ctx, int(level), int(blocks))
	if err != nil {
		return nil, err
	}
	return sound, nil
}

func errNoFile() error { return jsonrpc.Errorf(jsonrpc.CodeMisc, "this node keeps no chain file") }

func (a *API) dbInfo(ctx context.Context, _ *jsonrpc.Call) (any, error) {
	if a.File == nil {
		return nil, errNoFile()
	}
	st, err := a.Ledger.CountCoins(ctx, coins.Hashes{})
	if err != nil {
		return nil, err
	}
	info := struct {
		Path    string `json:"path"`
		Size    int64  `json:"size"`
		Schema  uint32 `json:"schema"`
		Height  int32  `json:"height"`
		Best    string `json:"best"`
		Headers int    `json:"headers"`
		Blocks  int    `json:"blocks"`
		Coins   int64  `json:"coins"`
	}{Path: a.File.Path(), Size: a.File.Size(), Schema: ledger.Schema, Height: st.Height, Best: st.Best.String(), Coins: st.TxOuts}
	for _, n := range a.Ledger.Headers() {
		info.Headers++
		if a.Ledger.HaveBody(n.Hash) {
			info.Blocks++
		}
	}
	return info, nil
}

func (a *API) dbBackup(_ context.Context, c *jsonrpc.Call) (any, error) {
	if a.File == nil {
		return nil, errNoFile()
	}
	to := c.String("destination")
	if !filepath.IsAbs(to) {
		c.Refuse(jsonrpc.CodeInvalidParam, "the destination must be an absolute path")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	n, err := db.BackupFile(to, a.File.Backup)
	if err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeDatabase, "%s", err)
	}
	return struct {
		Path  string `json:"path"`
		Bytes int64  `json:"bytes"`
	}{to, n}, nil
}
