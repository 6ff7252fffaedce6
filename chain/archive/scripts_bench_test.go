package archive

import (
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/history"
	"grapevine/db"
)

// BenchmarkWriteScripts writes the index by script of 600 blocks of 140 payments to two fresh scripts each, at once.
func BenchmarkWriteScripts(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	batch := newBatch()
	for n := range uint32(600) {
		block := &chain.Block{}
		for range 140 {
			tx := wire.NewMsgTx(2)
			for range 2 {
				script := binary.BigEndian.AppendUint64([]byte{0, 20}, rng.Uint64())
				tx.AddTxOut(wire.NewTxOut(rng.Int64N(1e9), append(script, make([]byte, 12)...)))
			}
			block.Txs = append(block.Txs, chain.NewTx(tx))
		}
		batch.scripts[n] = history.RowsOf(block, nil)
	}
	b.ReportAllocs()
	for b.Loop() {
		file, err := db.Open(filepath.Join(b.TempDir(), "chain.db"), "bench", 1, db.Options{NoSync: true})
		if err != nil {
			b.Fatal(err)
		}
		a := Open(file, func() {})
		if err := file.Update(func(tx *db.Tx) error { return a.writeScripts(tx, batch, 0) }); err != nil {
			b.Fatal(err)
		}
		file.Close()
	}
}
