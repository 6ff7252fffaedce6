package bitcoincli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"grapevine/p2p"
)

// ofNode is what -netinfo wants of getnetworkinfo.
type ofNode struct {
	Version, ProtocolVersion int
	SubVersion               string
	Networks                 []struct {
		Name      string
		Reachable bool
	}
	LocalAddresses []struct {
		Address     string
		Port, Score int
	}
}

// maxDetail is the last level of -netinfo.
const maxDetail = 4

// netNames are the networks in Core's order, with the names that fit a column.
var netNames = [][2]string{{"not_publicly_routable", "npr"}, {"ipv4", "ipv4"}, {"ipv6", "ipv6"}, {"onion", "onion"}, {"i2p", "i2p"}, {"cjdns", "cjdns"}, {"internal", "int"}}

func netIndex(name string) int {
	return slices.IndexFunc(netNames, func(n [2]string) bool { return n[0] == name })
}

// netinfo is -netinfo [LEVEL]: the peers on one screen.
func (s *session) netinfo(ctx context.Context, version string) (string, error) {
	level := uint64(0)
	if len(s.words) > 0 {
		if s.words[0] == "help" {
			return strings.TrimSuffix(netinfoHelp, "\n"), nil
		}
		n, err := strconv.ParseUint(s.words[0], 10, 8)
		if err != nil {
			return "", fmt.Errorf("invalid -netinfo argument: %s\nFor more information, run: bitcoin-cli -netinfo help", s.words[0])
		}
		level = min(n, maxDetail)
	}
	var peers []p2p.PeerInfo
	if err := s.ask(ctx, "getpeerinfo", &peers); err != nil {
		return "", err
	}
	var node ofNode
	if err := s.ask(ctx, "getnetworkinfo", &node); err != nil {
		return "", err
	}
	if node.Version < 209900 {
		return "", errors.New("-netinfo requires bitcoind server to be running v0.21.0 and up")
	}
	chain, _ := s.Chain()
	switch chain {
	case "main":
		chain = ""
	case "test":
		chain = " testnet"
	default:
		chain = " " + chain
	}
	var b strings.Builder
	fmt.Fprintf(&b, "grapevine client v%s%s - server %d%s\n\n", version, chain, node.ProtocolVersion, node.SubVersion)
	peers = slices.DeleteFunc(peers, func(p p2p.PeerInfo) bool { return netIndex(p.Network) < 0 })
	if level > 0 && len(peers) > 0 {
		listPeers(&b, peers, level, time.Now().Unix())
	}
	countPeers(&b, peers, node)
	localAddresses(&b, node)
	return b.String(), nil
}

// widths are those of the columns whose contents vary.
type widths struct{ addr, addrs, dropped, age, id, as int }

func widthsOf(peers []p2p.PeerInfo, level uint64, now int64) widths {
	w := widths{addrs: 5, dropped: 6, age: 5, id: 2}
	for _, p := range peers {
		if level == 2 || level == 4 {
			w.addr = max(w.addr, len(p.Addr)+1)
		}
		w.addrs = max(w.addrs, len(strconv.FormatUint(p.AddrsTaken, 10)))
		w.dropped = max(w.dropped, len(strconv.FormatUint(p.AddrsLimited, 10)))
		w.age = max(w.age, len(ageOf(p, now)))
		w.id = max(w.id, len(strconv.FormatInt(p.Number, 10)))
		if p.MappedAS != 0 {
			w.as = 7
		}
	}
	return w
}

// listPeers is a line each: those who came first, then by their best ping.
func listPeers(b *strings.Builder, peers []p2p.PeerInfo, level uint64, now int64) {
	slices.SortStableFunc(peers, func(p, q p2p.PeerInfo) int {
		if p.Inbound() != q.Inbound() {
			if p.Inbound() {
				return -1
			}
			return 1
		}
		return cmp.Compare(p.MinPing, q.MinPing)
	})
	w := widthsOf(peers, level, now)
	address, version := "", ""
	if level == 2 || level == 4 {
		address = "address"
	}
	if level >= 3 {
		version = "version"
	}
	fmt.Fprintf(b, "<->   type   net  v  mping   ping send recv  txn  blk  hb %*s%*s%*s ", w.addrs, "addrp", w.dropped, "addrl", w.age, "age")
	if w.as > 0 {
		b.WriteString(" asmap ")
	}
	fmt.Fprintf(b, "%*s %-*s%s\n", w.id, "id", w.addr, address, version)
	for _, p := range peers {
		w.line(b, p, level, now)
	}
	fmt.Fprintf(b, "                        ms     ms  sec  sec  min  min                %*s\n\n", w.age, "min")
}

// line is a peer's.
func (w widths) line(b *strings.Builder, p p2p.PeerInfo, level uint64, now int64) {
	direction, transport := "out", " "
	if p.Inbound() {
		direction = "in"
	}
	if p.Transport > 0 {
		transport = strconv.Itoa(p.Transport)
	}
	txs, addrs, dropped, as := since(now, p.LastTx, 60), "", "", ""
	if p.LastTx.IsZero() && !p.Relay {
		txs = "*"
	}
	if p.AddrsTaken != 0 {
		addrs = strconv.FormatUint(p.AddrsTaken, 10)
	} else if !p.AddrRelay {
		addrs = "."
	}
	if p.AddrsLimited != 0 {
		dropped = strconv.FormatUint(p.AddrsLimited, 10)
	}
	if p.MappedAS != 0 {
		as = strconv.FormatUint(uint64(p.MappedAS), 10)
	}
	high := []byte("  ")
	if p.HBTo {
		high[0] = '.'
	}
	if p.HBFrom {
		high[1] = '*'
	}
	address, version := "", ""
	if w.addr > 0 {
		address = p.Addr
	}
	if v := strconv.Itoa(int(p.Version)) + p.UserAgent; level >= 3 && v != "0" {
		version = v
	}
	fmt.Fprintf(b, "%3s %6s %5s %2s%7s%7s%5s%5s%5s%5s  %2s %*s%*s%*s%*s %*d %-*s%s\n",
		direction, kindOf(p.Kind), netNames[netIndex(p.Network)][1], transport, ping(p.MinPing), ping(p.Ping),
		since(now, p.LastSend, 1), since(now, p.LastRecv, 1), txs, since(now, p.LastBlock, 60), high,
		w.addrs, addrs, w.dropped, dropped, w.age, ageOf(p, now), w.as, as, w.id, p.Number, w.addr, address, version)
}

func ageOf(p p2p.PeerInfo, now int64) string { return since(now, p.Connected, 60) }

// since counts from a time, in units of so many seconds; "" if there is none.
func since(now int64, at time.Time, unit int64) string {
	if at.IsZero() {
		return ""
	}
	return strconv.FormatInt((now-at.Unix())/unit, 10)
}

// ping is in milliseconds; "" is not known.
func ping(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	const most = 999999
	ms := math.Round(1000 * d.Seconds())
	if ms > most {
		return "-"
	}
	return strconv.FormatFloat(ms, 'f', -1, 64)
}

// kindOf is the connection's type in a word.
func kindOf(k p2p.Kind) string {
	switch k {
	case p2p.FullRelay:
		return "full"
	case p2p.BlocksOnly:
		return "block"
	case p2p.Manual, p2p.Feeler:
		return string(k)
	case p2p.AddrFetch:
		return "addr"
	}
	return ""
}

// countPeers is the table of how many there are, by network and direction.
func countPeers(b *strings.Builder, peers []p2p.PeerInfo, node ofNode) {
	var counts [3][8]int // in, out and all; by network and all of them
	blocks, manual, all := 0, 0, len(netNames)
	for _, p := range peers {
		row := 0
		if !p.Inbound() {
			row = 1
		}
		for _, r := range []int{row, 2} {
			counts[r][netIndex(p.Network)]++
			counts[r][all]++
		}
		switch p.Kind {
		case p2p.BlocksOnly:
			blocks++
		case p2p.Manual:
			manual++
		}
	}
	b.WriteString("     ")
	var columns []int
	for _, n := range node.Networks {
		if i := netIndex(n.Name); n.Reachable && i >= 0 {
			columns = append(columns, i)
			fmt.Fprintf(b, "%8s", n.Name)
		}
	}
	for _, i := range []int{netIndex("not_publicly_routable"), netIndex("internal")} {
		if counts[2][i] > 0 {
			columns = append(columns, i)
			fmt.Fprintf(b, "%8s", netNames[i][1])
		}
	}
	b.WriteString("   total   block")
	if manual > 0 {
		b.WriteString("  manual")
	}
	for row, name := range []string{"in", "out", "total"} {
		fmt.Fprintf(b, "\n%-5s", name)
		for _, i := range columns {
			fmt.Fprintf(b, "%8d", counts[row][i])
		}
		fmt.Fprintf(b, "   %5d", counts[row][all])
		if name == "out" {
			fmt.Fprintf(b, "   %5d", blocks)
			if manual > 0 {
				fmt.Fprintf(b, "   %5d", manual)
			}
		}
	}
}

// localAddresses are those that the node tells of itself.
func localAddresses(b *strings.Builder, node ofNode) {
	b.WriteString("\n\nLocal addresses")
	if len(node.LocalAddresses) == 0 {
		b.WriteString(": n/a\n")
		return
	}
	width := 0
	for _, a := range node.LocalAddresses {
		width = max(width, len(a.Address)+1)
	}
	for _, a := range node.LocalAddresses {
		fmt.Fprintf(b, "\n%-*s    port %6d    score %6d", width, a.Address, a.Port, a.Score)
	}
}
