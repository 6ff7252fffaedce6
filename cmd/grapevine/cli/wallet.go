package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	urfave "github.com/urfave/cli/v2"

	"grapevine/db"
)

// chosenName is the file in a data directory that names the wallet which commands without
// --wallet mean.
const chosenName = "wallet-chosen.json"

// WalletFlag names the wallet that a command is for.
func WalletFlag() urfave.Flag {
	return StringFlag("wallet", "`NAME` of the wallet that is meant, where there are several; else the one of \"wallet use\"")
}

// ErrNoDir: nothing can be noted for a node whose data directory is not known.
var ErrNoDir = errors.New("the node is named by its RPC: its data directory, where the choice is kept, is not known")

// dirOf is the data directory of the node that the line means.
func (p *Program) dirOf(c *urfave.Context) (string, error) {
	word := c.String("node")
	switch {
	case word != "":
		f, err := p.Net(c)
		if err != nil {
			return "", err
		}
		m, err := f.Find(word)
		if err == nil && m.DataDir == "" {
			err = ErrNoDir
		}
		return m.DataDir, err
	case c.String("rpc") != "" && c.String("datadir") == "":
		return "", ErrNoDir
	}
	return DataDir(c.String("datadir"), c.String("network"))
}

// ChooseWallet notes which wallet commands without --wallet mean; nil: none by name.
func (p *Program) ChooseWallet(c *urfave.Context, name *string) error {
	dir, err := p.dirOf(c)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, chosenName)
	if name == nil {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget the wallet: %w", err)
		}
		return nil
	}
	raw, err := json.Marshal(*name)
	if err == nil {
		err = os.WriteFile(path+".new", raw, 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("note the wallet: %w", err)
	}
	return nil
}

// ChosenWallet is what ChooseWallet noted; false: nothing.
func (p *Program) ChosenWallet(c *urfave.Context) (name string, ok bool, err error) {
	dir, err := p.dirOf(c)
	if errors.Is(err, ErrNoDir) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	path := filepath.Join(dir, chosenName)
	const most = 1 << 16 // bytes
	raw, err := db.ReadFile(path, most)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("read which wallet is meant: %w", err)
	}
	if err := json.Unmarshal(raw, &name); err != nil {
		return "", false, fmt.Errorf("%s does not name a wallet: remove it, or choose one by `grapevine wallet use NAME`", path)
	}
	return name, true, nil
}

// meantWallet is the wallet that a command is for; false: whichever the node takes.
func (p *Program) meantWallet(c *urfave.Context) (name string, ok bool, err error) {
	if c.IsSet("wallet") {
		return c.String("wallet"), true, nil
	}
	const restore = "restore" // makes the wallet that it is for: who chose another does not mean that one
	if c.Command == nil || c.Command.Name == restore || !slices.ContainsFunc(c.Command.Flags, func(f urfave.Flag) bool { return slices.Contains(f.Names(), "wallet") }) {
		return "", false, nil
	}
	return p.ChosenWallet(c)
}
