// Package archive is the chain's file and the one goroutine that writes it,
// but for the coins of a snapshot and of its proof, which nobody reads yet.
//
// It keeps headers, bodies, undo records, coins and indexes in their tables,
// holds what is not written yet in a bounded memory tail, and groups writes by
// bytes, because every commit waits for the disk.
// It never checks a block, knows no tree, and does not know which tip is best.
//
// The tables, all in one bbolt file:
//
//	meta      name            -> bytes; see keyTip
//	headers   number 4        -> header 80 ‖ flags 1 ‖ body number 4 ‖ body size 4 ‖ transactions 4, if flagTxs ‖ reason
//	bodies    body number 4   -> the block as it travels, with witnesses; see bodyKey for a long one
//	undo      body number 4   -> what it spent: see coins.AppendUndo
//	coins     txid ‖ vout     -> see coins.Append; coins2 is another place for them: see coins.Place
//	txs       first 5 bytes of txid ‖ header number 4 -> place in block, uvarint
//	filters   header number 4 -> filter header 32 ‖ BIP158 basic filter
//	stats     header number 4 -> see coins.AppendStats
//	snapshot  "now"           -> a coin set that was loaded and is not proven yet: see Snapshot
//	scripts   first 20 bytes of script hash ‖ header number 4 -> see chain/history
//	digests   likewise, of some blocks of long histories -> see history.Digest.Append
//
// Headers are numbered in the order in which they came, parents before
// children, and bodies in theirs, so both tables only grow at their end.
//
// Headers and bodies are written soon after they come. Coins, undo, indexes and
// the tip are written together in one transaction (Freeze), so they never
// disagree; what a crash loses of them is made again from the bodies.
//
// Start reading at Archive.Run.
package archive
