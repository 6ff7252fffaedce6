package gossip

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/blocks"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// brief writes names shorter: a1 a2 a3 is a1..a3.
func brief(names []string) string {
	var out []string
	for i := 0; i < len(names); {
		j := i
		a := numberedName.FindStringSubmatch(names[i])
		for a != nil && j+1 < len(names) {
			n, _ := strconv.Atoi(a[2])
			if names[j+1] != a[1]+strconv.Itoa(n+j+1-i) {
				break
			}
			j++
		}
		if j > i {
			_, short, _ := strings.Cut(names[j], ":")
			if short == "" {
				short = names[j]
			}
			out = append(out, names[i]+".."+short)
		} else {
			out = append(out, names[i])
		}
		i = j + 1
	}
	return strings.Join(out, " ")
}

func (sc *script) describe(a p2p.Action) string {
	switch a := a.(type) {
	case p2p.Send:
		return fmt.Sprintf("send %d %s", a.Peer, sc.describeMsg(a.Msg))
	case p2p.SendBlock:
		if !a.Witness {
			return fmt.Sprintf("send %d block %s without witnesses", a.Peer, sc.w.names[a.Hash])
		}
		return fmt.Sprintf("send %d block %s", a.Peer, sc.w.names[a.Hash])
	case p2p.Drop:
		reason := a.Reason
		for h, name := range sc.w.names {
			reason = strings.ReplaceAll(reason, h.String(), name)
		}
		if a.Offence == "" {
			return fmt.Sprintf("drop %d: %s", a.Peer, reason)
		}
		return fmt.Sprintf("drop %d for an offence (%s): %s", a.Peer, a.Offence, reason)
	case p2p.ValidateTx:
		return fmt.Sprintf("validate %s from %s", sc.w.names[a.Tx.WID], who(a.Peer))
	case p2p.ValidateBlock:
		return fmt.Sprintf("validate block %s from %s", sc.w.names[a.Node.Hash], who(a.Peer))
	case p2p.StoreHeaders:
		var names []string
		for _, n := range a.Nodes {
			names = append(names, sc.w.names[n.Hash])
		}
		return "store headers " + brief(names)
	case p2p.Answer:
		return fmt.Sprintf("answer %d: %s", a.Ticket, word(a.Err))
	case p2p.LearnAddrs:
		return fmt.Sprintf("learn %d addresses from %d", len(a.Addrs), a.From)
	case p2p.TellAddrs:
		return fmt.Sprintf("tell addresses to %d", a.Peer)
	}
	return fmt.Sprintf("%T", a)
}

func who(id p2p.PeerID) string {
	if id == p2p.Self {
		return "self"
	}
	return fmt.Sprint(id)
}

func word(err error) string {
	var rule *chain.RuleError
	switch {
	case err == nil:
		return "accepted"
	case errors.As(err, &rule):
		return string(rule.Rule)
	}
	return err.Error()
}

func (sc *script) describeMsg(m wire.Message) string {
	switch m := m.(type) {
	case *wire.MsgGetHeaders:
		return "getheaders from " + sc.w.names[*m.BlockLocatorHashes[0]]
	case *wire.MsgHeaders:
		var names []string
		for _, h := range m.Headers {
			names = append(names, sc.w.names[h.BlockHash()])
		}
		return strings.TrimSpace("headers " + brief(names))
	case *wire.MsgInv:
		return "inv " + sc.describeInvs(m.InvList)
	case *wire.MsgGetData:
		return "getdata " + sc.describeInvs(m.InvList)
	case *wire.MsgNotFound:
		return "notfound " + sc.describeInvs(m.InvList)
	case *msg.Have:
		text := "gvhave " + sc.w.names[m.Last]
		return text + sc.bits(" held", m.Last, m.Held) + sc.bits(" fetching", m.Last, m.Fetching)
	case *msg.SendCmpct:
		if m.Announce {
			return "sendcmpct push"
		}
	case *msg.CmpctBlock:
		return fmt.Sprintf("cmpctblock %s (%d in full)", sc.w.names[m.Header.BlockHash()], len(m.Prefilled))
	case *msg.GetBlockTxn:
		return fmt.Sprintf("getblocktxn %s %v", sc.w.names[m.Block], m.Indexes)
	case *msg.BlockTxn:
		var names []string
		for _, tx := range m.Txs {
			names = append(names, strings.TrimPrefix(sc.w.names[tx.WID], "tx:"))
		}
		return fmt.Sprintf("blocktxn %s %s", sc.w.names[m.Block], brief(names))
	case *msg.Tx:
		return "tx " + strings.TrimPrefix(sc.w.names[m.WID], "tx:")
	case *msg.BareTx:
		return "tx " + strings.TrimPrefix(sc.w.names[m.WID], "tx:") + " without witnesses"
	case *wire.MsgPong:
		return fmt.Sprint("pong ", m.Nonce)
	case *wire.MsgFeeFilter:
		return fmt.Sprint("feefilter ", m.MinFee)
	}
	return m.Command()
}

// bits names the blocks of a bitmap after last on our way to the best header.
func (sc *script) bits(what string, last chain.Hash, bits msg.Bits) string {
	var names []string
	best := sc.s.tree.Best().Node
	from := sc.s.tree.Find(last).Node.Height
	for i := range 8 * len(bits) {
		if bits.Has(i) {
			names = append(names, sc.w.names[best.Ancestor(from+int32(i)+1).Hash])
		}
	}
	if names == nil {
		return ""
	}
	return what + " " + brief(names)
}

func (sc *script) describeInvs(invs []*wire.InvVect) string {
	var names []string
	for _, iv := range invs {
		name := sc.w.names[iv.Hash]
		switch iv.Type {
		case wire.InvTypeBlock, wire.InvTypeWitnessBlock:
			name = "block:" + name
		case blocks.InvTypeCompact:
			name = "compact:" + name
		case wire.InvTypeTx, wire.InvTypeWitnessTx, txs.InvTypeWTx:
		default:
			name = fmt.Sprintf("type:%d", uint32(iv.Type))
		}
		names = append(names, name)
	}
	return brief(names)
}
