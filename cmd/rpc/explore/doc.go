// Package explore knows what explorers and light wallets ask of a node: a script's history,
// balance and coins in the chain and in the pool, who spends an output, where a transaction
// is and how that is proven. It is a package of its own, though small, because Esplora's API, Electrum's
// protocol and the node's page all ask it.
//
// It puts together what ledger and pool have at one moment; it keeps nothing and speaks no protocol.
//
// Start reading at API.
package explore
