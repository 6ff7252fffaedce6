package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/chain/policy"
	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
	"grapevine/db"
	"grapevine/p2p"
	"grapevine/wallet"
)

// talkFlags say how the node talks to its peers.
func talkFlags() []urfave.Flag {
	encrypt := cli.BoolFlag("v2transport", "encrypt the talk with peers who can (BIP324); --v2transport=false does not")
	encrypt.Value = true
	return []urfave.Flag{
		cli.StringFlag("peers", "`LIST` of addresses for the first contact: a file or an https URL, one HOST[:PORT] a line"),
		cli.IntFlag("maxupload", 0, "`BYTES` a second to all peers together; 0 is no limit"),
		cli.IntFlag("maxdownload", 0, "`BYTES` a second from all peers together; 0 is no limit"),
		cli.IntFlag("maxpeerupload", 0, "`BYTES` a second to each peer; 0 is no limit"),
		cli.IntFlag("maxpeerdownload", 0, "`BYTES` a second from each peer; 0 is no limit"),
		encrypt,
		cli.StringFlag("fallbackfeerate", "`SAT/VB` that payments pay while nothing is known of fees; 0: they are refused"),
		cli.IntFlag("keypool", wallet.Lookahead, "`N` addresses of each kind that the wallet watches past the last one handed out"),
	}
}

func talkConfig(c *urfave.Context, cfg *node.Config) (err error) {
	for flag, limit := range map[string]*int64{
		"maxupload": &cfg.MaxUpload, "maxdownload": &cfg.MaxDownload,
		"maxpeerupload": &cfg.PeerUpload, "maxpeerdownload": &cfg.PeerDownload,
	} {
		if *limit = int64(c.Int(flag)); *limit < 0 {
			return cli.Usagef("--%s %d: want bytes a second, 0 for no limit", flag, *limit)
		}
	}
	cfg.PlainTransport = !c.Bool("v2transport")
	if rate := c.String("fallbackfeerate"); rate != "" {
		cfg.Habits = wallet.DefaultHabits()
		if cfg.Habits.Fallback, err = policy.ParseFeeRate(rate); err != nil {
			return cli.Usagef("--fallbackfeerate %q: %v", rate, err)
		}
		if cfg.Habits.Fallback == 0 {
			cfg.Habits.Fallback = wallet.NoFallback
		}
	}
	keypool := c.Int("keypool")
	if keypool < 1 || keypool > wallet.MaxLookahead {
		return cli.Usagef("--keypool %d: want 1 to %d addresses", keypool, wallet.MaxLookahead)
	}
	cfg.Keypool = uint32(keypool)
	cfg.Lookup = node.LookupName
	if list := c.String("peers"); list != "" {
		cfg.Bootstrap, err = peerList(c.Context, list, p2p.DefaultPort(cfg.Params))
		switch {
		case err == nil:
		case strings.HasPrefix(list, "https://"):
			// The list is for the first contact. A node that has had it must come up
			// without the list's server.
			cfg.Log.Warn("no peer list; the node goes on with the addresses it knows", "err", err)
		default:
			return &cli.Failure{What: "node", Err: err, Hint: "--peers takes a file, or an https URL, with one HOST[:PORT] a line."}
		}
	}
	return nil
}

const (
	// listBytes is more than ten thousand addresses, which is what a list is for.
	listBytes    = 1 << 20
	listTime     = 15 * time.Second
	maxRedirects = 5
)

// peerList reads a list of addresses: the only central data of the network,
// and only for the first contact.
func peerList(ctx context.Context, from string, port uint16) ([]string, error) {
	if strings.HasPrefix(from, "http://") {
		return nil, fmt.Errorf("peer list %s: only https, so that nobody on the way can change it", from)
	}
	if !strings.HasPrefix(from, "https://") {
		f, err := db.OpenFile(from)
		if err != nil {
			return nil, fmt.Errorf("peer list: %w", err)
		}
		defer f.Close()
		return readPeers(from, f, port)
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, fmt.Errorf("peer list: %w", err)
	}
	resp, err := httpsOnly().Do(req)
	if err != nil {
		return nil, fmt.Errorf("peer list: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("peer list %s: the server says %s", from, resp.Status)
	}
	return readPeers(from, resp.Body, port)
}

// httpsOnly follows a redirect only where nobody on the way can change it either.
func httpsOnly() *http.Client {
	return &http.Client{CheckRedirect: func(to *http.Request, via []*http.Request) error {
		switch {
		case to.URL.Scheme != "https":
			return fmt.Errorf("redirected to %s: only https, so that nobody on the way can change it", to.URL)
		case len(via) >= maxRedirects:
			return fmt.Errorf("redirected more than %d times", maxRedirects)
		}
		return nil
	}}
}

// readPeers takes a HOST[:PORT] a line; blank lines and those that begin with # are none.
func readPeers(from string, r io.Reader, port uint16) (list []string, err error) {
	in := &io.LimitedReader{R: r, N: listBytes + 1}
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		if in.N == 0 {
			return nil, fmt.Errorf("peer list %s: more than %d bytes", from, listBytes)
		}
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		to, err := p2p.ParseHostPort(line, port)
		if err != nil {
			return nil, fmt.Errorf("peer list %s: line %d: %w", from, n, err)
		}
		list = append(list, to.String())
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("peer list %s: %w", from, err)
	}
	return list, nil
}
