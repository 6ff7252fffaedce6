package bitcoincli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"grapevine/cmd/rpc/client"
	"grapevine/cmd/rpc/jsonrpc"
)

// info is -getinfo: the node on one screen, in bitcoin-cli's words.
func (s session) info(ctx context.Context) (string, error) {
	var c struct {
		Chain                string
		Blocks, Headers      int
		VerificationProgress float64
		Difficulty           json.Number
	}
	var n struct {
		Version        int
		ConnectionsIn  int `json:"connections_in"`
		ConnectionsOut int `json:"connections_out"`
		Connections    int
		RelayFee       json.Number
	}
	var wallets []string
	for _, ask := range []struct {
		method string
		into   any
	}{{"getblockchaininfo", &c}, {"getnetworkinfo", &n}, {"listwallets", &wallets}} {
		err := s.ask(ctx, ask.method, ask.into)
		if ask.into == &wallets && unknown(err) {
			break // a node without a wallet
		}
		if err != nil {
			return "", err
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Chain: %s\nBlocks: %d\nHeaders: %d\nVerification progress: %.4f%%\nDifficulty: %s\n\n",
		c.Chain, c.Blocks, c.Headers, c.VerificationProgress*100, c.Difficulty)
	fmt.Fprintf(&b, "Network: in %d, out %d, total %d\nVersion: %d\nMin tx relay fee rate (BTC/kvB): %s\n",
		n.ConnectionsIn, n.ConnectionsOut, n.Connections, n.Version, n.RelayFee)
	for _, name := range wallets {
		var balance json.Number
		if err := s.ask(ctx, "getbalance", &balance); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\nWallet: %q\nBalance: %s\n", name, balance)
	}
	return b.String(), nil
}

// unknown says whether the node has no such method.
func unknown(err error) bool {
	refusal, ok := errors.AsType[*client.Error](err)
	return ok && jsonrpc.Code(refusal.Code) == jsonrpc.CodeMethodNotFound
}

// ask calls a method without parameters.
func (s session) ask(ctx context.Context, method string, into any) error {
	raw, err := s.call(ctx, method, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: the node's answer: %w", method, err)
	}
	return nil
}
