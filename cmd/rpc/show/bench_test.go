package show

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// BenchmarkBlock shows a full block, getblock 2 and 3: 6,500 transactions of one input and one output, P2WPKH.
func BenchmarkBlock(b *testing.B) {
	const txs = 6500
	p := chain.RegTest()
	block := &chain.Block{}
	spent := make([][]chain.Coin, txs)
	for i := range txs {
		pay := append([]byte{0, 20}, bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 10)...)
		msg := wire.NewMsgTx(2)
		msg.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: chain.Hash{byte(i), 1}, Index: uint32(i)},
			Sequence: wire.MaxTxInSequenceNum, Witness: wire.TxWitness{make([]byte, 71), make([]byte, 33)}})
		msg.AddTxOut(wire.NewTxOut(int64(100_000+i), pay))
		tx := chain.NewTx(msg)
		block.Txs, block.Weight, block.Raw = append(block.Txs, tx), block.Weight+tx.Weight, append(block.Raw, tx.Raw()...)
		spent[i] = []chain.Coin{{Value: 200_000, PkScript: pay, Height: 7}}
	}
	for _, verbosity := range []int{2, 3} {
		b.Run(fmt.Sprint(verbosity), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := NewWholeBlock(NewHeader(p.Genesis(), p.Genesis(), txs), block, p.Params, func(i int) Detail {
					return Detail{Hex: true, Spent: spent[i], Prevout: verbosity > 2}
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
