package main

import (
	"path/filepath"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc"
	"grapevine/cmd/web"
	"grapevine/cmd/web/explorer"
	"grapevine/cmd/web/layout"
	"grapevine/testnet"
	"grapevine/testnet/process"
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
	cfg.Page = func(d rpc.Backend) rpc.Page { return web.New(pageConfig(c, cfg, d)) }
	return nil
}

// pageConfig is what the node's page is made of: the node itself, its network, and this program's own commands.
func pageConfig(c *urfave.Context, cfg *node.Config, d rpc.Backend) web.Config {
	page := web.Config{
		About: layout.About{Network: c.String("network"), Version: version},
		Call:  d.Call, Allow: d.Allow, Log: cfg.Log,
	}
	if !cfg.RPCNoCookie {
		page.CookiePath = filepath.Join(cfg.DataDir, ".cookie")
	}
	own := ownCommands{base: []string{"--datadir=" + cfg.DataDir, "--network=" + c.String("network")}}
	var net *siblings
	log := cfg.LogPath
	if number := c.Int("localnode"); number != notLocal {
		dir := filepath.Dir(cfg.DataDir)
		if _, err := process.ReadNames(dir); err == nil { // else it was taken out of its network
			net = newSiblings(dir, number)
			page.About.Node, page.Siblings = "node "+cfg.LocalNode, net
			log = process.LogPath(testnet.Member{DataDir: cfg.DataDir})
			own.base, own.dir = []string{"--dir=" + dir}, dir
			page.Begin, page.Began = own.begin, own.began
		}
	}
	for _, arg := range own.base {
		page.Where += " " + cli.Quoted(arg)
	}
	page.Do, page.Events = own.run, net.follow(d.Events)
	page.Explorer = func(l *layout.Layout) web.Section {
		return explorer.New(explorer.Config{Explore: d.Explore, Swarm: d.Swarm, Layout: l, Version: version, LogPath: log})
	}
	return page
}
