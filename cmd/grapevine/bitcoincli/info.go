package bitcoincli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
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
		TimeOffset     int
		RelayFee       json.Number
		Networks       []struct{ Name, Proxy string }
		Warnings       any // text, or a list of texts
	}
	if err := s.ask(ctx, "getblockchaininfo", &c); err != nil {
		return "", err
	}
	if err := s.ask(ctx, "getnetworkinfo", &n); err != nil {
		return "", err
	}
	by := map[string][]string{} // networks, by their proxy
	for _, net := range n.Networks {
		if net.Proxy != "" {
			by[net.Proxy] = append(by[net.Proxy], net.Name)
		}
	}
	proxies := []string{}
	for _, proxy := range slices.Sorted(maps.Keys(by)) {
		proxies = append(proxies, fmt.Sprintf("%s (%s)", proxy, strings.Join(by[proxy], ", ")))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Chain: %s\nBlocks: %d\nHeaders: %d\nVerification progress: %.4f%%\nDifficulty: %s\n\n",
		c.Chain, c.Blocks, c.Headers, c.VerificationProgress*100, c.Difficulty)
	fmt.Fprintf(&b, "Network: in %d, out %d, total %d\nVersion: %d\nTime offset (s): %d\nProxies: %s\nMin tx relay fee rate (BTC/kvB): %s\n\n",
		n.ConnectionsIn, n.ConnectionsOut, n.Connections, n.Version, n.TimeOffset, cmp.Or(strings.Join(proxies, ", "), "n/a"), n.RelayFee)
	if err := s.walletInfo(ctx, &b); err != nil {
		return "", err
	}
	warnings, _ := n.Warnings.(string)
	if list, ok := n.Warnings.([]any); ok {
		warnings = strings.Trim(fmt.Sprint(list), "[]")
	}
	fmt.Fprintf(&b, "Warnings: %s\n", cmp.Or(warnings, "(none)"))
	return b.String(), nil
}

// walletInfo is about the wallet, if the node has one.
func (s session) walletInfo(ctx context.Context, b *strings.Builder) error {
	var w struct {
		WalletName  string
		KeyPoolSize int
		PayTxFee    json.Number
	}
	var balances struct{ Mine struct{ Trusted json.Number } }
	err := s.ask(ctx, "getwalletinfo", &w)
	if err == nil {
		err = s.ask(ctx, "getbalances", &balances)
	}
	if none(err) {
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "Wallet: %q\nKeypool size: %d\nTransaction fee rate (-paytxfee) (BTC/kvB): %s\n\nBalance: %s\n\n",
		w.WalletName, w.KeyPoolSize, w.PayTxFee, balances.Mine.Trusted)
	return nil
}

// none says whether the node has no wallet, or none of that name.
func none(err error) bool {
	refusal, ok := errors.AsType[*client.Error](err)
	return ok && (jsonrpc.Code(refusal.Code) == jsonrpc.CodeMethodNotFound || jsonrpc.Code(refusal.Code) == jsonrpc.CodeWalletNotFound)
}

// addresses is -addrinfo: how many addresses of nodes are known, by network.
func (s session) addresses(ctx context.Context) (json.RawMessage, error) {
	raw, err := s.call(ctx, "getnodeaddresses", []string{"0"})
	if err != nil {
		return nil, err
	}
	var list []struct{ Network string }
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("getnodeaddresses: the node's answer: %w", err)
	}
	var answer struct {
		Known struct {
			IPv4  int `json:"ipv4"`
			IPv6  int `json:"ipv6"`
			Onion int `json:"onion"`
			I2P   int `json:"i2p"`
			CJDNS int `json:"cjdns"`
			Total int `json:"total"`
		} `json:"addresses_known"`
	}
	known := &answer.Known
	count := map[string]*int{"ipv4": &known.IPv4, "ipv6": &known.IPv6, "onion": &known.Onion, "i2p": &known.I2P, "cjdns": &known.CJDNS}
	for _, a := range list {
		if n := count[a.Network]; n != nil {
			*n++
			known.Total++
		}
	}
	return json.Marshal(answer)
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
