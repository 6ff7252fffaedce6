package main

import (
	"bytes"
	"encoding/json"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc"
	"grapevine/cmd/rpc/client"
)

func (p *program) rpcCommand() *urfave.Command {
	return &urfave.Command{
		Name:      "rpc",
		Usage:     "call any RPC method",
		ArgsUsage: "METHOD [PARAM…]",
		Description: `Parameters are read as bitcoin-cli reads them: text is text, and what a method wants as a
number, a boolean, a list or an object is JSON. With --named they are NAME=VALUE.

  $ grapevine rpc getblockcount
  $ grapevine rpc getblock $(grapevine rpc getbestblockhash) 2
  $ grapevine rpc testmempoolaccept '["0200…"]'
  $ grapevine rpc --named getblock blockhash=… verbosity=0
  $ grapevine rpc help                  all methods`,
		Flags:  []urfave.Flag{cli.BoolFlag("named", "parameters are NAME=VALUE")},
		Action: p.rpc,
	}
}

func (p *program) rpc(c *urfave.Context) error {
	args := c.Args().Slice()
	if len(args) == 0 {
		return cli.Usagef("rpc wants a method: `grapevine rpc help` lists them")
	}
	method := args[0]
	cl, err := p.Dial(c)
	if err != nil {
		return cli.Fail("rpc "+method, err)
	}
	defer cl.Close()
	raw, err := callWords(c, cl, method, args[1:])
	if err != nil {
		return err
	}
	return p.printResult(raw, c.Bool("json"))
}

// callWords converts the words and calls.
func callWords(c *urfave.Context, cl *client.Client, method string, words []string) (raw json.RawMessage, err error) {
	table := client.NewTable(rpc.Rows())
	if c.Bool("named") {
		named, err := table.ConvertNamed(method, words)
		if err != nil {
			return nil, cli.Usagef("rpc %v", err)
		}
		return raw, cli.Fail("rpc "+method, cl.CallNamed(c.Context, method, &raw, named))
	}
	params, err := table.Convert(method, words)
	if err != nil {
		return nil, cli.Usagef("rpc %v", err)
	}
	err = cl.Call(c.Context, method, &raw, params...)
	return raw, cli.Fail("rpc "+method, err)
}

// printResult prints as bitcoin-cli does: text bare, nothing for null, JSON
// indented by two. With --json text stays JSON.
func (p *program) printResult(raw json.RawMessage, asJSON bool) error {
	var text string
	switch {
	case !asJSON && (len(raw) == 0 || string(raw) == "null"):
		return nil
	case !asJSON && json.Unmarshal(raw, &text) == nil:
		p.Out.Printf("%s\n", text)
		return nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return cli.Fail("rpc", err)
	}
	p.Out.Printf("%s\n", b.String())
	return nil
}
