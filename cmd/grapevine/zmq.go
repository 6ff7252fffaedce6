package main

import (
	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc/notify"
)

// zmqFlags say what is published by ZeroMQ, and where.
func zmqFlags() (flags []urfave.Flag) {
	for _, topic := range notify.Topics() {
		flags = append(flags,
			cli.ListFlag("zmqpub"+topic, "`ADDRESS` where "+topic+" is published by ZeroMQ: tcp://HOST:PORT or unix:PATH (may be repeated)"),
			cli.IntFlag("zmqpub"+topic+"hwm", notify.DefaultHWM, "`N` messages wait for a subscriber of "+topic+" at most"))
	}
	return flags
}

func zmqConfig(c *urfave.Context, cfg *node.Config) error {
	for _, topic := range notify.Topics() {
		hwm := c.Int("zmqpub" + topic + "hwm")
		if hwm < 0 {
			return cli.Usagef("--zmqpub%shwm %d: at least 0", topic, hwm)
		}
		for _, address := range c.StringSlice("zmqpub" + topic) {
			if err := notify.CheckAddress(address); err != nil {
				return cli.Usagef("--zmqpub%s %q: want tcp://HOST:PORT or unix:PATH", topic, address)
			}
			cfg.ZeroMQ = append(cfg.ZeroMQ, notify.Notifier{Topic: topic, Address: address, HWM: hwm})
		}
	}
	return nil
}
