// Package explore knows what explorers and light wallets ask of a node: a script's history,
// balance and coins in the chain and in the pool, who spends an output, where a transaction
// is and how that is proven.
//
// It puts together what ledger and pool have at one moment; it keeps nothing and speaks no protocol: cmd/rpc/esplora and cmd/rpc/electrum do.
//
// Start reading at API.
package explore
