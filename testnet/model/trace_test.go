package model

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/msg"
)

// teller prints all that a node hears and does.
type teller struct {
	machine
	m  *sim
	to io.Writer
}

func show(x any) string {
	switch x := x.(type) {
	case gossip.Message:
		return fmt.Sprintf("recv %d %s", x.Peer, showMsg(x.Msg))
	case p2p.Send:
		return fmt.Sprintf("send %d %s", x.Peer, showMsg(x.Msg))
	case gossip.Joined:
		return fmt.Sprintf("joined %d in=%v", x.ID, x.Inbound())
	case p2p.Drop:
		return fmt.Sprintf("drop %d %s", x.Peer, x.Reason)
	case p2p.SendBlock:
		return fmt.Sprintf("send %d block %v", x.Peer, x.Hash.String()[56:])
	case p2p.ValidateBlock:
		return fmt.Sprintf("validate block %d", x.Node.Height)
	case gossip.BlockVerdict:
		return fmt.Sprintf("verdict %d %v", x.Node.Height, x.Err)
	case gossip.TipChanged:
		return fmt.Sprintf("tip %d", x.Tip.Height)
	case p2p.ValidateTx:
		return "validate " + x.Tx.ID.String()[56:]
	case gossip.TxVerdict:
		return fmt.Sprint("verdict ", x.Tx.ID.String()[56:], x.Err)
	case gossip.TxIn:
		return "in " + x.Tx.ID.String()[56:]
	case gossip.TxOut:
		return "out " + x.Tx.ID.String()[56:]
	case gossip.Left:
		return fmt.Sprintf("left %d", x.Peer)
	}
	return fmt.Sprintf("%T", x)
}

func showMsg(m wire.Message) string {
	s := m.Command()
	list := func(l []*wire.InvVect) {
		for _, iv := range l {
			s += fmt.Sprintf(" %d:%s", iv.Type&0xf, iv.Hash.String()[56:])
		}
	}
	switch m := m.(type) {
	case *wire.MsgInv:
		list(m.InvList)
	case *wire.MsgGetData:
		list(m.InvList)
	case *wire.MsgNotFound:
		list(m.InvList)
	case *wire.MsgHeaders:
		for _, h := range m.Headers {
			s += " " + h.BlockHash().String()[56:]
		}
	case *msg.Have:
		s += fmt.Sprintf(" last %s n=%d held=%x fetching=%x", m.Last.String()[56:], m.Count, m.Held, m.Fetching)
	case *msg.Block:
		s += " " + m.Hash.String()[56:]
	case *msg.CmpctBlock:
		s += fmt.Sprintf(" %s ids=%d", m.Header.BlockHash().String()[56:], len(m.ShortIDs))
	case *msg.GetBlockTxn:
		s += fmt.Sprintf(" %s n=%d", m.Block.String()[56:], len(m.Indexes))
	case *msg.BlockTxn:
		s += fmt.Sprintf(" %s n=%d", m.Block.String()[56:], len(m.Txs))
	case *msg.Tx:
		s += " " + m.WID.String()[56:] + "/" + m.ID.String()[56:]
	}
	return s
}

func (t *teller) Step(now time.Time, ev gossip.Event) []p2p.Action {
	at := now.Sub(t.m.w.Start).Seconds()
	fmt.Fprintf(t.to, "%9.3f  %s\n", at, show(ev))
	acts := t.machine.Step(now, ev)
	for _, a := range acts {
		fmt.Fprintf(t.to, "%9s    -> %s\n", "", show(a))
	}
	return acts
}

// One node's life, told line by line: it joins, talks and ends at the common
// tip. GV_SEED=6 GV_NODE=4 go test -run TestTrace prints another one.
func TestTrace(t *testing.T) {
	seed, err := strconv.ParseUint(os.Getenv("GV_SEED"), 10, 64)
	var told bytes.Buffer
	to := io.Writer(os.Stdout)
	if err != nil {
		seed, to = 1, &told
	}
	node, _ := strconv.Atoi(os.Getenv("GV_NODE")) // the first unless told
	cfg := mix(seed)
	var m *sim
	cfg.spoil = func(n int, x machine) machine {
		if n == node && m != nil {
			return &teller{x, m, to}
		}
		return x
	}
	m = newSim(cfg)
	m.nodes[node].m = &teller{m.nodes[node].m, m, to}
	m.steps = 0
	t.Log(cfg)
	m.plot()
	m.play(t.Context())
	m.atEnd()
	t.Log(m.wrong)
	for i, x := range m.w.Txs {
		var know []int
		for _, n := range m.nodes {
			if n.backend.knows(int32(i)) {
				know = append(know, n.i)
			}
		}
		if len(know) < len(m.nodes) {
			t.Logf("tx %d %s of node %d spends %d, known to %v", i, x.Tx.WID.String()[56:], x.Maker, x.Parent, know)
		}
	}
	if len(m.wrong) > 0 {
		t.Error("what did not hold is in the log above")
	}
	if err != nil && !bytes.Contains(told.Bytes(), []byte("joined ")) {
		t.Errorf("node %d's life has no meeting in it:\n%s", node, told.Bytes())
	}
}
