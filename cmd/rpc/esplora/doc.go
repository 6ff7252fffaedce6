// Package esplora answers Esplora's HTTP API below /api/: blocks, transactions, addresses and the
// pool as explorers and light wallets (BDK, LDK, bitcoinjs) read them, and broadcast. Amounts are satoshis.
//
// Whoever may reach the port may ask, as with REST, whose places, memory and deadlines it shares. It only
// reads, but for POST /tx and POST /txs/package, which hand transactions in as sendrawtransaction and
// submitpackage do.
//
// Start reading at Handler.ServeHTTP, then routes.
package esplora
