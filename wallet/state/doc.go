// Package state is what one wallet knows, in memory, and what of it a file must hold:
// its descriptors and their scripts, its transactions and coins, labels, locks and
// secrets. It follows blocks and pool, answers from what it knows, and gathers what a
// payment needs.
//
// Nothing here waits: no lock, no disk, no clock, no goroutine; time and randomness
// come as arguments. Whoever has a State guards it (wallet/service). What has changed
// is taken as bytes (Take), and is to be written again if that fails (GiveBack).
//
// By subject:
//
//   - scripts: row.go (the descriptors), reread.go (how far they reach, and what of the
//     chain is to be searched again for them), book.go, hdkeys.go;
//   - transactions: record.go (one of them, and its bytes), connect.go (what blocks and
//     pool say of them), orphan.go;
//   - coins: balance.go, history.go, received.go, lock.go;
//   - payments: gather.go, bump.go, psbt.go;
//   - the file: save.go, first.go, secrets.go, seal.go.
//
// Start reading at state.go (State), then row.go, record.go, connect.go.
package state
