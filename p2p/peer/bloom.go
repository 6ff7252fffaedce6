package peer

import (
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/btcutil/v2/bloom"

	"grapevine/chain"
	"grapevine/p2p/msg"
)

// SendFiltered queues what a bloom filter matches of a block (BIP37), which the writer
// looks up. If the block is gone by then, nothing is sent. old as in SendOld.
func (p *Peer) SendFiltered(h chain.Hash, f *bloom.Filter, old bool) error {
	return p.add(item{block: h, bloom: f, old: old})
}

// writeFiltered sends a merkleblock, and then the transactions it has matched: the
// client asks for them anyway.
func (p *Peer) writeFiltered(it item) error {
	raw, err := p.cfg.RawBlock(nil, it.block)
	var b *chain.Block
	if err == nil {
		b, err = chain.DecodeBlock(raw)
	}
	if err != nil {
		p.cfg.Log.Debug("block asked for cannot be sent", "block", it.block, "err", err)
		return nil
	}
	m, matched := bloom.NewMerkleBlock(btcutil.NewBlock(b.MsgBlock()), it.bloom)
	if err := p.write(item{msg: m}); err != nil {
		return err
	}
	for _, i := range matched {
		if err := p.write(item{msg: &msg.BareTx{Tx: b.Txs[i]}}); err != nil {
			return err
		}
	}
	return nil
}
