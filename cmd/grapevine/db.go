package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/chain/ledger"
	"grapevine/cmd/grapevine/cli"
	"grapevine/db"
)

// lockPatience is how long an offline command waits for the chain file before
// it takes the node to be running.
const lockPatience = 200 * time.Millisecond

func (p *program) dbCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "db",
		Usage: "prove, copy or describe the chain file",
		Description: `Works on the file itself, and through RPC while the node runs.

  $ grapevine db check                   reads everything, checks every checksum
  $ grapevine db backup chain-copy.db    a copy that can be put in the file's place
  $ grapevine db check chain-copy.db     the same for a copy, without any node
  $ grapevine db info --datadir DIR`,
		Subcommands: []*urfave.Command{
			{Name: "check", Usage: "prove that the chain file, or a copy of one, is whole", ArgsUsage: "[FILE]", Flags: cli.RulesFlags(), Action: p.dbCheck},
			{Name: "backup", Usage: "copy the chain file, also while the node runs", ArgsUsage: "FILE", Action: p.dbBackup},
			{Name: "info", Usage: "what is in the chain file, or in a copy of one", ArgsUsage: "[FILE]", Action: p.dbInfo},
		},
	}
}

// namedFile opens the copy of a chain file that is named, without asking any node:
// nil when none is.
func (p *program) namedFile(c *urfave.Context) (file *db.DB, path string, err error) {
	args, err := cli.WantArgs(c, 0, 1)
	if err != nil || len(args) == 0 {
		return nil, "", err
	}
	if path, err = filepath.Abs(args[0]); err != nil {
		return nil, "", err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, path, cli.Failf("db", "`grapevine db backup FILE` makes a copy.", "there is no file %s", path)
	}
	file, err = openChain(path)
	return file, path, err
}

// openChain opens a chain file, or a copy of one, to read.
func openChain(path string) (*db.DB, error) {
	return db.Open(path, "chain", ledger.Schema, db.Options{ReadOnly: true, Timeout: lockPatience, From: ledger.Older()})
}

// fileOrCopy is the copy that is named, or else the data directory's chain file.
func (p *program) fileOrCopy(c *urfave.Context) (file *db.DB, path string, err error) {
	if file, path, err = p.namedFile(c); file != nil || err != nil {
		return file, path, err
	}
	return p.chainFile(c)
}

// chainFile opens the data directory's chain file, or says that the node has
// it open: then file is nil and the node is to be asked.
func (p *program) chainFile(c *urfave.Context) (file *db.DB, path string, err error) {
	if c.String("node") != "" || c.String("rpc") != "" {
		return nil, "", nil
	}
	dir, err := cli.DataDir(c.String("datadir"), c.String("network"))
	if err != nil {
		return nil, "", err
	}
	path = filepath.Join(dir, "chain.db")
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, path, cli.Failf("db", "Say which with --datadir DIR; a node makes the file when it first runs.", "there is no chain file %s", path)
		}
		return nil, path, err
	}
	file, err = openChain(path)
	if errors.Is(err, db.ErrLocked) {
		return nil, path, nil
	}
	return file, path, err
}

// checked is what `db check --json` prints.
type checked struct {
	OK      bool    `json:"ok"`
	Path    string  `json:"path"`
	Checked int64   `json:"checked"`
	Seconds float64 `json:"seconds"`
}

func (p *program) dbCheck(c *urfave.Context) error {
	file, path, err := p.fileOrCopy(c)
	if err != nil {
		return checkFailure(c, err)
	}
	begin := time.Now()
	var res checked
	if file == nil {
		res, err = p.checkByNode(c)
	} else {
		if err := file.Close(); err != nil {
			return cli.Fail("db check", err)
		}
		res.Path = path
		res.Checked, err = p.checkOffline(c, path)
	}
	if err != nil {
		return checkFailure(c, err)
	}
	res.OK, res.Seconds = true, time.Since(begin).Seconds()
	return p.Show(c, res, func(o *cli.Out) {
		o.Printf("%s  %s records checked in %s\n", o.Paint(cli.Green, "the chain file is whole"), cli.Count(res.Checked), cli.Short(time.Since(begin)))
	})
}

// checkFailure: here the hint "run db check" would go in a circle.
func checkFailure(c *urfave.Context, err error) error {
	switch {
	case errors.Is(err, db.ErrCorrupt) && c.NArg() > 0:
		return &cli.Failure{What: "db check", Err: err, Hint: "Make another copy with `grapevine db backup FILE`: this one cannot take a chain file's place."}
	case errors.Is(err, db.ErrCorrupt):
		return &cli.Failure{What: "db check", Err: err, Hint: "Stop the node. " + cli.ReplaceChain}
	}
	return cli.Fail("db check", err)
}

func (p *program) checkOffline(c *urfave.Context, path string) (int64, error) {
	pr, err := cli.Params(c)
	if err != nil {
		return 0, err
	}
	bar := p.Err.NewProgress("check", "records")
	defer bar.Done()
	var records int64
	err = ledger.CheckFile(c.Context, path, pr, func(done, total int64, what string) {
		records = max(records, done)
		bar.Update(done, total, what)
	})
	return records, err
}

// checkByNode asks the node to check its file and shows how far it is.
func (p *program) checkByNode(c *urfave.Context) (res checked, err error) {
	cl, err := p.Dial(c)
	if err != nil {
		return res, err
	}
	defer cl.Close()
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		bar := p.Err.NewProgress("check", "records")
		defer bar.Done()
		for {
			select {
			case <-done:
				return
			case <-time.After(200 * time.Millisecond):
			}
			var at struct {
				Running bool   `json:"running"`
				Done    int64  `json:"done"`
				Total   int64  `json:"total"`
				What    string `json:"what"`
			}
			if cl.Call(c.Context, "dbprogress", &at) == nil && at.Running {
				bar.Update(at.Done, at.Total, at.What)
			}
		}
	})
	err = cl.Call(c.Context, "dbcheck", &res)
	close(done)
	watcher.Wait()
	return res, err
}

// copied is what `db backup --json` prints.
type copied struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}

func (p *program) dbBackup(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	to, err := freshFile(args[0])
	if err != nil {
		return cli.Fail("db backup", err)
	}
	file, _, err := p.chainFile(c)
	if err != nil {
		return cli.Fail("db backup", err)
	}
	var res copied
	if file == nil {
		err = p.Call(c, "dbbackup", &res, to)
	} else {
		res.Path = to
		res.Bytes, err = db.BackupFile(to, file.Backup)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return cli.Fail("db backup", err)
	}
	return p.Show(c, res, func(o *cli.Out) { o.Printf("%s  %s\n", res.Path, cli.Bytes(res.Bytes)) })
}

// dbDescription is what `db info --json` prints.
type dbDescription struct {
	Path    string `json:"path"`
	Size    int64  `json:"size"`
	Schema  uint32 `json:"schema"`
	Height  int32  `json:"height"`
	Best    string `json:"best"`
	Headers int    `json:"headers"`
	Blocks  int    `json:"blocks"`
	Coins   int64  `json:"coins"`
}

func (p *program) dbInfo(c *urfave.Context) error {
	file, _, err := p.fileOrCopy(c)
	if err != nil {
		return cli.Fail("db info", err)
	}
	var d dbDescription
	if file == nil {
		if err = p.Call(c, "dbinfo", &d); errors.Is(err, syscall.ECONNREFUSED) {
			return cli.Failf("db info", "A node that was started with --rpclisten off keeps its file to itself: stop it first.", "the file is in use and no node answers: %w", err)
		}
	} else {
		d, err = p.describe(c, file)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return cli.Fail("db info", err)
	}
	return p.Show(c, d, func(o *cli.Out) {
		coins := ""
		if d.Coins > 0 {
			coins = cli.Count(d.Coins)
		}
		cli.Pairs(o, "", [][2]string{
			{"file", d.Path},
			{"size", cli.Bytes(d.Size)},
			{"schema", fmt.Sprint(d.Schema)},
			{"height", cli.Count(int64(d.Height))},
			{"best block", d.Best},
			{"headers", cli.Count(int64(d.Headers))},
			{"blocks", cli.Count(int64(d.Blocks))},
			{"coins", coins},
		}...)
	})
}

// describe reads the file of a node that does not run.
func (p *program) describe(c *urfave.Context, file *db.DB) (d dbDescription, err error) {
	pr, err := cli.Params(c)
	if err != nil {
		return d, err
	}
	l, err := ledger.Open(ledger.Config{DB: file, Params: pr, Now: time.Now, Prune: ledger.Prune{On: true}})
	if err != nil {
		return d, err
	}
	tip := l.Tip()
	d = dbDescription{Path: file.Path(), Size: file.Size(), Schema: ledger.Schema, Height: tip.Height, Best: tip.Hash.String()}
	for _, h := range l.Headers() {
		d.Headers++
		if l.HaveBody(h.Hash) {
			d.Blocks++
		}
	}
	return d, nil
}
