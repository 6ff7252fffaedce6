package bitcoincli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"grapevine/cmd/rpc/client"
)

// nodeInfo is what -getinfo asks of the node.
type nodeInfo struct {
	chain struct {
		Chain                string
		Blocks, Headers      int
		VerificationProgress float64
		Difficulty           json.Number
	}
	net struct {
		Version        int
		ConnectionsIn  int `json:"connections_in"`
		ConnectionsOut int `json:"connections_out"`
		Connections    int
		TimeOffset     int
		RelayFee       json.Number
		Networks       []struct{ Name, Proxy string }
		Warnings       any // text, or a list of texts
	}
}

// info is -getinfo: the node on one screen, in bitcoin-cli's words.
func (s *session) info(ctx context.Context, onTerminal bool) (string, error) {
	if len(s.words) > 0 {
		return "", errors.New("-getinfo takes no arguments")
	}
	var n nodeInfo
	if err := s.ask(ctx, "getnetworkinfo", &n.net); err != nil {
		return "", err
	}
	if err := s.ask(ctx, "getblockchaininfo", &n.chain); err != nil {
		return "", err
	}
	paint, err := s.colours(onTerminal)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%sChain: %s%s\nBlocks: %d\nHeaders: %d\nVerification progress: %s%.4f%%\nDifficulty: %s\n\n",
		paint.blue, n.chain.Chain, paint.reset, n.chain.Blocks, n.chain.Headers, bar(n.chain.VerificationProgress), n.chain.VerificationProgress*100, n.chain.Difficulty)
	fmt.Fprintf(&b, "%sNetwork: in %d, out %d, total %d%s\nVersion: %d\nTime offset (s): %d\nProxies: %s\nMin tx relay fee rate (BTC/kvB): %s\n\n",
		paint.green, n.net.ConnectionsIn, n.net.ConnectionsOut, n.net.Connections, paint.reset, n.net.Version, n.net.TimeOffset, n.proxies(), n.net.RelayFee)
	if err := s.walletInfo(ctx, &b, paint); err != nil {
		return "", err
	}
	warnings, _ := n.net.Warnings.(string)
	if list, ok := n.net.Warnings.([]any); ok {
		warnings = strings.Trim(fmt.Sprint(list), "[]")
	}
	fmt.Fprintf(&b, "%sWarnings:%s %s", paint.yellow, paint.reset, cmp.Or(warnings, "(none)"))
	return b.String(), nil
}

// proxies are those in use, each with its networks.
func (n *nodeInfo) proxies() string {
	var order []string
	by := map[string][]string{}
	for _, net := range n.net.Networks {
		if net.Proxy == "" {
			continue
		}
		if !slices.Contains(order, net.Proxy) {
			order = append(order, net.Proxy)
		}
		by[net.Proxy] = append(by[net.Proxy], net.Name)
	}
	for i, proxy := range order {
		order[i] = fmt.Sprintf("%s (%s)", proxy, strings.Join(by[proxy], ", "))
	}
	return cmp.Or(strings.Join(order, ", "), "n/a")
}

// bar is a picture of a sync that is not nearly done.
func bar(progress float64) string {
	const step, nearly = 0.05, 0.99
	if progress >= nearly || progress < 0 {
		return ""
	}
	var b strings.Builder
	for i := 0; float64(i) < progress/step; i++ {
		b.WriteString("▒")
	}
	for i := 0; float64(i) < (1-progress)/step; i++ {
		b.WriteString("░")
	}
	return b.String() + " "
}

// walletInfo is about the wallet, if there is one that is meant, and about all
// of them if there are several and none is named.
func (s *session) walletInfo(ctx context.Context, b *strings.Builder, paint colours) error {
	var w struct {
		WalletName    string
		KeyPoolSize   int
		PayTxFee      json.Number
		UnlockedUntil *int64 `json:"unlocked_until"`
	}
	var balances struct{ Mine struct{ Trusted json.Number } }
	err := s.ask(ctx, "getwalletinfo", &w)
	switch {
	case isRefusal(err): // no wallet, or several
	case err != nil:
		return err
	default:
		fmt.Fprintf(b, "%sWallet: %s%s\nKeypool size: %d\n", paint.magenta, cmp.Or(w.WalletName, `""`), paint.reset, w.KeyPoolSize)
		if w.UnlockedUntil != nil {
			fmt.Fprintf(b, "Unlocked until: %d\n", *w.UnlockedUntil)
		}
		fmt.Fprintf(b, "Transaction fee rate (-paytxfee) (BTC/kvB): %s\n\n", w.PayTxFee)
	}
	err = s.ask(ctx, "getbalances", &balances)
	switch {
	case isRefusal(err):
	case err != nil:
		return err
	default:
		fmt.Fprintf(b, "%sBalance:%s %s\n\n", paint.cyan, paint.reset, balances.Mine.Trusted)
	}
	if s.Has("rpcwallet") {
		return nil
	}
	return s.walletBalances(ctx, b, paint)
}

// walletBalances lists the wallets with what each has, if there are several.
func (s *session) walletBalances(ctx context.Context, b *strings.Builder, paint colours) error {
	var names []string
	if err := s.ask(ctx, "listwallets", &names); err != nil || len(names) < 2 {
		if isRefusal(err) {
			return nil
		}
		return err
	}
	fmt.Fprintf(b, "%sBalances%s\n", paint.cyan, paint.reset)
	amounts, width := make([]string, len(names)), 10
	for i, name := range names {
		var balances struct{ Mine struct{ Trusted json.Number } }
		raw, err := s.callWallet(ctx, name, "getbalances", nil)
		if err == nil {
			err = json.Unmarshal(raw, &balances)
		}
		if err != nil {
			return err
		}
		amounts[i] = balances.Mine.Trusted.String()
		width = max(width, len(amounts[i]))
	}
	for i, name := range names {
		fmt.Fprintf(b, "%*s %s\n", width, amounts[i], cmp.Or(name, `""`))
	}
	b.WriteByte('\n')
	return nil
}

// isRefusal: the node has answered, and not with what was asked.
func isRefusal(err error) bool {
	_, ok := errors.AsType[*client.Error](err)
	return ok
}

// addresses is -addrinfo: how many addresses of nodes are known, by network.
func (s *session) addresses(ctx context.Context) (json.RawMessage, error) {
	if len(s.words) > 0 {
		return nil, errors.New("-addrinfo takes no arguments")
	}
	var list []struct{ Network string }
	if err := s.ask(ctx, "getnodeaddresses", &list, "0"); err != nil {
		return nil, err
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

// ask calls a method and reads its answer.
func (s *session) ask(ctx context.Context, method string, into any, words ...string) error {
	raw, err := s.call(ctx, method, words)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: the node's answer: %w", method, err)
	}
	return nil
}
