package main

import (
	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
	"grapevine/p2p"
)

// roadFlags are about the ways to other networks and through proxies.
func roadFlags() []urfave.Flag {
	return []urfave.Flag{
		cli.StringFlag("proxy", "`HOST[:PORT]` SOCKS5 proxy through which peers are dialled and names looked up, or unix:PATH; nobody is listened for unless --listen says where"),
		cli.StringFlag("onion", "`HOST[:PORT]` SOCKS5 proxy of Tor for onion addresses (default that of --proxy), or unix:PATH; off dials none"),
		cli.ListFlag("onlynet", "`NETWORK` choose outbound peers of ipv4, ipv6, onion, i2p or cjdns alone (may be repeated)"),
	}
}

// roads reads those flags.
func roads(c *urfave.Context, cfg *node.Config) (err error) {
	r := &cfg.Roads
	if r.Proxy, err = proxy(c, "proxy"); err != nil {
		return err
	}
	r.Onion = r.Proxy
	switch {
	case c.String("onion") == "off":
		r.Onion = p2p.Proxy{}
	case c.String("onion") != "":
		if r.Onion, err = proxy(c, "onion"); err != nil {
			return err
		}
	}
	if r.OnlyNets, err = p2p.ParseNetworks(c.StringSlice("onlynet")); err != nil {
		return cli.Usagef("--onlynet: want one of %v", p2p.Networks())
	}
	for _, network := range r.OnlyNets {
		if !r.Reaches(network) {
			return cli.Usagef("--onlynet %s: no road leads there; name Tor's proxy by --onion", network)
		}
	}
	// Seeds have addresses of the internet, and their names are asked for there [InitParameterInteraction].
	cfg.NoDNSSeeds = !r.Internet()
	if r.Proxy.IsValid() && !c.IsSet("listen") {
		cfg.Listen = ""
	}
	return nil
}

// proxy reads where a proxy is.
func proxy(c *urfave.Context, flag string) (p2p.Proxy, error) {
	text := c.String(flag)
	if text == "" {
		return p2p.Proxy{}, nil
	}
	p, err := p2p.ParseProxy(text, p2p.TorPort, node.LookupName)
	if err != nil {
		return p2p.Proxy{}, cli.Usagef("--%s %s: %v", flag, text, err)
	}
	p.Isolate = true
	return p, nil
}
