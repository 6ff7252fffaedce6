package main

import (
	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc"
	"grapevine/cmd/web"
	"grapevine/cmd/web/explorer"
	"grapevine/cmd/web/layout"
)

// webFlags are about the page.
func webFlags() []urfave.Flag {
	return []urfave.Flag{
		cli.StringFlag("web", "`on|off` serve pages for browsers at / of RPC's port, without a password for who only reads (default on for regtest, on loopback)"),
	}
}

// webConfig gives a node its page.
func webConfig(c *urfave.Context, cfg *node.Config) error {
	switch word := c.String("web"); word {
	case "":
	case "on", "off":
		on := word == "on"
		if cfg.Web = &on; on && cfg.RPCListen == "" {
			return cli.Usagef("--web on needs --rpclisten: the page is served at RPC's port")
		}
	default:
		return cli.Usagef("--web %q: want on or off", cli.Printable(word))
	}
	about := layout.About{Network: c.String("network"), Version: version}
	cfg.Page = func(d rpc.Door) (rpc.Page, error) {
		return web.New(web.Config{About: about, Call: d.Call, Log: cfg.Log, Explorer: explorerOf(d, cfg.LogPath)})
	}
	return nil
}

// explorerOf makes the part of the page about blocks, transactions and addresses.
func explorerOf(d rpc.Door, log string) func(*layout.Layout) (web.Section, error) {
	return func(l *layout.Layout) (web.Section, error) {
		return explorer.New(explorer.Config{Explore: d.Explore, Swarm: d.Swarm, Layout: l, Version: version, LogPath: log})
	}
}
