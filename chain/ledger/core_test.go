package ledger

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// Bitcoin Core's functional tests mine chains that come out the same every
// time, and know what gettxoutsetinfo says of them. Mined here byte for byte,
// they prove our hashes of the coin set by numbers that are not our own.

// coreMiner makes blocks as bitcoind's generate methods do on regtest while
// setmocktime stands one second after genesis.
type coreMiner struct {
	r      *rig
	tip    *chain.HeaderNode
	modern bool // coinbases have the height before as lock time, and an empty push only where they need it
}

func newCoreMiner(t *testing.T, modern bool) *coreMiner {
	r := newRig(t)
	return &coreMiner{r: r, tip: r.Tip(), modern: modern}
}

func (m *coreMiner) mine(payTo []byte, txs ...*wire.MsgTx) *wire.MsgBlock {
	m.r.t.Helper()
	height := m.tip.Height + 1
	cb := wire.NewMsgTx(2)
	in := &wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: wire.MaxPrevOutIndex}, Sequence: wire.MaxTxInSequenceNum}
	if in.SignatureScript = chain.HeightScript(height); !m.modern || height <= 16 {
		in.SignatureScript = append(in.SignatureScript, txscript.OP_0)
	}
	if m.modern {
		in.Sequence--
		cb.LockTime = uint32(height - 1)
	}
	cb.AddTxIn(in)
	cb.AddTxOut(wire.NewTxOut(int64(chain.Subsidy(m.r.cfg.Params, height)), payTo))
	begun := m.r.cfg.Params.GenesisBlock.Header.Timestamp
	msg := &wire.MsgBlock{Transactions: append([]*wire.MsgTx{cb}, txs...), Header: wire.BlockHeader{
		Version: 0x20000000, PrevBlock: m.tip.Hash, Bits: m.r.cfg.Params.PowLimitBits,
		Timestamp: time.Unix(max(m.tip.MedianTimePast(), begun.Unix())+1, 0),
	}}
	chaintest.Commit(msg)
	msg.Header.MerkleRoot, _ = chain.TxRoot(chain.NewBlock(msg).Txs)
	chaintest.Solve(m.r.t, m.r.cfg.Params, &msg.Header)
	m.tip = chain.NewHeaderNode(m.tip, msg.Header)
	if err := m.r.Submit(chaintest.Mined{Node: m.tip, Block: chain.NewBlock(msg)}); err != nil {
		m.r.t.Fatal(err)
	}
	return msg
}

// payTo is the script of an address.
func payTo(t *testing.T, text string) []byte {
	t.Helper()
	addr, err := address.DecodeAddress(text, chain.RegTest().Params)
	if err != nil {
		t.Fatal(err)
	}
	script, err := txscript.PayToAddrScript(addr)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

const (
	coreNode   = "mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z"                               // where node 0 of the tests mines to
	coreWallet = "bcrt1p9yfmy5h72durp7zrhlw9lf7jpwjgvwdg0jr0lqmmjtgg83266lqsekaqka" // their wallet's, which anyone can spend
)

// rpc_dumptxoutset.py: the block's hash shows that the chain is the same.
func TestCoinSetHashIsCoresOfItsDumpTest(t *testing.T) {
	m := newCoreMiner(t, false)
	for range 100 {
		m.mine(payTo(t, coreNode))
	}
	s, err := m.r.CoinStats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Best.String(); got != "09abf0e7b510f61ca6cf33bab104e9ee99b3528b371d27a2d4b39abb800fba7e" {
		t.Fatalf("the chain is not Core's: block 100 is %s", got)
	}
	if got := s.Serialized3.String(); got != "a0b7baa3bf5ccbd3279728f230d7ca0c44a76e9923fca8f32dbfd08d65ea496a" || s.TxOuts != 100 {
		t.Errorf("hash_serialized_3 of %d coins is %s", s.TxOuts, got)
	}
}

// feature_utxo_set_hash.py: the coins of 101 blocks, the last of which spends
// the first one's. Core's coinbases have changed since; both hashes were its own.
func TestCoinSetHashesAreCoresOfItsHashTest(t *testing.T) {
	for _, c := range []struct {
		modern         bool
		serial, muhash string
	}{
		{false, "d1c7fec1c0623f6793839878cbe2a531eb968b50b27edd6e2a57077a5aed6094", "d1725b2fe3ef43e55aa4907480aea98d406fc9e0bf8f60169e2305f1fbf5961b"},
		{true, "396058cfd7f3b4c05dcdfaf360be9986d859d2c8315082d3aadda6d2d16add25", "97f341d4226cb4451dd9da2856759fb97659cfc238a0b8d5452e64af6032bd3d"},
	} {
		m := newCoreMiner(t, c.modern)
		anyone := payTo(t, coreWallet)
		first := m.mine(anyone)
		for range 99 {
			m.mine(payTo(t, coreNode))
		}
		// The wallet's script is a tree of OP_TRUE alone under the internal key
		// whose x is 1 (BIP341).
		control := make([]byte, 33)
		control[0], control[32] = byte(txscript.BaseLeafVersion), 1
		tx := wire.NewMsgTx(2)
		tx.AddTxIn(&wire.TxIn{
			PreviousOutPoint: wire.OutPoint{Hash: first.Transactions[0].TxHash()},
			Witness:          wire.TxWitness{{txscript.OP_TRUE}, control},
		})
		tx.AddTxOut(wire.NewTxOut(50e8-31_200, anyone)) // 104 vB at 300 sat/vB
		m.mine(anyone, tx)
		s, err := m.r.CoinStats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Serialized3.String(); got != c.serial {
			t.Errorf("modern %v: hash_serialized_3 is %s", c.modern, got)
		}
		if got := s.MuHash.String(); got != c.muhash {
			t.Errorf("modern %v: muhash is %s", c.modern, got)
		}
	}
}
